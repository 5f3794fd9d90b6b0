/* The store on its worker thread, while the loop's thread goes on: rows are handed over, figures are read,
 * changes are told. Meant for ThreadSanitizer (tests/tsan), which sees what is shared by mistake. */
#include "store_disk.h"

#define COMMITS 600

static struct {
    struct loop_timer timer;
    struct fixture *f;
    int ticks;
    unsigned waiting_most;
} watch;

static int changes;

static void on_change(void *user, enum store_state state, const char *says)
{
    (void)user;
    (void)says;
    assert_int_equal(state, STORE_FAILED);
    changes++;
}

static void look(struct loop_timer *t)
{
    struct store_sqlite_figures figures;
    store_sqlite_read_figures(watch.f->store, &figures);
    watch.waiting_most =
        figures.requests_waiting > watch.waiting_most ? figures.requests_waiting : watch.waiting_most;
    watch.ticks++;
    if (figures.requests_waiting > 0) {
        loop_timer_start(watch.f->loop, t, 1);
    }
}

/* A text that the store only borrowed is seen by a sanitizer when the worker writes it. */
static void free_texts(struct store_operation *o, struct store_outbox *message, struct store_audit *line)
{
    mem_free((char *)o->detail);
    mem_free((char *)o->follow);
    mem_free((char *)message->card);
    mem_free((char *)line->detail);
    memset(o, 'x', sizeof(*o));
    memset(message, 'x', sizeof(*message));
    memset(line, 'x', sizeof(*line));
}

static void rows_figures_and_pruning_cross_threads(void **state)
{
    struct fixture *on_virtual_time = *state;
    struct fixture real = *on_virtual_time, *f = &real;
    close_store(on_virtual_time);
    real.clock = clock_real(1, 0);
    real.loop = loop_create(&real.clock);
    char file[200];
    TEXT_COPY(file, path(f, ""));
    const struct store_sqlite_options options = {.path = file, .world = WORLD, .on_change = on_change};
    struct err err = {0};
    f->store = store_sqlite_open(f->loop, &options, &err);
    assert_non_null(f->store);
    struct answer *answers = mem_array(COMMITS, sizeof(*answers));
    for (int at = 0; at < COMMITS; at++) {
        char id[STORE_ID];
        TEXT_FORMAT(id, "N%d", at % 10 == 9 ? 0 : at);
        struct store_operation o = an_operation(id);
        o.ended = at % 2 == 0;
        struct store_outbox message = {.created_ms = START_MS, .version = 1};
        struct store_audit line = {.at_ms = START_MS, .who = "ana", .what = "restart"};
        TEXT_FORMAT(message.id, "%s/card/%d", id, at);
        o.detail = mem_text("{\"text\":\"the loop's thread has it until the commit begins\"}");
        o.follow = mem_text("{\"text\":\"likewise, and then frees it\"}");
        message.card = mem_text("{\"text\":\"a card\"}");
        line.detail = mem_text("{\"text\":\"a line\"}");
        struct store_txn *t = store_txn_create();
        store_txn_operation(t, &o);
        store_txn_outbox(t, &message);
        store_txn_audit(t, &line);
        store_txn_delivery(t, id, at == 0 ? 2 * START_MS : 1);
        if (at % 50 == 0) {
            store_txn_durable(t);
        }
        start_commit(f, t, &answers[at]);
        free_texts(&o, &message, &line);
    }
    watch.f = f;
    watch.ticks = 0;
    watch.timer = (struct loop_timer){.fire = look};
    loop_timer_start(f->loop, &watch.timer, 0);
    loop_run(f->loop);
    int ok = 0;
    for (int at = 0; at < COMMITS; at++) {
        assert_int_equal(answers[at].calls, 1);
        ok += answers[at].commit.ok ? 1 : 0;
    }
    assert_int_equal(ok, COMMITS - COMMITS / 10); /* the others' deliveries are known */
    assert_true(watch.waiting_most > 0);

    changes = 0;
    assert_int_equal(unlink(path(f, "")), 0); /* told from the worker's side, on the loop's */
    assert_false(commit_now(f, store_txn_create()).commit.ok);
    assert_int_equal(changes, 1);
    close_store(f);
    assert_int_equal(loop_destroy(real.loop), 0);
    mem_free(answers);
    assert_int_equal(unlink(path(f, "-wal")), 0);
    assert_int_equal(unlink(path(f, "-shm")), 0);
    assert_int_equal(unlink(path(f, ".reserve")), 0);
    open_store(on_virtual_time);
}

int main(void)
{
    const struct CMUnitTest tests[] = {BEHAVES(rows_figures_and_pruning_cross_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
