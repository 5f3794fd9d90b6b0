/* A full disk: the reserve lets running operations go on while new changes are refused; room that is there
 * again is found. And files that go away under a running store. */
#include "store_disk.h"

#include <fcntl.h>

#include "lib_store/faulty_disk.h"

static struct {
    enum store_state state;
    int changes;
    char says[ERR_TEXT_MAX];
} told;

static void on_change(void *user, enum store_state state, const char *says)
{
    (void)user;
    told.state = state;
    told.changes++;
    TEXT_COPY(told.says, says);
}

static void open_listening(struct fixture *f)
{
    char file[200];
    struct err err = {0};
    TEXT_COPY(file, path(f, ""));
    memset(&told, 0, sizeof(told));
    const struct store_sqlite_options options = {.path = file, .world = WORLD, .on_change = on_change};
    f->store = store_sqlite_open(f->loop, &options, &err);
    if (f->store == NULL) {
        fail_msg("%s", err.text);
    }
}

static struct answer commit_one(struct fixture *f, const char *id, bool yields)
{
    const struct store_operation o = an_operation(id);
    struct store_txn *t = store_txn_create();
    store_txn_operation(t, &o);
    if (yields) {
        store_txn_yields(t);
    }
    return commit_now(f, t);
}

static bool exists(struct fixture *f, const char *suffix)
{
    return access(path(f, suffix), F_OK) == 0;
}

/* From here on all the room there is is that of the reserve. */
static void fill(struct fixture *f)
{
    static char reserve[200];
    TEXT_COPY(reserve, path(f, ".reserve"));
    faulty_disk_begin(FAULTY_FULL, 0);
    faulty_disk.full_while = reserve;
}

static struct store_sqlite_figures figures(struct fixture *f)
{
    struct store_sqlite_figures figures;
    store_sqlite_read_figures(f->store, &figures);
    loop_run(f->loop);
    store_sqlite_read_figures(f->store, &figures);
    return figures;
}

static void the_reserve_is_real_room(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(stat(path(f, ".reserve"), &st), 0);
    assert_int_equal(st.st_size, 1024 * 1024);
    assert_true(st.st_blocks * 512 >= 1024 * 1024);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void what_runs_goes_on_and_what_is_new_is_refused(void **state)
{
    struct fixture *f = *state;
    char full[300], room[300];
    TEXT_FORMAT(full, "The store's disk is full: free space on %s/store; running operations go on.",
                f->folder);
    TEXT_FORMAT(room, "There is room on %s/store again: changes are accepted.", f->folder);
    close_store(f);
    open_listening(f);
    assert_true(commit_one(f, "RUNS", true).commit.ok);
    fill(f);
    struct answer a = commit_one(f, "NEW1", true);
    assert_false(a.commit.ok);
    assert_int_equal(a.commit.err.code, ERR_FULL);
    assert_string_equal(a.commit.err.text, full);
    assert_true(exists(f, ".reserve")); /* it is not for what is new */
    assert_int_equal(figures(f).state, STORE_FULL);
    assert_int_equal(told.state, STORE_FULL);
    assert_int_equal(told.changes, 1);
    assert_string_equal(told.says, full);

    assert_true(commit_one(f, "RUNS", false).commit.ok);
    assert_false(exists(f, ".reserve"));
    assert_int_equal(load_now(f).operation_count, 1); /* the state can be read */
    a = commit_one(f, "NEW2", true);
    assert_false(a.commit.ok);
    assert_string_equal(a.commit.err.text, full);
    assert_int_equal(load_now(f).operation_count, 1);
    assert_int_equal(told.changes, 1);

    faulty_disk_begin(FAULTY_FULL, 0);
    clock_advance(&f->clock, 1000);
    assert_true(commit_one(f, "NEW3", true).commit.ok);
    assert_true(exists(f, ".reserve"));
    assert_int_equal(told.state, STORE_OK);
    assert_int_equal(told.changes, 2);
    assert_string_equal(told.says, room);
    assert_int_equal(figures(f).state, STORE_OK);
}

static void who_watches_learns_of_room(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    open_listening(f);
    fill(f);
    assert_true(commit_one(f, "RUNS", false).commit.ok);
    assert_int_equal(figures(f).state, STORE_FULL);
    faulty_disk_begin(FAULTY_FULL, 0);
    clock_advance(&f->clock, 5000);
    assert_int_equal(figures(f).state, STORE_OK);
    assert_true(exists(f, ".reserve"));
}

static void a_start_on_a_full_disk_goes_on_in_the_reserve(void **state)
{
    struct fixture *f = *state;
    assert_true(commit_one(f, "RUNS", false).commit.ok);
    close_store(f);
    fill(f);
    open_listening(f);
    assert_int_equal(load_now(f).operation_count, 1);
    assert_int_equal(told.state, STORE_FULL);
    assert_false(exists(f, ".reserve"));
    assert_true(commit_one(f, "RUNS", false).commit.ok);
    assert_false(commit_one(f, "NEW1", true).commit.ok);
}

static void without_a_reserve_a_full_disk_is_told_at_start(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    char before[64], after[64];
    TEXT_FORMAT(before, "%d", ask(f, "SELECT epoch FROM meta"));
    assert_int_equal(unlink(path(f, ".reserve")), 0);
    faulty_disk_begin(FAULTY_FULL, 1);
    faulty_disk.stays = 1000000;
    struct err err = {0};
    assert_null(try_open(f, WORLD, &err));
    assert_int_equal(err.code, ERR_FULL);
    assert_non_null(strstr(err.text, path(f, "")));
    faulty_disk_begin(FAULTY_FULL, 0);
    TEXT_FORMAT(after, "%d", ask(f, "SELECT epoch FROM meta"));
    assert_string_equal(before, after);
    open_store(f);
}

/* ---- files that go away */

/* Nothing is told as done any more, and it is said once. */
static void must_fail(struct fixture *f, const char *name)
{
    char sentence[300];
    TEXT_FORMAT(sentence,
                "The store %s was removed or replaced while it was in use: nothing more is written; put it "
                "back, then start again.",
                path(f, name));
    for (int at = 0; at < 2; at++) {
        const struct answer a = commit_one(f, "LOST", at == 0);
        assert_false(a.commit.ok);
        assert_string_equal(a.commit.err.text, sentence);
    }
    assert_int_equal(told.state, STORE_FAILED);
    assert_int_equal(told.changes, 1);
    assert_string_equal(told.says, sentence);
    assert_int_equal(figures(f).state, STORE_FAILED);
}

static void a_removed_file_is_noticed(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    open_listening(f);
    assert_true(commit_one(f, "RUNS", false).commit.ok);
    assert_int_equal(unlink(path(f, "")), 0);
    must_fail(f, "");
    close_store(f);
    assert_true(exists(f, "-wal"));
    struct err err = {0};
    assert_null(try_open(f, WORLD, &err)); /* and no new one is begun */
    assert_non_null(strstr(err.text, "is gone but its journal"));
}

static void a_removed_journal_is_noticed(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    open_listening(f);
    assert_true(commit_one(f, "RUNS", false).commit.ok);
    assert_int_equal(unlink(path(f, "-wal")), 0);
    must_fail(f, "-wal");
    close_store(f);
    struct err err = {0};
    assert_null(try_open(f, WORLD, &err));
    assert_non_null(strstr(err.text, "is gone, and the last steps with it"));
}

static void a_replaced_file_is_noticed_and_left_alone(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    open_listening(f);
    assert_true(commit_one(f, "RUNS", false).commit.ok);
    char other[200], bytes[9] = "";
    TEXT_COPY(other, path(f, ".other"));
    const int fd = open(other, O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, "restored", 8), 8);
    assert_int_equal(rename(other, path(f, "")), 0);
    must_fail(f, "");
    close_store(f);
    assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), 8);
    assert_string_equal(bytes, "restored");
    close(fd);
}

static void a_disk_that_becomes_read_only_is_told(void **state)
{
    struct fixture *f = *state;
    assert_true(commit_one(f, "RUNS", false).commit.ok);
    faulty_disk_begin(FAULTY_READ_ONLY, 1);
    faulty_disk.stays = 1000000;
    const struct answer a = commit_one(f, "LOST", false);
    assert_false(a.commit.ok);
    assert_string_equal(a.commit.err.text,
                        "The store's disk failed (Read-only file system, code 778): look at the disk, then "
                        "start again.");
    assert_int_equal(load_now(f).operation_count, 1);
    faulty_disk_begin(FAULTY_READ_ONLY, 0);
    assert_true(commit_one(f, "RUNS", true).commit.ok);
}

static int set_up_faulty(void **state)
{
    faulty_disk_begin(FAULTY_FULL, 0);
    return set_up(state);
}

static int tear_down_faulty(void **state)
{
    faulty_disk_begin(FAULTY_FULL, 0);
    return tear_down(state);
}

int main(void)
{
    faulty_disk_install();
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_faulty, tear_down_faulty)
        TEST(the_reserve_is_real_room),
        TEST(what_runs_goes_on_and_what_is_new_is_refused),
        TEST(who_watches_learns_of_room),
        TEST(a_start_on_a_full_disk_goes_on_in_the_reserve),
        TEST(without_a_reserve_a_full_disk_is_told_at_start),
        TEST(a_removed_file_is_noticed),
        TEST(a_removed_journal_is_noticed),
        TEST(a_replaced_file_is_noticed_and_left_alone),
        TEST(a_disk_that_becomes_read_only_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
