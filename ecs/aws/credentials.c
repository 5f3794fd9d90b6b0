/* Happy path: the first asker starts one fetch, everybody who comes meanwhile waits for it, all are answered
 * from the same keys on the loop's next turn. Fresh keys are answered from the cache.
 *
 *      none ──get──> fetching ──found──> fresh ──15 min before the end──> renewing beside use
 *        ^              │                  ^                                      │
 *        └───failed─────┘                  └──────found, or failed: old ones──────┘
 *
 * Failure modes: a fetch that fails is an error for those who wait, unless the old keys still hold: then they
 * go on and the next attempt comes a minute later. Keys that AWS refused (forget) are never handed out again,
 * unless the source says the very same ones: then the generation stays, and the caller knows. */
#include "aws/credentials.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "credentials_source.h"
#include "loop/loop.h"

#define MINUTE_MS       60000
#define ADVISED_MS      (15 * MINUTE_MS) /* before the end: renew beside use */
#define DEMANDED_MS     (10 * MINUTE_MS) /* before the end: wait for new ones */
#define RENEW_PAUSE_MS  MINUTE_MS        /* between attempts while the old keys hold */
#define PROFILE_NAME_AT 200

struct request_list {
    struct credentials_request *head, **tail;
};

struct credentials {
    /* immutable after creation */
    struct loop *loop;
    struct http *http;
    char *profile;
    const char *(*environment)(const char *name);
    int64_t (*wall_ms)(void *user);
    void *user;
    /* mutable */
    struct found_keys keys; /* access_key NULL = none */
    /* Held so that the output gate still knows them: keys that others replaced hold for minutes yet, and the
     * container's token is its own once the keys are there. */
    struct found_keys replaced;
    struct container_ask asked;
    bool refused; /* by AWS: see credentials_forget */
    uint64_t generation;
    bool tried;
    int64_t tried_ms; /* wall time of the last attempt */
    bool fetching;
    struct container_fetch *fetch;
    struct request_list waiting; /* for the fetch */
    struct request_list ready;   /* for the next turn; ok or err are set */
    struct loop_deferred deliver;
    bool *gone; /* set when destroyed inside a done */
};

static void push(struct request_list *list, struct credentials_request *r)
{
    r->next = NULL;
    *list->tail = r;
    list->tail = &r->next;
}

static struct credentials_request *pop(struct request_list *list)
{
    struct credentials_request *r = list->head;
    if (r == NULL)
        return NULL;
    list->head = r->next;
    if (list->head == NULL)
        list->tail = &list->head;
    return r;
}

static int64_t wall_now(const struct credentials *c)
{
    return c->wall_ms != NULL ? c->wall_ms(c->user) : clock_wall(loop_clock(c->loop));
}

/* ---- what the cached keys are worth */

static bool hold(const struct credentials *c, int64_t now)
{
    return c->keys.access_key != NULL && !c->refused && (c->keys.expires_ms == 0 || now < c->keys.expires_ms);
}

static bool ends_within(const struct credentials *c, int64_t now, int64_t ms)
{
    return c->keys.expires_ms != 0 && c->keys.expires_ms - now <= ms;
}

static bool tried_lately(const struct credentials *c, int64_t now)
{
    return c->tried && now >= c->tried_ms && now - c->tried_ms < RENEW_PAUSE_MS;
}

/* ---- answers */

static void on_deliver(struct loop_deferred *d)
{
    struct credentials *c = d->user;
    bool gone = false;
    struct credentials_request *r;
    c->gone = &gone;
    while (!gone && (r = pop(&c->ready)) != NULL) {
        if (r->ok) {
            r->keys = (struct credentials_keys){
                .access_key = secret_reveal(c->keys.access_key),
                .secret_key = c->keys.secret_key,
                .session_token = c->keys.session_token,
                .expires_ms = c->keys.expires_ms,
                .source = c->keys.source,
                .generation = c->generation,
            };
        }
        r->done(r);
    }
    if (!gone)
        c->gone = NULL;
}

static void answer_later(struct credentials *c, struct credentials_request *r, const struct err *err)
{
    r->ok = err == NULL;
    r->err = (struct err){0};
    if (err != NULL)
        r->err = *err;
    push(&c->ready, r);
    loop_defer(c->loop, &c->deliver);
}

/* ---- one fetch */

static void settle(struct credentials *c, struct found_keys *found, const struct err *why)
{
    struct err err = {0};
    if (why != NULL)
        err = *why;
    int64_t now = wall_now(c);
    c->fetching = false;
    c->fetch = NULL;
    if (found != NULL && found->expires_ms != 0 && found->expires_ms <= now) {
        err_set(&err, ERR_DENIED, "the AWS keys of %s have ended: renew them, and check this machine's clock",
                found->source);
        found = NULL;
    }
    if (found != NULL) {
        if (!found_keys_equal(&c->keys, found)) {
            c->generation++;
            found_keys_finish(&c->replaced);
            c->replaced = c->keys;
        } else {
            found_keys_finish(&c->keys);
        }
        c->keys = *found;
        *found = (struct found_keys){0};
        c->refused = false;
    }
    bool usable = hold(c, now);
    struct credentials_request *r;
    while ((r = pop(&c->waiting)) != NULL)
        answer_later(c, r, usable ? NULL : &err);
}

static void on_fetched(void *user, struct found_keys *keys, const struct err *err)
{
    settle(user, keys, err);
}

/* The first source that is configured decides. */
static enum source_result read_sources(const struct credentials *c, struct source_answer *ret)
{
    static const struct credentials_source *const chain[] = {
        &credentials_environment, &credentials_web_identity, &credentials_profile, &credentials_container};
    const struct source_place place = {c->environment, c->profile};
    for (size_t i = 0; i < sizeof chain / sizeof chain[0]; i++) {
        enum source_result result = chain[i]->read(&place, ret);
        if (result == SOURCE_FAILED)
            err_wrap(&ret->err, "AWS credentials");
        if (result != SOURCE_NONE)
            return result;
    }
    if (c->profile != NULL)
        err_set(&ret->err, ERR_CONFIG,
                "AWS credentials: profile %s has no keys: add aws_access_key_id and "
                "aws_secret_access_key",
                c->profile);
    else
        err_set(&ret->err, ERR_CONFIG,
                "AWS credentials: none found in the environment, ~/.aws or an ECS task role: set "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or name a profile (EC2 instance roles are not "
                "supported by this release)");
    return SOURCE_FAILED;
}

static void start_fetch(struct credentials *c)
{
    if (c->fetching)
        return;
    struct source_answer answer = {.err = {0}};
    c->fetching = true;
    c->tried = true;
    c->tried_ms = wall_now(c);
    switch (read_sources(c, &answer)) {
    case SOURCE_FOUND: settle(c, &answer.keys, NULL); break;
    case SOURCE_ASK:
        container_ask_finish(&c->asked);
        c->asked = answer.ask;
        answer.ask = (struct container_ask){.token = NULL};
        c->fetch = container_fetch_start(c->loop, c->http, &c->asked, on_fetched, c);
        break;
    case SOURCE_NONE:
    case SOURCE_FAILED: settle(c, NULL, &answer.err); break;
    }
    source_answer_finish(&answer);
}

/* ---- the contract */

struct credentials *credentials_create(const struct credentials_options *options, struct err *err)
{
    if (options->profile != NULL && strlen(options->profile) >= PROFILE_NAME_AT) {
        err_set(err, ERR_CONFIG, "an AWS profile's name has at most %d characters", PROFILE_NAME_AT - 1);
        return NULL;
    }
    struct credentials *c = mem_alloc(sizeof *c);
    c->loop = options->loop;
    c->http = options->http;
    c->profile = mem_text(options->profile);
    c->environment = options->environment;
    c->wall_ms = options->wall_ms;
    c->user = options->user;
    c->waiting.tail = &c->waiting.head;
    c->ready.tail = &c->ready.head;
    c->deliver = (struct loop_deferred){.run = on_deliver, .user = c};
    return c;
}

void credentials_destroy(struct credentials *c)
{
    if (c == NULL)
        return;
    if (c->gone != NULL)
        *c->gone = true;
    loop_defer_cancel(c->loop, &c->deliver);
    container_fetch_abandon(c->fetch);
    struct credentials_request *r;
    while ((r = pop(&c->ready)) != NULL || (r = pop(&c->waiting)) != NULL) {
        r->ok = false;
        err_set(&r->err, ERR_CANCELLED, "AWS credentials: the bot is stopping");
        r->done(r);
    }
    found_keys_finish(&c->keys);
    found_keys_finish(&c->replaced);
    container_ask_finish(&c->asked);
    mem_free(c->profile);
    mem_free(c);
}

void credentials_get(struct credentials *c, struct credentials_request *r)
{
    int64_t now = wall_now(c);
    bool usable = hold(c, now), lately = tried_lately(c, now);
    if (usable && (lately || !ends_within(c, now, DEMANDED_MS))) {
        answer_later(c, r, NULL);
        if (!lately && ends_within(c, now, ADVISED_MS))
            start_fetch(c);
        return;
    }
    push(&c->waiting, r);
    start_fetch(c);
}

void credentials_forget(struct credentials *c)
{
    c->refused = true;
}

int64_t credentials_expiry(const struct credentials *c)
{
    return c->keys.access_key != NULL && !c->refused ? c->keys.expires_ms : 0;
}
