#ifndef STORE_PLACE_H
#define STORE_PLACE_H
/* Where a store on disk lives: its directory, its file, and the lock that keeps a second daemon away. */
#include <stdbool.h>

#include "base/err.h"

#define PLACE_PATH 1024

struct place {
    char path[PLACE_PATH];
    char folder[PLACE_PATH];
    int lock_fd; /* -1 = not locked */
};

/* Makes or checks the directory and takes the lock. On false nothing is held. */
bool place_enter(struct place *p, const char *path, struct err *err);
/* Lets go of the lock. Accepts a place that was never entered. */
void place_leave(struct place *p);

/* Is there a file already? Refuses one that others may read, that is no regular file, or whose journal was
 * left alone. */
bool place_look(const struct place *p, bool *ret_exists, struct err *err);
/* Makes an empty file beside the place, only for us to read; a left-over of an earlier try is removed. */
bool place_begin_file(const struct place *p, char ret_path[PLACE_PATH], struct err *err);
/* Puts the finished file in its place, durably. */
bool place_end_file(const struct place *p, const char *path, struct err *err);

/* "NFS", … when the file system with this statfs f_type is no local disk; NULL when it is. */
const char *place_network_name(unsigned long type);

#endif
