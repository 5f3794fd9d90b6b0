/* Are users served? By target health where there is a load balancer and it could be asked, else by the tasks
 * that ECS shows, and then it says so. */
#include "base/text.h"
#include "status_text.h"

/* Tasks that run and shall go on running. */
static int running_tasks(const struct snapshot *s, int *ret_unhealthy)
{
    int n = 0;

    *ret_unhealthy = 0;
    if (s->tasks_absence != ECS_SEEN)
        return s->service.running;
    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *t = &s->tasks[i];
        if (!text_equal(t->last_status, "RUNNING") || !text_equal(t->desired_status, "RUNNING"))
            continue;
        n++;
        *ret_unhealthy += text_equal(t->health, "UNHEALTHY");
    }
    return n;
}

/* Is the list of tasks seen, and none on it runs? */
static bool none_listed(const struct snapshot *s)
{
    for (size_t i = 0; i < s->task_count; i++) {
        if (text_equal(s->tasks[i].last_status, "RUNNING"))
            return false;
    }
    return s->tasks_absence == ECS_SEEN;
}

/* A service with several target groups serves as well as its weakest group does. */
static int healthy_targets(const struct snapshot *s)
{
    int least = -1;

    for (int g = 0; g < s->service.target_groups && g < ECS_GROUPS; g++) {
        int healthy = 0;
        for (size_t i = 0; i < s->target_count; i++)
            healthy += s->targets[i].group == g && s->targets[i].state == ECS_TARGET_HEALTHY;
        least = least < 0 || healthy < least ? healthy : least;
    }
    return least < 0 ? 0 : least;
}

static void by_targets(const struct snapshot *s, struct card *card)
{
    const int wanted = s->service.desired, healthy = healthy_targets(s);
    int unhealthy = 0;
    const int running = running_tasks(s, &unhealthy);

    if (healthy == 0 && wanted == 0) {
        card->tone = TONE_WARNING;
        card_served(card, "Users: NOT SERVED, 0 tasks wanted, %d running.", running);
    } else if (healthy == 0) {
        card->tone = TONE_BAD;
        card_served(card, "Users: NOT SERVED, the load balancer finds 0 of %d tasks healthy; %d run%s.",
                    wanted, running, running == 1 ? "s" : "");
    } else if (wanted == 0) {
        card->tone = TONE_WARNING;
        card_served(card, "Users: SERVED only until the last %d tasks stop, 0 are wanted.", healthy);
    } else if (healthy > wanted) {
        card->tone = TONE_GOOD;
        card_served(card, "Users: SERVED, %d tasks healthy to the load balancer, %d wanted.", healthy,
                    wanted);
    } else {
        card->tone = healthy < wanted ? TONE_WARNING : TONE_GOOD;
        card_served(card, "Users: SERVED, %d of %d tasks healthy to the load balancer.", healthy, wanted);
    }
}

static void by_tasks(const struct snapshot *s, struct card *card)
{
    const char *unseen = s->service.target_groups > 0 ? " Load balancer health: not checked." : "";
    const int wanted = s->service.desired;
    int unhealthy = 0;
    const int running = running_tasks(s, &unhealthy);

    if (s->service.running > 0 && none_listed(s)) {
        /* the two answers disagree: one of them is stale */
        card->tone = TONE_WARNING;
        card_served(card, "Users: not known. ECS counts %d of %d tasks as running, but lists none of them.",
                    s->service.running, wanted);
    } else if (running == 0 && wanted == 0) {
        card->tone = TONE_WARNING;
        card_served(card, "Users: NOT SERVED, 0 tasks wanted, 0 running.");
    } else if (running == 0) {
        card->tone = TONE_BAD;
        card_served(card, "Users: NOT SERVED, 0 of %d tasks running.", wanted);
    } else if (unhealthy == running) {
        card->tone = TONE_BAD;
        card_served(card, "Users: probably NOT SERVED, %d of %d tasks running, all UNHEALTHY.", running,
                    wanted);
    } else if (wanted == 0) {
        card->tone = TONE_WARNING;
        card_served(card, "Users: SERVED only until the last %d tasks stop, 0 are wanted.", running);
    } else {
        char ill[40] = "";
        if (unhealthy)
            TEXT_FORMAT(ill, ", %d UNHEALTHY", unhealthy);
        card->tone = running < wanted || unhealthy ? TONE_WARNING : TONE_GOOD;
        if (running > wanted)
            card_served(card, "Users: SERVED by what ECS shows, %d tasks running, %d wanted%s.%s", running,
                        wanted, ill, unseen);
        else
            card_served(card, "Users: SERVED by what ECS shows, %d of %d tasks running%s.%s", running, wanted,
                        ill, unseen);
    }
}

void status_served(const struct snapshot *s, struct card *card)
{
    if (s->service.target_groups > 0 && s->targets_absence == ECS_SEEN)
        by_targets(s, card);
    else
        by_tasks(s, card);
}
