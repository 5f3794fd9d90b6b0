#include "lib_faults.h"

#include <string.h>

#include "lib/check.h"

#include "base/mem.h"
#include "base/text.h"

/* A call that passes: what its owner wants to hear, and what becomes of it. */
struct passing {
    struct faults *f;
    enum fault fault;
    struct loop_timer timer;
    void *request;
    void (*again)(struct passing *p); /* after the time it was held back */
    void *user;                       /* the owner's */
    union {
        void (*commit)(struct store_commit *r);
        void (*recent)(struct store_recent *r);
        void (*identify)(struct ecs_identify *r);
        void (*look)(struct ecs_look *r);
        void (*redeploy)(struct ecs_redeploy *r);
        void (*stop_task)(struct ecs_stop_task *r);
        void (*roll_back)(struct ecs_roll_back *r);
        void (*previous)(struct ecs_previous *r);
        void (*scaling)(struct ecs_scaling *r);
        void (*names)(struct ecs_names *r);
        void (*send)(struct chat_send *r);
        void (*find)(struct chat_find *r);
        void (*lookup)(struct chat_lookup *r);
    } done;
};

/* A watch that passes. */
struct watching {
    struct faults *f;
    struct ecs_watch *watch;
    bool (*wants_tasks)(struct ecs_watch *w, const struct snapshot *s);
    void (*seen)(struct ecs_watch *w, const struct snapshot *s);
    void *user;
    struct watching *next;
};

/* ---- the plan */

static enum fault count(struct faults *f, enum seam seam, const char *what)
{
    if ((f->seams & seam) == 0 || f->hit || ++f->calls != f->at) {
        return FAULT_NONE;
    }
    f->hit = true;
    TEXT_COPY(f->what, what);
    if (f->fault == FAULT_STALL) {
        clock_advance(&f->rig->clock, f->late_ms);
    }
    if (f->fault == FAULT_STOP) {
        loop_stop(f->rig->loop);
    }
    return f->fault;
}

static struct passing *pass(struct faults *f, enum fault fault, void *request, void *user)
{
    struct passing *p = mem_alloc(sizeof(*p));
    *p = (struct passing){.f = f, .fault = fault, .request = request, .user = user};
    return p;
}

static void on_time(struct loop_timer *t)
{
    struct passing *p = t->user;
    p->fault = FAULT_NONE;
    p->again(p);
}

/* True when it has to wait: `again` comes later. */
static bool held_back(struct passing *p, void (*again)(struct passing *p))
{
    if (p->fault != FAULT_LATE) {
        return false;
    }
    p->again = again;
    p->timer = (struct loop_timer){.fire = on_time, .user = p};
    loop_timer_start(p->f->rig->loop, &p->timer, p->f->late_ms);
    return true;
}

/* The owner is to be told; afterwards the loop may have to stop. */
static void leave(struct passing *p)
{
    if (p->fault == FAULT_STOP_AFTER) {
        loop_stop(p->f->rig->loop);
    }
    mem_free(p);
}

/* NAME_back tells the owner, once it is time. */
#define BACK(name, type, user_field)                                                                         \
    static void name##_back_now(struct passing *p)                                                           \
    {                                                                                                        \
        struct type *r = p->request;                                                                         \
        r->done = p->done.name;                                                                              \
        r->user_field = p->user;                                                                             \
        leave(p);                                                                                            \
        r->done(r);                                                                                          \
    }                                                                                                        \
    static void name##_back(struct type *r)                                                                  \
    {                                                                                                        \
        struct passing *p = r->user_field;                                                                   \
        if (!held_back(p, name##_back_now)) {                                                                \
            name##_back_now(p);                                                                              \
        }                                                                                                    \
    }
/* As BACK for an answer that is valid inside done only: its call is held back instead. */
#define BACK_AT_ONCE(name, type)                                                                             \
    static void name##_back(struct type *r)                                                                  \
    {                                                                                                        \
        struct passing *p = r->user;                                                                         \
        r->done = p->done.name;                                                                              \
        r->user = p->user;                                                                                   \
        leave(p);                                                                                            \
        r->done(r);                                                                                          \
    }
#define BORROW(name, type, user_field)                                                                       \
    p->done.name = r->done;                                                                                  \
    r->done = name##_back;                                                                                   \
    r->user_field = p

BACK(commit, store_commit, user)
BACK_AT_ONCE(recent, store_recent)
BACK(identify, ecs_identify, user)
BACK_AT_ONCE(look, ecs_look)
BACK(redeploy, ecs_redeploy, user)
BACK(stop_task, ecs_stop_task, user)
BACK(roll_back, ecs_roll_back, user)
BACK(previous, ecs_previous, user)
BACK(scaling, ecs_scaling, user)
BACK_AT_ONCE(names, ecs_names)
BACK(send, chat_send, user)
BACK(find, chat_find, user)
BACK(lookup, chat_lookup, user_data)

/* An answer that we make up ourselves comes on the next turn. */
static void answer_soon(struct passing *p, void (*again)(struct passing *p))
{
    p->again = again;
    p->timer = (struct loop_timer){.fire = on_time, .user = p};
    loop_timer_start(p->f->rig->loop, &p->timer, 5);
}

/* ---- the store */

static struct faults *of_store(struct store *s)
{
    return (struct faults *)((char *)s - offsetof(struct faults, store));
}

static void commit(struct store *s, struct store_txn *t, struct store_commit *r)
{
    struct faults *f = of_store(s);
    struct passing *p = pass(f, count(f, SEAM_STORE, "commit"), r, r->user);
    BORROW(commit, store_commit, user);
    if (p->fault == FAULT_STORE) {
        store_txn_destroy(t);
        r->ok = false;
        err_set(&r->err, ERR_IO, "The store could not write: the disk is full.");
        answer_soon(p, commit_back_now);
        return;
    }
    f->inner_store->ops->commit(f->inner_store, t, r);
}

static void load(struct store *s, struct store_loaded *l)
{
    of_store(s)->inner_store->ops->load(of_store(s)->inner_store, l);
}

static void recent_failed(struct passing *p)
{
    struct store_recent *r = p->request;
    r->ok = false;
    err_set(&r->err, ERR_IO, "The store could not be read.");
    recent_back(r);
}

static void recent_now(struct passing *p)
{
    p->f->inner_store->ops->recent(p->f->inner_store, p->request);
}

static void recent(struct store *s, struct store_recent *r)
{
    struct faults *f = of_store(s);
    struct passing *p = pass(f, count(f, SEAM_STORE, "recent"), r, r->user);
    BORROW(recent, store_recent, user);
    if (p->fault == FAULT_STORE) {
        answer_soon(p, recent_failed);
    } else if (!held_back(p, recent_now)) {
        recent_now(p);
    }
}

static void history(struct store *s, struct store_history *h)
{
    of_store(s)->inner_store->ops->history(of_store(s)->inner_store, h);
}

static void timeline(struct store *s, struct store_timeline *t)
{
    of_store(s)->inner_store->ops->timeline(of_store(s)->inner_store, t);
}

static void check(struct store *s, struct store_check *c)
{
    of_store(s)->inner_store->ops->check(of_store(s)->inner_store, c);
}

/* ---- ECS: what it answers is spoilt by the fake itself (fake_ecs_fail) */

static struct faults *of_ecs(struct ecs *e)
{
    return (struct faults *)((char *)e - offsetof(struct faults, ecs));
}

static void identify(struct ecs *e, struct ecs_identify *r)
{
    struct faults *f = of_ecs(e);
    struct passing *p = pass(f, count(f, SEAM_ECS, "identify"), r, r->user);
    BORROW(identify, ecs_identify, user);
    f->inner_ecs->ops->identify(f->inner_ecs, r);
}

static void look_now(struct passing *p)
{
    p->f->inner_ecs->ops->look(p->f->inner_ecs, p->request);
}

static void look(struct ecs *e, struct ecs_look *r)
{
    struct faults *f = of_ecs(e);
    struct passing *p = pass(f, count(f, SEAM_ECS, "look"), r, r->user);
    BORROW(look, ecs_look, user);
    if (!held_back(p, look_now)) {
        look_now(p);
    }
}

/* What changes something, and what is read before it. */
#define CARRY(name)                                                                                          \
    static void name(struct ecs *e, struct ecs_##name *r)                                                    \
    {                                                                                                        \
        struct faults *f = of_ecs(e);                                                                        \
        struct passing *p = pass(f, count(f, SEAM_ECS, #name), r, r->user);                                  \
        BORROW(name, ecs_##name, user);                                                                      \
        f->inner_ecs->ops->name(f->inner_ecs, r);                                                            \
    }
CARRY(redeploy)
CARRY(stop_task)
CARRY(roll_back)
CARRY(previous)
CARRY(scaling)

static void names_now(struct passing *p)
{
    p->f->inner_ecs->ops->names(p->f->inner_ecs, p->request);
}

static void names(struct ecs *e, struct ecs_names *r)
{
    struct faults *f = of_ecs(e);
    struct passing *p = pass(f, count(f, SEAM_ECS, "names"), r, r->user);
    BORROW(names, ecs_names, user);
    if (!held_back(p, names_now)) {
        names_now(p);
    }
}

static bool wants_tasks(struct ecs_watch *w, const struct snapshot *s)
{
    struct watching *g = w->user;
    w->user = g->user;
    const bool wants = g->wants_tasks(w, s);
    w->user = g;
    return wants;
}

static void seen(struct ecs_watch *w, const struct snapshot *s)
{
    struct watching *g = w->user;
    struct faults *f = g->f;
    const enum fault fault = count(f, SEAM_ECS, "poll");
    f->seeing = g;
    w->user = g->user;
    g->seen(w, s);
    if (f->seeing == g) { /* else it was unwatched, and its owner may be gone */
        w->user = g;
    }
    f->seeing = NULL;
    if (fault == FAULT_STOP_AFTER) {
        loop_stop(f->rig->loop);
    }
}

static void watch(struct ecs *e, struct ecs_watch *w)
{
    struct faults *f = of_ecs(e);
    struct watching *g = mem_alloc(sizeof(*g));
    *g = (struct watching){.f = f,
                           .watch = w,
                           .wants_tasks = w->wants_tasks,
                           .seen = w->seen,
                           .user = w->user,
                           .next = f->watching};
    f->watching = g;
    w->wants_tasks = w->wants_tasks != NULL ? wants_tasks : NULL;
    w->seen = seen;
    w->user = g;
    f->inner_ecs->ops->watch(f->inner_ecs, w);
}

static void unwatch(struct ecs *e, struct ecs_watch *w)
{
    struct faults *f = of_ecs(e);
    struct watching **at = &f->watching;
    while (*at != NULL && (*at)->watch != w) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        struct watching *g = *at;
        *at = g->next;
        f->seeing = f->seeing == g ? NULL : f->seeing;
        w->wants_tasks = g->wants_tasks;
        w->seen = g->seen;
        w->user = g->user;
        mem_free(g);
    }
    f->inner_ecs->ops->unwatch(f->inner_ecs, w);
}

static const char *endpoint_note(struct ecs *e, int session)
{
    return of_ecs(e)->inner_ecs->ops->endpoint_note(of_ecs(e)->inner_ecs, session);
}

static int64_t interval_ms(struct ecs *e, int session)
{
    return of_ecs(e)->inner_ecs->ops->interval_ms(of_ecs(e)->inner_ecs, session);
}

/* ---- chat */

static struct faults *of_chat(struct chat *c)
{
    return (struct faults *)((char *)c - offsetof(struct faults, chat));
}

static void send_unheard(struct chat_send *r)
{
    r->outcome = CHAT_UNKNOWN;
    r->posted[0] = '\0';
    send_back(r);
}

static void send(struct chat *c, struct chat_send *r)
{
    struct faults *f = of_chat(c);
    struct passing *p = pass(f, count(f, SEAM_CHAT, r->kind == CHAT_UPDATE ? "edit" : "post"), r, r->user);
    BORROW(send, chat_send, user);
    switch (p->fault) {
    case FAULT_CHAT_LATER:
        r->outcome = CHAT_LATER;
        r->retry_ms = 2000;
        break;
    case FAULT_CHAT_LOST: r->outcome = CHAT_UNKNOWN; break;
    case FAULT_CHAT_NEVER:
        r->outcome = CHAT_NEVER;
        err_set(&r->err, ERR_REMOTE, "channel is archived");
        break;
    default:
        r->done = p->fault == FAULT_CHAT_UNHEARD ? send_unheard : send_back;
        f->inner_chat->ops->send(f->inner_chat, r);
        return;
    }
    answer_soon(p, send_back_now);
}

static void find(struct chat *c, struct chat_find *r)
{
    struct faults *f = of_chat(c);
    struct passing *p = pass(f, count(f, SEAM_CHAT, "find"), r, r->user);
    BORROW(find, chat_find, user);
    if (p->fault >= FAULT_CHAT_LATER && p->fault <= FAULT_CHAT_NEVER) {
        r->ok = false;
        err_set(&r->err, ERR_UNREACHABLE, "the platform does not answer");
        answer_soon(p, find_back_now);
        return;
    }
    f->inner_chat->ops->find(f->inner_chat, r);
}

static void lookup(struct chat *c, struct chat_lookup *r)
{
    struct faults *f = of_chat(c);
    struct passing *p = pass(f, count(f, SEAM_CHAT, "lookup"), r, r->user_data);
    BORROW(lookup, chat_lookup, user_data);
    if (p->fault >= FAULT_CHAT_LATER && p->fault <= FAULT_CHAT_NEVER) {
        r->ok = false;
        r->member = MEMBER_UNKNOWN;
        err_set(&r->err, ERR_UNREACHABLE, "the directory does not answer");
        answer_soon(p, lookup_back_now);
        return;
    }
    f->inner_chat->ops->lookup(f->inner_chat, r);
}

static bool link(struct chat *c, const char *channel, const char *message, char *to, size_t size)
{
    return of_chat(c)->inner_chat->ops->link(of_chat(c)->inner_chat, channel, message, to, size);
}

/* ---- life */

void faults_between(struct rig *r, struct engine_options *options, struct chat **chat)
{
    static const struct store_ops store_ops = {.commit = commit,
                                               .load = load,
                                               .recent = recent,
                                               .history = history,
                                               .timeline = timeline,
                                               .check = check};
    static const struct ecs_ops ecs_ops = {.identify = identify,
                                           .look = look,
                                           .redeploy = redeploy,
                                           .stop_task = stop_task,
                                           .roll_back = roll_back,
                                           .previous = previous,
                                           .scaling = scaling,
                                           .names = names,
                                           .watch = watch,
                                           .unwatch = unwatch,
                                           .endpoint_note = endpoint_note,
                                           .interval_ms = interval_ms};
    static const struct chat_ops chat_ops = {.send = send, .find = find, .lookup = lookup, .link = link};
    struct faults *f = r->user;
    f->rig = r;
    f->inner_store = options->store;
    f->inner_ecs = options->ecs;
    f->inner_chat = *chat;
    f->store.ops = &store_ops;
    f->ecs.ops = &ecs_ops;
    f->chat = (struct chat){.ops = &chat_ops, .server = (*chat)->server, .command = (*chat)->command};
    options->store = &f->store;
    options->ecs = &f->ecs;
    *chat = &f->chat;
}
