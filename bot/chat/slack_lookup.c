/* What is this user here, and in which of these groups? First the user, then one group after the other, each
 * from the directory; the answer is as old as its oldest part. Whether a user is a stranger can only be said
 * by who knows the own team: just after the start a look-up waits for that, no longer than who_ms. */
#include <assert.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "slack_private.h"

struct looking {
    struct slack_work work;     /* first; its call is not used */
    struct slack_waiter waiter; /* in the directory, or not */
    struct chat_lookup *lookup;
    bool waiting; /* the directory will call ready */
    size_t step;  /* 0 = the user, then the groups */
};

static void finish(struct looking *looking, const struct err *err)
{
    struct chat_lookup *l = looking->lookup;
    l->ok = err == NULL;
    if (err != NULL) {
        l->err = *err;
    }
    l->private_ = NULL;
    slack_work_remove(&looking->work);
    mem_free(looking);
    l->done(l);
}

/* False when the entry says nothing. */
static bool take(struct looking *looking, const struct slack_entry *entry)
{
    struct chat_lookup *l = looking->lookup;
    if (entry->as_of_ms == 0) {
        return false;
    }
    if (looking->step == 0) {
        l->member = entry->member;
        TEXT_COPY(l->name, entry->name);
        l->as_of_ms = entry->as_of_ms;
    } else {
        l->in_group[looking->step - 1] = json_object_get(entry->members, l->user) != NULL;
        l->as_of_ms = entry->as_of_ms < l->as_of_ms ? entry->as_of_ms : l->as_of_ms;
    }
    looking->step++;
    return true;
}

static void advance(struct looking *looking)
{
    struct chat_lookup *l = looking->lookup;
    struct slack *s = looking->work.slack;
    while (looking->step <= l->group_count) {
        const bool user = looking->step == 0;
        const char *id = user ? l->user : l->groups[looking->step - 1];
        const struct slack_entry *entry = slack_directory_ask(
            s->directory, user ? SLACK_FACT_USER : SLACK_FACT_GROUP, id, &looking->waiter);
        looking->waiting = entry == NULL;
        if (looking->waiting) {
            return;
        }
        if (!take(looking, entry)) {
            struct err err;
            err_set(&err, ERR_LIMIT, "too many users are being looked up at Slack");
            finish(looking, &err);
            return;
        }
    }
    finish(looking, NULL);
}

static void ready(struct slack_waiter *w, const struct slack_entry *entry, const struct err *err)
{
    struct looking *looking = (struct looking *)((char *)w - offsetof(struct looking, waiter));
    looking->waiting = false;
    if (entry == NULL) {
        finish(looking, err);
        return;
    }
    take(looking, entry);
    advance(looking);
}

static void due(struct loop_timer *timer)
{
    struct looking *looking = timer->user;
    struct chat_lookup *l = looking->lookup;
    struct err err;
    if (looking->waiting) {
        return; /* hurried: the fetch that it waits for ends it */
    }
    bool named = l->user[0] != '\0';
    for (size_t i = 0; i < l->group_count; i++) {
        named = named && l->groups[i][0] != '\0';
    }
    if (!named) {
        err_set(&err, ERR_USAGE, "a user or group without an id cannot be looked up");
        finish(looking, &err);
        return;
    }
    switch (slack_work_ask_who(&looking->work, &err)) {
    case SLACK_WHO_WAIT: return;
    case SLACK_WHO_UNKNOWN: finish(looking, &err); return;
    case SLACK_WHO_KNOWN: advance(looking); return;
    }
}

void slack_lookup(struct chat *c, struct chat_lookup *l)
{
    struct slack *s = (struct slack *)c;
    assert(l->group_count <= sizeof(l->groups) / sizeof(l->groups[0]));
    struct looking *looking = mem_alloc(sizeof(*looking));
    looking->lookup = l;
    looking->waiter.ready = ready;
    l->private_ = looking;
    l->member = MEMBER_UNKNOWN;
    l->name[0] = '\0';
    l->as_of_ms = 0;
    l->err = (struct err){0};
    for (size_t i = 0; i < sizeof(l->in_group) / sizeof(l->in_group[0]); i++) {
        l->in_group[i] = false;
    }
    slack_work_add(s, &looking->work);
    looking->work.timer = (struct loop_timer){.fire = due, .user = looking};
    loop_timer_start(s->options.loop, &looking->work.timer, 0);
}
