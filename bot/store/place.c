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
#include "reserve.h"

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
        return err_set(err, ERR_CONFIG, "The path of the store is empty or too long: choose another one.");
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

/* What to do about an errno of the place. */
static const char *advice(int number)
{
    switch (number) {
    case EACCES:
    case EPERM: return "it must belong to the account that runs this program";
    case EROFS: return "mount it for writing, or choose another path";
    case ENOSPC:
    case EDQUOT: return "free space on its disk";
    case ENOENT: return "make the directory above it, or choose another path";
    case ENOTDIR:
    case ELOOP: return "choose another path";
    default: return "look at the disk";
    }
}

/* "The lock X cannot be opened: Read-only file system; mount it …" */
static bool tell(const char *what, const char *name, const char *cannot, int number, struct err *err)
{
    return err_set(err, reserve_no_room(number) ? ERR_FULL : ERR_IO, "The %s %s cannot be %s: %s; %s.", what,
                   name, cannot, strerrordesc_np(number), advice(number));
}

static bool check_folder(const struct place *p, struct err *err)
{
    struct stat st;
    if (stat(p->folder, &st) != 0) {
        return tell("store's directory", p->folder, "read", errno, err);
    }
    if (!S_ISDIR(st.st_mode)) {
        return err_set(err, ERR_CONFIG,
                       "The store's directory %s is no directory: move it away, or choose another path.",
                       p->folder);
    }
    if ((st.st_mode & OTHERS) != 0) {
        return err_set(err, ERR_CONFIG, "The directory %s of the store is open to others: run chmod 700 %s.",
                       p->folder, p->folder);
    }
    struct statfs fs;
    if (statfs(p->folder, &fs) != 0) {
        return tell("file system of", p->folder, "read", errno, err);
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
        return tell("store's directory", p->folder, "made", errno, err);
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
        return err_set(err, ERR_CONFIG,
                       "The store %s is in use by process %ld: one store, one daemon; stop it, or choose "
                       "another path.",
                       p->path, number);
    }
    return err_set(err, ERR_CONFIG,
                   "The store %s is in use by another process: one store, one daemon; stop it, or choose "
                   "another path.",
                   p->path);
}

/* A number that each start of the machine makes anew; "" when there is none. */
static void read_boot(char to[PLACE_BOOT])
{
    to[0] = '\0';
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    const ssize_t len = fd >= 0 ? read(fd, to, PLACE_BOOT - 1) : 0;
    if (fd >= 0) {
        close(fd);
    }
    to[len > 0 ? len : 0] = '\0';
    to[strcspn(to, "\n")] = '\0';
}

/* Two lines: the process that holds it, and the machine's start it lives in. */
static bool write_holder(struct place *p)
{
    char old[24 + PLACE_BOOT] = "", line[24 + PLACE_BOOT], boot[PLACE_BOOT];
    const ssize_t len = pread(p->lock_fd, old, sizeof(old) - 1, 0);
    old[len > 0 ? len : 0] = '\0';
    read_boot(boot);
    TEXT_FORMAT(line, "%ld\n%s\n", (long)getpid(), boot);
    p->same_boot = boot[0] != '\0' && strstr(old, boot) != NULL;
    return pwrite(p->lock_fd, line, strlen(line), 0) == (ssize_t)strlen(line) &&
           ftruncate(p->lock_fd, (off_t)strlen(line)) == 0;
}

static bool lock(struct place *p, struct err *err)
{
    char path[PLACE_NAME];
    TEXT_FORMAT(path, "%s.lock", p->path);
    p->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (p->lock_fd < 0) {
        return tell("lock", path, "opened", errno, err);
    }
    if (flock(p->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return held_by_another(p, err);
        }
        return tell("lock", path, "taken", errno, err);
    }
    if (!write_holder(p)) {
        return tell("lock", path, "written", errno, err);
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

static bool has_bytes(const struct place *p, const char *suffix)
{
    char name[PLACE_NAME];
    struct stat st;
    TEXT_FORMAT(name, "%s%s", p->path, suffix);
    return lstat(name, &st) == 0 && st.st_size > 0;
}

/* Nothing may be taken for a first start that is the rest of a store. */
static bool check_left_alone(const struct place *p, struct err *err)
{
    static const struct {
        const char *suffix, *name;
    } RESTS[] = {{"-wal", "journal"}, {"-journal", "journal"}, {".reserve", "reserve"}};
    for (size_t at = 0; at < sizeof(RESTS) / sizeof(RESTS[0]); at++) {
        if (has_bytes(p, RESTS[at].suffix)) {
            return err_set(
                err, ERR_CONFIG,
                "The store %s is gone but its %s %s%s is there: restore the file from a backup, or "
                "move the %s away to begin with nothing.",
                p->path, RESTS[at].name, p->path, RESTS[at].suffix, RESTS[at].name);
        }
    }
    return true;
}

static bool check_file(const struct place *p, const struct stat *st, struct err *err)
{
    if (!S_ISREG(st->st_mode)) {
        return err_set(err, ERR_CONFIG,
                       "The store %s is no regular file: move it away, or choose another path.", p->path);
    }
    if ((st->st_mode & OTHERS) != 0) {
        return err_set(err, ERR_CONFIG, "The store %s is open to others: run chmod 600 %s.", p->path,
                       p->path);
    }
    if (st->st_size == 0) {
        return err_set(
            err, ERR_CONFIG,
            "The store %s is empty, which this program never leaves behind: restore it from a backup, "
            "or remove it to begin with nothing.",
            p->path);
    }
    if (has_bytes(p, "-journal")) { /* ours is "-wal"; SQLite would play this one back into the file */
        return err_set(err, ERR_CONFIG,
                       "The journal %s-journal was written by another program: move it away, or restore both "
                       "files from a backup.",
                       p->path);
    }
    return true;
}

bool place_look(const struct place *p, bool *ret_exists, struct err *err)
{
    struct stat st;
    const bool exists = lstat(p->path, &st) == 0;
    if (!exists && errno != ENOENT) {
        return tell("store", p->path, "read", errno, err);
    }
    if (!(exists ? check_file(p, &st, err) : check_left_alone(p, err))) {
        return false;
    }
    *ret_exists = exists;
    return true;
}

static bool remove_rest(const char *path, const char *suffix)
{
    char name[PLACE_NAME];
    TEXT_FORMAT(name, "%s%s", path, suffix);
    return unlink(name) == 0 || errno == ENOENT;
}

bool place_begin_file(const struct place *p, char ret_path[PLACE_PATH], struct err *err)
{
    if (!text_format(ret_path, PLACE_PATH, "%s.new", p->path)) {
        return err_set(err, ERR_CONFIG, "The path of the store is too long: choose a shorter one.");
    }
    const bool clear = remove_rest(ret_path, "") && remove_rest(ret_path, "-journal") &&
                       remove_rest(ret_path, "-wal") && remove_rest(ret_path, "-shm");
    const int fd = clear ? open(ret_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (fd < 0) {
        return tell("store", p->path, "made", errno, err);
    }
    close(fd);
    return true;
}

bool place_sync_folder(const char *folder)
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
    if (rename(path, p->path) != 0 || !place_sync_folder(p->folder)) {
        return tell("store", p->path, "made", errno, err);
    }
    return true;
}

/* ---- do they lie where they lay? */

static struct place_file look_at(const struct place *p, const char *suffix)
{
    char name[PLACE_NAME];
    struct stat st;
    TEXT_FORMAT(name, "%s%s", p->path, suffix);
    return lstat(name, &st) == 0
               ? (struct place_file){.device = (uint64_t)st.st_dev, .number = (uint64_t)st.st_ino}
               : (struct place_file){0};
}

void place_mark(struct place *p)
{
    p->file = look_at(p, "");
    p->journal = look_at(p, "-wal");
}

static bool same_file(struct place_file a, struct place_file b)
{
    return a.device == b.device && a.number == b.number;
}

bool place_stands(const struct place *p, struct err *err)
{
    const bool file = same_file(look_at(p, ""), p->file);
    if (file && same_file(look_at(p, "-wal"), p->journal)) {
        return true;
    }
    return err_set(err, ERR_IO,
                   "The store %s%s was removed or replaced while it was in use: nothing more is written; put "
                   "it back, then start again.",
                   p->path, file ? "-wal" : "");
}
