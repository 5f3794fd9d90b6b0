/* An operation's detail, versioned. What a later start needs: who asked what and where, the facts its card
 * shows, and the question that may still be open. */
#include "operation_save.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "gate.h"

#define DETAIL_VERSION 1

static json_t *request_save(const struct request *r)
{
    json_t *j =
        json_pack("{s:i, s:s, s:I, s:I, s:s}", "source", (int)r->source, "delivery", r->delivery, "origin_ms",
                  (json_int_t)r->origin_ms, "received_ms", (json_int_t)r->received_ms, "text", r->text);
    json_object_set_new(j, "who",
                        json_pack("{s:s, s:s, s:s, s:s, s:s}", "server", r->who.server, "user", r->who.user,
                                  "name", r->who.name, "team", r->who.team, "enterprise", r->who.enterprise));
    json_object_set_new(j, "place",
                        json_pack("{s:s, s:s, s:s, s:s, s:b, s:b}", "server", r->place.server, "channel",
                                  r->place.channel, "channel_name", r->place.channel_name, "thread",
                                  r->place.thread, "direct", r->place.direct, "shared", r->place.shared));
    return j;
}

#define LOAD(field, path) TEXT_COPY(ret->field, jsonx_text(saved, path))

void request_load(const json_t *saved, struct request *ret)
{
    *ret = (struct request){0};
    ret->source = (enum request_source)jsonx_int(saved, "source", REQUEST_LOCAL);
    ret->origin_ms = jsonx_int(saved, "origin_ms", 0);
    ret->received_ms = jsonx_int(saved, "received_ms", 0);
    LOAD(delivery, "delivery");
    LOAD(text, "text");
    LOAD(who.server, "who.server");
    LOAD(who.user, "who.user");
    LOAD(who.name, "who.name");
    LOAD(who.team, "who.team");
    LOAD(who.enterprise, "who.enterprise");
    LOAD(place.server, "place.server");
    LOAD(place.channel, "place.channel");
    LOAD(place.channel_name, "place.channel_name");
    LOAD(place.thread, "place.thread");
    ret->place.direct = jsonx_bool(saved, "place.direct", false);
    ret->place.shared = jsonx_bool(saved, "place.shared", false);
}

static json_t *preflight_save(const struct preflight *p)
{
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:b}", "primary_id", p->primary_id, "task_definition",
                     p->task_definition, "reasons", (int)p->reasons, "send_count", p->send_count, "wanted",
                     p->wanted, "running", p->running, "breaker", p->breaker);
}

static void preflight_load(const json_t *saved, struct preflight *ret)
{
    *ret = (struct preflight){0};
    LOAD(primary_id, "primary_id");
    LOAD(task_definition, "task_definition");
    ret->reasons = (unsigned)jsonx_int(saved, "reasons", 0);
    ret->send_count = (int)jsonx_int(saved, "send_count", -1);
    ret->wanted = (int)jsonx_int(saved, "wanted", 0);
    ret->running = (int)jsonx_int(saved, "running", 0);
    ret->breaker = jsonx_bool(saved, "breaker", false);
}

static json_t *question_save(const struct question *q)
{
    json_t *j = json_pack("{s:s, s:I, s:b, s:b, s:s, s:I}", "digest", q->key.digest, "expires_ms",
                          (json_int_t)q->expires_ms, "open", q->open, "used", q->used, "answered_by",
                          q->answered_by, "answered_ms", (json_int_t)q->answered_ms);
    json_object_set_new(j, "asked_ms", json_integer(q->asked_ms));
    json_object_set_new(j, "asked", preflight_save(&q->asked));
    json_object_set_new(j, "under",
                        json_pack("{s:s, s:i, s:s, s:s, s:I, s:I}", "code_digest", q->key.code_digest,
                                  "tries", q->tries, "lock", q->lock, "service", q->service, "generation",
                                  (json_int_t)q->generation, "expires_boot_ms",
                                  (json_int_t)q->expires_boot_ms));
    return j;
}

static void question_load(const json_t *saved, struct question *ret)
{
    *ret = (struct question){0};
    LOAD(key.digest, "digest");
    LOAD(key.code_digest, "under.code_digest");
    LOAD(lock, "under.lock");
    LOAD(service, "under.service");
    ret->tries = (int)jsonx_int(saved, "under.tries", 0);
    ret->generation = (uint64_t)jsonx_int(saved, "under.generation", 0);
    ret->expires_boot_ms = jsonx_int(saved, "under.expires_boot_ms", 0);
    LOAD(answered_by, "answered_by");
    ret->expires_ms = jsonx_int(saved, "expires_ms", 0);
    ret->asked_ms = jsonx_int(saved, "asked_ms", 0);
    ret->answered_ms = jsonx_int(saved, "answered_ms", 0);
    ret->open = jsonx_bool(saved, "open", false);
    ret->used = jsonx_bool(saved, "used", false);
    preflight_load(jsonx_at(saved, "asked"), &ret->asked);
}

char *operation_save_detail(const struct operation *op)
{
    json_t *j = json_pack("{s:i, s:b, s:I, s:i, s:s}", "version", DETAIL_VERSION, "confirmed", op->confirmed,
                          "moment_ms", (json_int_t)op->moment_ms, "notices", op->notices, "why", op->why);
    json_object_set_new(j, "asks", json_integer(op->asks));
    json_object_set_new(j, "has_card", json_boolean(op->has_card));
    if (op->pressed) {
        json_object_set_new(j, "pressed", json_true());
    }
    if (op->keep.key.digest[0] != '\0') {
        json_object_set_new(j, "keep", json_string(op->keep.key.digest));
    }
    if (op->break_glass[0] != '\0') {
        json_object_set_new(j, "break_glass", json_string(op->break_glass));
    }
    if (op->act != NULL && op->act->save != NULL) {
        json_object_set_new(j, "own", op->act->save(op));
    }
    json_object_set_new(j, "doubt", progress_doubt_save(&op->doubt));
    json_object_set_new(j, "repeats", json_integer(op->repeats));
    json_object_set_new(j, "repeats_told_ms", json_integer(op->repeats_told_ms));
    if (op->care_goal.until_ms != 0) {
        json_object_set_new(j, "care", care_save(&op->care_goal, &op->care));
    }
    json_object_set_new(j, "request", request_save(&op->request));
    json_object_set_new(j, "facts", progress_facts_save(&op->facts));
    json_object_set_new(j, "preflight", preflight_save(&op->preflight));
    json_object_set_new(j, "question", question_save(&op->question));
    return gate_print(j);
}

bool operation_load_detail(struct operation *op, const char *detail, struct err *err)
{
    json_t *j = jsonx_parse(detail, strlen(detail), err);
    if (j == NULL) {
        return false;
    }
    const int64_t version = jsonx_int(j, "version", 0);
    if (version != DETAIL_VERSION) {
        json_decref(j);
        return err_set(err, ERR_PROTOCOL, "its record has version %lld, this program reads %d",
                       (long long)version, DETAIL_VERSION);
    }
    const int64_t source = jsonx_int(j, "request.source", REQUEST_LOCAL);
    if (source < REQUEST_SLASH || source > REQUEST_LOCAL) {
        json_decref(j);
        return err_set(err, ERR_PROTOCOL, "its record names no source of the request");
    }
    op->confirmed = jsonx_bool(j, "confirmed", false);
    op->moment_ms = jsonx_int(j, "moment_ms", 0);
    op->notices = (int)jsonx_int(j, "notices", 0);
    op->asks = (int)jsonx_int(j, "asks", 0);
    op->has_card = jsonx_bool(j, "has_card", false);
    progress_doubt_load(jsonx_at(j, "doubt"), &op->doubt);
    const json_t *care = jsonx_at(j, "care");
    if (care != NULL && !care_load(care, &op->care_goal, &op->care, err)) {
        json_decref(j);
        return false;
    }
    op->cared_ms = op->care.seen_ms;
    op->repeats = (int)jsonx_int(j, "repeats", 0);
    op->repeats_told_ms = jsonx_int(j, "repeats_told_ms", 0);
    TEXT_COPY(op->why, jsonx_text(j, "why"));
    request_load(jsonx_at(j, "request"), &op->request);
    progress_facts_load(jsonx_at(j, "facts"), &op->facts);
    op->facts.words = op->act != NULL ? &op->act->words : NULL;
    TEXT_COPY(op->break_glass, jsonx_text(j, "break_glass"));
    TEXT_COPY(op->keep.key.digest, jsonx_text(j, "keep"));
    op->pressed = jsonx_bool(j, "pressed", false);
    if (op->act != NULL && op->act->load != NULL) {
        op->act->load(op, jsonx_at(j, "own"));
    }
    preflight_load(jsonx_at(j, "preflight"), &op->preflight);
    question_load(jsonx_at(j, "question"), &op->question);
    json_decref(j);
    return true;
}
