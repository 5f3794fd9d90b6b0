/* The measuring store hands everything on, knows since when commits fail, and finds out by itself when they
 * succeed again. */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/check.h"
#include "loop/loop.h"
#include "store/watch.h"

#define START 1700000000000

struct world {
    struct clock clock;
    struct loop *loop;
    struct store *inner;
    struct store_watch *watch;
    int ok, failed, duplicates;
};

static void committed(struct store_commit *c)
{
    struct world *w = c->user;
    w->ok += c->ok;
    w->failed += !c->ok && !c->duplicate;
    w->duplicates += c->duplicate;
    mem_free(c);
}

static void commit(struct world *w, const char *delivery)
{
    struct store_commit *c = mem_alloc(sizeof(*c));
    struct store_txn *t = store_txn_create();
    struct store *s = store_watched(w->watch);
    *c = (struct store_commit){.done = committed, .user = w};
    store_txn_delivery(t, delivery, START);
    s->ops->commit(s, t, c);
}

static struct store_figures figures(const struct world *w)
{
    struct store_figures f;
    store_watch_figures(w->watch, &f);
    return f;
}

static int setup(void **state)
{
    struct world *w = mem_alloc(sizeof(*w));
    w->clock = clock_virtual(START);
    w->loop = loop_create_virtual(&w->clock);
    w->inner = store_memory_create(w->loop);
    w->watch = store_watch_create(w->loop, w->inner);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    store_watch_stop(w->watch);
    store_memory_destroy(w->inner);
    loop_run_for(w->loop, 1000);
    store_watch_destroy(w->watch);
    const int left = loop_destroy(w->loop);
    mem_free(w);
    return left;
}

static void results_are_handed_on_and_the_queue_is_counted(void **state)
{
    struct world *w = *state;
    commit(w, "a");
    commit(w, "a");
    assert_int_equal(figures(w).waiting, 2);
    loop_run_for(w->loop, 1000);
    assert_int_equal(w->ok, 1);
    assert_int_equal(w->duplicates, 1);
    assert_int_equal(figures(w).waiting, 0);
    assert_true(figures(w).committed_ms >= START);
    assert_true(figures(w).failing_ms == 0); /* a duplicate is no failure */
}

static void failing_begins_with_the_first_failure_and_keeps_its_time(void **state)
{
    struct world *w = *state;
    store_memory_fail(w->inner, true);
    loop_run_for(w->loop, 5000);
    commit(w, "a");
    loop_run_for(w->loop, 2000);
    const int64_t since = figures(w).failing_ms;
    assert_in_range(since, START + 5000, START + 5100);
    commit(w, "b");
    loop_run_for(w->loop, 2000);
    assert_int_equal(w->failed, 2);
    assert_true(figures(w).failing_ms == since);
    assert_true(figures(w).trouble[0] != '\0');
}

static void it_finds_out_alone_that_the_store_works_again(void **state)
{
    struct world *w = *state;
    store_memory_fail(w->inner, true);
    commit(w, "a");
    loop_run_for(w->loop, 60000);
    assert_true(figures(w).failing_ms != 0);
    store_memory_fail(w->inner, false);
    loop_run_for(w->loop, 10000);
    assert_true(figures(w).failing_ms == 0);
    const int64_t last = figures(w).committed_ms;
    loop_run_for(w->loop, 60000);
    assert_true(figures(w).committed_ms == last); /* and writes nothing more */
}

static int count_loaded;
static void loaded(struct store_loaded *l)
{
    count_loaded += l->ok;
}

static void recently(struct store_recent *r)
{
    count_loaded += r->ok;
}

static void reading_goes_to_the_store_behind(void **state)
{
    struct world *w = *state;
    struct store *s = store_watched(w->watch);
    struct store_loaded l = {.done = loaded};
    struct store_recent r = {.done = recently};
    s->ops->load(s, &l);
    s->ops->recent(s, &r);
    loop_run_for(w->loop, 1000);
    assert_int_equal(count_loaded, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(results_are_handed_on_and_the_queue_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_begins_with_the_first_failure_and_keeps_its_time, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(it_finds_out_alone_that_the_store_works_again, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_goes_to_the_store_behind, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
