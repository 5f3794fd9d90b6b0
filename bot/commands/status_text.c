#include "status_text.h"

#include "base/buf.h"
#include "base/text.h"
#include "page.h"

#include <string.h>

#define EVENTS_SHOWN      5
#define TASKS_SHOWN       6
#define DEPLOYMENTS_SHOWN 4

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

static void deployments(const struct ecs_service *e, int64_t now_ms, struct card *card)
{
    for (size_t i = 0; i < e->deployment_count && i < DEPLOYMENTS_SHOWN; i++) {
        const struct ecs_deployment *d = &e->deployments[i];
        char since[TEXT_DURATION];

        page_age(d->created_ms, now_ms, since);
        card_line(card, "Deployment %s%s: %s, %d of %d running, %d starting, %d failed, begun %s ago, %s",
                  d->id, d->status == ECS_PRIMARY ? " (newest)" : "", rollout_word(d->rollout), d->running,
                  d->desired, d->pending, d->failed, since, d->task_definition);
    }
    if (e->deployment_count > DEPLOYMENTS_SHOWN)
        card_line(card, "and %zu older deployments", e->deployment_count - DEPLOYMENTS_SHOWN);
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
        char since[TEXT_DURATION], id[PAGE_SHORT_ID + 1];

        if (text_equal(t->last_status, "STOPPED"))
            continue;
        if (shown == TASKS_SHOWN) {
            more++;
            continue;
        }
        page_age(t->started_ms ? t->started_ms : t->created_ms, now_ms, since);
        page_short_id(t->id, id);
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
    card_line(card, "Circuit breaker: %s · image and settings: %s",
              e->breaker ? e->breaker_rollback ? "on, rolls back" : "on" : "off", e->task_definition);
}

static void events(const struct ecs_service *e, int64_t now_ms, struct card *card)
{
    if (e->event_count)
        card_quote(card, "Last events, newest first, UTC:");
    for (size_t i = 0; i < e->event_count && i < EVENTS_SHOWN; i++) {
        char at[TEXT_TIME], line[ECS_REASON + 64];

        page_when(e->events[i].created_ms, now_ms, at);
        TEXT_FORMAT(line, "%s %s", at, e->events[i].message);
        card_quote(card, line);
    }
}

/* "begun by @ana through me (7F3K)" */
static void who_began(const struct command_origin *o, char *to, size_t size)
{
    if (*o->operation)
        text_format(to, size, "begun by %s through me (%s)", o->who, o->operation);
    else if (!o->ok)
        text_copy(to, size, "who began it: not checked: my own store did not answer");
    else if (*o->follower)
        text_format(to, size, "begun outside this bot, followed by %s (%s)", o->followed_by, o->follower);
    else
        text_copy(to, size, "begun outside this bot");
}

/* Who began the newest deployment, and what ECS's history says of it. The history's own entry is told where
 * it is another one: a rollback has none of its own id. */
static void last_deployment(const struct status_facts *f, struct card *card)
{
    const struct snapshot *s = f->snapshot;
    const struct ecs_deployment *d = model_primary(&s->service);
    const struct ecs_service_deployment *h =
        s->history_absence == ECS_SEEN && s->history_count ? &s->history[0] : NULL;
    const bool runs = in_progress(&s->service) != NULL;
    char since[TEXT_DURATION], at[TEXT_TIME], who[160] = "";

    if (f->origin)
        who_began(f->origin, who, sizeof who);
    if (runs && d && d->created_ms > 0) {
        text_time_of_day(at, d->created_ms);
        card_line(card, "Running deployment: since %s UTC%s%s%s%s", at, *who ? ", " : "", who,
                  h ? " · ECS's history says " : "", h ? h->status : "");
    } else if (h) {
        page_age(h->finished_ms ? h->finished_ms : h->created_ms, f->now_ms, since);
        card_line(card, "Last deployment: %s %s ago%s%s", h->status, since, *who ? ", " : "", who);
    } else if (*who) {
        card_line(card, "Last deployment: %s", who);
    }
    if (h && *h->status_reason) {
        char line[ECS_REASON + 64];
        TEXT_FORMAT(line, "ECS on the last deployment: %s", h->status_reason);
        card_quote(card, line);
    }
}

/* "Now: 7F3K, restart by @ana, following since 14:02:08 UTC" */
void status_acting(const struct command_now *now, size_t count, int64_t now_ms, struct card *card)
{
    char at[TEXT_TIME];

    for (size_t i = 0; i < count; i++) {
        const struct command_now *n = &now[i];
        page_when(n->asked_ms, now_ms, at);
        card_line(card, "Now: %s, %s by %s, asked %s UTC, is %s", n->operation, n->verb, n->who, at,
                  n->state);
    }
}

/* What a restart would meet: new tasks could not start. "" = nothing is known of such a thing. */
static const char *hindrance(const struct status_facts *f)
{
    if (f->around && f->around->image.absence == ECS_SEEN && f->around->image.gone)
        return "have the image built again";
    if (f->probe && f->probe->database.state == PROBE_FAILING)
        return "have the database looked at";
    return "";
}

static void next_step(const struct status_facts *f, struct card *card)
{
    const char *word = f->word, *key = f->service->key, *name = f->target->name, *first = hindrance(f);

    if (in_progress(&f->snapshot->service))
        card_footer(card, "A deployment is running; a restart would replace it. Look again: %s status %s %s",
                    word, name, key);
    else if (*first)
        card_footer(card, "Stop nothing: no new task could start now. First %s, then: %s status %s %s", first,
                    word, name, key);
    else if (f->snapshot->service.desired == 0)
        card_footer(card, "To bring it back: %s start %s %s", word, name, key);
    else if (card->tone == TONE_BAD)
        card_footer(card, "Next: %s restart %s %s · why tasks stopped: %s tasks %s %s", word, name, key, word,
                    name, key);
    else if (f->service->drops == DROPS_NOTHING)
        card_footer(card, "Next, without downtime: %s restart %s %s", word, name, key);
    else
        card_footer(
            card, "Next: %s restart %s %s (it cuts off %s for a moment, and asks first)", word, name, key,
            f->service->drops == DROPS_SOCKETS ? "WebSockets and TAK connections" : "running imports");
}

void status_text_missing(const char *word, const struct config_target *target,
                         const struct config_service *service, const char *what, int64_t now_ms,
                         struct card *ret)
{
    page_title("", target, service, now_ms, ret);
    ret->tone = TONE_WARNING;
    card_served(ret, "Users: UNKNOWN, AWS knows no such service here.");
    card_line(ret, "%s", what);
    card_footer(ret, "When that is mended: %s status %s %s · which identity I use: %s whoami", word,
                target->name, service->key, word);
    page_where(target, service, ret);
}

void status_text_page(const struct status_facts *f, struct card *ret)
{
    const struct snapshot *s = f->snapshot;
    const struct ecs_service *e = &s->service;

    page_title("", f->target, f->service, f->now_ms, ret);
    if (s->service_absence != ECS_SEEN) {
        page_unseen(f->word, "status", f->target, f->service, s->service_absence, s->trouble, ret);
        status_acting(f->now, f->now_count, f->now_ms, ret);
    } else {
        status_served(s, ret);
        status_acting(f->now, f->now_count, f->now_ms, ret);
        if (!text_equal(e->status, "ACTIVE"))
            card_line(ret, "The service is %s: it is being deleted or was deleted.", e->status);
        deployments(e, f->now_ms, ret);
        last_deployment(f, ret);
        tasks(s, f->now_ms, ret);
        status_targets(s, ret);
        status_metrics(f->around, ret);
        status_alarms(f->around, f->now_ms, ret);
        status_site(f->probe, ret);
        status_image(f->around, f->now_ms, ret);
        settings(e, ret);
        events(e, f->now_ms, ret);
        next_step(f, ret);
    }
    page_where(f->target, f->service, ret);
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
