/* The proof of a restart that succeeded: CloudTAK is asked once more before the verdict is told, and what it
 * says now stands beside what it said before.
 *
 * ask -> its answers -> then. They do not come within six seconds: then comes with "not checked", and what
 * comes afterwards is dropped. No address of CloudTAK, or another round still under way: false, the verdict
 * is told at once. The bot ends meanwhile: nothing was committed, the next start sees the same again. */
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"

#define PROOF_MS 6000

struct proof {
    struct probe_look probe;
    struct operation *op;
    void (*then)(struct operation *op, const struct probe_result *after); /* NULL = it was told without */
};

static void came(struct probe_look *r)
{
    struct proof *p = r->user;
    struct operation *op = p->op;
    void (*then)(struct operation * op, const struct probe_result *after) = p->then;
    op->proof = NULL;
    if (then != NULL) {
        loop_timer_stop(op->engine->loop, &op->timer);
    }
    if (restart_back(op, RESTART_FOLLOWING) && then != NULL) {
        then(op, &r->result);
    }
    mem_free(p);
}

static void too_late(struct loop_timer *t)
{
    struct operation *op = t->user;
    void (*then)(struct operation * op, const struct probe_result *after) = op->proof->then;
    struct probe_result none;
    probe_unseen(&none, op->proof->probe.parts, "no answer in time");
    op->proof->then = NULL;
    then(op, &none);
}

bool restart_proof_waits(const struct operation *op)
{
    return op->proof != NULL && op->proof->then != NULL;
}

bool restart_proof_ask(struct operation *op,
                       void (*then)(struct operation *op, const struct probe_result *after))
{
    struct probe *probe = op->engine->options.probe;
    if (probe == NULL || op->target == NULL || op->target->probe[0] == '\0' || op->proof != NULL) {
        return false;
    }
    struct proof *p = mem_alloc(sizeof(*p));
    p->op = op;
    p->then = then;
    p->probe = (struct probe_look){
        .parts = PROBE_VERSION | PROBE_DATABASE | PROBE_WEBSOCKET, .done = came, .user = p};
    TEXT_COPY(p->probe.base, op->target->probe);
    op->proof = p;
    op->timer = (struct loop_timer){.fire = too_late, .user = op};
    loop_timer_start(op->engine->loop, &op->timer, PROOF_MS);
    restart_owe(op);
    probe->ops->look(probe, &p->probe);
    return true;
}

void restart_proof_finish(struct operation *op)
{
    mem_free(op->proof);
    op->proof = NULL;
}
