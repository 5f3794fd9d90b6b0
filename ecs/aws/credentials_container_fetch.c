/* Happy path: one GET to the container's agent, 200, keys.
 * Failure modes: no answer, a 5xx or a broken body are tried again after a second, three times in all; a 4xx
 * is final (the agent knows no role for this task). After abandon the request may still be under way in net/:
 * it is cancelled and this struct frees itself when its last callback has come. */
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "credentials_source.h"
#include "loop/loop.h"
#include "net/http.h"

#define TRIES      3
#define TIMEOUT_MS 2000
#define PAUSE_MS   1000
#define ANSWER_MAX (64 * 1024)

struct container_fetch {
    struct loop *loop;
    struct http *http;
    struct container_ask ask;
    struct http_request request;
    struct loop_timer pause;
    int tries;
    bool asking;    /* request is with net/ */
    bool abandoned; /* nobody listens any more */
    void (*done)(void *user, struct found_keys *keys, const struct err *err);
    void *user;
};

static void destroy(struct container_fetch *f)
{
    container_ask_finish(&f->ask);
    mem_free(f);
}

static void end(struct container_fetch *f, struct found_keys *keys, const struct err *err)
{
    void (*done)(void *, struct found_keys *, const struct err *) = f->done;
    void *user = f->user;
    destroy(f);
    done(user, keys, err);
}

static void ask(struct container_fetch *f);

static void on_pause_over(struct loop_timer *t)
{
    ask(t->user);
}

static bool read_answer(const struct http_request *r, struct found_keys *keys, struct err *err)
{
    if (!r->ok) {
        *err = r->err;
        return err_wrap(err, "the container's credential endpoint");
    }
    if (r->status != 200)
        return err_set(err, ERR_DENIED,
                       "the container's credential endpoint answered %d: check that the task has a task role",
                       r->status);
    return container_decode(r->answer.data, r->answer.len, keys, err);
}

static void on_answer(struct http_request *r)
{
    struct container_fetch *f = r->user;
    struct found_keys keys = {0};
    struct err err = {0};
    f->asking = false;
    if (f->abandoned) {
        destroy(f);
        return;
    }
    if (read_answer(r, &keys, &err)) {
        end(f, &keys, NULL);
        found_keys_finish(&keys);
        return;
    }
    bool final = r->ok && r->status >= 400 && r->status < 500;
    if (!final && err.code != ERR_CANCELLED && f->tries < TRIES)
        loop_timer_start(f->loop, &f->pause, PAUSE_MS);
    else
        end(f, NULL, &err);
}

static void ask(struct container_fetch *f)
{
    f->tries++;
    f->asking = true;
    f->request = (struct http_request){
        .method = "GET",
        .url = f->ask.url,
        .headers = {{"Accept", "application/json"}},
        .timeout_ms = TIMEOUT_MS,
        .connect_timeout_ms = TIMEOUT_MS,
        .max_body = ANSWER_MAX,
        .direct = true,
        .done = on_answer,
        .user = f,
    };
    if (f->ask.token != NULL)
        f->request.headers[1] = (struct http_header){"Authorization", secret_reveal(f->ask.token)};
    http_start(f->http, &f->request);
}

struct container_fetch *
container_fetch_start(struct loop *loop, struct http *http, const struct container_ask *what,
                      void (*done)(void *user, struct found_keys *keys, const struct err *err), void *user)
{
    struct container_fetch *f = mem_alloc(sizeof *f);
    f->loop = loop;
    f->http = http;
    memcpy(f->ask.url, what->url, sizeof f->ask.url);
    if (what->token != NULL)
        f->ask.token = secret_create(secret_reveal(what->token), secret_length(what->token));
    f->pause = (struct loop_timer){.fire = on_pause_over, .user = f};
    f->done = done;
    f->user = user;
    ask(f);
    return f;
}

void container_fetch_abandon(struct container_fetch *f)
{
    if (f == NULL)
        return;
    f->abandoned = true;
    if (f->asking) {
        http_cancel(f->http, &f->request);
        return;
    }
    loop_timer_stop(f->loop, &f->pause);
    destroy(f);
}
