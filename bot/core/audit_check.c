/* The chain of audit records as the engine sees it: the newest head, which every verdict shows; a check at
 * the start and each day whether the records are whole and still lead to the head that was seen; and
 * operations that somebody else changed, which are left alone.
 *
 * What can go wrong: the check cannot be read (tried again with the next one), or says "broken": then the
 * log, /readyz and /metrics say so until the next start, and nothing else changes. Whoever is the host's root
 * can rewrite the records with their key: that is what the heads in the chat are for. */
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "engine_private.h"

#define DAY_MS  (24 * 60 * 60 * (int64_t)1000)
#define SOON_MS 60000 /* after a check that could not be read */

void audit_seen(struct engine *e, const struct store_head *head)
{
    if (head->sequence > e->audit.head.sequence) {
        e->audit.head = *head;
    }
}

void audit_add_head(const struct engine *e, struct card *card)
{
    const struct store_head *h = &e->audit.head;
    char before[CARD_TEXT];
    TEXT_COPY(before, card->footer);
    if (h->sequence > 0) {
        card_footer(card, "%s%saudit %lld:%s", before, before[0] != '\0' ? " · " : "", (long long)h->sequence,
                    h->hash);
    }
}

/* ---- the check */

static void check_now(struct engine *e)
{
    struct audit_watch *a = &e->audit;
    if (a->checking || e->closing) {
        return;
    }
    a->checking = true;
    a->check.seen = a->head;
    engine_owed(e);
    e->store->ops->check(e->store, &a->check);
}

static void on_due(struct loop_timer *t)
{
    check_now(t->user);
}

static void say_broken(struct audit_watch *a, const struct store_check *c)
{
    if (strcmp(a->broken, c->broken) != 0) {
        TEXT_COPY(a->broken, c->broken);
        log_error(
            "audit", NULL,
            "THE AUDIT RECORDS ARE NOT WHOLE: %s. Somebody changed the store behind my back. Keep a copy of "
            "it, and compare the heads in the verdicts: cloudtak-bot audit verify --head SEQ:HASH",
            c->broken);
    }
}

static void checked(struct store_check *c)
{
    struct engine *e = c->user;
    struct audit_watch *a = &e->audit;
    a->checking = false;
    audit_count_check(!c->ok ? "failed" : c->whole ? "whole" : "broken");
    if (!c->ok) {
        log_error("audit", NULL, "the audit records could not be checked: %s", c->err.text);
    } else if (c->whole) {
        a->broken[0] = '\0';
        log_info("audit", NULL, "%lld records, head %lld:%s, whole", (long long)c->count,
                 (long long)c->head.sequence, c->head.sequence > 0 ? c->head.hash : "none");
    } else {
        say_broken(a, c);
    }
    if (!e->closing) {
        loop_timer_start(e->loop, &a->daily, c->ok ? DAY_MS : SOON_MS);
    }
    engine_back(e);
}

/* ---- the start */

/* Loud, and in the records themselves: who looks for it later finds it. */
static void say_altered(struct engine *e, const char *operation)
{
    log_error(
        "audit", operation,
        "THIS OPERATION IS LEFT ALONE: its row in the store was changed by somebody else, so that I cannot "
        "know what was asked for. See what ECS says of its service, then ask anew");
    audit_count_altered();
    audit_own(e, operation, "altered",
              "the row of this operation was changed by somebody else: it is left alone");
}

void audit_start(struct engine *e, const struct store_loaded *l)
{
    struct audit_watch *a = &e->audit;
    a->daily = (struct loop_timer){.fire = on_due, .user = e};
    a->check = (struct store_check){.done = checked, .user = e};
    audit_seen(e, &l->head);
    check_now(e);
    for (size_t i = 0; i < l->altered_count; i++) {
        say_altered(e, l->altered[i].id);
    }
    a->altered = (unsigned)l->altered_count;
    if (a->altered > 0) {
        TEXT_COPY(a->altered_id, l->altered[0].id);
    }
}

void audit_stop(struct engine *e)
{
    loop_timer_stop(e->loop, &e->audit.daily);
}

void audit_trouble(const struct engine *e, char *to, size_t size)
{
    const struct audit_watch *a = &e->audit;
    to[0] = '\0';
    if (a->broken[0] != '\0') {
        text_format(to, size, "the audit records are not whole: %s", a->broken);
    } else if (a->altered > 0) {
        text_format(to, size, "operation %s%s left alone: somebody else changed it in the store",
                    a->altered_id, a->altered > 1 ? " and others are" : " is");
    }
}
