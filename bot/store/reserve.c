#include "reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "place.h"

#define BLOCK 512 /* of st_blocks */

static void name_of(const char *store_path, char to[PLACE_NAME])
{
    text_format(to, PLACE_NAME, "%s.reserve", store_path);
}

static bool is_whole(const char *name)
{
    struct stat st;
    return lstat(name, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == RESERVE_BYTES &&
           (int64_t)st.st_blocks * BLOCK >= RESERVE_BYTES;
}

int reserve_make(const char *store_path)
{
    char name[PLACE_NAME];
    name_of(store_path, name);
    if (is_whole(name)) {
        return 0;
    }
    const int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return errno;
    }
    int failed = posix_fallocate(fd, 0, RESERVE_BYTES + RESERVE_SLACK);
    if (failed == 0 && ftruncate(fd, RESERVE_BYTES) != 0) {
        failed = errno;
    }
    close(fd);
    if (failed != 0) {
        unlink(name);
    }
    return failed;
}

void reserve_free(const char *store_path)
{
    char name[PLACE_NAME];
    name_of(store_path, name);
    unlink(name); /* if that fails there is nothing to give */
}

bool reserve_exists(const char *store_path)
{
    char name[PLACE_NAME];
    struct stat st;
    name_of(store_path, name);
    return lstat(name, &st) == 0;
}

bool reserve_no_room(int number)
{
    return number == ENOSPC || number == EDQUOT || number == EFBIG;
}
