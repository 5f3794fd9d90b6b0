#ifndef STORE_SQLITE_ERROR_H
#define STORE_SQLITE_ERROR_H
/* What SQLite's result codes mean for people, and what to do. */
#include <stdbool.h>

struct err;
struct sqlite3;

/* Fills err and returns false. rc is an extended result code of db (NULL when it could not be opened). */
bool sqlite_error(struct sqlite3 *db, int rc, struct err *err);
/* After a failed fsync nobody knows what is on disk: nothing may be written until the next start. */
bool sqlite_error_is_final(int rc);
/* Runs one statement without parameters; false with err. */
bool sqlite_error_run(struct sqlite3 *db, const char *sql, struct err *err);

#endif
