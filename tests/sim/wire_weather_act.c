/* What the weather does to a call. Happy path: decided, executed or not, shown or not, all at once. A call
 * that is executed or shown later is held: by its timer, and by its connection as long as that is there. A
 * peer that leaves takes the answer away, never the execution. */
#include "sim/wire_weather_act.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "net/server.h"

#define HELD_MOST 1024

struct held {
    struct held *next, *prev;
    struct weather_front *front;
    const struct weather_kind *kind;
    struct server_call *call; /* NULL once answered or gone */
    struct loop_timer timer;
    char service[32], action[64], date[32];
    struct weather_ask ask;
    struct weather_reply reply;
    bool executed;
};

struct weather_front {
    struct loop *loop;
    struct weather_behind behind;
    struct weather rules;
    struct held *held;
    size_t count;
};

static void release(struct held *h)
{
    struct weather_front *f = h->front;
    if (h->prev != NULL) {
        h->prev->next = h->next;
    } else {
        f->held = h->next;
    }
    if (h->next != NULL) {
        h->next->prev = h->prev;
    }
    f->count--;
    loop_timer_stop(f->loop, &h->timer);
    if (h->call != NULL) {
        server_set_user(h->call, NULL);
    }
    json_decref((json_t *)(uintptr_t)h->ask.body);
    mem_free(h->reply.text);
    mem_free(h);
}

static void execute(struct held *h)
{
    h->front->behind.execute(h->front->behind.user, &h->ask, &h->reply);
    h->executed = true;
}

/* ---- answers */

static void send_text(struct held *h, const char *text, size_t len)
{
    const struct weather_behind *b = &h->front->behind;
    b->send(b->user, h->call, h->reply.status, h->reply.type, "", text, len);
}

static void send_huge(struct held *h)
{
    size_t len = h->reply.len;
    char *text = mem_alloc(len + WEATHER_HUGE_BYTES + 1);
    memcpy(text, h->reply.text, len);
    memset(text + len, ' ', WEATHER_HUGE_BYTES);
    send_text(h, text, len + WEATHER_HUGE_BYTES);
    mem_free(text);
}

/* XML has only texts: a name that is no longer there is as near as it comes. */
static void send_mangled(struct held *h)
{
    size_t len = h->reply.len;
    json_t *answer = jsonx_parse(h->reply.text, len, NULL);
    if (answer == NULL) {
        send_text(h, "<GetCallerIdentityResponse/>", strlen("<GetCallerIdentityResponse/>"));
        return;
    }
    json_t *other = weather_mangle(answer, h->kind->mangle);
    char *text = jsonx_print(other);
    send_text(h, text, strlen(text));
    mem_free(text);
    json_decref(other);
    json_decref(answer);
}

static void show_answer(struct held *h)
{
    size_t len = h->reply.len;
    switch (h->kind->mangle) {
    case WEATHER_WHOLE: send_text(h, h->reply.text, len); break;
    case WEATHER_CUT: send_text(h, h->reply.text, len / 2); break;
    case WEATHER_SHORT:
        server_claim_length(h->call, len);
        send_text(h, h->reply.text, len / 2);
        break;
    case WEATHER_TYPES:
    case WEATHER_SHAPES: send_mangled(h); break;
    case WEATHER_HUGE: send_huge(h); break;
    }
}

static void show_error(struct held *h)
{
    const struct weather_behind *b = &h->front->behind;
    char message[700], date[64], headers[80] = "";
    const char *code;
    weather_error(h->kind, &h->ask, &code, message, sizeof(message));
    if (h->kind->clock_ms != 0) {
        weather_date(h->kind, h->ask.now_ms, date, sizeof(date));
        TEXT_FORMAT(headers, "date: %s\r\n", date);
    }
    b->send_error(b->user, h->call, h->ask.speech, h->kind->status, headers, code, message);
}

/* The call is answered, dropped, or left hanging. */
static void show(struct held *h)
{
    const struct weather_behind *b = &h->front->behind;
    const struct weather_kind *k = h->kind;
    if (k->shows == WEATHER_SILENCE) {
        return;
    }
    server_set_user(h->call, NULL);
    switch (k->shows) {
    case WEATHER_ANSWER: show_answer(h); break;
    case WEATHER_ERROR: show_error(h); break;
    case WEATHER_PAGE: b->send(b->user, h->call, k->status, k->type, "", k->text, strlen(k->text)); break;
    case WEATHER_RESET: server_drop(h->call, true); break;
    case WEATHER_SILENCE: break;
    }
    h->call = NULL;
}

/* ---- events, in order */

static void on_late(struct loop_timer *t)
{
    struct held *h = t->user;
    if (h->kind->executes && !h->executed) {
        execute(h);
    }
    if (h->call != NULL) {
        show(h);
    }
    release(h);
}

static struct held *hold(struct weather_front *f, struct server_call *call, const struct weather_ask *ask,
                         const struct weather_kind *kind)
{
    struct held *h = mem_alloc(sizeof(*h));
    h->front = f;
    h->kind = kind;
    h->call = call;
    h->timer = (struct loop_timer){.fire = on_late, .user = h};
    TEXT_COPY(h->service, ask->service);
    TEXT_COPY(h->action, ask->action);
    TEXT_COPY(h->date, ask->date);
    h->ask = (struct weather_ask){.service = h->service,
                                  .action = h->action,
                                  .speech = ask->speech,
                                  .date = h->date,
                                  .body = json_incref((json_t *)(uintptr_t)ask->body),
                                  .now_ms = ask->now_ms,
                                  .elsewhere = ask->elsewhere};
    h->next = f->held;
    if (f->held != NULL) {
        f->held->prev = h;
    }
    f->held = h;
    f->count++;
    server_set_user(call, h);
    return h;
}

bool weather_front_take(struct weather_front *f, struct server_call *call, const struct weather_ask *ask)
{
    int64_t delay_ms;
    const struct weather_kind *kind = weather_decide(&f->rules, ask, &delay_ms);
    if (kind == NULL) {
        return false;
    }
    f->behind.hit(f->behind.user, ask, kind->name);
    if (f->count == HELD_MOST) {
        server_drop(call, true);
        return true;
    }
    struct held *h = hold(f, call, ask, kind);
    bool shows_late = kind->shows_late && delay_ms > 0, executes_late = kind->executes_late && delay_ms > 0;
    if (kind->executes && !executes_late) {
        execute(h);
    }
    if (!shows_late) {
        show(h);
    }
    if (shows_late || executes_late) {
        loop_timer_start(f->loop, &h->timer, delay_ms);
    } else if (h->call == NULL) {
        release(h);
    }
    return true;
}

void weather_front_gone(struct weather_front *f, struct server_call *call)
{
    struct held *h = server_get_user(call);
    (void)f;
    if (h == NULL) {
        return;
    }
    h->call = NULL;
    if (!loop_timer_armed(&h->timer)) {
        release(h);
    }
}

struct weather *weather_front_rules(struct weather_front *f)
{
    return &f->rules;
}

struct weather_front *weather_front_create(struct loop *loop, const struct weather_behind *behind)
{
    struct weather_front *f = mem_alloc(sizeof(*f));
    f->loop = loop;
    f->behind = *behind;
    return f;
}

void weather_front_destroy(struct weather_front *f)
{
    if (f == NULL) {
        return;
    }
    while (f->held != NULL) {
        release(f->held);
    }
    mem_free(f);
}
