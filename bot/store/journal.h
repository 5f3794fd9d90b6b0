#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H
/* The journal that a killed daemon leaves ("-wal", and "-shm", its index), judged before SQLite reads it:
 * SQLite goes on silently with what it can read of it. */
#include <stdbool.h>

struct err;
struct place;

/* Is it whole, as far as one can see? A journal of which the end is missing is refused; after a restart of
 * the machine, when that may be a power cut, it is taken and said so in ret_says ("" else). ret_waits: it has
 * steps that are not in the file. */
bool journal_check(const struct place *p, bool *ret_waits, struct err *ret_says, struct err *err);

#endif
