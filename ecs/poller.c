/* One polling loop for all watches.
 *
 *   tick ──▶ watches that are due, by session and cluster, ten services a call ──▶ DescribeServices
 *        ──▶ who wants tasks? ──▶ tasks, targets, history ──▶ seen ──▶ due again after the interval
 *        ╰─▶ who does not ────────────────────────────────▶ seen ──▶ due again after the interval
 *
 * The interval is world time, with up to a fifth of jitter; it is `quiet` for watches that say so. Every call
 * costs a slice of the session's budget; when a round costs more than an interval yields, the interval
 * stretches to what it costs, and doubles while AWS throttles. A watch that is due within half an interval
 * goes along with a call that is made anyway, so that watches which began at different times come together.
 *
 * Failure modes: a failed call gives each of its watches a snapshot that says why; the next round asks again.
 * A refusal may concern one service of ten only (a policy names services), so after a refusal those ten are
 * asked one by one. A watch may leave at any moment, also from inside seen: a call remembers no watch, each
 * watch remembers its call. */
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "client_private.h"

#define SERVICES_A_CALL 10
#define JITTER_PERCENT  20
#define SLOW_MOST_MS    60000 /* the longest interval that throttling leads to */
#define BUDGET          5     /* calls a second, when the options say nothing */

struct batch;

/* What the poller knows of one watch. */
struct seat {
    struct ecs_watch *watch;
    struct poller *poller;
    struct batch *batch; /* its call that runs, or NULL */
    struct reading *reading;
    int64_t from_ms;                 /* world: when it was shown last, 0 = never */
    int jitter;                      /* percent that the present wait is longer */
    uint64_t print;                  /* of the last service, for watches without wants_tasks */
    bool alone;                      /* ask its service in a call of its own */
    struct ecs_rollout_detail *over; /* the rollout that was followed, once it had ended; or NULL */
};

/* One DescribeServices call. Frees itself; poller = NULL when it was cut off. */
struct batch {
    struct aws_call call;
    struct poller *poller;
    struct batch *next, *prev;
    int session;
    char cluster[ECS_NAME];
    size_t count;
    char services[SERVICES_A_CALL][ECS_NAME];
};

struct pace {
    int64_t free_ms; /* mono: when the budget is even again */
    int64_t slow_ms; /* world: interval because of throttling, 0 = none */
    int64_t interval_ms;
};

struct poller {
    struct client *client;
    int64_t active_ms, quiet_ms;
    double calls_per_second;
    struct loop_timer timer;
    struct ecs_watch *watches;
    struct batch *batches;
    struct snapshot *scratch; /* the service part while watches look at it */
    struct pace paces[CLIENT_SESSIONS];
};

static struct seat *seat_of(const struct ecs_watch *w)
{
    return w->private_;
}

/* ---- pace */

static void spend(struct poller *p, int session, int calls)
{
    struct pace *pace = &p->paces[session];
    int64_t now = loop_now(p->client->loop);

    if (pace->free_ms < now)
        pace->free_ms = now;
    pace->free_ms += (int64_t)(calls * 1000 / p->calls_per_second);
}

/* Mono -> world. */
static int64_t in_world(const struct poller *p, int64_t mono_ms)
{
    return (int64_t)((double)mono_ms * loop_clock(p->client->loop)->speed);
}

/* Sets the interval in force for a session: what was asked for, or what the budget or throttling make of it.
 */
static void set_interval(struct poller *p, int session)
{
    struct pace *pace = &p->paces[session];
    int64_t debt = pace->free_ms - loop_now(p->client->loop);
    int64_t delay = aws_session_poll_delay(client_session(p->client, session)->aws);
    int64_t ms = p->active_ms;

    if (debt < delay)
        debt = delay;
    if (debt > 0 && in_world(p, debt) > ms)
        ms = in_world(p, debt);
    if (pace->slow_ms > ms)
        ms = pace->slow_ms;
    pace->interval_ms = ms;
}

static void note_throttle(struct poller *p, int session, bool throttled)
{
    struct pace *pace = &p->paces[session];

    if (throttled)
        pace->slow_ms = pace->slow_ms ? pace->slow_ms * 2 : p->active_ms * 2;
    else
        pace->slow_ms /= 2;
    if (pace->slow_ms > SLOW_MOST_MS)
        pace->slow_ms = SLOW_MOST_MS;
    if (pace->slow_ms < p->active_ms)
        pace->slow_ms = 0;
}

static int64_t interval_of(const struct poller *p, const struct ecs_watch *w)
{
    int64_t ms = p->paces[w->ref.session].interval_ms;

    return w->quiet && p->quiet_ms > ms ? p->quiet_ms : ms;
}

/* Computed anew each time, because `quiet` may change at any moment. */
static int64_t due_ms(const struct seat *s)
{
    return s->from_ms ? s->from_ms + interval_of(s->poller, s->watch) * (100 + s->jitter) / 100 : 0;
}

/* ---- the timer */

/* To the next watch that is due; and no longer than an active interval, lest a watch that is quiet no more
 * waits for its old time. */
static void arm(struct poller *p)
{
    int64_t now = client_world(p->client), first = INT64_MAX;

    for (struct ecs_watch *w = p->watches; w; w = w->next) {
        struct seat *s = seat_of(w);

        if (!s->batch && !s->reading && due_ms(s) < first)
            first = due_ms(s);
    }
    loop_timer_stop(p->client->loop, &p->timer);
    if (first == INT64_MAX)
        return;
    if (first > now + p->active_ms)
        first = now + p->active_ms;
    loop_timer_start_world(p->client->loop, &p->timer, first > now ? first - now : 0);
}

static void rest(struct seat *s)
{
    s->from_ms = client_world(s->poller->client);
    s->jitter = (int)(crypto_random_u32() % (JITTER_PERCENT + 1));
    set_interval(s->poller, s->watch->ref.session);
}

/* ---- what was seen goes to the watches */

static bool is_throttled(const struct snapshot *s)
{
    return s->tasks_absence == ECS_THROTTLED || s->targets_absence == ECS_THROTTLED ||
           s->history_absence == ECS_THROTTLED || s->rollout_absence == ECS_THROTTLED;
}

/* What does not change any more is not asked for again. */
static void keep_over(struct seat *s, const struct snapshot *snapshot)
{
    if (snapshot->rollout_absence != ECS_SEEN || !reading_is_over(snapshot->rollout.status))
        return;
    if (!s->over)
        s->over = mem_alloc(sizeof *s->over);
    *s->over = snapshot->rollout;
}

static void on_tasks(void *user, const struct snapshot *snapshot)
{
    struct seat *s = user;
    struct poller *p = s->poller;

    spend(p, s->watch->ref.session, reading_calls(s->reading));
    s->reading = NULL;
    if (is_throttled(snapshot))
        note_throttle(p, s->watch->ref.session, true);
    keep_over(s, snapshot);
    rest(s);
    s->watch->seen(s->watch, snapshot); /* s may be gone now */
    arm(p);
}

static uint64_t mix(uint64_t h, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < len; i++)
        h = (h ^ at[i]) * 1099511628211U; /* FNV-1a */
    return h;
}

/* Counts, deployments and the newest event. */
static uint64_t print_of(const struct ecs_service *s)
{
    uint64_t h = mix(14695981039346656037U, &s->desired, sizeof s->desired);

    for (size_t i = 0; i < s->deployment_count; i++) {
        const struct ecs_deployment *d = &s->deployments[i];
        const int numbers[] = {(int)d->status, (int)d->rollout, d->desired,
                               d->running,     d->pending,      d->failed};

        h = mix(mix(h, d->id, strlen(d->id)), numbers, sizeof numbers);
    }
    return s->event_count ? mix(h, s->events[0].id, strlen(s->events[0].id)) : h;
}

static bool wants_tasks(struct seat *s, const struct snapshot *snapshot)
{
    uint64_t print;

    if (snapshot->service_absence != ECS_SEEN || snapshot->missing)
        return false;
    if (s->watch->wants_tasks)
        return s->watch->wants_tasks(s->watch, snapshot);
    print = print_of(&snapshot->service);
    if (print == s->print)
        return false;
    s->print = print;
    return true;
}

static void show(struct seat *s, const struct snapshot *snapshot)
{
    struct poller *p = s->poller;

    if (wants_tasks(s, snapshot)) {
        s->reading =
            reading_start(p->client, &s->watch->ref, snapshot, s->watch->rollout_of, s->over, on_tasks, s);
        return;
    }
    rest(s);
    s->watch->seen(s->watch, snapshot); /* s may be gone now */
}

static struct seat *next_of(struct poller *p, const struct batch *b)
{
    for (struct ecs_watch *w = p->watches; w; w = w->next)
        if (seat_of(w)->batch == b)
            return seat_of(w);
    return NULL;
}

static void unlink_batch(struct batch *b)
{
    if (b->prev)
        b->prev->next = b->next;
    else
        b->poller->batches = b->next;
    if (b->next)
        b->next->prev = b->prev;
    b->poller = NULL;
}

static void on_batch(struct aws_call *call)
{
    struct batch *b = call->user;
    struct poller *p = b->poller;
    struct seat *s;

    if (!p) {
        mem_free(b);
        return;
    }
    struct client_session *session = client_session(p->client, b->session);
    bool refused = call->outcome == AWS_REFUSED && !trouble_is_missing(call) && b->count > 1;

    client_note_keys(session, call);
    note_throttle(p, b->session, call->outcome == AWS_THROTTLED);
    while ((s = next_of(p, b))) { /* from the start each time: seen may take any watch away */
        struct snapshot *scratch = p->scratch;

        memset(scratch, 0, sizeof *scratch);
        scratch->tasks_absence = scratch->history_absence = ECS_NOT_READ;
        scratch->rollout_absence = scratch->targets_absence = ECS_NOT_READ;
        trouble_read_service(scratch, &s->watch->ref, aws_session_region(session->aws), call,
                             client_world(p->client));
        s->batch = NULL;
        s->alone |= refused;
        show(s, scratch);
    }
    unlink_batch(b);
    mem_free(b);
    arm(p);
}

/* ---- a round */

static bool has_service(const struct batch *b, const char *service)
{
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->services[i], service) == 0)
            return true;
    return false;
}

/* Can this watch go along? Several watches of one service share its place. */
static bool joins(const struct batch *b, const struct ecs_watch *w)
{
    return w->ref.session == b->session && strcmp(w->ref.cluster, b->cluster) == 0 &&
           (has_service(b, w->ref.service) || (b->count < SERVICES_A_CALL && !seat_of(w)->alone));
}

static void send_batch(struct poller *p, struct batch *b)
{
    json_t *names = json_array(), *body;

    for (size_t i = 0; i < b->count; i++)
        json_array_append_new(names, json_string(b->services[i]));
    body = json_pack("{s:s, s:o}", "cluster", b->cluster, "services", names);
    b->call.service = AWS_ECS;
    b->call.action = "DescribeServices";
    b->call.body = jsonx_print(body);
    b->call.lane = AWS_LANE_POLL;
    b->call.done = on_batch;
    b->call.user = b;
    json_decref(body);
    spend(p, b->session, 1);
    aws_call_start(client_session(p->client, b->session)->aws, &b->call);
}

/* The first watch opens a call; all that can come along, and are due soon, do. */
static void open_batch(struct poller *p, struct ecs_watch *first, int64_t now)
{
    struct batch *b = mem_alloc(sizeof *b);
    bool alone = seat_of(first)->alone;

    b->poller = p;
    b->session = first->ref.session;
    TEXT_COPY(b->cluster, first->ref.cluster);
    TEXT_COPY(b->services[b->count], first->ref.service);
    b->count++;
    seat_of(first)->batch = b;
    for (struct ecs_watch *w = p->watches; w; w = w->next) {
        struct seat *s = seat_of(w);

        if (s->batch || s->reading || due_ms(s) > now + interval_of(p, w) / 2 || !joins(b, w) ||
            (alone && !has_service(b, w->ref.service)))
            continue;
        if (!has_service(b, w->ref.service)) {
            TEXT_COPY(b->services[b->count], w->ref.service);
            b->count++;
        }
        s->batch = b;
    }
    b->next = p->batches;
    if (p->batches)
        p->batches->prev = b;
    p->batches = b;
    send_batch(p, b);
}

static void on_tick(struct loop_timer *t)
{
    struct poller *p = t->user;
    int64_t now = client_world(p->client);

    for (struct ecs_watch *w = p->watches; w; w = w->next) {
        struct seat *s = seat_of(w);

        if (!s->batch && !s->reading && due_ms(s) <= now)
            open_batch(p, w, now);
    }
    arm(p);
}

/* ---- watches come and go */

void poller_watch(struct ecs *e, struct ecs_watch *w)
{
    struct poller *p = client_of(e)->poller;
    struct seat *s = mem_alloc(sizeof *s);

    client_session(p->client, w->ref.session); /* asserts that there is one */
    s->watch = w;
    s->poller = p;
    w->private_ = s;
    w->prev = NULL;
    w->next = p->watches;
    if (p->watches)
        p->watches->prev = w;
    p->watches = w;
    arm(p);
}

void poller_unwatch(struct ecs *e, struct ecs_watch *w)
{
    struct poller *p = client_of(e)->poller;
    struct seat *s = seat_of(w);

    if (!s)
        return;
    if (w->prev)
        w->prev->next = w->next;
    else
        p->watches = w->next;
    if (w->next)
        w->next->prev = w->prev;
    w->next = w->prev = NULL;
    w->private_ = NULL;
    if (s->reading) {
        spend(p, w->ref.session, reading_calls(s->reading));
        reading_abandon(s->reading);
    }
    mem_free(s->over);
    mem_free(s);
    arm(p);
}

int64_t poller_interval(struct ecs *e, int session)
{
    int64_t ms = client_of(e)->poller->paces[session].interval_ms;

    return ms ? ms : client_of(e)->poller->active_ms;
}

/* ---- */

struct poller *poller_create(struct client *c, const struct ecs_client_options *options)
{
    struct poller *p = mem_alloc(sizeof *p);

    p->client = c;
    p->active_ms = options->active_ms;
    p->quiet_ms = options->quiet_ms;
    p->calls_per_second = options->calls_per_second > 0 ? options->calls_per_second : BUDGET;
    p->timer.fire = on_tick;
    p->timer.user = p;
    p->scratch = mem_alloc(sizeof *p->scratch);
    return p;
}

void poller_destroy(struct poller *p)
{
    while (p->watches)
        poller_unwatch(&p->client->ecs, p->watches);
    while (p->batches) {
        struct batch *b = p->batches;
        struct aws_session *aws = client_session(p->client, b->session)->aws;

        unlink_batch(b);
        aws_call_cancel(aws, &b->call); /* on_batch frees */
    }
    loop_timer_stop(p->client->loop, &p->timer);
    mem_free(p->scratch);
    mem_free(p);
}
