/* What commands that wait get from the engine: a deadline, an answer before the last request came back, and
 * what of ours runs on a service now. */
#include <assert.h>

#include "base/text.h"
#include "engine_private.h"

/* ---- a deadline */

static void fired(struct loop_timer *t)
{
    struct command_deadline *d = t->user;
    d->fire(d);
}

void command_deadline_start(struct command_call *call, struct command_deadline *d, int64_t ms)
{
    d->timer = (struct loop_timer){.fire = fired, .user = d};
    loop_timer_start(call->engine->loop, &d->timer, ms);
}

void command_deadline_stop(struct command_call *call, struct command_deadline *d)
{
    loop_timer_stop(call->engine->loop, &d->timer);
}

/* ---- an early answer */

void command_reply_early(struct command_call *call, const struct card *card)
{
    struct call *c = (struct call *)call;
    assert(c->operation == NULL && c->runs);
    call_count(c, "answered");
    engine_reply(c->engine, &call->request, card, SETTLED_REPLY);
    share_answer(c, card);
}

void command_over(struct command_call *call)
{
    struct call *c = (struct call *)call;
    struct engine *e = c->engine;
    call_destroy(c);
    engine_back(e);
}

/* ---- what runs now */

size_t command_now(const struct command_call *call, struct command_now *ret, size_t most)
{
    const struct engine *e = call->engine;
    char name[STORE_KEY];
    size_t count = 0;
    restart_service_name(call->parsed.target, call->parsed.service, name, sizeof(name));
    for (const struct operation *op = e->operations; op != NULL && count < most; op = op->next) {
        if (operation_ended(op->state) || !text_equal(op->row.service_name, name)) {
            continue;
        }
        struct command_now *now = &ret[count++];
        *now = (struct command_now){.asked_ms = op->facts.asked_ms};
        TEXT_COPY(now->operation, op->row.id);
        TEXT_COPY(now->verb, op->row.verb);
        TEXT_COPY(now->who, op->facts.asker);
        TEXT_COPY(now->state, operation_word(op->state));
    }
    return count;
}
