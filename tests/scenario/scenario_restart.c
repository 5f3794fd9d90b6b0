/* Whole restarts: from the command to the verdict, in virtual time. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define MINUTE 60000LL

static int setup(void **state)
{
    struct rig *r = mem_alloc(sizeof(*r));
    rig_init(r);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    rig_finish(r);
    mem_free(r);
    return 0;
}

/* The one operation of a test is told exactly once, in this state, with this verdict in a new message. */
static void expect_end(struct rig *r, enum operation_state state, const char *verdict)
{
    assert_int_equal(r->settled_count, 1);
    assert_int_equal(r->settled[0].how, SETTLED_OPERATION);
    assert_int_equal(r->settled[0].state, state);
    const struct chat_message *m = fake_chat_by_key(r->chat, "/verdict");
    assert_non_null(m);
    if (strstr(m->first, verdict) == NULL) {
        fail_msg("verdict reads: %s", m->first);
    }
    assert_string_equal(m->private_to, "");
}

static void a_restart_succeeds(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 30 * MINUTE);
    expect_end(r, OP_SUCCEEDED, "✅ DONE: cotak prod api (PRODUCTION) restarted, @ana");
    assert_int_equal(r->taken, 1);
    assert_int_equal(r->ecs.redeploys, 1);
    assert_int_equal(r->ecs.last_desired, -1);
    rig_run(r, 10000);
    struct chat_message *card = fake_chat_by_key(r->chat, "/card");
    assert_non_null(
        strstr(card->first, "🔄 RESTARTING cotak prod api (PRODUCTION) · asked by @ana 14:00:00 UTC"));
    assert_true(card_says(&card->card, "✅ DONE"));
    assert_true(card_says(&card->card, "aws-us-gov 123456789012 us-gov-east-1 · tak-vpc-cotak-prod / "));
    assert_true(card->edits > 3);
    assert_true(r->chat->fastest_edit_ms >= 3000);
    assert_int_equal(fake_chat_said(r->chat, "🔴"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_restart_succeeds, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
