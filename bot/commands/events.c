/* events: what ECS said of a service, newest first; what it says over and over is one line with its count. */
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ecs/diagnose.h"
#include "page.h"
#include "reading.h"
#include "rows.h"
#include "status_text.h"

#define SHOWN    14
#define ID_LEN   8                         /* a word of so many characters with a digit in it is an id */
#define FRESH_MS (60 * 60 * INT64_C(1000)) /* what is older is history */

static void run(struct command_call *call);

const struct command command_events = {
    .name = "events",
    .usage = "events TARGET [SERVICE]",
    .summary = "what ECS said last of a service, with times; repeats are counted",
    .detail =
        "The service's events of ECS (it keeps 100), newest first, UTC. The same event over and over is "
        "one line with how often and since when. Example: events cotak prod hub",
    .right = RIGHT_VIEW,
    .needs = NEEDS_SERVICE,
    .flags = COMMAND_SHARED,
    .run = run,
};

/* ---- equal but for ids */

struct group {
    const struct ecs_event *newest;
    int64_t first_ms;
    int count;
    char key[ECS_REASON];
};

static bool is_id(const char *word, size_t len)
{
    bool digit = false;

    for (size_t i = 0; i < len; i++)
        digit = digit || isdigit((unsigned char)word[i]);
    return digit && len >= ID_LEN;
}

/* The message with its ids (of tasks, deployments, targets) as #. */
static void make_key(const char *message, char *to, size_t size)
{
    struct buf b;

    buf_init(&b, size - 1);
    for (const char *at = message; *at;) {
        size_t len = 0;
        while (isalnum((unsigned char)at[len]))
            len++;
        if (len == 0)
            buf_char(&b, *at++);
        else if (is_id(at, len))
            buf_char(&b, '#');
        else
            buf_put(&b, at, len);
        at += len;
    }
    text_copy(to, size, b.data);
    buf_finish(&b);
}

/* Newest first, as ECS lists them. Caller mem_frees. */
static struct group *make_groups(const struct ecs_service *s, size_t *ret_count)
{
    struct group *groups = mem_array(ECS_EVENTS, sizeof *groups);
    char key[ECS_REASON];

    *ret_count = 0;
    for (size_t i = 0; i < s->event_count; i++) {
        const struct ecs_event *e = &s->events[i];
        size_t g = 0;
        make_key(e->message, key, sizeof key);
        while (g < *ret_count && !text_equal(groups[g].key, key))
            g++;
        if (g == *ret_count) {
            groups[g].newest = e;
            TEXT_COPY(groups[g].key, key);
            ++*ret_count;
        }
        groups[g].count++;
        groups[g].first_ms = e->created_ms;
    }
    return groups;
}

/* ---- told */

/* "(service tak-cloudtak-cotak-prod) " says nothing new on a page of that service. */
static const char *without_name(const char *message)
{
    const char *end = text_starts(message, "(service ") ? strstr(message, ") ") : NULL;

    return end ? end + 2 : message;
}

static void show(const struct group *g, int64_t now_ms, struct card *card)
{
    char at[TEXT_TIME], first[TEXT_TIME], line[ECS_REASON + 120];

    page_when(g->newest->created_ms, now_ms, at);
    page_when(g->first_ms, now_ms, first);
    if (g->count > 1)
        TEXT_FORMAT(line, "%s (%d times since %s) %s", at, g->count, first, without_name(g->newest->message));
    else
        TEXT_FORMAT(line, "%s %s", at, without_name(g->newest->message));
    card_quote(card, line);
}

/* The newest event of the last hour that tells why nothing moves, in plain words; "" = none. */
static const char *meaning(const struct ecs_service *s, int64_t now_ms)
{
    static const char *const words[] = {
        [EVENT_CRASH_LOOP] = "New tasks stop again and again, and ECS waits longer each time.",
        [EVENT_PLACEMENT] = "ECS finds no place for a new task.",
        [EVENT_THROTTLED] = "AWS slows ECS down: it goes on by itself, later.",
        [EVENT_DEADLOCK] = "ECS is stuck: its minimum and maximum of healthy tasks leave it no step.",
        [EVENT_PROTECTED] = "Protected tasks hold the deployment up.",
        [EVENT_UNHEALTHY] = "A task was not healthy to the load balancer, and ECS replaced it.",
        [EVENT_FAILED] = "A deployment failed.",
        [EVENT_ROLLING_BACK] = "A deployment was rolled back.",
        [EVENT_STEADY] = "", /* what was before it is over */
    };

    for (size_t i = 0; i < s->event_count && now_ms - s->events[i].created_ms < FRESH_MS; i++) {
        const enum event_kind kind = diagnose_event(s->events[i].message);
        if ((size_t)kind < sizeof words / sizeof words[0] && words[kind])
            return words[kind];
    }
    return "";
}

static void tell(struct reading *reading)
{
    struct reading_look *r = (struct reading_look *)reading; /* reading is its first member */
    const struct command_call *call = reading->call;
    const int64_t now_ms = reading_look_now(r);
    struct card *card = &reading->card;

    if (!reading_look_tell(r, "Events of "))
        return;
    const struct ecs_service *s = &r->seen->service;
    size_t count = 0;
    struct group *groups = make_groups(s, &count);
    const char *means = meaning(s, now_ms);

    status_served(r->seen, card);
    if (!count)
        card_line(card, "ECS has said nothing of this service, as far back as it keeps events.");
    else
        card_line(card, "%zu events, newest first, UTC%s", s->event_count,
                  count > SHOWN ? "; the oldest are left out" : "");
    if (*means)
        card_line(card, "%s", means);
    for (size_t i = 0; i < count && i < SHOWN; i++)
        show(&groups[i], now_ms, card);
    mem_free(groups);
    card_footer(card, "Why tasks stopped: %s tasks %s %s · %s status %s %s", call->word,
                call->parsed.target->name, call->parsed.service->key, call->word, call->parsed.target->name,
                call->parsed.service->key);
}

static void run(struct command_call *call)
{
    reading_look_only(call, tell);
}
