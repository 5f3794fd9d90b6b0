#include "status_text.h"

#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/text.h"

#include <string.h>

#define EVENTS_SHOWN 5
#define TASKS_SHOWN  6
#define DAY_MS       (24 * 60 * 60 * INT64_C(1000))
#define SHORT_ID     8 /* a task id's first characters tell it apart */

static void age(int64_t then_ms, int64_t now_ms, char to[TEXT_DURATION])
{
    if (then_ms <= 0)
        text_copy(to, TEXT_DURATION, "unknown time");
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
        if (text_equal(s->tasks[i].last_status, "RUNNING")) {
            return false;
        }
    }
    return s->tasks_absence == ECS_SEEN;
}

#define TARGETS_UNSEEN "Load balancer health: not checked by this version."

/* The sentence every card begins with. What runs is what ECS knows; target health is not read by this
 * version, and it says so. */
static void served(const struct snapshot *s, struct card *card)
{
    const int wanted = s->service.desired;
    int unhealthy = 0;
    const int running = running_tasks(s, &unhealthy);

    if (s->service.running > 0 && none_listed(s)) {
        /* the two answers disagree: one of them is stale */
        card->tone = TONE_WARNING;
        card_served(card, "Users: not known. ECS counts %d of %d tasks as running, but lists none of them.",
                    s->service.running, wanted);
    } else if (running == 0) {
        card->tone = wanted == 0 ? TONE_WARNING : TONE_BAD;
        if (wanted == 0)
            card_served(card, "Users: NOT SERVED, 0 tasks wanted, 0 running.");
        else
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
            card_served(card,
                        "Users: SERVED by what ECS shows, %d tasks running, %d wanted%s. " TARGETS_UNSEEN,
                        running, wanted, ill);
        else
            card_served(card, "Users: SERVED by what ECS shows, %d of %d tasks running%s. " TARGETS_UNSEEN,
                        running, wanted, ill);
    }
}

static void deployments(const struct ecs_service *e, int64_t now_ms, struct card *card)
{
    for (size_t i = 0; i < e->deployment_count; i++) {
        const struct ecs_deployment *d = &e->deployments[i];
        char since[TEXT_DURATION];

        age(d->created_ms, now_ms, since);
        card_line(card, "Deployment %s%s: %s, %d of %d running, %d starting, %d failed, begun %s ago, %s",
                  d->id, d->status == ECS_PRIMARY ? " (newest)" : "", rollout_word(d->rollout), d->running,
                  d->desired, d->pending, d->failed, since, d->task_definition);
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
    if (more)
        buf_format(&b, " · and %zu more", more);
    if (shown)
        card_line(card, "Tasks: %s", b.data);
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

static void events(const struct ecs_service *e, int64_t now_ms, struct card *card)
{
    if (e->event_count)
        card_quote(card, "Last events, newest first, UTC:");
    for (size_t i = 0; i < e->event_count && i < EVENTS_SHOWN; i++) {
        char at[TEXT_TIME], line[ECS_REASON + 64];

        if (now_ms - e->events[i].created_ms < DAY_MS)
            text_time_of_day(at, e->events[i].created_ms);
        else
            text_date_time(at, e->events[i].created_ms);
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
    card_line(card, "Last deployment: %s %s ago", d->status, since);
    if (*d->status_reason) {
        char line[ECS_REASON + 64];
        TEXT_FORMAT(line, "ECS on the last deployment: %s", d->status_reason);
        card_quote(card, line);
    }
}

static void next_step(const char *word, const struct config_target *t, const struct config_service *service,
                      const struct snapshot *s, struct card *card)
{
    const struct ecs_deployment *d = in_progress(&s->service);

    if (d)
        card_footer(card, "A deployment is running; a restart would replace it. Look again: %s status %s %s",
                    word, t->name, service->key);
    else if (s->service.desired == 0)
        card_footer(card, "To bring it back: %s start %s %s", word, t->name, service->key);
    else if (card->tone == TONE_BAD)
        card_footer(card, "Next: %s restart %s %s · why tasks stopped: %s tasks %s %s", word, t->name,
                    service->key, word, t->name, service->key);
    else if (service->drops == DROPS_NOTHING)
        card_footer(card, "Next, without downtime: %s restart %s %s", word, t->name, service->key);
    else
        card_footer(card, "Next: %s restart %s %s (it cuts off %s for a moment, and asks first)", word,
                    t->name, service->key,
                    service->drops == DROPS_SOCKETS ? "WebSockets and TAK connections" : "running imports");
}

static void unseen(const char *word, const struct config_target *t, const struct config_service *service,
                   const struct snapshot *s, struct card *card)
{
    static const char *const why[] = {
        [ECS_SEEN] = "AWS could not be asked",
        [ECS_NOT_READ] = "AWS could not be asked",
        [ECS_THROTTLED] = "AWS asked me to slow down",
        [ECS_EXPIRED] = "my AWS sign-in ended",
        [ECS_UNREACHABLE] = "AWS did not answer",
        [ECS_REFUSED] = "AWS refused the question",
        [ECS_UNSUPPORTED] = "this endpoint cannot be asked",
    };

    card_served(card, "Users: UNKNOWN, %s. ECS goes on without me.", why[s->service_absence]);
    card_line(card, "%s", *s->trouble ? s->trouble : "The service could not be read.");
    if (s->service_absence == ECS_EXPIRED || s->service_absence == ECS_REFUSED)
        card_footer(card, "When that is mended: %s status %s %s · which identity I use: %s whoami", word,
                    t->name, service->key, word);
    else
        card_footer(card, "Try again in a minute: %s status %s %s · which identity I use: %s whoami", word,
                    t->name, service->key, word);
}

static void page_title(const struct config_target *target, const struct config_service *service,
                       int64_t now_ms, struct card *card)
{
    char at[TEXT_TIME];

    card_init(card, TONE_NEUTRAL);
    text_time_of_day(at, now_ms);
    card_title(card, "%s %s%s · %s UTC", target->name, service->key,
               target->production ? " (PRODUCTION)" : "", at);
}

static void page_where(const struct config_target *target, const struct config_service *service,
                       struct card *card)
{
    char url[600];

    card_field(card, "Where", "%s %s %s · %s / %s", target->partition,
               *target->account ? target->account : "account unchecked", target->region, target->cluster,
               service->name);
    if (endpoint_console_url(target->region, target->cluster, service->name, url, sizeof url))
        card_link(card, "AWS console", url);
}

void status_text_missing(const char *word, const struct config_target *target,
                         const struct config_service *service, const char *what, int64_t now_ms,
                         struct card *ret)
{
    page_title(target, service, now_ms, ret);
    ret->tone = TONE_WARNING;
    card_served(ret, "Users: UNKNOWN, AWS knows no such service here.");
    card_line(ret, "%s", what);
    card_footer(ret, "When that is mended: %s status %s %s · which identity I use: %s whoami", word,
                target->name, service->key, word);
    page_where(target, service, ret);
}

void status_text_page(const char *word, const struct config_target *target,
                      const struct config_service *service, const struct snapshot *s, int64_t now_ms,
                      struct card *ret)
{
    page_title(target, service, now_ms, ret);
    if (s->service_absence != ECS_SEEN) {
        ret->tone = TONE_WARNING;
        unseen(word, target, service, s, ret);
    } else {
        const struct ecs_service *e = &s->service;
        served(s, ret);
        if (!text_equal(e->status, "ACTIVE"))
            card_line(ret, "The service is %s: it is being deleted or was deleted.", e->status);
        deployments(e, now_ms, ret);
        tasks(s, now_ms, ret);
        last_deployment(s, now_ms, ret);
        settings(e, ret);
        events(e, now_ms, ret);
        next_step(word, target, service, s, ret);
    }
    page_where(target, service, ret);
}

void status_text_line(const struct config_service *service, const struct snapshot *s, char *to, size_t size)
{
    if (s->missing) {
        text_format(to, size, "%s: AWS knows no service %s in this cluster", service->key, service->name);
        return;
    }
    if (s->service_absence != ECS_SEEN) {
        text_format(to, size, "%s: not checked: %s", service->key,
                    *s->trouble ? s->trouble : "it could not be read");
        return;
    }
    const struct ecs_service *e = &s->service;
    text_format(to, size, "%s: %d of %d running, %s", service->key, e->running, e->desired,
                in_progress(e) ? "a deployment is running" : "no deployment running");
}
