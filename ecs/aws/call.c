/* Happy path: a token, keys, one signed POST, a 200 that the service's protocol can read, done.
 *
 *      start ─> QUEUED ──token──> KEYS ──signed──> SENDING ──result──> ENDING ─> done
 *                 ^                                   │
 *                 ├──── keys renewed, clock corrected ┤
 *                 └────────── PAUSING <───────────────┘ throttled or lost, quota allows
 *
 * Failure modes: throttled, lost and 5xx answers are tried again with full jitter under a quota shared by the
 * session. Refused keys are forgotten and fetched anew once; a refused signature corrects the clock by the
 * Date of the answer once. A changing call is tried again only when it certainly was not executed: nothing of
 * it was sent, or AWS itself refused it with a 4xx. Lost after sending, or answered with 5xx, it ends as
 * uncertain. Every state can be cancelled; what credentials or net/ still owe then arrives at a flight
 * without a call. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/text.h"
#include "call_answer.h"
#include "session.h"

#define FLIGHTS_MAX      4096  /* of one session, running and waiting */
#define SKEW_WORTH_MS    30000 /* a smaller difference is no reason for a refused signature */
#define RETRY_AFTER_MOST 3600  /* seconds, read from a header */

static void move(struct flight *f, enum flight_state to)
{
    static const bool allowed[FLIGHT_STATES][FLIGHT_STATES] = {
        [FLIGHT_QUEUED] = {[FLIGHT_KEYS] = true, [FLIGHT_ENDING] = true},
        [FLIGHT_KEYS] = {[FLIGHT_SENDING] = true, [FLIGHT_ENDING] = true},
        [FLIGHT_SENDING] = {[FLIGHT_QUEUED] = true, [FLIGHT_PAUSING] = true, [FLIGHT_ENDING] = true},
        [FLIGHT_PAUSING] = {[FLIGHT_QUEUED] = true, [FLIGHT_ENDING] = true},
    };
    assert(allowed[f->state][to]);
    f->state = to;
}

/* ---- the end */

static void release(struct flight *f)
{
    if (f->call != NULL || f->keys_pending || f->http_pending)
        return;
    if (f->body.len > 0)
        crypto_wipe(f->body.data, f->body.len);
    buf_finish(&f->body);
    mem_free(f);
}

/* Only what the bot cannot do without makes it blind: it works on without a load balancer's word. */
static void count(struct aws_counters *n, const struct aws_call *c, int64_t wall_ms)
{
    bool vital = c->service == AWS_ECS || c->service == AWS_STS;
    n->calls++;
    n->refused += c->outcome == AWS_REFUSED || c->outcome == AWS_EXPIRED;
    n->unreachable += c->outcome == AWS_UNREACHABLE;
    if (vital && (c->outcome == AWS_EXPIRED || c->outcome == AWS_UNREACHABLE)) {
        n->failing_ms = n->failing_ms == 0 ? wall_ms : n->failing_ms;
        TEXT_COPY(n->trouble, c->err.text);
    } else if (c->outcome == AWS_OK || c->outcome == AWS_REFUSED) {
        n->answered_ms = wall_ms;
        n->failing_ms = 0;
    }
}

/* The last that happens to a call. The user may start it again, or destroy the session, inside done. */
static void deliver(struct flight *f)
{
    struct aws_session *s = f->session;
    struct aws_call *c = f->call;
    json_t *answer = c->answer;
    char *text = f->text;
    count(&s->counters, c, clock_wall(loop_clock(s->loop)));
    call_count_end(c, loop_now(s->loop) - f->begun_ms);
    TAILQ_REMOVE(&s->flights, f, all);
    s->count--;
    f->session = NULL;
    f->call = NULL;
    c->private_ = NULL;
    c->text = text;
    release(f);
    c->done(c);
    json_decref(answer);
    mem_free(text);
}

static void on_end(struct loop_deferred *d)
{
    deliver(d->user);
}

static void end(struct flight *f, enum aws_outcome outcome, bool uncertain, const struct err *cause)
{
    struct aws_session *s = f->session;
    struct aws_call *c = f->call;
    const struct answer_scene scene = {.region = s->region,
                                       .source = f->source,
                                       .host = s->endpoints[c->service].host,
                                       .skew_ms = s->skew_ms,
                                       .tries = f->sends};
    move(f, FLIGHT_ENDING);
    c->outcome = outcome;
    c->uncertain = c->changes && uncertain;
    c->generation = f->generation;
    answer_explain(c, &scene, cause);
    loop_defer(s->loop, &f->end);
}

/* ---- start */

void aws_call_start(struct aws_session *s, struct aws_call *c)
{
    struct flight *f = mem_alloc(sizeof *f);
    f->session = s;
    f->call = c;
    f->state = FLIGHT_QUEUED;
    f->begun_ms = loop_now(s->loop);
    f->end = (struct loop_deferred){.run = on_end, .user = f};
    c->private_ = f;
    c->status = 0;
    c->code[0] = c->message[0] = c->request_id[0] = '\0';
    c->answer = NULL;
    c->text = NULL;
    TAILQ_INSERT_TAIL(&s->flights, f, all);
    bool full = ++s->count > FLIGHTS_MAX;
    struct err err;
    if (!flight_take_body(f)) {
        err_set(&err, ERR_LIMIT, "the request is too large");
        end(f, AWS_UNREACHABLE, false, &err);
    } else if (full) {
        err_set(&err, ERR_LIMIT, "more than %d AWS calls wait already: wait a minute and ask again",
                FLIGHTS_MAX);
        end(f, AWS_THROTTLED, false, &err);
    } else {
        session_enqueue(s, f);
    }
}

/* ---- keys */

static void on_answer(struct http_request *r);

static void on_keys(struct credentials_request *r)
{
    struct flight *f = r->user;
    struct err err;
    f->keys_pending = false;
    if (f->call == NULL) {
        release(f);
        return;
    }
    if (f->state == FLIGHT_ENDING)
        return; /* cancelled meanwhile */
    if (!r->ok) {
        end(f, r->err.code == ERR_CANCELLED ? AWS_CANCELLED : AWS_EXPIRED, false, &r->err);
        return;
    }
    if (f->keys_renewed && r->keys.generation == f->generation) {
        end(f, AWS_EXPIRED, false, NULL); /* the source has no others */
        return;
    }
    f->generation = r->keys.generation;
    TEXT_COPY(f->source, r->keys.source);
    if (flight_send(f, &r->keys, on_answer, &err))
        move(f, FLIGHT_SENDING);
    else
        end(f, AWS_EXPIRED, false, &err);
}

void flight_proceed(struct flight *f)
{
    move(f, FLIGHT_KEYS);
    f->keys = (struct credentials_request){.done = on_keys, .user = f};
    f->keys_pending = true;
    credentials_get(f->session->credentials, &f->keys);
}

/* ---- another try */

static void queue_again(struct flight *f)
{
    move(f, FLIGHT_QUEUED);
    session_enqueue(f->session, f);
}

static void on_pause_over(struct loop_timer *t)
{
    queue_again(t->user);
}

static int64_t asked_pause_ms(const struct http_request *r)
{
    const char *ms = http_answer_header(r, "x-amz-retry-after");
    const char *seconds = http_answer_header(r, "retry-after");
    const char *text = ms != NULL ? ms : seconds;
    if (text == NULL)
        return 0;
    char *after;
    long value = strtol(text, &after, 10);
    if (after == text || *after != '\0' || value < 0)
        return 0; /* a date is not worth its parsing: our own wait will do */
    long most = RETRY_AFTER_MOST * (ms != NULL ? 1000L : 1L);
    return (int64_t)(value > most ? most : value) * (ms != NULL ? 1 : 1000);
}

/* True when a pause before another try has begun. */
static bool pause_before_retry(struct flight *f, enum retry_class class_, bool not_executed)
{
    struct aws_session *s = f->session;
    if ((f->call->changes && !not_executed) || !retry_allowed(&s->quota, class_, f->tries + 1))
        return false;
    f->tries++;
    s->counters.retries++;
    call_count_retry(f->call);
    int64_t asked = f->request.ok ? asked_pause_ms(&f->request) : 0;
    move(f, FLIGHT_PAUSING);
    f->pause = (struct loop_timer){.fire = on_pause_over, .user = f};
    loop_timer_start(s->loop, &f->pause, retry_wait(class_, f->tries, asked, crypto_random_u32()));
    return true;
}

/* Keys that this session has refused already are not forgotten twice: others may have fetched newer ones. */
static bool renew_keys(struct flight *f)
{
    struct aws_session *s = f->session;
    if (f->keys_renewed)
        return false;
    f->keys_renewed = true;
    if (f->generation > s->refused_generation) {
        s->refused_generation = f->generation;
        credentials_forget(s->credentials);
    }
    queue_again(f);
    return true;
}

static bool correct_clock(struct flight *f)
{
    struct aws_session *s = f->session;
    const char *date = http_answer_header(&f->request, "date");
    int64_t theirs;
    if (f->skew_corrected || date == NULL || !text_parse_http_date(date, &theirs))
        return false;
    int64_t skew = theirs - clock_wall(loop_clock(s->loop));
    int64_t off = skew - f->skew_ms;
    if (off > -SKEW_WORTH_MS && off < SKEW_WORTH_MS)
        return false; /* the clock was right: the secret key is wrong */
    f->skew_corrected = true;
    s->skew_ms = skew;
    queue_again(f);
    return true;
}

/* ---- the answer */

static void on_lost(struct flight *f, struct http_request *r)
{
    enum err_code code = r->err.code;
    bool sent = r->sent;
    if (code == ERR_CANCELLED || f->cancelled) {
        end(f, AWS_CANCELLED, sent, &r->err);
        return;
    }
    bool passing = code == ERR_UNREACHABLE || code == ERR_TIMEOUT || code == ERR_PROTOCOL || code == ERR_IO;
    if (passing && pause_before_retry(f, RETRY_TRANSIENT, !sent))
        return;
    end(f, AWS_UNREACHABLE, sent, &r->err);
}

static void on_answered(struct flight *f, struct http_request *r)
{
    struct aws_session *s = f->session;
    struct err broken = {0};
    const struct answer_bytes bytes = {
        .status = r->status,
        .error_type = http_answer_header(r, "x-amzn-errortype"),
        .request_id = http_answer_header(r, "x-amzn-requestid"),
        .body = r->answer.data,
        .len = r->answer.len,
    };
    enum retry_class class_ = answer_read(f->call, &bytes, &broken);
    bool refused = r->status >= 300 && r->status < 500 && class_ != RETRY_TRANSIENT; /* not executed */
    if (class_ == RETRY_THROTTLE) {
        s->counters.throttles++;
        call_count_throttle(f->call);
    }
    switch (class_) {
    case RETRY_OK:
        retry_succeeded(&s->quota, f->tries);
        if (f->call->answer == NULL)
            f->text = buf_take(&r->answer);
        end(f, AWS_OK, false, NULL);
        return;
    case RETRY_EXPIRED:
        if (refused && renew_keys(f))
            return;
        end(f, AWS_EXPIRED, !refused, NULL);
        return;
    case RETRY_SKEW:
        if (refused && correct_clock(f))
            return;
        end(f, AWS_REFUSED, !refused, NULL);
        return;
    case RETRY_THROTTLE:
    case RETRY_TRANSIENT:
        if (pause_before_retry(f, class_, refused))
            return;
        end(f, class_ == RETRY_THROTTLE ? AWS_THROTTLED : AWS_UNREACHABLE, !refused,
            broken.code == ERR_NONE ? NULL : &broken);
        return;
    case RETRY_REFUSED: end(f, refused ? AWS_REFUSED : AWS_UNREACHABLE, !refused, NULL); return;
    }
}

static void on_answer(struct http_request *r)
{
    struct flight *f = r->user;
    f->http_pending = false;
    if (f->call == NULL) {
        release(f);
        return;
    }
    if (f->state == FLIGHT_ENDING)
        return; /* aborted meanwhile */
    if (r->ok && !f->cancelled)
        on_answered(f, r);
    else
        on_lost(f, r);
}

/* ---- cancel */

/* Out of whatever it waits for; what is with credentials or net/ comes back by its own callback. */
static void withdraw(struct flight *f)
{
    if (f->state == FLIGHT_QUEUED)
        session_dequeue(f->session, f);
    else if (f->state == FLIGHT_PAUSING)
        loop_timer_stop(f->session->loop, &f->pause);
    else if (f->state == FLIGHT_ENDING)
        loop_defer_cancel(f->session->loop, &f->end);
}

void aws_call_cancel(struct aws_session *s, struct aws_call *c)
{
    struct flight *f = c->private_;
    if (f == NULL || f->state == FLIGHT_ENDING)
        return; /* the result is there already */
    if (f->state == FLIGHT_SENDING) {
        f->cancelled = true;
        http_cancel(s->http, &f->request);
        return;
    }
    withdraw(f);
    end(f, AWS_CANCELLED, false, NULL);
}

void flight_abort(struct flight *f)
{
    withdraw(f);
    if (f->state != FLIGHT_ENDING)
        end(f, AWS_CANCELLED, f->http_pending, NULL);
    loop_defer_cancel(f->session->loop, &f->end);
    if (f->http_pending)
        http_cancel(f->session->http, &f->request);
    deliver(f);
}
