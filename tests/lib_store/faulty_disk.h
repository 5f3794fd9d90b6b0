#ifndef TESTS_FAULTY_DISK_H
#define TESTS_FAULTY_DISK_H
/* A disk under SQLite that fails when told to: a VFS in front of the real one, the default from
 * faulty_disk_install on. It counts what changes the disk (creating, writing, syncing, cutting and removing a
 * file, making its index longer), and lets number `fail_at` fail. */
#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum faulty_kind { FAULTY_FULL, FAULTY_BROKEN, FAULTY_READ_ONLY };

static struct {
    sqlite3_vfs vfs, *real;
    enum faulty_kind kind;
    unsigned seen;          /* changes so far */
    unsigned fail_at;       /* this one fails, from 1; 0 = none */
    unsigned stays;         /* … and so do this many behind it */
    const char *full_while; /* writes fail while this file is there: its room is all there is */
    unsigned failures;      /* so many did */
    bool sync_failed;       /* one of them was a sync */
} faulty_disk;

struct faulty_file {
    sqlite3_file base;  /* first */
    sqlite3_file *real; /* behind this struct */
};

/* Counts one change; its result code when it fails, else 0. */
static inline int faulty_change(int when_broken, bool is_write)
{
    const unsigned at = ++faulty_disk.seen;
    const bool chosen = faulty_disk.fail_at != 0 && at >= faulty_disk.fail_at &&
                        at <= faulty_disk.fail_at + faulty_disk.stays;
    const bool full = is_write && faulty_disk.full_while != NULL && access(faulty_disk.full_while, F_OK) == 0;
    if (!chosen && !full) {
        return SQLITE_OK;
    }
    faulty_disk.failures++;
    faulty_disk.sync_failed = faulty_disk.sync_failed || when_broken == SQLITE_IOERR_FSYNC;
    switch (faulty_disk.kind) {
    case FAULTY_FULL: errno = ENOSPC; return is_write ? SQLITE_FULL : when_broken;
    case FAULTY_READ_ONLY: errno = EROFS; break;
    case FAULTY_BROKEN: errno = EIO; break;
    }
    return when_broken;
}

#define FAULTY_REAL(file) (((struct faulty_file *)(void *)(file))->real)

static inline int faulty_close(sqlite3_file *f)
{
    return FAULTY_REAL(f)->pMethods->xClose(FAULTY_REAL(f));
}
static inline int faulty_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
    return FAULTY_REAL(f)->pMethods->xRead(FAULTY_REAL(f), to, len, at);
}
static inline int faulty_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
    const int rc = faulty_change(SQLITE_IOERR_WRITE, true);
    return rc != SQLITE_OK ? rc : FAULTY_REAL(f)->pMethods->xWrite(FAULTY_REAL(f), from, len, at);
}
static inline int faulty_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    const int rc = faulty_change(SQLITE_IOERR_TRUNCATE, false);
    return rc != SQLITE_OK ? rc : FAULTY_REAL(f)->pMethods->xTruncate(FAULTY_REAL(f), size);
}
/* Not really synced: the machine does not fail here, and it takes long. */
static inline int faulty_sync(sqlite3_file *f, int flags)
{
    (void)f;
    (void)flags;
    return faulty_change(SQLITE_IOERR_FSYNC, false);
}
static inline int faulty_file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return FAULTY_REAL(f)->pMethods->xFileSize(FAULTY_REAL(f), size);
}
static inline int faulty_lock(sqlite3_file *f, int level)
{
    return FAULTY_REAL(f)->pMethods->xLock(FAULTY_REAL(f), level);
}
static inline int faulty_unlock(sqlite3_file *f, int level)
{
    return FAULTY_REAL(f)->pMethods->xUnlock(FAULTY_REAL(f), level);
}
static inline int faulty_reserved(sqlite3_file *f, int *ret)
{
    return FAULTY_REAL(f)->pMethods->xCheckReservedLock(FAULTY_REAL(f), ret);
}
static inline int faulty_control(sqlite3_file *f, int op, void *arg)
{
    return FAULTY_REAL(f)->pMethods->xFileControl(FAULTY_REAL(f), op, arg);
}
static inline int faulty_sector(sqlite3_file *f)
{
    return FAULTY_REAL(f)->pMethods->xSectorSize(FAULTY_REAL(f));
}
static inline int faulty_traits(sqlite3_file *f)
{
    return FAULTY_REAL(f)->pMethods->xDeviceCharacteristics(FAULTY_REAL(f));
}
static inline int faulty_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
    const int rc = extend ? faulty_change(SQLITE_IOERR_SHMSIZE, false) : SQLITE_OK;
    return rc != SQLITE_OK ? rc : FAULTY_REAL(f)->pMethods->xShmMap(FAULTY_REAL(f), page, size, extend, ret);
}
static inline int faulty_shm_lock(sqlite3_file *f, int at, int count, int flags)
{
    return FAULTY_REAL(f)->pMethods->xShmLock(FAULTY_REAL(f), at, count, flags);
}
static inline void faulty_barrier(sqlite3_file *f)
{
    FAULTY_REAL(f)->pMethods->xShmBarrier(FAULTY_REAL(f));
}
static inline int faulty_unmap(sqlite3_file *f, int delete_it)
{
    return FAULTY_REAL(f)->pMethods->xShmUnmap(FAULTY_REAL(f), delete_it);
}

static inline int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
    static const sqlite3_io_methods methods = {.iVersion = 2,
                                               .xClose = faulty_close,
                                               .xRead = faulty_read,
                                               .xWrite = faulty_write,
                                               .xTruncate = faulty_truncate,
                                               .xSync = faulty_sync,
                                               .xFileSize = faulty_file_size,
                                               .xLock = faulty_lock,
                                               .xUnlock = faulty_unlock,
                                               .xCheckReservedLock = faulty_reserved,
                                               .xFileControl = faulty_control,
                                               .xSectorSize = faulty_sector,
                                               .xDeviceCharacteristics = faulty_traits,
                                               .xShmMap = faulty_map,
                                               .xShmLock = faulty_shm_lock,
                                               .xShmBarrier = faulty_barrier,
                                               .xShmUnmap = faulty_unmap};
    struct faulty_file *file = (struct faulty_file *)(void *)f;
    (void)vfs;
    *file = (struct faulty_file){.real = (sqlite3_file *)(void *)(file + 1)};
    int rc = (flags & SQLITE_OPEN_CREATE) != 0 ? faulty_change(SQLITE_CANTOPEN, false) : SQLITE_OK;
    if (rc == SQLITE_OK) {
        rc = faulty_disk.real->xOpen(faulty_disk.real, name, file->real, flags, ret_flags);
    }
    file->base.pMethods = rc == SQLITE_OK ? &methods : NULL;
    return rc;
}

static inline int faulty_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    const int rc = faulty_change(SQLITE_IOERR_DELETE, false);
    return rc != SQLITE_OK ? rc : faulty_disk.real->xDelete(faulty_disk.real, name, sync_folder);
}

static inline void faulty_disk_install(void)
{
    faulty_disk.real = sqlite3_vfs_find(NULL);
    faulty_disk.vfs = *faulty_disk.real;
    faulty_disk.vfs.zName = "faulty";
    faulty_disk.vfs.szOsFile = (int)sizeof(struct faulty_file) + faulty_disk.real->szOsFile;
    faulty_disk.vfs.xOpen = faulty_open;
    faulty_disk.vfs.xDelete = faulty_delete;
    if (sqlite3_vfs_register(&faulty_disk.vfs, 1) != SQLITE_OK) {
        abort();
    }
}

static inline void faulty_disk_begin(enum faulty_kind kind, unsigned fail_at)
{
    faulty_disk.kind = kind;
    faulty_disk.seen = faulty_disk.failures = 0;
    faulty_disk.fail_at = fail_at;
    faulty_disk.stays = 0;
    faulty_disk.full_while = NULL;
    faulty_disk.sync_failed = false;
}

#endif
