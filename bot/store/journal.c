/* A journal is a header and frames of a page each; the header's two salts are in each frame of its round, and
 * each frame's checksum goes on from the one before. SQLite reads up to the first frame that does not fit and
 * forgets the rest. Three things tell that there was more:
 *
 *   a frame of the same round behind the one that does not fit
 *   the index, which survives a killed process: it knows how many frames were committed
 *   a header that does not fit to any frame: it is synced before the first
 *
 * The index is SQLite's own (https://www.sqlite.org/walformat.html, "The WAL-Index File Format"). */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "place.h"

#define HEADER     32
#define FRAME      24
#define PAGE_MIN   512
#define PAGE_MAX   65536
#define MAGIC      0x377F0682U /* the lowest bit: checksums over big-endian words */
#define INDEX_SIZE 136
#define INDEX_COPY 48 /* its header is there twice */

struct journal {
    int fd;
    uint32_t page;
    bool big;        /* words of checksums */
    uint32_t sum[2]; /* so far */
    uint8_t salts[8];
    int64_t size;
    int64_t whole;  /* frames that fit, from the first */
    bool goes_on;   /* a frame of this round is behind them */
    int64_t wanted; /* frames that the index knows of */
};

static uint32_t read_big(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t read_little(const uint8_t *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static void add_sum(struct journal *j, const uint8_t *bytes, size_t len)
{
    uint32_t (*const read_word)(const uint8_t *at) = j->big ? read_big : read_little;
    for (size_t at = 0; at + 8 <= len; at += 8) {
        j->sum[0] += read_word(bytes + at) + j->sum[1];
        j->sum[1] += read_word(bytes + at + 4) + j->sum[0];
    }
}

static bool sum_is(const struct journal *j, const uint8_t *at)
{
    return read_big(at) == j->sum[0] && read_big(at + 4) == j->sum[1];
}

static bool read_header(struct journal *j)
{
    uint8_t h[HEADER];
    if (pread(j->fd, h, sizeof(h), 0) != (ssize_t)sizeof(h) || (read_big(h) & ~1U) != MAGIC) {
        return false;
    }
    j->big = (read_big(h) & 1U) != 0;
    j->page = read_big(h + 8);
    memcpy(j->salts, h + 16, sizeof(j->salts));
    add_sum(j, h, 24);
    return sum_is(j, h + 24) && j->page >= PAGE_MIN && j->page <= PAGE_MAX && (j->page & (j->page - 1)) == 0;
}

static void read_frames(struct journal *j)
{
    const size_t len = FRAME + (size_t)j->page;
    uint8_t *frame = mem_alloc(len);
    bool fits = true;
    for (int64_t at = HEADER; at + (int64_t)len <= j->size; at += (int64_t)len) {
        if (pread(j->fd, frame, len, at) != (ssize_t)len || memcmp(frame + 8, j->salts, 8) != 0) {
            fits = false; /* of an older round, or damaged: what is behind it tells */
            continue;
        }
        if (!fits) {
            j->goes_on = true;
            break;
        }
        add_sum(j, frame, 8);
        add_sum(j, frame + FRAME, j->page);
        fits = sum_is(j, frame + 16);
        j->whole += fits ? 1 : 0;
    }
    mem_free(frame);
}

/* How many frames were committed when the process ended, or 0 when the index is none of this round. */
static int64_t read_index(const struct place *p, const struct journal *j)
{
    char name[PLACE_NAME];
    uint8_t index[INDEX_SIZE] = {0};
    uint32_t frames = 0;
    TEXT_FORMAT(name, "%s-shm", p->path);
    const int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return 0;
    }
    const bool whole = pread(fd, index, sizeof(index), 0) == (ssize_t)sizeof(index) &&
                       memcmp(index, index + INDEX_COPY, INDEX_COPY) == 0 && index[12] == 1;
    close(fd);
    if (whole && (j == NULL || memcmp(index + 32, j->salts, sizeof(j->salts)) == 0)) {
        uint32_t written_back;
        memcpy(&frames, index + 16, sizeof(frames)); /* in the machine's own order */
        memcpy(&written_back, index + 2 * INDEX_COPY, sizeof(written_back));
        frames = j == NULL && written_back >= frames ? 0 : frames;
    }
    return frames;
}

/* ---- verdicts */

static bool refuse_missing(const struct place *p, struct err *err)
{
    return err_set(err, ERR_IO,
                   "The journal %s-wal of the store is gone, and the last steps with it: put it back, or "
                   "remove %s-shm to go on without them.",
                   p->path, p->path);
}

static bool refuse_header(const struct place *p, struct err *err)
{
    return err_set(err, ERR_IO,
                   "The journal %s-wal is damaged at its front: restore it together with the store from a "
                   "backup, or move it and %s-shm away to go on without the last steps.",
                   p->path, p->path);
}

static bool judge_end(const struct place *p, const struct journal *j, struct err *ret_says, struct err *err)
{
    if (j->whole >= j->wanted && !j->goes_on) {
        return true;
    }
    if (!p->same_boot) {
        err_set(ret_says, ERR_IO,
                "The journal %s-wal breaks off after %lld pages, as a power cut leaves it: the steps behind "
                "are lost; look at what ran then.",
                p->path, (long long)j->whole);
        return true;
    }
    return err_set(err, ERR_IO,
                   "The journal %s-wal is damaged behind page %lld of it: restore it together with the store "
                   "from a backup, or move it and %s-shm away to go on without the last steps.",
                   p->path, (long long)j->whole, p->path);
}

/* Its pages must have the size of the store's. */
static bool fits_to_file(const struct place *p, const struct journal *j)
{
    uint8_t size[2] = {0};
    const int fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool read = fd >= 0 && pread(fd, size, sizeof(size), 16) == (ssize_t)sizeof(size);
    if (fd >= 0) {
        close(fd);
    }
    const uint32_t page = (uint32_t)size[0] << 8 | size[1];
    return !read || page == j->page || (page == 1 && j->page == PAGE_MAX);
}

static bool judge(const struct place *p, struct journal *j, bool *ret_waits, struct err *ret_says,
                  struct err *err)
{
    struct stat st;
    if (fstat(j->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return err_set(err, ERR_IO, "The journal %s-wal is no file that can be read: move it away.", p->path);
    }
    j->size = st.st_size;
    if (j->size == 0) {
        return !p->same_boot || read_index(p, NULL) == 0 || refuse_missing(p, err);
    }
    if (!read_header(j) || !fits_to_file(p, j)) {
        return refuse_header(p, err);
    }
    read_frames(j);
    j->wanted = read_index(p, j);
    if (!judge_end(p, j, ret_says, err)) {
        return false;
    }
    *ret_waits = j->whole > 0;
    return true;
}

bool journal_check(const struct place *p, bool *ret_waits, struct err *ret_says, struct err *err)
{
    char name[PLACE_NAME];
    TEXT_FORMAT(name, "%s-wal", p->path);
    struct journal j = {.fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    *ret_waits = false;
    if (j.fd < 0 && errno == ENOENT) {
        return !p->same_boot || read_index(p, NULL) == 0 || refuse_missing(p, err);
    }
    if (j.fd < 0) {
        return err_set(err, ERR_IO, "The journal %s cannot be read: %s; see its owner and rights.", name,
                       strerrordesc_np(errno));
    }
    const bool taken = judge(p, &j, ret_waits, ret_says, err);
    close(j.fd);
    return taken;
}
