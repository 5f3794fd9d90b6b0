/* Work on the worker thread: in order, done exactly once, and nothing lost at the end. */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "lib/check.h"
#include "lib/test_loop.h"

struct job {
    struct loop_work work;
    struct loop *loop;
    char *done_letters; /* of all jobs, in order; loop thread only */
    struct job *follow_up;
    pthread_t ran_on, done_on;
    char letter;
    long sleep_ms;
    int runs, dones;
};

static void run(struct loop_work *w)
{
    struct job *job = w->user;
    const struct timespec pause = {.tv_nsec = job->sleep_ms * 1000000L};
    nanosleep(&pause, NULL);
    job->runs++;
    job->ran_on = pthread_self();
}

static void done(struct loop_work *w)
{
    struct job *job = w->user;
    job->dones++;
    job->done_on = pthread_self();
    job->done_letters[strlen(job->done_letters)] = job->letter;
    if (job->follow_up != NULL) {
        loop_work(job->loop, &job->follow_up->work);
    }
}

static void prepare(struct job *job, struct loop *loop, char *letters, char letter)
{
    *job = (struct job){.work = {.run = run, .done = done, .user = job},
                        .loop = loop,
                        .done_letters = letters,
                        .letter = letter};
}

static void done_comes_later_in_order_and_once(void **state)
{
    struct test_loop *t = *state;
    char letters[8] = "";
    struct job jobs[3];
    for (int i = 0; i < 3; i++) {
        prepare(&jobs[i], t->loop, letters, (char)('a' + i));
        jobs[i].sleep_ms = i == 0 ? 20 : 0;
        loop_work(t->loop, &jobs[i].work);
    }
    assert_string_equal(letters, "");
    loop_run(t->loop);
    assert_string_equal(letters, "abc");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(jobs[i].runs, 1);
        assert_int_equal(jobs[i].dones, 1);
        assert_true(pthread_equal(jobs[i].done_on, pthread_self()));
    }
}

static void done_may_start_more_work(void **state)
{
    struct test_loop *t = *state;
    char letters[8] = "";
    struct job first, second;
    prepare(&first, t->loop, letters, 'a');
    prepare(&second, t->loop, letters, 'b');
    first.follow_up = &second;
    loop_work(t->loop, &first.work);
    loop_run(t->loop);
    assert_string_equal(letters, "ab");
}

static void a_real_loop_works_on_another_thread(void **state)
{
    struct test_loop *t = *state;
    char letters[8] = "";
    struct job job;
    prepare(&job, t->loop, letters, 'a');
    loop_work(t->loop, &job.work);
    loop_run(t->loop);
    assert_false(pthread_equal(job.ran_on, pthread_self()));
}

static void destroy_finishes(bool real)
{
    struct test_loop t;
    char letters[8] = "";
    struct job jobs[3];
    (real ? test_loop_init_real : test_loop_init_virtual)(&t);
    for (int i = 0; i < 3; i++) {
        prepare(&jobs[i], t.loop, letters, (char)('a' + i));
        jobs[i].sleep_ms = real ? 10 : 0;
    }
    jobs[1].follow_up = &jobs[2];
    loop_work(t.loop, &jobs[0].work);
    loop_work(t.loop, &jobs[1].work);
    test_loop_finish(&t);
    assert_string_equal(letters, "abc");
}

static void destroy_finishes_what_is_queued(void **state)
{
    (void)state;
    destroy_finishes(true);
    destroy_finishes(false);
}

#define ON_REAL(test)    cmocka_unit_test_setup_teardown(test, test_loop_setup_real, test_loop_teardown)
#define ON_VIRTUAL(test) cmocka_unit_test_setup_teardown(test, test_loop_setup_virtual, test_loop_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_REAL(done_comes_later_in_order_and_once),
        ON_VIRTUAL(done_comes_later_in_order_and_once),
        ON_REAL(done_may_start_more_work),
        ON_VIRTUAL(done_may_start_more_work),
        ON_REAL(a_real_loop_works_on_another_thread),
        cmocka_unit_test(destroy_finishes_what_is_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
