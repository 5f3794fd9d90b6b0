/* Two bots on one store, a stopped one that wakes up past its lease, and two names of one service. The lock
 * of the store's file keeps a second bot out (tests/unit/store_place.c); here it was taken away, so that the
 * second one is in, and the store writes for the newest one only (tests/unit/store_sqlite.c). */
#include "lib/check.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define POINTS 40

static bool reached;

static void here(struct rig *r)
{
    reached = true;
    loop_stop(r->loop);
}

/* The store is the second one's from now on; the first one lives on. */
static void second_begins(struct rig *r)
{
    const int armed = r->armed;
    rig_life(r)->store.stale = true;
    rig_run(r, 1); /* the loop was stopped */
    rig_start(r);
    r->armed += armed; /* of the first one */
}

static struct rig *begin(void)
{
    struct rig *r = mem_alloc(sizeof(*r));
    rig_init(r);
    return r;
}

static void end(struct rig *r)
{
    for (size_t i = 0; i + 1 < r->life_count; i++) { /* the first one ends as by kill -9 */
        struct life *first = r->lives[i];
        first->chat.shut = first->ecs.shut = first->store.shut = true;
    }
    rig_finish(r);
    mem_free(r);
}

static void whenever_a_second_bot_takes_over_one_call_is_made(void **state)
{
    (void)state;
    int runs = 0;
    for (int at = 1; at <= POINTS; at++) {
        char row[20];
        struct rig *r = begin();
        r->act_at = at;
        r->act = here;
        reached = false;
        rig_start(r);
        rig_ask(r, "restart cotak prod");
        rig_run(r, MINUTE);
        if (reached) {
            second_begins(r);
            rig_run(r, 3 * MINUTE);
            runs++;
        }
        TEXT_FORMAT(row, "point %d", at);
        CHECK_ROW(row, r->ecs.sent == 1);
        end(r);
    }
    assert_true(runs > POINTS / 2);
}

static void a_stopped_process_past_its_lease_sends_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t stopped_ms;
        bool taken_over;
        int sent;
    } ROWS[] = {
        {"4 s, taken over: it was written a moment ago", 4 * SECOND, true, 1},
        {"6 s, taken over", 6 * SECOND, true, 0},
        {"30 s, taken over", 30 * SECOND, true, 0},
        {"100 s, taken over", 100 * SECOND, true, 0},
        {"3 min, taken over", 3 * MINUTE, true, 0},
        {"30 s, still its own", 30 * SECOND, false, 1},
        {"3 min, still its own: asked", 3 * MINUTE, false, 0},
    };
    for (size_t i = 0; i < CHECK_COUNT(ROWS); i++) {
        struct rig *r = begin();
        r->stopped_ms = ROWS[i].stopped_ms;
        rig_start(r);
        rig_ask(r, "restart cotak prod");
        rig_run(r, 2 * SECOND);
        CHECK_ROW(ROWS[i].name, r->ecs.sent == 0);
        r->stopped_ms = 0;
        if (ROWS[i].taken_over) {
            second_begins(r);
        }
        rig_run(r, 4 * MINUTE);
        CHECK_ROW(ROWS[i].name, r->ecs.sent == ROWS[i].sent);
        end(r);
    }
}

/* The configuration refuses two targets whose settings mean one service; these differ, and ECS returns one.
 */
static void two_names_of_one_service_are_one(void **state)
{
    (void)state;
    struct rig *r = begin();
    struct config *c = r->config;
    const struct config_target first = c->targets[0];
    mem_free(c->targets);
    c->targets = mem_array(2, sizeof(*c->targets));
    c->target_count = 2;
    c->targets[0] = c->targets[1] = first;
    TEXT_COPY(c->targets[1].name, "cotak alias");
    TEXT_COPY(c->targets[1].cluster,
              "arn:aws-us-gov:ecs:us-gov-east-1:123456789012:cluster/tak-vpc-cotak-prod");
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 20 * SECOND);
    rig_ask_as(r, "bo", "restart cotak alias", "slack/bo", clock_wall(&r->clock));
    rig_run(r, 5 * SECOND);
    assert_int_equal(r->ecs.sent, 1);
    const struct chat_message *m = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(m);
    assert_true(card_says(&m->card, "@ana restarts it since 14:00:00 UTC"));
    end(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whenever_a_second_bot_takes_over_one_call_is_made),
        cmocka_unit_test(a_stopped_process_past_its_lease_sends_nothing),
        cmocka_unit_test(two_names_of_one_service_are_one),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
