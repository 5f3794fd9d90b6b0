#include "status_text.h"

#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/text.h"

#include <string.h>

#define EVENTS_SHOWN 5
#define TASKS_SHOWN  6
#define SHORT_ID     8 /* a task id's first characters tell it apart */

static void age(int64_t then_ms, int64_t now_ms, char to[TEXT_DURATION])
{
    if (then_ms <= 0)
        text_copy(to, TEXT_DURATION, "?");
    else
        text_duration(to, now_ms - then_ms);
}

static const char *rollout_word(enum ecs_rollout r)
{
    switch (r) {
    case ECS_ROLLOUT_IN_PROGRESS: return "in progress";
    case ECS_ROLLOUT_COMPLETED: return "completed";
    case ECS_ROLLOUT_FAILED: return "FAILED";
    case ECS_ROLLOUT_ABSENT: break;
    }
    return "no rollout state";
}

static const struct ecs_deployment *in_progress(const struct ecs_service *s)
{
    for (size_t i = 0; i < s->deployment_count; i++) {
        if (s->deployments[i].rollout == ECS_ROLLOUT_IN_PROGRESS)
            return &s->deployments[i];
    }
    return NULL;
}

static int healthy_tasks(const struct snapshot *s, int *ret_unhealthy)
{
    int n = 0;

    *ret_unhealthy = 0;
    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *t = &s->tasks[i];
        if (!text_equal(t->last_status, "RUNNING") || !text_equal(t->desired_status, "RUNNING"))
            continue;
        if (text_equal(t->health, "UNHEALTHY"))
            (*ret_unhealthy)++;
        else
            n++;
    }
    return n;
}

/* The sentence every card begins with. Running is what ECS knows here; target health is not read by this
 * version, and it says so. */
static void served(const struct snapshot *s, struct card *card)
{
    const struct ecs_service *e = &s->service;
    int unhealthy = 0, running = s->tasks_absence == ECS_SEEN ? healthy_tasks(s, &unhealthy) : e->running;

    if (e->desired == 0 && running == 0) {
        card->tone = TONE_WARNING;
        card_served(card, "Users: NOT SERVED, 0 tasks wanted, 0 running.");
    } else if (running == 0) {
        card->tone = TONE_BAD;
        card_served(card, "Users: NOT SERVED, 0 of %d tasks running.", e->desired);
    } else {
        card->tone = running < e->desired || unhealthy ? TONE_WARNING : TONE_GOOD;
        card_served(card,
                    "Users: SERVED by what ECS shows, %d of %d tasks running%s. Load balancer health: not "
                    "checked by this version.",
                    running, e->desired, unhealthy ? ", some UNHEALTHY" : "");
    }
}

static void deployments(const struct ecs_service *e, int64_t now_ms, struct card *card)
{
    for (size_t i = 0; i < e->deployment_count; i++) {
        const struct ecs_deployment *d = &e->deployments[i];
        char since[TEXT_DURATION];

        age(d->created_ms, now_ms, since);
        card_line(card, "Deployment %s%s: %s, %d of %d running, %d starting%s, begun %s ago, %s", d->id,
                  d->status == ECS_PRIMARY ? " (newest)" : "", rollout_word(d->rollout), d->running,
                  d->desired, d->pending, d->failed ? ", with failed tasks" : "", since, d->task_definition);
        if (d->failed)
            card_line(card, "   %d of its tasks failed in a row", d->failed);
    }
}

static void tasks(const struct snapshot *s, int64_t now_ms, struct card *card)
{
    struct buf b;
    size_t shown = 0, more = 0;

    if (s->tasks_absence != ECS_SEEN) {
        card_line(card, "Tasks: not checked: %s", *s->trouble ? s->trouble : "they could not be read");
        return;
    }
    buf_init(&b, CARD_LINE * 2);
    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *t = &s->tasks[i];
        char since[TEXT_DURATION], id[SHORT_ID + 1];

        if (text_equal(t->last_status, "STOPPED"))
            continue;
        if (shown == TASKS_SHOWN) {
            more++;
            continue;
        }
        age(t->started_ms ? t->started_ms : t->created_ms, now_ms, since);
        text_copy_n(id, sizeof id, t->id, SHORT_ID);
        buf_format(&b, "%s%s %s%s%s for %s", shown++ ? " · " : "", id, t->last_status,
                   *t->health && !text_equal(t->health, "UNKNOWN") ? " " : "",
                   text_equal(t->health, "UNKNOWN") ? "" : t->health, since);
    }
    if (shown)
        card_line(card, "Tasks: %s%s", b.data, more ? " · …" : "");
    else
        card_line(card, "Tasks: none");
    buf_finish(&b);
}

static void settings(const struct ecs_service *e, struct card *card)
{
    card_line(card, "Circuit breaker: %s · target groups: %d · image and settings: %s",
              e->breaker ? e->breaker_rollback ? "on, rolls back" : "on" : "off", e->target_groups,
              e->task_definition);
}

static void events(const struct ecs_service *e, struct card *card)
{
    for (size_t i = 0; i < e->event_count && i < EVENTS_SHOWN; i++) {
        char at[TEXT_TIME], line[ECS_REASON + 64];

        text_time_of_day(at, e->events[i].created_ms);
        TEXT_FORMAT(line, "%s %s", at, e->events[i].message);
        card_quote(card, line);
    }
}

static void last_deployment(const struct snapshot *s, int64_t now_ms, struct card *card)
{
    if (s->history_absence != ECS_SEEN || !s->history_count)
        return;
    const struct ecs_service_deployment *d = &s->history[0];
    char since[TEXT_DURATION];

    age(d->finished_ms ? d->finished_ms : d->created_ms, now_ms, since);
    card_line(card, "Last deployment: %s %s ago%s%s", d->status, since, *d->status_reason ? ": " : "",
              d->status_reason);
}

static void next_step(const struct config_target *t, const struct config_service *service,
                      const struct snapshot *s, struct card *card)
{
    const struct ecs_deployment *d = in_progress(&s->service);

    if (d)
        card_footer(card, "A deployment is running; a restart would replace it. Look again: status %s %s",
                    t->name, service->key);
    else if (s->service.desired == 0)
        card_footer(card, "To bring it back: start %s %s", t->name, service->key);
    else
        card_footer(card, "Next, without downtime: restart %s %s", t->name, service->key);
}

static void unseen(const struct config_target *t, const struct config_service *service,
                   const struct snapshot *s, struct card *card)
{
    card->tone = TONE_WARNING;
    card_served(card, "Users: UNKNOWN, AWS could not be asked.");
    card_line(card, "%s", *s->trouble ? s->trouble : "The service could not be read.");
    card_footer(card, "Try again in a minute: status %s %s · which identity I use: whoami", t->name,
                service->key);
}

void status_text_page(const struct config_target *target, const struct config_service *service,
                      const struct snapshot *s, int64_t now_ms, struct card *ret)
{
    char url[600];

    card_init(ret, TONE_NEUTRAL);
    card_title(ret, "%s %s%s", target->name, service->key, target->production ? " (PRODUCTION)" : "");
    if (s->service_absence != ECS_SEEN || s->missing) {
        unseen(target, service, s, ret);
    } else {
        const struct ecs_service *e = &s->service;
        served(s, ret);
        if (!text_equal(e->status, "ACTIVE"))
            card_line(ret, "The service is %s: it is being deleted or was deleted.", e->status);
        deployments(e, now_ms, ret);
        tasks(s, now_ms, ret);
        last_deployment(s, now_ms, ret);
        settings(e, ret);
        events(e, ret);
        next_step(target, service, s, ret);
    }
    card_field(ret, "Where", "%s %s %s · %s / %s", target->partition,
               *target->account ? target->account : "account unchecked", target->region, target->cluster,
               service->name);
    if (endpoint_console_url(target->region, target->cluster, service->name, url, sizeof url))
        card_link(ret, "AWS console", url);
}

void status_text_line(const struct config_service *service, const struct snapshot *s, char *to, size_t size)
{
    if (s->service_absence != ECS_SEEN || s->missing) {
        text_format(to, size, "%s: not checked: %s", service->key,
                    *s->trouble ? s->trouble : "it could not be read");
        return;
    }
    const struct ecs_service *e = &s->service;
    const struct ecs_deployment *d = in_progress(e);
    text_format(to, size, "%s: %d of %d running%s", service->key, e->running, e->desired,
                d ? ", a deployment is running" : "");
}
