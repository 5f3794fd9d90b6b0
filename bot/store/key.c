#include "key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "place.h"
#include "reserve.h"

#define OTHERS 077 /* rights of group and others */

static void name_of(const char *store_path, const char *suffix, char to[PLACE_NAME])
{
    text_format(to, PLACE_NAME, "%s.audit-key%s", store_path, suffix);
}

/* ---- reading */

static bool check_rights(const char *name, const struct stat *st, struct err *err)
{
    if (!S_ISREG(st->st_mode)) {
        return err_set(err, ERR_CONFIG, "The key %s is no regular file: restore it from a backup.", name);
    }
    if ((st->st_mode & OTHERS) != 0) {
        return err_set(err, ERR_CONFIG,
                       "The key %s is open to others, who could have sealed false records: run chmod 600 %s, "
                       "and ask who could read it.",
                       name, name);
    }
    if (st->st_size != SEAL_KEY) {
        return err_set(err, ERR_CONFIG, "The key %s has %lld bytes, not %d: restore it from a backup.", name,
                       (long long)st->st_size, SEAL_KEY);
    }
    return true;
}

static bool read_open(int fd, const char *name, uint8_t ret[SEAL_KEY], struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && !check_rights(name, &st, err)) {
        return false;
    }
    errno = EIO; /* of a file that became shorter meanwhile */
    if (pread(fd, ret, SEAL_KEY, 0) != SEAL_KEY) {
        return err_set(err, ERR_IO, "The key %s cannot be read: %s; look at the disk.", name,
                       strerrordesc_np(errno));
    }
    return true;
}

bool key_read(const char *store_path, uint8_t ret[SEAL_KEY], struct err *err)
{
    char name[PLACE_NAME + 16];
    name_of(store_path, "", name);
    const int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        return err_set(err, ERR_CONFIG,
                       "The key %s of the store is gone: without it nobody can tell whether its records are "
                       "whole; restore it from a backup, or move the store away to begin with nothing.",
                       name);
    }
    if (fd < 0) {
        return err_set(
            err, ERR_CONFIG,
            "The key %s cannot be opened: %s; it must belong to the account that runs this program.", name,
            strerrordesc_np(errno));
    }
    const bool read = read_open(fd, name, ret, err);
    close(fd);
    return read;
}

/* ---- making */

static bool write_file(const char *name, const uint8_t key[SEAL_KEY])
{
    const int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    errno = ENOSPC; /* of a write that was cut short */
    bool done = write(fd, key, SEAL_KEY) == SEAL_KEY && fsync(fd) == 0;
    const int number = errno;
    done = close(fd) == 0 && done;
    errno = number;
    return done;
}

static bool cannot_make(const char *name, int number, struct err *err)
{
    return err_set(
        err, reserve_no_room(number) ? ERR_FULL : ERR_IO,
        "The key %s of the store cannot be made: %s; see the room and the rights of its directory.", name,
        strerrordesc_np(number));
}

/* Made beside its place and renamed when it is whole: a key is never half a key. */
bool key_make(const struct place *place, uint8_t ret[SEAL_KEY], struct err *err)
{
    char name[PLACE_NAME + 16], fresh[PLACE_NAME + 16];
    struct stat st;
    name_of(place->path, "", name);
    name_of(place->path, ".new", fresh);
    if (lstat(name, &st) == 0) {
        return key_read(place->path, ret, err);
    }
    crypto_random(ret, SEAL_KEY);
    if ((unlink(fresh) == 0 || errno == ENOENT) && write_file(fresh, ret) && rename(fresh, name) == 0) {
        return true;
    }
    const int number = errno;
    unlink(fresh);
    crypto_wipe(ret, SEAL_KEY);
    return cannot_make(name, number, err);
}

bool key_keep(const struct place *place, struct err *err)
{
    return place_sync_folder(place->folder) || cannot_make(place->folder, errno, err);
}
