/* Close at every await: the loop is stopped while the Nth call is outstanding, or right after its answer, and
 * everything is torn down as the service manager would have it, for every N until the run has no Nth call.
 * Everybody who asked has been answered, nothing is called afterwards, nothing is left open (the rig's and
 * the sanitizer's accounting); and the next start carries the restart to the end that it would have had. */
#include "lib/check.h"

#include "base/mem.h"
#include "fake_ecs.h"
#include "lib_restart.h"

static bool one(const void *context, const struct play *play, int at)
{
    const enum fault fault = *(const enum fault *)context;
    struct run *r = mem_alloc(sizeof(*r));
    r->faults.seams = SEAM_ALL;
    r->faults.fault = fault;
    r->faults.at = at;
    r->quick = true;
    run_begin(r, play);
    run_on(r, 90 * 60000LL);
    const bool hit = r->faults.hit;
    if (hit) {
        rig_close(r->rig);
        assert_int_equal(r->rig->taken + r->rig->refused_acks, 1 + r->clicks);
        assert_null(r->faults.watching);
        rig_run(r->rig, 5000); /* who is called now is called after its end */
    }
    if (hit && at % 3 == 0) {
        rig_start(r->rig);
        r->faults.fault = FAULT_NONE;
        run_judge(r);
    }
    run_end(r);
    mem_free(r);
    return hit;
}

static void sweep(enum fault fault, int salt)
{
    const int runs = run_sweep(one, &fault, salt);
    print_message("%d runs\n", runs);
    assert_true(runs > 60);
}

static void stopped_while_a_call_is_outstanding(void **state)
{
    (void)state;
    sweep(FAULT_STOP, 0);
}

static void stopped_after_an_answer(void **state)
{
    (void)state;
    sweep(FAULT_STOP_AFTER, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopped_while_a_call_is_outstanding),
        cmocka_unit_test(stopped_after_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
