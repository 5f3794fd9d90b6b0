/* Where a store may live, and which files it refuses to open: each with its sentence. */
#include "store_disk.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "bot/store/place.h"

/* Opening must fail with exactly this sentence; "@" stands for the path of the store. */
static void must_refuse(struct fixture *f, const char *world, enum err_code code, const char *sentence)
{
    struct err err = {0};
    assert_null(try_open(f, world, &err));
    char expected[ERR_TEXT_MAX] = "";
    for (const char *c = sentence; *c != '\0'; c++) {
        const size_t len = strlen(expected);
        if (*c == '@') {
            text_copy(expected + len, sizeof(expected) - len, path(f, ""));
        } else {
            text_copy_n(expected + len, sizeof(expected) - len, c, 1);
        }
    }
    assert_string_equal(err.text, expected);
    assert_int_equal(err.code, code);
}

/* ---- rights and places */

static unsigned mode_of(const char *name)
{
    struct stat st;
    assert_int_equal(stat(name, &st), 0);
    return st.st_mode & 0777;
}

static void only_the_owner_may_read(void **state)
{
    struct fixture *f = *state;
    const mode_t before = umask(0);
    close_store(f);
    char folder[80];
    TEXT_FORMAT(folder, "%s/store", f->folder);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    open_store(f);
    must_commit(f, store_txn_create());
    umask(before);
    assert_int_equal(mode_of(folder), 0700);
    assert_int_equal(mode_of(path(f, "")), 0600);
    assert_int_equal(mode_of(path(f, "-wal")), 0600);
    assert_int_equal(mode_of(path(f, ".lock")), 0600);
}

static void rights_of_others_are_refused(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    char folder[80], sentence[300];
    TEXT_FORMAT(folder, "%s/store", f->folder);
    assert_int_equal(chmod(path(f, ""), 0640), 0);
    must_refuse(f, WORLD, ERR_CONFIG, "The store @ is open to others: run chmod 600 @.");
    assert_int_equal(chmod(path(f, ""), 0600), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    TEXT_FORMAT(sentence, "The directory %s of the store is open to others: run chmod 700 %s.", folder,
                folder);
    must_refuse(f, WORLD, ERR_CONFIG, sentence);
    assert_int_equal(chmod(folder, 0700), 0);
    open_store(f);
}

static void a_second_daemon_is_told_who_holds_it(void **state)
{
    struct fixture *f = *state;
    char sentence[200];
    TEXT_FORMAT(
        sentence,
        "The store @ is in use by process %ld: one store, one daemon; stop it, or choose another path.",
        (long)getpid());
    must_refuse(f, WORLD, ERR_CONFIG, sentence);
    assert_int_equal(load_now(f).operation_count, 0); /* the first one goes on */
}

static void network_file_systems_have_names(void **state)
{
    (void)state;
    assert_string_equal(place_network_name(0x6969), "NFS");
    assert_string_equal(place_network_name(0xFF534D42UL), "CIFS");
    assert_string_equal(place_network_name(0x01021997), "9p");
    assert_string_equal(place_network_name(0x65735546), "FUSE");
    assert_null(place_network_name(0xEF53));     /* ext4 */
    assert_null(place_network_name(0x01021994)); /* tmpfs */
}

/* A child without the rights of root, whose directory may not be written. */
static int open_in_read_only_directory(struct fixture *f)
{
    char folder[80], sentence[300];
    TEXT_FORMAT(folder, "%s/store", f->folder);
    struct err err = {0};
    TEXT_FORMAT(sentence,
                "The lock %s cannot be opened: Permission denied; it must belong to the account that runs "
                "this program.",
                path(f, ".lock"));
    if (chmod(folder, 0500) != 0 || (getuid() == 0 && setuid(65534) != 0)) {
        return 2;
    }
    const bool told =
        try_open(f, WORLD, &err) == NULL && err.code == ERR_IO && text_equal(err.text, sentence);
    if (!told) {
        fprintf(stderr, "%s\n%s\n", err.text, sentence);
    }
    return told ? 0 : 1;
}

static void read_only_directory_is_told(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    char folder[80];
    TEXT_FORMAT(folder, "%s/store", f->folder);
    assert_int_equal(unlink(path(f, ".lock")), 0);
    if (getuid() == 0) {
        assert_int_equal(chown(f->folder, 65534, 65534), 0);
        assert_int_equal(chown(folder, 65534, 65534), 0);
    }
    const pid_t child = fork();
    if (child == 0) {
        _exit(open_in_read_only_directory(f));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(chmod(folder, 0700), 0);
}

static void missing_parent_is_told(void **state)
{
    struct fixture *f = *state;
    char file[200], sentence[300];
    TEXT_FORMAT(file, "%s/none/store/state.db", f->folder);
    TEXT_FORMAT(sentence,
                "The store's directory %s/none/store cannot be made: No such file or directory; make the "
                "directory above it, or choose another path.",
                f->folder);
    const struct store_sqlite_options options = {.path = file, .world = WORLD};
    struct err err = {0};
    assert_null(store_sqlite_open(f->loop, &options, &err));
    assert_string_equal(err.text, sentence);
}

/* ---- files that are not ours to open */

static void another_world_is_refused(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    must_refuse(f, "rehearsal", ERR_CONFIG,
                "@: The store belongs to another world (\"aws\", not \"rehearsal\"): choose another path.");
    open_store(f);
}

static void newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    const int epoch = ask(f, "SELECT epoch FROM meta");
    run_sql(f, "PRAGMA user_version = 7");
    must_refuse(f, WORLD, ERR_CONFIG,
                "@: The store was written by a newer cloudtak-bot (schema 7, this one knows 3): start that "
                "version, or choose another path.");
    assert_int_equal(ask(f, "SELECT epoch FROM meta"), epoch); /* it was not touched */
}

static void another_programs_file_is_refused(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    assert_int_equal(unlink(path(f, "")), 0);
    run_sql(f, "CREATE TABLE song (title TEXT); PRAGMA user_version = 1");
    assert_int_equal(chmod(path(f, ""), 0600), 0);
    must_refuse(f, WORLD, ERR_CONFIG, "@: The store is a database of another program: choose another path.");
    assert_int_equal(ask(f, "SELECT count(*) FROM sqlite_master"), 1);
}

static void overwrite(struct fixture *f, long at, const char *bytes, size_t len)
{
    const int fd = open(path(f, ""), O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, at), len);
    close(fd);
}

static void damaged_header_is_refused(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    overwrite(f, 0, "This is a text file, is it not?", 31);
    must_refuse(f, WORLD, ERR_IO,
                "@: The store is damaged (file is not a database): move the file away and restore it from a "
                "backup; it "
                "is not replaced by a new one, because running operations would be forgotten.");
    char first[5] = "";
    const int fd = open(path(f, ""), O_RDONLY);
    assert_int_equal(read(fd, first, 4), 4);
    close(fd);
    assert_string_equal(first, "This"); /* it was not replaced */
}

static void damaged_page_is_refused(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    char garbage[2048];
    memset(garbage, 0x5A, sizeof(garbage));
    overwrite(f, 3 * 4096, garbage, sizeof(garbage));
    must_refuse(f, WORLD, ERR_IO,
                "@: The store is damaged (database disk image is malformed): move the file away and restore "
                "it from a backup; it "
                "is not replaced by a new one, because running operations would be forgotten.");
}

static void empty_file_is_refused(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    assert_int_equal(truncate(path(f, ""), 0), 0);
    must_refuse(f, WORLD, ERR_CONFIG,
                "The store @ is empty, which this program never leaves behind: restore it from a backup, or "
                "remove it to begin with nothing.");
}

static void journal_without_its_file_is_refused(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    assert_int_equal(unlink(path(f, "")), 0);
    const int fd = open(path(f, "-wal"), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    must_refuse(
        f, WORLD, ERR_CONFIG,
        "The store @ is gone but its journal @-wal is there: restore the file from a backup, or move the "
        "journal away to begin with nothing.");
}

static void left_over_of_a_first_start_does_no_harm(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    assert_int_equal(unlink(path(f, "")), 0);
    assert_int_equal(unlink(path(f, ".reserve")), 0);
    const int fd = open(path(f, ".new"), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "half a file", 11), 11);
    close(fd);
    open_store(f);
    assert_int_equal(load_now(f).operation_count, 0);
    assert_int_equal(access(path(f, ".new"), F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BEHAVES(only_the_owner_may_read),
        BEHAVES(rights_of_others_are_refused),
        BEHAVES(a_second_daemon_is_told_who_holds_it),
        cmocka_unit_test(network_file_systems_have_names),
        BEHAVES(read_only_directory_is_told),
        BEHAVES(missing_parent_is_told),
        BEHAVES(another_world_is_refused),
        BEHAVES(newer_schema_is_refused),
        BEHAVES(another_programs_file_is_refused),
        BEHAVES(damaged_header_is_refused),
        BEHAVES(damaged_page_is_refused),
        BEHAVES(empty_file_is_refused),
        BEHAVES(journal_without_its_file_is_refused),
        BEHAVES(left_over_of_a_first_start_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
