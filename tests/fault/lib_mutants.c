#include "lib_mutants.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_faults.h"

enum mutant mutant_in_force = MUTANT_NONE;

static const struct ecs_ops *right_ecs;
static const struct chat_ops *right_chat;
static struct ecs_ops wrong_ecs;
static struct chat_ops wrong_chat;

/* ---- UpdateService */

static void forget_redeploy(struct ecs_redeploy *r)
{
    mem_free(r);
}

static void redeploy(struct ecs *e, struct ecs_redeploy *r)
{
    struct ecs_redeploy *again = mem_alloc(sizeof(*again));
    *again = *r;
    again->done = forget_redeploy;
    right_ecs->redeploy(e, again);
    right_ecs->redeploy(e, r);
}

/* ---- verdicts: a message of its own, whose inputs outlive the asker's */

struct own_send {
    struct chat_send send; /* first */
    char key[STORE_KEY], channel[64], thread[64];
    struct card card;
    struct chat_send *asker; /* NULL = nobody is told */
};

static void on_own(struct chat_send *s)
{
    struct own_send *own = (struct own_send *)s;
    struct chat_send *asker = own->asker;
    if (asker != NULL) {
        asker->outcome = s->outcome;
        asker->retry_ms = s->retry_ms;
        asker->err = s->err;
        TEXT_COPY(asker->posted, s->posted);
    }
    mem_free(own);
    if (asker != NULL) {
        asker->done(asker);
    }
}

static struct own_send *own_of(const struct chat_send *s)
{
    struct own_send *own = mem_alloc(sizeof(*own));
    own->send = *s;
    TEXT_COPY(own->key, s->key);
    TEXT_COPY(own->channel, s->channel);
    TEXT_COPY(own->thread, s->thread);
    own->card = *s->card;
    own->send.key = own->key;
    own->send.channel = own->channel;
    own->send.thread = own->thread;
    own->send.card = &own->card;
    own->send.asker = NULL;
    own->send.done = on_own;
    return own;
}

static void send(struct chat *c, struct chat_send *s)
{
    if (s->kind != CHAT_POST || !text_ends(s->key, "/verdict")) {
        right_chat->send(c, s);
        return;
    }
    struct own_send *own = own_of(s);
    if (mutant_in_force == MUTANT_ECHO) {
        right_chat->send(c, &own->send);
        right_chat->send(c, s);
        return;
    }
    own->asker = s;
    if (mutant_in_force == MUTANT_LIAR) {
        TEXT_COPY(own->card.title, "✅ DONE: all is well, restarted");
    } else {
        TEXT_COPY(own->key, "nothing that anybody looks for");
    }
    right_chat->send(c, &own->send);
}

/* ---- */

void mutants_between(struct rig *r, struct engine_options *options, struct chat **at)
{
    faults_between(r, options, at);
    if (mutant_in_force == MUTANT_TWICE) {
        right_ecs = options->ecs->ops;
        wrong_ecs = *right_ecs;
        wrong_ecs.redeploy = redeploy;
        options->ecs->ops = &wrong_ecs;
    } else if (mutant_in_force != MUTANT_NONE) {
        right_chat = (*at)->ops;
        wrong_chat = *right_chat;
        wrong_chat.send = send;
        (*at)->ops = &wrong_chat;
    }
}
