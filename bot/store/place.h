#ifndef STORE_PLACE_H
#define STORE_PLACE_H
/* Where a store on disk lives: its directory, its file, and the lock that keeps a second daemon away. */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define PLACE_PATH 1024
#define PLACE_NAME (PLACE_PATH + 16) /* of a file beside it */
#define PLACE_BOOT 40

struct place {
    char path[PLACE_PATH];
    char folder[PLACE_PATH];
    int lock_fd;    /* -1 = not locked */
    bool same_boot; /* the last daemon here ran since the machine was started: there was no power cut */
    struct place_file {
        uint64_t device, number;
    } file, journal; /* as they were when place_mark was called */
};

/* Makes or checks the directory and takes the lock. On false nothing is held. */
bool place_enter(struct place *p, const char *path, struct err *err);
/* Lets go of the lock. Accepts a place that was never entered. */
void place_leave(struct place *p);

/* Is there a file already? Refuses one that others may read, that is no regular file, or what a lost one
 * left: its journal or its reserve. */
bool place_look(const struct place *p, bool *ret_exists, struct err *err);
/* Makes an empty file beside the place, only for us to read; a left-over of an earlier try is removed. */
bool place_begin_file(const struct place *p, char ret_path[PLACE_PATH], struct err *err);
/* Remembers which files lie there; place_stands: do they still? False with err: what is written goes nowhere.
 */
void place_mark(struct place *p);
bool place_stands(const struct place *p, struct err *err);
/* Puts the finished file in its place, durably. */
bool place_end_file(const struct place *p, const char *path, struct err *err);

/* Names in it are durable. False with errno. */
bool place_sync_folder(const char *folder);

/* "NFS", … when the file system with this statfs f_type is no local disk; NULL when it is. */
const char *place_network_name(unsigned long type);

#endif
