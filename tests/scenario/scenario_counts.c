/* scale, shutdown and start in the simulated world, in virtual time. */
#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib_counts.h"

#define MINUTE 60000LL
#define HOUR   (60 * MINUTE)

static void show(struct rig *r)
{
    for (size_t i = 0; i < r->chat->count; i++) {
        char *text = card_text(&r->chat->messages[i].card, 120);
        print_message("---- %s (%s)\n%s\n", r->chat->messages[i].key, r->chat->messages[i].first, text);
        mem_free(text);
    }
}

static void a_shutdown_and_a_start(void **state)
{
    struct rig *r = *state;
    counts_world(r, "ok");
    rig_start(r);
    counts_confirm(r, "shutdown cotak prod --reason \"INC-204\"");
    rig_settle(r, 1, 20 * MINUTE);
    print_message("%d %s %zu\n", counts_desired(r, API), counts_switches(r, API), counts_memos(r));
    rig_run(r, 2 * HOUR);
    rig_ask(r, "start cotak prod");
    rig_settle(r, 2, 20 * MINUTE);
    rig_run(r, 2 * HOUR);
    print_message("%d %s %zu\n", counts_desired(r, API), counts_switches(r, API), counts_memos(r));
    show(r);
}

static int teardown(void **state)
{
    rig_teardown(state);
    counts_finish();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_shutdown_and_a_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
