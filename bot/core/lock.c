#include "lock.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "core/authz.h"
#include "core/local.h"
#include "gate.h"

#define HALF_A_DAY_MS 43200000LL

/* ---- the list */

static struct lock *find(struct locks *l, const char *target)
{
    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->list[i].target, target) == 0) {
            return &l->list[i];
        }
    }
    return NULL;
}

const struct lock *lock_of(const struct locks *l, const char *target)
{
    return find((struct locks *)l, target);
}

bool lock_put(struct locks *l, const struct lock *lock)
{
    struct lock *place = find(l, lock->target);
    if (place == NULL && l->count == CONFIG_TARGETS) {
        return false;
    }
    *(place != NULL ? place : &l->list[l->count++]) = *lock;
    return true;
}

void lock_drop(struct locks *l, const char *target)
{
    struct lock *place = find(l, target);
    if (place != NULL) {
        *place = l->list[--l->count];
    }
}

/* ---- one lock */

void lock_principal(const struct request *by, struct principal *ret)
{
    *ret = (struct principal){.kind = local_request(by) ? PRINCIPAL_LOCAL : PRINCIPAL_USER};
    if (ret->kind == PRINCIPAL_USER) {
        TEXT_COPY(ret->server, by->who.server);
    }
    TEXT_COPY(ret->id, by->who.user);
}

void lock_make(const struct config_target *t, const struct request *by, const char *reason, int64_t now_ms,
               struct lock *ret)
{
    *ret = (struct lock){.since_ms = now_ms};
    TEXT_COPY(ret->target, t->name);
    lock_principal(by, &ret->holder);
    TEXT_COPY(ret->name, by->who.name[0] != '\0' ? by->who.name : by->who.user);
    TEXT_COPY(ret->reason, reason);
}

bool lock_is_of(const struct config *config, const struct lock *lock, const struct request *by)
{
    struct principal who;
    lock_principal(by, &who);
    return authz_same_human(config, &lock->holder, &who);
}

void lock_stamp(const struct lock *lock, char to[LOCK_STAMP])
{
    to[0] = '\0';
    if (lock != NULL) {
        text_format(to, LOCK_STAMP, "%s:%s@%lld", lock->holder.server, lock->holder.id,
                    (long long)lock->since_ms);
    }
}

/* ---- as a memo */

char *lock_save(const struct lock *lock)
{
    return gate_print(json_pack("{s:i, s:s, s:s, s:s, s:I, s:s}", "kind", (int)lock->holder.kind, "server",
                                lock->holder.server, "id", lock->holder.id, "name", lock->name, "since_ms",
                                (json_int_t)lock->since_ms, "reason", lock->reason));
}

bool lock_load(const struct store_memo *memo, struct lock *ret)
{
    struct err err;
    json_t *j = jsonx_parse(memo->json, strlen(memo->json), &err);
    if (j == NULL) {
        return false;
    }
    *ret = (struct lock){.since_ms = jsonx_int(j, "since_ms", memo->at_ms)};
    ret->holder.kind =
        jsonx_int(j, "kind", PRINCIPAL_USER) == PRINCIPAL_LOCAL ? PRINCIPAL_LOCAL : PRINCIPAL_USER;
    TEXT_COPY(ret->target, memo->key);
    TEXT_COPY(ret->holder.server, jsonx_text(j, "server"));
    TEXT_COPY(ret->holder.id, jsonx_text(j, "id"));
    TEXT_COPY(ret->name, jsonx_text(j, "name"));
    TEXT_COPY(ret->reason, jsonx_text(j, "reason"));
    json_decref(j);
    return ret->holder.id[0] != '\0';
}

/* ---- words */

void lock_words(const struct lock *lock, int64_t now_ms, char *to, size_t size)
{
    char at[TEXT_TIME], ago[TEXT_DURATION + 4] = "", reason[LOCK_REASON + 12] = "";
    const int64_t held = now_ms - lock->since_ms;
    if (held >= HALF_A_DAY_MS || held < 0) {
        text_date_time(at, lock->since_ms);
    } else {
        char span[TEXT_DURATION];
        text_time_of_day(at, lock->since_ms);
        text_duration(span, held);
        TEXT_FORMAT(ago, " (%s)", span);
    }
    if (lock->reason[0] != '\0') {
        TEXT_FORMAT(reason, ": \"%s\"", lock->reason);
    }
    text_format(to, size, "@%s since %s UTC%s%s", lock->name, at, ago, reason);
}

void lock_mention(const struct lock *lock, char to[100])
{
    to[0] = '\0';
    if (lock->holder.kind == PRINCIPAL_USER) {
        text_format(to, 100, "%s:user:%s", lock->holder.server, lock->holder.id);
    }
}

void lock_asks(const struct lock *lock, int64_t now_ms, char *to, size_t size)
{
    char who[CARD_LINE];
    lock_words(lock, now_ms, who, sizeof(who));
    text_format(to, size, "%s is locked by %s. Going on takes the lock over, and tells @%s.", lock->target,
                who, lock->name);
}
