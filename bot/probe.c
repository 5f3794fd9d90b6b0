/* Three questions of a browser that has not signed in, at once, five seconds each:
 *
 *   look -> GET BASE/api -> version · GET BASE/api/config?keys=login::name -> database · GET BASE/api with an
 *   upgrade to WebSockets -> hub -> the last answer: what they mean together -> done
 *
 * No redirect is followed and no cookie or key is sent. http:// is refused by net/http except to loopback. */
#include "probe.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "net/http.h"

#define ANSWER_MS   5000
#define ANSWER_MOST (64 * 1024)
#define QUESTIONS   3

struct http_probe {
    struct probe probe; /* first */
    struct loop *loop;
    struct http *http;
};

struct asking;
struct question {
    struct asking *asking;
    void (*read)(const struct probe_answer *a, struct probe_result *ret);
    char url[400];
    struct http_request request;
};

struct asking {
    struct probe_look *look;
    size_t waiting;
    struct loop_deferred nothing;
    struct question questions[QUESTIONS];
};

static void finish(struct asking *a)
{
    struct probe_look *of = a->look;
    mem_free(a);
    probe_read_whole(&of->result);
    of->done(of);
}

static void answered(struct http_request *r)
{
    struct question *q = r->user;
    struct asking *a = q->asking;
    const struct probe_answer answer = {.answered = r->ok,
                                        .too_slow = r->err.code == ERR_TIMEOUT && r->sent,
                                        .status = r->status,
                                        .body = r->ok ? r->answer.data : "",
                                        .len = r->ok ? r->answer.len : 0,
                                        .trouble = r->err.text};
    q->read(&answer, &a->look->result);
    if (--a->waiting == 0) {
        finish(a);
    }
}

static void nothing_asked(struct loop_deferred *d)
{
    finish(d->user);
}

static void ask(struct http_probe *p, struct asking *a, const char *path,
                void (*read)(const struct probe_answer *a, struct probe_result *ret), bool websocket)
{
    struct question *q = &a->questions[a->waiting++];
    size_t len = strlen(a->look->base);
    while (len > 0 && a->look->base[len - 1] == '/') {
        len--;
    }
    q->asking = a;
    q->read = read;
    TEXT_FORMAT(q->url, "%.*s%s", (int)len, a->look->base, path);
    q->request = (struct http_request){.method = "GET",
                                       .url = q->url,
                                       .timeout_ms = ANSWER_MS,
                                       .connect_timeout_ms = ANSWER_MS,
                                       .max_body = ANSWER_MOST,
                                       .done = answered,
                                       .user = q};
    if (websocket) {
        /* the key is the one of RFC 6455: nobody goes on to speak WebSocket */
        const struct http_header upgrade[] = {{"Upgrade", "websocket"},
                                              {"Connection", "Upgrade"},
                                              {"Sec-WebSocket-Version", "13"},
                                              {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
        memcpy(q->request.headers, upgrade, sizeof(upgrade));
    } else {
        q->request.headers[0] = (struct http_header){"Accept", "application/json"};
    }
    http_start(p->http, &q->request);
}

static void look(struct probe *probe, struct probe_look *r)
{
    struct http_probe *p = (struct http_probe *)probe;
    struct asking *a = mem_alloc(sizeof(*a));
    a->look = r;
    r->result = (struct probe_result){0};
    if ((r->parts & PROBE_VERSION) != 0) {
        ask(p, a, "/api", probe_read_version, false);
    }
    if ((r->parts & PROBE_DATABASE) != 0) {
        ask(p, a, "/api/config?keys=login::name", probe_read_database, false);
    }
    if ((r->parts & PROBE_WEBSOCKET) != 0) {
        ask(p, a, "/api", probe_read_websocket, true);
    }
    if (a->waiting == 0) {
        a->nothing = (struct loop_deferred){.run = nothing_asked, .user = a};
        loop_defer(p->loop, &a->nothing);
    }
}

static const struct probe_ops OPS = {.look = look};

struct probe *probe_http_create(struct loop *loop, struct http *http)
{
    struct http_probe *p = mem_alloc(sizeof(*p));
    p->probe.ops = &OPS;
    p->loop = loop;
    p->http = http;
    return &p->probe;
}

void probe_http_destroy(struct probe *p)
{
    mem_free(p);
}
