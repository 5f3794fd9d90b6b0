#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H
/* A look at the records of a store on disk from outside, while a daemon may use it: read only, as they were
 * at one moment. Blocking: for the command line. */
#include "store/store.h"

struct store_verified {
    bool whole;
    char broken[STORE_BROKEN]; /* !whole: a sentence that names the first record that does not fit */
    int64_t count;
    struct store_head head;
    size_t altered; /* operations whose row was changed by somebody else */
    char altered_id[STORE_ID];
};
/* seen: a head to compare with, sequence 0 = none. False with err: it cannot be read. */
bool store_verify(const char *path, const struct store_head *seen, struct store_verified *ret,
                  struct err *err);

#endif
