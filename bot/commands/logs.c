/* logs: the last lines of a task, redacted.
 *
 *   the service and its tasks -> the newest that runs, or else the one that stopped last -> its log
 *
 * Nothing unredacted leaves the ecs layer; that this is best effort is said with every answer. */
#include <string.h>

#include "base/mem.h"
#include "ecs/diagnose.h"
#include "page.h"
#include "reading.h"
#include "rows.h"

#define LOOK_MS 4000 /* the log needs time too */

static void run(struct command_call *call);

const struct command command_logs = {
    .name = "logs",
    .usage = "logs TARGET [SERVICE]",
    .summary = "the last log lines of the newest running task, or of the last stopped one; redacted",
    .detail = "The first container's last lines, what looks like a secret or a person's data taken out as "
              "well as can be: read them before you pass them on. Example: logs cotak prod hub",
    .right = RIGHT_LOGS,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_SHARED,
    .run = run,
};

struct logs {
    struct reading_look base; /* first member */
    struct ecs_tail tail;
    const struct ecs_task *task; /* of base.seen; NULL = none */
    bool came;
};

static struct logs *logs_of(struct reading *r)
{
    return (struct logs *)r;
}

/* ---- which task */

static int64_t began(const struct ecs_task *t)
{
    return t->started_ms ? t->started_ms : t->created_ms;
}

static const struct ecs_task *choose(const struct snapshot *s)
{
    const struct ecs_task *running = NULL, *stopped = NULL;

    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *t = &s->tasks[i];
        if (text_equal(t->last_status, "RUNNING") && (!running || began(t) > began(running)))
            running = t;
        if (text_equal(t->last_status, "STOPPED") && (!stopped || t->stopped_ms > stopped->stopped_ms))
            stopped = t;
    }
    return running ? running : stopped;
}

static void on_tail(struct ecs_tail *t)
{
    struct logs *l = t->user;

    l->came = !l->base.reading.told;
    reading_came(&l->base.reading);
}

static void ask_tail(struct reading_look *r)
{
    struct logs *l = (struct logs *)r;
    struct command_call *call = r->reading.call;

    l->task = r->seen->tasks_absence == ECS_SEEN ? choose(r->seen) : NULL;
    if (!l->task || !call->ecs->ops->tail)
        return;
    l->tail.ref = r->look.ref;
    TEXT_COPY(l->tail.task_definition, l->task->task_definition);
    TEXT_COPY(l->tail.task_id, l->task->id);
    l->tail.done = on_tail;
    l->tail.user = l;
    reading_owe(&r->reading);
    call->ecs->ops->tail(call->ecs, &l->tail);
}

/* ---- told */

static void which_task(const struct logs *l, int64_t now_ms, struct card *card)
{
    const struct snapshot *s = l->base.seen;
    const struct ecs_task *t = l->task;
    char id[PAGE_SHORT_ID + 1], at[TEXT_TIME], span[TEXT_DURATION];
    int running = 0;
    struct diagnosis d;

    for (size_t i = 0; i < s->task_count; i++)
        running += text_equal(s->tasks[i].last_status, "RUNNING");
    page_short_id(t->id, id);
    page_when(running ? began(t) : t->stopped_ms, now_ms, at);
    if (running) {
        page_age(began(t), now_ms, span);
        card_line(card, "Task %s, the newest of %d that run%s, since %s UTC (%s)", id, running,
                  running == 1 ? "s" : "", at, span);
        return;
    }
    diagnose_task(t, &d);
    card_line(card, "No task runs. Task %s stopped last, %s UTC: %s", id, at, d.why);
}

/* A task that died after this one began wrote another log. */
static void other_deaths(const struct logs *l, int64_t now_ms, struct card *card)
{
    const struct snapshot *s = l->base.seen;
    const struct ecs_task *last = NULL;
    char id[PAGE_SHORT_ID + 1], at[TEXT_TIME];
    struct diagnosis d;

    for (size_t i = 0; i < s->task_count; i++) {
        const struct ecs_task *t = &s->tasks[i];
        if (t == l->task || !text_equal(t->last_status, "STOPPED"))
            continue;
        diagnose_task(t, &d);
        if (!d.benign && (!last || t->stopped_ms > last->stopped_ms))
            last = t;
    }
    if (!last)
        return;
    diagnose_task(last, &d);
    page_short_id(last->id, id);
    page_when(last->stopped_ms, now_ms, at);
    card_line(card, "Another task, %s, stopped %s UTC: %s", id, at, d.why);
}

/* The last lines are worth most: the first ones go when a message does not hold them all. */
static size_t first_shown(const struct ecs_tail *t)
{
    size_t room = CARD_QUOTE - 1, first = t->count;

    while (first > 0 && strlen(t->lines[first - 1]) + TEXT_TIME <= room)
        room -= strlen(t->lines[--first]) + TEXT_TIME;
    return first;
}

static void lines(const struct ecs_tail *t, int64_t now_ms, struct card *card)
{
    const char *line = NULL, *means = diagnose_log(t->count, (char(*)[ECS_TAIL_LINE])t->lines, &line);

    if (*t->log_group)
        card_line(card, "Log group %s, stream %s", t->log_group, *t->log_stream ? t->log_stream : "unknown");
    if (!t->count) {
        card_line(card, "It wrote nothing, or nothing has arrived yet.");
        return;
    }
    if (means)
        card_line(card, "What it says: %s", means);
    card_line(card,
              "Secrets and personal data are taken out as well as I can: read it before you pass it on.");
    for (size_t i = first_shown(t); i < t->count; i++) {
        char at[TEXT_TIME], text[ECS_TAIL_LINE + TEXT_TIME];
        page_when(t->at_ms[i], now_ms, at);
        TEXT_FORMAT(text, "%s %s", at, t->lines[i]);
        card_quote(card, text);
    }
}

static void tell(struct reading *reading)
{
    struct logs *l = logs_of(reading);
    const struct command_call *call = reading->call;
    const struct config_target *t = call->parsed.target;
    const char *key = call->parsed.service->key;
    const int64_t now_ms = reading_look_now(&l->base);
    struct card *card = &reading->card;

    if (!reading_look_tell(&l->base, "Log of "))
        return;
    const struct snapshot *s = l->base.seen;
    if (s->tasks_absence != ECS_SEEN) {
        card_line(card, "Log: not checked: which tasks there are could not be read: %s",
                  *s->trouble ? s->trouble : "AWS had not answered");
    } else if (!l->task) {
        card_line(card,
                  "No task runs, and none stopped within the last hour or so: there is no log to show.");
    } else {
        which_task(l, now_ms, card);
        other_deaths(l, now_ms, card);
        if (!l->came)
            card_line(card, "Log: not checked: AWS had not answered within 8 s");
        else if (!l->tail.ok)
            card_line(card, "Log: not checked: %s", l->tail.err.text);
        else
            lines(&l->tail, now_ms, card);
    }
    card_footer(card, "Again: %s logs %s %s · why tasks stopped: %s tasks %s %s", call->word, t->name, key,
                call->word, t->name, key);
}

static void over(struct reading *reading)
{
    struct logs *l = logs_of(reading);

    mem_free(l->base.seen);
    mem_free(l);
}

static void run(struct command_call *call)
{
    struct logs *l = mem_alloc(sizeof *l);

    l->base.reading.tell = tell;
    l->base.reading.over = over;
    l->base.more = ask_tail;
    l->base.look.with_tasks = true;
    reading_look_begin(&l->base, call, LOOK_MS);
}
