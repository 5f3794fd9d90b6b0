/* Make the Nth call fail, for every N until the run has no Nth call: each commit and question to the store,
 * each request to AWS, each call of the chat, in each way it can go wrong; and each answer late, and the
 * whole process asleep at each call. See lib_restart.c for what must hold. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "fake_ecs.h"
#include "lib_restart.h"

struct kind {
    const char *name;
    unsigned seams;
    enum fault fault;
    int64_t late_ms;
    enum fake_fault ecs; /* instead of `fault`: how a request to AWS fails */
};

static bool one(const void *context, const struct play *play, int at)
{
    const struct kind *kind = context;
    struct run *r = mem_alloc(sizeof(*r));
    r->faults.seams = kind->seams;
    r->faults.fault = kind->fault;
    r->faults.late_ms = kind->late_ms;
    r->faults.at = at;
    r->quick = at % 5 != 0; /* a second restart doubles the time */
    run_begin(r, play);
    if (kind->ecs != FAKE_NONE) {
        r->faults.seams = 0;
        fake_ecs_fail(r->rig->world, (unsigned)at, 1, kind->ecs);
        run_on(r, 90 * 60000LL);
        r->faults.hit = fake_ecs_requests(r->rig->world) >= (uint64_t)at;
        fake_ecs_fail(r->rig->world, 0, 0, FAKE_NONE);
    }
    run_judge(r);
    const bool hit = r->faults.hit;
    run_end(r);
    mem_free(r);
    return hit;
}

static void sweep(const struct kind *kind, int salt)
{
    const int runs = run_sweep(one, kind, salt);
    print_message("%s: %d runs\n", kind->name, runs);
    assert_true(runs > 30);
}

#define SWEEP(function, salt, ...)                                                                           \
    static void function(void **state)                                                                       \
    {                                                                                                        \
        (void)state;                                                                                         \
        sweep(&(struct kind){__VA_ARGS__}, salt);                                                            \
    }

SWEEP(the_store_fails, 0, "store fails", SEAM_STORE, FAULT_STORE, 0, FAKE_NONE)
SWEEP(aws_refuses, 1, "AWS refuses", 0, FAULT_NONE, 0, FAKE_REFUSED)
SWEEP(aws_throttles, 2, "AWS throttles", 0, FAULT_NONE, 0, FAKE_THROTTLED)
SWEEP(aws_cannot_be_reached, 3, "AWS unreachable", 0, FAULT_NONE, 0, FAKE_UNREACHABLE)
SWEEP(keys_expired, 4, "keys expired", 0, FAULT_NONE, 0, FAKE_EXPIRED)
SWEEP(aws_loses_the_request, 5, "request lost", 0, FAULT_NONE, 0, FAKE_LOST_BEFORE)
SWEEP(aws_loses_the_answer, 6, "answer lost", 0, FAULT_NONE, 0, FAKE_LOST_AFTER)
SWEEP(the_chat_throttles, 7, "chat throttles", SEAM_CHAT, FAULT_CHAT_LATER, 0, FAKE_NONE)
SWEEP(the_chat_loses_a_post, 8, "post lost", SEAM_CHAT, FAULT_CHAT_LOST, 0, FAKE_NONE)
SWEEP(the_chat_loses_an_answer, 9, "post unheard", SEAM_CHAT, FAULT_CHAT_UNHEARD, 0, FAKE_NONE)
SWEEP(the_chat_refuses, 10, "chat refuses", SEAM_CHAT, FAULT_CHAT_NEVER, 0, FAKE_NONE)
SWEEP(an_answer_is_late, 11, "answer late by 7 s", SEAM_ALL, FAULT_LATE, 7000, FAKE_NONE)
SWEEP(an_answer_is_very_late, 12, "answer late by 3 min", SEAM_ALL, FAULT_LATE, 180000, FAKE_NONE)
SWEEP(the_process_sleeps, 13, "process asleep for 90 s", SEAM_ALL, FAULT_STALL, 90000, FAKE_NONE)
SWEEP(the_process_sleeps_long, 14, "process asleep for 10 min", SEAM_ALL, FAULT_STALL, 600000, FAKE_NONE)

/* fault_calls [PATTERN]: those sweeps only, for example "aws_*". */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_store_fails),
        cmocka_unit_test(aws_refuses),
        cmocka_unit_test(aws_throttles),
        cmocka_unit_test(aws_cannot_be_reached),
        cmocka_unit_test(keys_expired),
        cmocka_unit_test(aws_loses_the_request),
        cmocka_unit_test(aws_loses_the_answer),
        cmocka_unit_test(the_chat_throttles),
        cmocka_unit_test(the_chat_loses_a_post),
        cmocka_unit_test(the_chat_loses_an_answer),
        cmocka_unit_test(the_chat_refuses),
        cmocka_unit_test(an_answer_is_late),
        cmocka_unit_test(an_answer_is_very_late),
        cmocka_unit_test(the_process_sleeps),
        cmocka_unit_test(the_process_sleeps_long),
    };
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
