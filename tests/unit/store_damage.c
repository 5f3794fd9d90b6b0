/* Damaged files: a store is refused with a sentence and left as it is, byte for byte, or it is whole as far
 * as it can be read. Never is it replaced, and never does a damaged or foreign journal go unnoticed. */
#include "store_disk.h"

#include <fcntl.h>

#define ROWS  120
#define FLIPS 300
#define PAGE  4096

struct bytes {
    char *data;
    size_t len;
};

static struct bytes read_all(const char *name)
{
    struct stat st;
    const int fd = open(name, O_RDONLY);
    if (fd < 0) {
        return (struct bytes){0};
    }
    assert_int_equal(fstat(fd, &st), 0);
    struct bytes b = {.data = mem_alloc((size_t)st.st_size + 1), .len = (size_t)st.st_size};
    assert_int_equal(read(fd, b.data, b.len), b.len);
    close(fd);
    return b;
}

static void write_all(const char *name, struct bytes b)
{
    const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, b.data, b.len), b.len);
    close(fd);
}

static void must_be(const char *name, struct bytes b)
{
    struct bytes now = read_all(name);
    assert_int_equal(now.len, b.len);
    assert_memory_equal(now.data, b.data, b.len);
    mem_free(now.data);
}

static void put_rows(struct fixture *f, int from, int to)
{
    static char detail[900];
    memset(detail, 'd', sizeof(detail) - 1);
    for (int at = from; at < to; at++) {
        char id[STORE_ID];
        TEXT_FORMAT(id, "N%d", at);
        struct store_operation o = an_operation(id);
        o.detail = detail;
        clock_advance(&f->clock, 1); /* each commit writes the moment down */
        put_operation(f, &o);
    }
}

/* ---- the file */

static int refusals;

/* Opens it as it lies there now: refused and untouched, or whole. */
static void try_it(struct fixture *f, struct bytes damaged)
{
    struct err err = {0};
    char name[200];
    TEXT_COPY(name, path(f, ""));
    write_all(name, damaged);
    f->store = try_open(f, WORLD, &err);
    if (f->store != NULL) {
        close_store(f);
        return;
    }
    refusals++;
    assert_non_null(strstr(err.text, name));
    must_be(name, damaged);
}

static void a_zeroed_page_is_refused(void **state)
{
    struct fixture *f = *state;
    put_rows(f, 0, ROWS);
    close_store(f);
    struct bytes whole = read_all(path(f, ""));
    refusals = 0;
    const int pages = (int)(whole.len / PAGE);
    for (int page = 0; page < pages; page++) {
        struct bytes damaged = {.data = mem_alloc(whole.len), .len = whole.len};
        memcpy(damaged.data, whole.data, whole.len);
        memset(damaged.data + (size_t)page * PAGE, 0, PAGE);
        try_it(f, damaged);
        mem_free(damaged.data);
    }
    print_message("%d of %d zeroed pages refused\n", refusals, pages);
    assert_int_equal(refusals, pages);
    write_all(path(f, ""), whole);
    mem_free(whole.data);
    open_store(f);
    assert_int_equal(load_now(f).operation_count, ROWS);
}

static void a_cut_file_is_refused(void **state)
{
    struct fixture *f = *state;
    put_rows(f, 0, ROWS);
    close_store(f);
    struct bytes whole = read_all(path(f, ""));
    refusals = 0;
    int tries = 0;
    for (size_t len = 1; len < whole.len; len += PAGE / 2 + 1) {
        try_it(f, (struct bytes){.data = whole.data, .len = len});
        tries++;
    }
    print_message("%d of %d cut files refused\n", refusals, tries);
    assert_int_equal(refusals, tries);
    write_all(path(f, ""), whole);
    mem_free(whole.data);
    open_store(f);
}

/* A changed byte in a text is none of ours to see; what is opened is whole for SQLite, and nothing crashes.
 */
static void flipped_bytes_are_refused_or_harmless(void **state)
{
    struct fixture *f = *state;
    put_rows(f, 0, 20);
    close_store(f);
    struct bytes whole = read_all(path(f, ""));
    refusals = 0;
    uint32_t random = 12345;
    for (int at = 0; at < FLIPS; at++) {
        struct bytes damaged = {.data = mem_alloc(whole.len), .len = whole.len};
        memcpy(damaged.data, whole.data, whole.len);
        random = random * 1664525U + 1013904223U;
        const size_t place = at < 100 ? (size_t)at : (random >> 4) % whole.len;
        damaged.data[place] = (char)(damaged.data[place] ^ (1 << (random >> 29)));
        try_it(f, damaged);
        mem_free(damaged.data);
    }
    print_message("%d of %d flipped bits refused\n", refusals, FLIPS);
    assert_in_range(refusals, 40, FLIPS);
    write_all(path(f, ""), whole);
    mem_free(whole.data);
    open_store(f);
}

/* ---- the journal: as a killed daemon leaves it */

static const char *const FILES[] = {"", "-wal", "-shm", ".lock", ".reserve", ".audit-key"};
#define FILE_COUNT (sizeof(FILES) / sizeof(FILES[0]))

struct left {
    struct bytes files[FILE_COUNT];
};

static struct left take(struct fixture *f)
{
    struct left left;
    for (size_t at = 0; at < FILE_COUNT; at++) {
        left.files[at] = read_all(path(f, FILES[at]));
    }
    return left;
}

static void lay(struct fixture *f, const struct left *left)
{
    for (size_t at = 0; at < FILE_COUNT; at++) {
        if (left->files[at].data != NULL) {
            write_all(path(f, FILES[at]), left->files[at]);
        } else {
            unlink(path(f, FILES[at]));
        }
    }
}

static void drop(struct left *left)
{
    for (size_t at = 0; at < FILE_COUNT; at++) {
        mem_free(left->files[at].data);
    }
}

static struct left kill_with_journal(struct fixture *f)
{
    put_rows(f, 0, 10);
    close_store(f);
    open_store(f);
    put_rows(f, 10, 20);
    struct left left = take(f);
    close_store(f);
    lay(f, &left);
    assert_true(left.files[1].len > 10 * PAGE);
    return left;
}

static void must_refuse_left(struct fixture *f, const struct left *left, const char *words)
{
    struct err err = {0};
    lay(f, left);
    f->store = try_open(f, WORLD, &err);
    assert_null(f->store);
    if (strstr(err.text, words) == NULL || strstr(err.text, path(f, "")) == NULL) {
        fail_msg("it says: %s", err.text);
    }
    must_be(path(f, ""), left->files[0]);
    if (left->files[1].data != NULL) {
        must_be(path(f, "-wal"), left->files[1]);
    }
}

static void a_whole_journal_is_taken(void **state)
{
    struct fixture *f = *state;
    struct left left = kill_with_journal(f);
    open_store(f);
    assert_int_equal(load_now(f).operation_count, 20);
    drop(&left);
}

static void a_flipped_bit_of_a_journal_is_refused(void **state)
{
    struct fixture *f = *state;
    struct left left = kill_with_journal(f);
    for (size_t at = 0; at < left.files[1].len; at += at < 64 ? 5 : 1531) {
        left.files[1].data[at] = (char)(left.files[1].data[at] ^ 0x10);
        must_refuse_left(f, &left, "-wal is damaged");
        left.files[1].data[at] = (char)(left.files[1].data[at] ^ 0x10);
    }
    lay(f, &left);
    open_store(f);
    assert_int_equal(load_now(f).operation_count, 20);
    drop(&left);
}

static void a_cut_journal_is_refused(void **state)
{
    struct fixture *f = *state;
    struct left left = kill_with_journal(f);
    const size_t len = left.files[1].len;
    for (size_t cut = 1; cut < len - 32; cut += 2 * PAGE + 48 + 7) {
        left.files[1].len = len - cut;
        must_refuse_left(f, &left, "-wal is damaged");
    }
    left.files[1].len = 0;
    must_refuse_left(f, &left, "is gone, and the last steps with it");
    mem_free(left.files[1].data);
    left.files[1].data = NULL;
    must_refuse_left(f, &left, "is gone, and the last steps with it");
    for (size_t at = 0; at < FILE_COUNT; at++) {
        unlink(path(f, FILES[at]));
    }
    drop(&left);
    open_store(f);
}

static char said[ERR_TEXT_MAX];

static void on_change(void *user, enum store_state state, const char *says)
{
    (void)user;
    assert_int_equal(state, STORE_OK);
    TEXT_COPY(said, says);
}

/* Then what a power cut leaves cannot be told from damage: it goes on, and says so. */
static void after_a_restart_of_the_machine_the_rest_is_taken(void **state)
{
    struct fixture *f = *state;
    struct left left = kill_with_journal(f);
    mem_free(left.files[3].data);
    left.files[3] = (struct bytes){.data = mem_text("77\nanother-start\n"), .len = 17};
    left.files[1].data[left.files[1].len - 100] ^= 1;
    lay(f, &left);
    char file[200];
    TEXT_COPY(file, path(f, ""));
    const struct store_sqlite_options options = {.path = file, .world = WORLD, .on_change = on_change};
    struct err err = {0};
    said[0] = '\0';
    f->store = store_sqlite_open(f->loop, &options, &err);
    assert_non_null(f->store);
    assert_int_equal(load_now(f).operation_count, 19);
    assert_non_null(strstr(said, "breaks off after"));
    drop(&left);
}

static void the_journal_of_another_store_is_refused(void **state)
{
    struct fixture *f = *state;
    struct left left = kill_with_journal(f);
    for (size_t at = 0; at < FILE_COUNT; at++) {
        unlink(path(f, FILES[at]));
    }
    open_store(f); /* another one */
    put_rows(f, 50, 60);
    close_store(f);
    struct bytes other = read_all(path(f, ""));
    mem_free(left.files[0].data);
    left.files[0] = other;
    must_refuse_left(f, &left, "-wal is not of this store");
    left.files[2].len = 0; /* nor without the index */
    must_refuse_left(f, &left, "-wal is not of this store");
    for (size_t at = 0; at < FILE_COUNT; at++) {
        unlink(path(f, FILES[at]));
    }
    drop(&left);
    open_store(f);
}

static void a_backup_under_a_newer_journal_is_refused(void **state)
{
    struct fixture *f = *state;
    put_rows(f, 30, 40);
    close_store(f);
    struct bytes backup = read_all(path(f, ""));
    open_store(f);
    close_store(f);
    open_store(f);
    struct left left = kill_with_journal(f);
    mem_free(left.files[0].data);
    left.files[0] = backup;
    must_refuse_left(f, &left, "-wal is not of this store");
    unlink(path(f, "-wal")); /* as the sentence says */
    unlink(path(f, "-shm"));
    open_store(f);
    assert_int_equal(load_now(f).operation_count, 10);
    drop(&left);
}

static void an_older_journal_of_another_kind_is_refused(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    write_all(path(f, "-journal"), (struct bytes){.data = (char[]){"anything"}, .len = 8});
    struct bytes before = read_all(path(f, ""));
    struct err err = {0};
    assert_null(try_open(f, WORLD, &err));
    assert_non_null(strstr(err.text, "-journal was written by another program: move it away"));
    must_be(path(f, ""), before);
    mem_free(before.data);
    unlink(path(f, "-journal"));
    open_store(f);
}

/* Refused stores keep their journals, too: it is not written back when they are closed again. */
static void a_refused_store_keeps_its_journal(void **state)
{
    struct fixture *f = *state;
    struct left left = kill_with_journal(f);
    struct err err = {0};
    assert_null(try_open(f, "rehearsal", &err));
    must_be(path(f, ""), left.files[0]);
    must_be(path(f, "-wal"), left.files[1]);
    drop(&left);
    open_store(f);
    assert_int_equal(load_now(f).operation_count, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BEHAVES(a_zeroed_page_is_refused),
        BEHAVES(a_cut_file_is_refused),
        BEHAVES(flipped_bytes_are_refused_or_harmless),
        BEHAVES(a_whole_journal_is_taken),
        BEHAVES(a_flipped_bit_of_a_journal_is_refused),
        BEHAVES(a_cut_journal_is_refused),
        BEHAVES(after_a_restart_of_the_machine_the_rest_is_taken),
        BEHAVES(the_journal_of_another_store_is_refused),
        BEHAVES(a_backup_under_a_newer_journal_is_refused),
        BEHAVES(an_older_journal_of_another_kind_is_refused),
        BEHAVES(a_refused_store_keeps_its_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
