/* Whoever has a shell on the host holds up all changes with `echo why > …/freeze`, and lets them go on by
 * removing the file. One lstat for each change; the file is read only when it is there. What cannot be looked
 * at counts as frozen: nobody can tell that it is not. */
#include "freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/config.h"

#define NAME "freeze"

struct freeze_file {
    struct freeze freeze; /* first */
    char path[CONFIG_URL + sizeof(NAME) + 1];
};

/* The first line, or what kept it from being read. Never waits: a pipe of that name is there, and says
 * nothing.
 */
static void read_reason(const char *path, char reason[FREEZE_REASON])
{
    char line[FREEZE_REASON] = "";
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const ssize_t len = fd >= 0 ? read(fd, line, sizeof(line) - 1) : 0;
    if (fd >= 0) {
        close(fd);
    }
    line[len > 0 ? len : 0] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    text_clean(reason, FREEZE_REASON, line, false);
    secret_gate_text(reason, FREEZE_REASON);
}

static bool look(const struct freeze *f, char reason[FREEZE_REASON])
{
    struct stat st;
    if (lstat(f->path, &st) == 0) {
        read_reason(f->path, reason);
        return true;
    }
    if (errno == ENOENT || errno == ENOTDIR) {
        return false;
    }
    text_format(reason, FREEZE_REASON, "whether it is there cannot be told: %s", strerrordesc_np(errno));
    return true;
}

struct freeze *freeze_file_create(const struct config *config)
{
    struct freeze_file *f = mem_alloc(sizeof(*f));
    const char *slash = strrchr(config->store_path, '/');
    if (config->freeze_path[0] != '\0') {
        TEXT_COPY(f->path, config->freeze_path);
    } else {
        text_copy_n(f->path, sizeof(f->path), config->store_path,
                    slash != NULL ? (size_t)(slash - config->store_path) + 1 : 0);
        text_copy(f->path + strlen(f->path), sizeof(f->path) - strlen(f->path), NAME);
    }
    f->freeze = (struct freeze){.look = look, .path = f->path};
    return &f->freeze;
}

void freeze_file_destroy(struct freeze *f)
{
    mem_free(f);
}
