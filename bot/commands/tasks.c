/* tasks: every task of a service, those that run and those that stopped lately, and why.
 *
 * ECS keeps a stopped task for about an hour; an older one is not shown, and that is said. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ecs/diagnose.h"
#include "page.h"
#include "reading.h"
#include "rows.h"
#include "status_text.h"

#define RUNNING_SHOWN 12
#define STOPPED_SHOWN 6

static void run(struct command_call *call);

const struct command command_tasks = {
    .name = "tasks",
    .usage = "tasks TARGET [SERVICE]",
    .summary = "every task: since when, health, version; why the last ones stopped",
    .detail = "The running tasks and those that stopped lately (ECS forgets them after about an hour): id, "
              "status, health, since when, task definition, why it stopped, and what the load balancer says "
              "of it. Example: tasks cotak prod hub",
    .right = RIGHT_VIEW,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_SHARED,
    .run = run,
};

/* ---- one task */

/* "target healthy"; "" where no load balancer asks, or that is not known. */
static void target_text(const struct snapshot *s, const struct ecs_task *t, char *to, size_t size)
{
    text_copy(to, size, "");
    if (s->targets_absence != ECS_SEEN || !*t->address)
        return;
    const struct ecs_target *sick = model_sick_target(s, t);
    if (sick)
        text_format(to, size, " · target %s%s%s",
                    sick->state == ECS_TARGET_DRAINING  ? "draining"
                    : sick->state == ECS_TARGET_INITIAL ? "not healthy yet"
                                                        : "NOT healthy",
                    *sick->description ? ": " : "", sick->description);
    else
        text_copy(to, size,
                  model_task_is_target(s, t) ? " · target healthy" : " · no target of the load balancer yet");
}

static void running_line(const struct snapshot *s, const struct ecs_task *t, int64_t now_ms, struct card *c)
{
    char id[PAGE_SHORT_ID + 1], at[TEXT_TIME], since[TEXT_DURATION], target[300];
    const int64_t began = t->started_ms ? t->started_ms : t->created_ms;
    const bool health = *t->health && !text_equal(t->health, "UNKNOWN");

    page_short_id(t->id, id);
    page_when(began, now_ms, at);
    page_age(began, now_ms, since);
    target_text(s, t, target, sizeof target);
    card_line(c, "%s %s%s%s since %s UTC (%s) · %s%s%s", id, t->last_status, health ? " " : "",
              health ? t->health : "", began ? at : "?", since, t->task_definition, target,
              text_equal(t->desired_status, "STOPPED") ? " · is being stopped" : "");
}

/* above: of the task told before this one, NULL = none; the same is not told twice. */
static void stopped_line(const struct ecs_task *t, int64_t now_ms, const struct diagnosis *above,
                         struct card *c)
{
    char id[PAGE_SHORT_ID + 1], at[TEXT_TIME], lived[TEXT_DURATION];
    const int64_t began = t->started_ms ? t->started_ms : t->created_ms;
    struct diagnosis d;

    diagnose_task(t, &d);
    page_short_id(t->id, id);
    page_when(t->stopped_ms, now_ms, at);
    page_age(began, t->stopped_ms, lived);
    if (above && text_equal(above->key, d.key)) {
        card_line(c, "%s%s stopped %s UTC after %s · %s · for the same reason", d.benign ? "" : "🔴 ", id, at,
                  lived, t->task_definition);
        return;
    }
    card_line(c, "%s%s stopped %s UTC after %s · %s · %s%s%s", d.benign ? "" : "🔴 ", id, at, lived,
              t->task_definition, d.why, *d.hint && !d.benign ? ". " : "",
              *d.hint && !d.benign ? d.hint : "");
}

/* ---- all of them */

static bool is_stopped(const struct ecs_task *t)
{
    return text_equal(t->last_status, "STOPPED");
}

static size_t show_running(const struct snapshot *s, int64_t now_ms, struct card *c)
{
    size_t count = 0;

    for (size_t i = 0; i < s->task_count; i++) {
        if (is_stopped(&s->tasks[i]))
            continue;
        if (count++ < RUNNING_SHOWN)
            running_line(s, &s->tasks[i], now_ms, c);
    }
    if (!count)
        card_line(c, "No task runs or starts.");
    else if (count > RUNNING_SHOWN)
        card_line(c, "and %zu more that run or start", count - RUNNING_SHOWN);
    return count;
}

/* The stopped task that is the next newest after one that stopped at `before`; NULL when there is none. */
static const struct ecs_task *newest_stopped(const struct snapshot *s, const bool *shown)
{
    const struct ecs_task *newest = NULL;

    for (size_t i = 0; i < s->task_count; i++) {
        if (is_stopped(&s->tasks[i]) && !shown[i] && (!newest || s->tasks[i].stopped_ms > newest->stopped_ms))
            newest = &s->tasks[i];
    }
    return newest;
}

/* How many of them did not stop in the normal way. */
static size_t show_stopped(const struct snapshot *s, int64_t now_ms, struct card *c)
{
    bool shown[ECS_TASKS] = {false};
    size_t count = 0, bad = 0;
    struct diagnosis above = {0};

    for (const struct ecs_task *t; (t = newest_stopped(s, shown)) != NULL; count++) {
        struct diagnosis d;
        shown[t - s->tasks] = true;
        diagnose_task(t, &d);
        bad += d.benign ? 0 : 1;
        if (count < STOPPED_SHOWN)
            stopped_line(t, now_ms, count ? &above : NULL, c);
        above = d;
    }
    if (!count)
        card_line(c, "No task stopped within the last hour or so; ECS forgets older ones.");
    else if (count > STOPPED_SHOWN)
        card_line(c, "and %zu more that stopped earlier", count - STOPPED_SHOWN);
    return bad;
}

static void tell(struct reading *reading)
{
    struct reading_look *r = (struct reading_look *)reading; /* reading is its first member */
    const struct command_call *call = reading->call;
    const struct config_target *t = call->parsed.target;
    const char *word = call->word, *key = call->parsed.service->key;
    const int64_t now_ms = reading_look_now(r);
    struct card *card = &reading->card;

    if (!reading_look_tell(r, "Tasks of "))
        return;
    const struct snapshot *s = r->seen;
    status_served(s, card);
    if (s->tasks_absence != ECS_SEEN) {
        card_line(card, "Tasks: not checked: %s", *s->trouble ? s->trouble : "AWS had not answered");
        card_line(card, "ECS counts %d running, %d starting, %d wanted.", s->service.running,
                  s->service.pending, s->service.desired);
        card_footer(card, "Try again in a minute: %s tasks %s %s", word, t->name, key);
        return;
    }
    const size_t running = show_running(s, now_ms, card);
    const size_t bad = show_stopped(s, now_ms, card);
    if (s->service.target_groups > 0 && s->targets_absence != ECS_SEEN)
        card_line(card, "Targets: not checked: %s",
                  *s->targets_trouble ? s->targets_trouble : "AWS had not answered");
    if (bad || !running)
        card_footer(card, "What it wrote: %s logs %s %s · what ECS says: %s events %s %s", word, t->name, key,
                    word, t->name, key);
    else
        card_footer(card, "The whole page: %s status %s %s", word, t->name, key);
}

static void run(struct command_call *call)
{
    reading_look_only(call, tell);
}
