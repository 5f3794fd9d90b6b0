/* A disk that does not answer: what waits for it has a ceiling, and who comes later is told at once. */
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "store_disk.h"

#define WAITING_MAX 10000 /* as in sqlite.c */
#define PATIENCE_MS 3000

static int stall[2];       /* the worker stands still until something is in this pipe */
static atomic_bool moving; /* … and went on */
static bool told_in_time;

static void stand_still(struct loop_work *w)
{
    struct pollfd watched = {.fd = stall[0], .events = POLLIN};
    (void)w;
    poll(&watched, 1, PATIENCE_MS);
    atomic_store(&moving, true);
}

static void went_on(struct loop_work *w)
{
    (void)w;
}

static void on_refusal(struct store_commit *c)
{
    on_commit(c);
    told_in_time = !atomic_load(&moving);
    assert_int_equal(write(stall[1], "x", 1), 1);
}

static void a_full_queue_refuses_at_once(void **state)
{
    struct fixture *const on_virtual_time = *state;
    struct fixture real = *on_virtual_time, *f = &real;
    struct answer *answers = mem_array(WAITING_MAX + 1, sizeof(*answers));
    struct loop_work block = {.run = stand_still, .done = went_on};
    close_store(on_virtual_time);
    real.clock = clock_real(1, 0);
    real.loop = loop_create(&real.clock);
    open_store(f);
    assert_int_equal(pipe(stall), 0);
    atomic_store(&moving, false);
    told_in_time = false;
    loop_work(f->loop, &block);
    for (int i = 0; i <= WAITING_MAX; i++) {
        start_commit(f, store_txn_create(), &answers[i]);
    }
    answers[WAITING_MAX].commit.done = on_refusal;
    assert_int_equal(answers[WAITING_MAX].calls, 0);
    loop_run(f->loop);
    for (int i = 0; i <= WAITING_MAX; i++) {
        assert_int_equal(answers[i].calls, 1);
        assert_int_equal(answers[i].commit.ok, i < WAITING_MAX);
    }
    assert_int_equal(answers[WAITING_MAX].commit.err.code, ERR_LIMIT);
    assert_true(told_in_time);
    must_commit(f, store_txn_create()); /* and takes again */
    close_store(f);
    assert_int_equal(loop_destroy(real.loop), 0);
    open_store(on_virtual_time);
    close(stall[0]);
    close(stall[1]);
    mem_free(answers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_queue_refuses_at_once, set_up, tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
