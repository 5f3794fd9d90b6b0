#ifndef STORE_SQLITE_ERROR_H
#define STORE_SQLITE_ERROR_H
/* What SQLite's result codes mean for people, and what to do. rc is an extended result code. */
#include <stdbool.h>

struct err;
struct sqlite3;

/* Fills err and returns false. Right after the call that gave rc: of some failures SQLite leaves the system's
 * number in errno only. db is NULL when it could not be opened. */
bool sqlite_error(struct sqlite3 *db, int rc, struct err *err);
/* No room on the disk, or a limit of the account or of the process. Right after the call, too. */
bool sqlite_error_is_full(struct sqlite3 *db, int rc);
/* After a failed fsync nobody knows what is on disk: nothing may be written until the next start. */
bool sqlite_error_is_final(int rc);
/* Runs statements without parameters; false with err. */
bool sqlite_error_run(struct sqlite3 *db, const char *sql, struct err *err);

#endif
