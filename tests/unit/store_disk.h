#ifndef TESTS_STORE_DISK_H
#define TESTS_STORE_DISK_H
/* A store on disk in a folder of its own for each test. */
#include "store_fixture.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORLD "aws"

static char path_text[200];

static inline const char *path(const struct fixture *f, const char *suffix)
{
    TEXT_FORMAT(path_text, "%s/store/state.db%s", f->folder, suffix);
    return path_text;
}

static inline struct store *try_open(struct fixture *f, const char *world, struct err *err)
{
    char file[200];
    TEXT_COPY(file, path(f, ""));
    const struct store_sqlite_options options = {.path = file, .world = world};
    return store_sqlite_open(f->loop, &options, err);
}

static inline void open_store(struct fixture *f)
{
    struct err err = {0};
    f->store = try_open(f, WORLD, &err);
    if (f->store == NULL) {
        fail_msg("%s", err.text);
    }
}

static inline void on_closed(void *user)
{
    *(int *)user += 1;
}

static inline void close_store(struct fixture *f)
{
    int closed = 0; /* also when it could not be opened */
    store_sqlite_close(f->store, on_closed, &closed);
    f->store = NULL;
    loop_run(f->loop);
    assert_int_equal(closed, 1);
}

static inline int set_up(void **state)
{
    static struct fixture f;
    *state = &f;
    TEXT_COPY(f.folder, "/tmp/cloudtak-store-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    return setup_loop(&f);
}

static inline int remove_one(const char *name, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(name);
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    const int left = teardown_loop(f);
    nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return left;
}

static inline void run_sql(struct fixture *f, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path(f, ""), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 1000);
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        fail_msg("%s", why);
    }
    sqlite3_close(db);
}

static inline int ask(struct fixture *f, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open(path(f, ""), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    const int number = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return number;
}

#endif
