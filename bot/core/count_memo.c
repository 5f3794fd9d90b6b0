/* A remembered count as JSON and back. */
#include "count_memo.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "gate.h"

#define MEMO_VERSION 1

char *count_memo_save(const struct count_memo *m)
{
    json_t *j = json_pack("{s:i, s:s, s:s, s:i, s:i, s:b, s:b}", "version", MEMO_VERSION, "target", m->target,
                          "service_key", m->service_key, "before", m->before, "count", m->count, "sure",
                          m->sure, "left", m->left);
    json_object_set_new(j, "suspended",
                        json_pack("{s:b, s:b, s:b}", "in", m->suspended.in, "out", m->suspended.out,
                                  "scheduled", m->suspended.scheduled));
    json_object_update_new(j,
                           json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:i}", "operation", m->operation, "who",
                                     m->who, "reason", m->reason, "server", m->server, "channel", m->channel,
                                     "since_ms", (json_int_t)m->since_ms, "reminders", m->reminders));
    return gate_print(j);
}

bool count_memo_load(const struct store_memo *row, struct count_memo *ret, struct err *err)
{
    json_t *j = jsonx_parse(row->json, strlen(row->json), err);
    if (j == NULL) {
        return false;
    }
    const int64_t version = jsonx_int(j, "version", 0);
    if (version != MEMO_VERSION) {
        json_decref(j);
        return err_set(err, ERR_PROTOCOL, "its memo has version %lld, this program reads %d",
                       (long long)version, MEMO_VERSION);
    }
    *ret = (struct count_memo){.before = (int)jsonx_int(j, "before", 0),
                               .count = (int)jsonx_int(j, "count", 0),
                               .sure = jsonx_bool(j, "sure", false),
                               .left = jsonx_bool(j, "left", false),
                               .suspended = {.in = jsonx_bool(j, "suspended.in", false),
                                             .out = jsonx_bool(j, "suspended.out", false),
                                             .scheduled = jsonx_bool(j, "suspended.scheduled", false)},
                               .since_ms = jsonx_int(j, "since_ms", 0),
                               .reminders = (int)jsonx_int(j, "reminders", 0)};
    TEXT_COPY(ret->service_name, row->key);
    TEXT_COPY(ret->target, jsonx_text(j, "target"));
    TEXT_COPY(ret->service_key, jsonx_text(j, "service_key"));
    TEXT_COPY(ret->operation, jsonx_text(j, "operation"));
    TEXT_COPY(ret->who, jsonx_text(j, "who"));
    TEXT_COPY(ret->reason, jsonx_text(j, "reason"));
    TEXT_COPY(ret->server, jsonx_text(j, "server"));
    TEXT_COPY(ret->channel, jsonx_text(j, "channel"));
    json_decref(j);
    return true;
}

bool count_memo_suspends(const struct count_memo *m)
{
    return m->suspended.in || m->suspended.out || m->suspended.scheduled;
}
