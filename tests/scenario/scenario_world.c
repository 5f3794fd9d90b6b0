/* Restarts in the simulated world, one a scenario: the engine, the follower and the decoder together. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "fake_ecs.h"
#include "lib_rig.h"

#define MINUTE 60000LL

struct expected {
    const char *scenario;
    enum operation_state end;
    const char *verdict; /* words of the verdict's title */
    size_t first_stopped, not_stabilising;
    const char *why; /* words of the first stopped task's message */
};

static const struct expected rows[] = {
    {"ok", OP_SUCCEEDED, "✅ DONE", 0, 0, NULL},
    {"slow", OP_SUCCEEDED, "✅ DONE", 0, 0, NULL},
    {"image-missing", OP_FAILED, "NOT STABILISING", 1, 1, "image"},
    {"crash-loop", OP_FAILED, "NOT STABILISING", 1, 1, "exit code 1"},
    {"unhealthy", OP_FAILED, "NOT STABILISING", 1, 1, "health checks"},
    {"out-of-memory", OP_FAILED, "NOT STABILISING", 1, 1, "memory"},
    {"rolled-back", OP_ROLLED_BACK, "ROLLED BACK", 1, 1, "exit code 1"},
    {"superseded", OP_SUPERSEDED, "SUPERSEDED", 0, 0, NULL},
    {"no-breaker", OP_FAILED, "NOT STABILISING", 1, 1, "134"},
    {"throttled", OP_SUCCEEDED, "✅ DONE", 0, 0, NULL},
    {"stale", OP_SUCCEEDED, "✅ DONE", 0, 0, NULL},
    {"lost-reply", OP_SUCCEEDED, "✅ DONE", 0, 0, NULL},
    {"gone-zero", OP_SUCCEEDED, "ENDED WITH 0 TASKS", 0, 0, NULL},
};

static bool mentions(const struct card *card, const char *principal)
{
    for (size_t i = 0; i < card->mention_count; i++) {
        if (strcmp(card->mentions[i], principal) == 0) {
            return true;
        }
    }
    return false;
}

static void expect_first_stopped(struct rig *r, const struct expected *x)
{
    CHECK_ROW(x->scenario, fake_chat_said(r->chat, "First new task stopped") == x->first_stopped);
    CHECK_ROW(x->scenario, fake_chat_said(r->chat, "🔴 NOT STABILISING: cotak prod api (PRODUCTION), ") ==
                               x->not_stabilising);
    if (x->first_stopped > 0) {
        const struct chat_message *m = fake_chat_first(r->chat, "First new task stopped");
        CHECK_ROW(x->scenario, card_says(&m->card, x->why));
        CHECK_ROW(x->scenario, mentions(&m->card, "slack:group:S0456EFGH"));
        CHECK_ROW(x->scenario, card_says(&m->card, "Users: SERVED"));
    }
}

static void play(const struct expected *x)
{
    struct rig *r = mem_alloc(sizeof(*r));
    rig_init(r);
    rig_world(r, x->scenario);
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 120 * MINUTE);
    rig_run(r, 10000);
    CHECK_ROW(x->scenario, r->settled_count == 1);
    const struct chat_message *m = fake_chat_by_key(r->chat, "/verdict");
    CHECK_ROW(x->scenario, m != NULL);
    if (strstr(m->first, x->verdict) == NULL || r->settled[0].state != x->end) {
        fail_msg("%s ended %s: %s", x->scenario, operation_word(r->settled[0].state), m->first);
    }
    CHECK_ROW(x->scenario, fake_ecs_updates(r->world) == 1);
    /* only where the count went to 0 was anybody cut off */
    CHECK_ROW(x->scenario, fake_chat_said(r->chat, "USERS NOT SERVED") ==
                               (strcmp(x->scenario, "gone-zero") == 0 ? 1U : 0U));
    CHECK_ROW(x->scenario, r->chat->fastest_edit_ms >= 3000);
    expect_first_stopped(r, x);
    rig_finish(r);
    mem_free(r);
}

static void every_scenario_ends_as_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        play(&rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_scenario_ends_as_it_should)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
