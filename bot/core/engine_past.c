/* What was done before, for commands, and only of targets that the asker may view: each target's rule is
 * asked first (which may need the platform), then the store is read.
 *
 * Failure modes: the store cannot be read (err); an operation's target is not in the configuration any more,
 * or may not be viewed: then its operations are left out, and a timeline is refused with the sentence of the
 * refusal. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"

/* ---- history */

struct history {
    struct call *call;
    struct command_past *of;
    size_t at; /* the target whose rule is asked */
    bool may[CONFIG_TARGETS];
    struct store_history read;
};

static bool may_view(const struct history *h, const struct store_operation *row)
{
    const struct config *c = h->call->engine->config;
    const struct config_target *t = config_target(c, row->target);
    return t != NULL && h->may[t - c->targets];
}

static void read_history(struct store_history *r)
{
    struct history *h = r->user;
    struct command_past *of = h->of;
    const struct store_operation *rows[STORE_RECENT];
    of->ok = r->ok;
    of->err = r->err;
    of->altered = r->ok ? r->altered : 0;
    of->count = 0;
    of->hidden = false;
    for (size_t i = 0; r->ok && i < r->count; i++) {
        if (may_view(h, &r->operations[i])) {
            rows[of->count++] = &r->operations[i];
        } else {
            of->hidden = true;
        }
    }
    of->rows = rows;
    mem_free(h);
    of->done(of);
}

static void ask_next(struct history *h);

static void target_decided(struct call *c, const char *refusal)
{
    struct history *h = c->past;
    h->may[h->at++] = refusal == NULL;
    ask_next(h);
}

static void ask_next(struct history *h)
{
    struct call *c = h->call;
    const struct config *config = c->engine->config;
    if (h->of->target == NULL && h->at < config->target_count) {
        c->command.parsed.target = &config->targets[h->at];
        call_authorise(c, target_decided);
        return;
    }
    c->command.parsed.target = h->of->target;
    h->read = (struct store_history){.most = h->of->most, .done = read_history, .user = h};
    TEXT_COPY(h->read.target, h->of->target != NULL ? h->of->target->name : "");
    c->engine->store->ops->history(c->engine->store, &h->read);
}

void command_past(struct command_call *call, struct command_past *r)
{
    struct history *h = mem_alloc(sizeof(*h));
    h->call = (struct call *)call;
    h->of = r;
    if (r->target != NULL) { /* the command itself was authorised for it */
        h->may[r->target - call->config->targets] = true;
    }
    h->call->past = h;
    ask_next(h);
}

/* ---- timeline */

struct timeline {
    struct call *call;
    struct command_records *of;
    struct store_timeline read;
};

static void end_timeline(struct timeline *t, const char *refusal)
{
    struct command_records *of = t->of;
    TEXT_COPY(of->refusal, refusal);
    of->timeline = &t->read;
    of->done(of);
    mem_free(t);
}

static void read_again(struct store_timeline *r)
{
    end_timeline(r->user, "");
}

static void viewer_decided(struct call *c, const char *refusal)
{
    struct timeline *t = c->past;
    c->command.parsed.target = NULL;
    if (refusal != NULL) {
        t->read.count = 0;
        end_timeline(t, refusal);
        return;
    }
    t->read.done = read_again; /* the rows of the first look are gone by now */
    c->engine->store->ops->timeline(c->engine->store, &t->read);
}

static void found(struct store_timeline *r)
{
    struct timeline *t = r->user;
    struct call *c = t->call;
    if (!r->ok || !r->found) {
        end_timeline(t, "");
        return;
    }
    c->command.parsed.target = config_target(c->engine->config, r->row.target);
    if (c->command.parsed.target == NULL) {
        char text[300];
        TEXT_FORMAT(
            text,
            "%s was about %s, which is not in the configuration any more, so that nobody has the right to "
            "see it here. On the host: cloudtak-bot audit verify, and the store itself.",
            r->operation, r->row.target[0] != '\0' ? r->row.target : "no target");
        end_timeline(t, text);
        return;
    }
    call_authorise(c, viewer_decided);
}

void command_records(struct command_call *call, struct command_records *r)
{
    struct timeline *t = mem_alloc(sizeof(*t));
    t->call = (struct call *)call;
    t->of = r;
    t->read = (struct store_timeline){.done = found, .user = t};
    TEXT_COPY(t->read.operation, r->operation);
    t->call->past = t;
    call->engine->store->ops->timeline(call->engine->store, &t->read);
}
