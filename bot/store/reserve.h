#ifndef STORE_RESERVE_H
#define STORE_RESERVE_H
/* Room on the disk that is kept for running operations: a file of real blocks beside the store. When the disk
 * is full it is given back to the file system, and the store writes into what it leaves. */
#include <stdbool.h>
#include <stdint.h>

#define RESERVE_BYTES ((int64_t)1024 * 1024)
/* Room that must be free beyond it before it is made: else the first step after it would find a full disk. */
#define RESERVE_SLACK ((int64_t)1024 * 1024)

/* Makes it, or finds that it is there. 0, or an errno: no room when reserve_no_room says so. */
int reserve_make(const char *store_path);
/* Gives its room back. */
void reserve_free(const char *store_path);
bool reserve_exists(const char *store_path);
/* Is this errno one of a full disk? */
bool reserve_no_room(int number);

#endif
