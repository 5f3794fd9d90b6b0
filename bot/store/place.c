#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/text.h"

#define OTHERS 077 /* rights of group and others */

/* ---- directory */

const char *place_network_name(unsigned long type)
{
    static const struct {
        unsigned long type;
        const char *name;
    } NETWORK[] = {
        {0x6969, "NFS"},      {0xFF534D42, "CIFS"},   {0xFE534D42, "SMB"},  {0x517B, "SMB"},
        {0x01021997, "9p"},   {0x65735546, "FUSE"},   {0x00C36400, "Ceph"}, {0x5346414F, "AFS"},
        {0x6B414653, "AFS"},  {0x0BD00BD0, "Lustre"}, {0x01161970, "GFS2"}, {0x7461636F, "OCFS2"},
        {0x73757245, "Coda"}, {0x47504653, "GPFS"},
    };
    for (size_t at = 0; at < sizeof(NETWORK) / sizeof(NETWORK[0]); at++) {
        if (NETWORK[at].type == type) {
            return NETWORK[at].name;
        }
    }
    return NULL;
}

static bool split(struct place *p, const char *path, struct err *err)
{
    if (!TEXT_COPY(p->path, path) || p->path[0] == '\0') {
        return err_set(err, ERR_CONFIG, "The path of the store is empty or too long.");
    }
    TEXT_COPY(p->folder, path);
    char *slash = strrchr(p->folder, '/');
    if (slash == NULL) {
        TEXT_COPY(p->folder, ".");
    } else if (slash == p->folder) {
        slash[1] = '\0';
    } else {
        *slash = '\0';
    }
    return true;
}

static bool check_folder(const struct place *p, struct err *err)
{
    struct stat st;
    if (stat(p->folder, &st) != 0) {
        return err_set(err, ERR_IO, "The directory %s of the store cannot be read: %s.", p->folder,
                       strerrordesc_np(errno));
    }
    if (!S_ISDIR(st.st_mode)) {
        return err_set(err, ERR_CONFIG, "The store's directory %s is no directory.", p->folder);
    }
    if ((st.st_mode & OTHERS) != 0) {
        return err_set(err, ERR_CONFIG, "The directory %s of the store is open to others: run chmod 700 %s.",
                       p->folder, p->folder);
    }
    struct statfs fs;
    if (statfs(p->folder, &fs) != 0) {
        return err_set(err, ERR_IO, "The file system of %s cannot be read: %s.", p->folder,
                       strerrordesc_np(errno));
    }
    const char *network = place_network_name((unsigned long)fs.f_type & 0xFFFFFFFFUL);
    if (network != NULL) {
        return err_set(err, ERR_CONFIG,
                       "The store's directory %s is on %s: locks do not hold there; choose a local disk.",
                       p->folder, network);
    }
    return true;
}

static bool make_folder(const struct place *p, struct err *err)
{
    if (mkdir(p->folder, 0700) != 0 && errno != EEXIST) {
        return err_set(err, ERR_IO, "The directory %s of the store cannot be made: %s.", p->folder,
                       strerrordesc_np(errno));
    }
    return true;
}

/* ---- lock */

static bool held_by_another(const struct place *p, struct err *err)
{
    char pid[24] = "";
    const ssize_t len = pread(p->lock_fd, pid, sizeof(pid) - 1, 0);
    pid[len > 0 ? len : 0] = '\0';
    const long number = strtol(pid, NULL, 10);
    if (number > 0) {
        return err_set(err, ERR_CONFIG, "The store %s is in use by process %ld: one store, one daemon.",
                       p->path, number);
    }
    return err_set(err, ERR_CONFIG, "The store %s is in use by another process: one store, one daemon.",
                   p->path);
}

static bool write_pid(int fd)
{
    char line[24];
    TEXT_FORMAT(line, "%ld\n", (long)getpid());
    return ftruncate(fd, 0) == 0 && pwrite(fd, line, strlen(line), 0) == (ssize_t)strlen(line);
}

static bool lock(struct place *p, struct err *err)
{
    char path[PLACE_PATH + 8];
    TEXT_FORMAT(path, "%s.lock", p->path);
    p->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (p->lock_fd < 0) {
        return err_set(err, ERR_IO, "The lock %s cannot be opened: %s.", path, strerrordesc_np(errno));
    }
    if (flock(p->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return held_by_another(p, err);
        }
        return err_set(err, ERR_IO, "The lock %s cannot be taken: %s.", path, strerrordesc_np(errno));
    }
    if (!write_pid(p->lock_fd)) {
        return err_set(err, ERR_IO, "The lock %s cannot be written: %s.", path, strerrordesc_np(errno));
    }
    return true;
}

bool place_enter(struct place *p, const char *path, struct err *err)
{
    *p = (struct place){.lock_fd = -1};
    if (split(p, path, err) && make_folder(p, err) && check_folder(p, err) && lock(p, err)) {
        return true;
    }
    place_leave(p);
    return false;
}

void place_leave(struct place *p)
{
    if (p->path[0] != '\0' && p->lock_fd >= 0) {
        close(p->lock_fd); /* the file stays: removing it would let two daemons lock two files */
    }
    *p = (struct place){.lock_fd = -1};
}

/* ---- file */

static bool journal_without_file(const struct place *p)
{
    char path[PLACE_PATH + 8];
    TEXT_FORMAT(path, "%s-wal", p->path);
    struct stat st;
    return lstat(path, &st) == 0 && st.st_size > 0;
}

bool place_look(const struct place *p, bool *ret_exists, struct err *err)
{
    struct stat st;
    if (lstat(p->path, &st) != 0) {
        if (errno != ENOENT) {
            return err_set(err, ERR_IO, "The store %s cannot be read: %s.", p->path, strerrordesc_np(errno));
        }
        if (journal_without_file(p)) {
            return err_set(
                err, ERR_CONFIG,
                "The store %s is gone but its journal %s-wal is there: restore the file from a backup, "
                "or move the journal away to begin with nothing.",
                p->path, p->path);
        }
        *ret_exists = false;
        return true;
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(err, ERR_CONFIG, "The store %s is no regular file.", p->path);
    }
    if ((st.st_mode & OTHERS) != 0) {
        return err_set(err, ERR_CONFIG, "The store %s is open to others: run chmod 600 %s.", p->path,
                       p->path);
    }
    if (st.st_size == 0) {
        return err_set(
            err, ERR_CONFIG,
            "The store %s is empty, which this program never leaves behind: restore it from a backup, "
            "or remove it to begin with nothing.",
            p->path);
    }
    *ret_exists = true;
    return true;
}

bool place_begin_file(const struct place *p, char ret_path[PLACE_PATH], struct err *err)
{
    if (!text_format(ret_path, PLACE_PATH, "%s.new", p->path)) {
        return err_set(err, ERR_CONFIG, "The path of the store is too long.");
    }
    const int fd = unlink(ret_path) == 0 || errno == ENOENT
                       ? open(ret_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)
                       : -1;
    if (fd < 0) {
        return err_set(err, ERR_IO, "The store %s cannot be made: %s.", p->path, strerrordesc_np(errno));
    }
    close(fd);
    return true;
}

static bool sync_folder(const char *folder)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool done = fsync(fd) == 0;
    close(fd);
    return done;
}

bool place_end_file(const struct place *p, const char *path, struct err *err)
{
    if (rename(path, p->path) != 0 || !sync_folder(p->folder)) {
        return err_set(err, ERR_IO, "The store %s cannot be made: %s.", p->path, strerrordesc_np(errno));
    }
    return true;
}
