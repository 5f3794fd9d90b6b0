/* CloudWatch Logs: what the container of a task wrote until now. Made anew at each call out of what is known
 * of the task. Each boot has a line with the database's URL, password included, and requests have a token in
 * their path, as CloudTAK has them. */
#include "sim/world_ecs_json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "sim/world_ecs_calls.h"

#define READY_MS    28000 /* from RUNNING until the program is up */
#define REQUESTS    20    /* the latest ones of a task that serves */
#define REQUEST_MS  30000
#define LIMIT_USUAL 10000
#define STREAM      WORLD_STACK "/api/"

struct log {
    json_t *events;
    int64_t now_ms;
};

static void line(struct log *l, int64_t at_ms, const char *text)
{
    if (at_ms <= l->now_ms) {
        json_array_append_new(l->events, json_pack("{s:I,s:s,s:I}", "timestamp", (json_int_t)at_ms, "message",
                                                   text, "ingestionTime", (json_int_t)at_ms + 800));
    }
}

static void boot(struct log *l, int64_t at_ms)
{
    line(l, at_ms + 300, "> @tak-ps/cloudtak@" WORLD_VERSION " prod");
    line(l, at_ms + 700, "> node --max-old-space-size=6144 ./dist/index.js");
    line(l, at_ms + 1500, "ok - config loaded from " WORLD_STACK "/api/secret");
    line(l, at_ms + 2200, "ok - postgres://tak:" WORLD_CANARY "@db.invalid:5432/tak_ps_etl");
}

/* The last words come until the end, evenly. */
static void last_words(struct log *l, const char *const *words, int64_t from_ms, int64_t until_ms)
{
    int count = 0;
    while (words != NULL && words[count] != NULL) {
        count++;
    }
    for (int i = 0; i < count; i++) {
        line(l, from_ms + (until_ms - from_ms) * (i + 1) / (count + 1), words[i]);
    }
}

static void requests(struct log *l, const struct sim_task *t)
{
    int64_t end = t->exited_ms != 0 ? t->exited_ms : l->now_ms;
    int64_t first = t->started_ms + READY_MS + REQUEST_MS, from = end - REQUESTS * REQUEST_MS;
    int64_t skipped = from > first ? (from - first) / REQUEST_MS : 0;
    for (int64_t at = first + skipped * REQUEST_MS; at < end; at += REQUEST_MS) {
        line(l, at,
             at / REQUEST_MS % 4 == 0 ? "10.0.0.9 - \"GET /api/connection?token=etl." WORLD_CANARY
                                        " HTTP/1.1\" 200"
                                      : "10.0.0.9 - \"GET /api HTTP/1.1\" 200");
    }
}

static json_t *written(const struct world_ecs *w, const struct sim_service *s, const struct sim_task *t)
{
    const struct world_scenario *row = w->scenario;
    struct log l = {json_array(), w->now_ms};
    bool dies_booting = t->doomed && (row->fate == FATE_EXITS || row->fate == FATE_UNHEALTHY);
    if (t->started_ms == 0) {
        return l.events; /* the stream is there, and empty */
    }
    boot(&l, t->started_ms);
    if (dies_booting) {
        int64_t end = t->exited_ms != 0 ? t->exited_ms : t->due_ms;
        last_words(&l, row->log, t->started_ms + 3000, end);
        return l.events;
    }
    line(&l, t->started_ms + READY_MS, s->row->ready_line);
    requests(&l, t);
    if (row->fate == FATE_CRASHES && t->exit_code == row->exit_code) {
        last_words(&l, row->log, t->exited_ms - 900, t->exited_ms);
    }
    return l.events;
}

/* The task of that group and stream; NULL and refused when there is no such log. */
static struct sim_task *find(struct call *c, struct sim_service **ret_service)
{
    const char *group = jsonx_text(c->body, "logGroupName"), *stream = jsonx_text(c->body, "logStreamName");
    struct sim_service *of_group = group[0] != '\0' ? call_find_service(c->w, group) : NULL;
    if (of_group == NULL) {
        call_refuse(c, "ResourceNotFoundException", "The specified log group does not exist.");
        return NULL;
    }
    struct sim_task *t =
        text_starts(stream, STREAM) ? call_find_task(c->w, stream + strlen(STREAM), ret_service) : NULL;
    if (t == NULL || *ret_service != of_group || t->pull_stopped_ms == 0) {
        call_refuse(c, "ResourceNotFoundException", "The specified log stream does not exist.");
        return NULL;
    }
    return t;
}

/* Tokens say where a page begins (f) or ends (b). The end of the stream gives back the token that was sent.
 */
void call_get_log_events(struct call *c)
{
    struct sim_service *s = NULL;
    const struct sim_task *t = find(c, &s);
    int64_t limit = jsonx_int(c->body, "limit", LIMIT_USUAL);
    const char *token = jsonx_text(c->body, "nextToken");
    bool forward = jsonx_bool(c->body, "startFromHead", false);
    if (t == NULL) {
        return;
    }
    if (limit < 1 || limit > LIMIT_USUAL ||
        (token[0] != '\0' && !text_starts(token, "f/") && !text_starts(token, "b/"))) {
        call_refuse(c, "InvalidParameterException", "The specified nextToken or limit is invalid.");
        return;
    }
    json_t *all = written(c->w, s, t), *page = json_array();
    int64_t count = (int64_t)json_array_size(all), from, until;
    if (token[0] == 'f' || (token[0] == '\0' && forward)) {
        from = token[0] == 'f' ? strtoll(token + 2, NULL, 10) : 0;
        until = from + limit < count ? from + limit : count;
    } else {
        until = token[0] == 'b' ? strtoll(token + 2, NULL, 10) : count;
        until = until < count ? until : count;
        from = until > limit ? until - limit : 0;
    }
    for (int64_t i = from; i < until; i++) {
        json_array_append(page, json_array_get(all, (size_t)i));
    }
    json_decref(all);
    char next[64];
    call_answer(c, "events", page);
    TEXT_FORMAT(next, "f/%020" PRId64, until > from ? until : from);
    call_answer(c, "nextForwardToken", json_string(next));
    TEXT_FORMAT(next, "b/%020" PRId64, from);
    call_answer(c, "nextBackwardToken", json_string(next));
}
