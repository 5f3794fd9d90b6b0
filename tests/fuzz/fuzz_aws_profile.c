/* ~/.aws/config and ~/.aws/credentials -> one profile. Input: the first file, a NUL, the second. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aws/region.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "ecs/aws/ini.h"
#include "ecs/aws/profile.h"
#include "judge.h"

#define CANARY "canary7"

static char paths[2][40]; /* of the two files, in memory */

static const char *environment(const char *name)
{
    return text_equal(name, "AWS_CONFIG_FILE")               ? paths[0]
           : text_equal(name, "AWS_SHARED_CREDENTIALS_FILE") ? paths[1]
           : text_equal(name, "AWS_PROFILE")                 ? "coegc"
                                                             : NULL;
}

static void visit(void *user, const char *section, const char *name, const char *value)
{
    (void)user;
    PROMISE(section[0] != '\0' && name[0] != '\0', "a setting without a place");
    PROMISE(strchr(name, '\n') == NULL && strchr(value, '\n') == NULL, "a setting over two lines");
    PROMISE(value[0] == '\0' || strchr(" \t\r", value[strlen(value) - 1]) == NULL,
            "a value that is not trimmed");
    for (const char *at = name; *at != '\0'; at++) {
        PROMISE(*at < 'A' || *at > 'Z', "a name in capitals: %s", name);
    }
}

static void judge_file(const char *text, size_t len)
{
    struct err err = {0};
    if (!ini_read(text, len, visit, NULL, &err)) {
        judge_err("a broken file", &err);
        PROMISE(strstr(err.text, CANARY) == NULL, "its content is quoted: %s", err.text);
    }
}

static int file_of(const uint8_t *data, size_t size, char path[40])
{
    const int fd = memfd_create("profile", MFD_CLOEXEC);
    PROMISE(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no file in memory");
    text_format(path, 40, "/proc/self/fd/%d", fd);
    return fd;
}

static void judge_profile(const char *name)
{
    struct profile p;
    struct err err = {0};
    char region[32] = "";
    if (!profile_load(environment, name, &p, &err)) {
        judge_err("a broken profile", &err);
        PROMISE(strstr(err.text, CANARY) == NULL, "its content is quoted: %s", err.text);
        return;
    }
    judge_text("profile's name", p.name, false);
    judge_text("profile's region", p.region, false);
    PROMISE(p.exists || (p.credentials_file.secret_key == NULL && p.config_file.secret_key == NULL),
            "keys of nobody");
    PROMISE(p.exists || p.region[0] == '\0', "a region of nobody");
    profile_finish(&p);
    if (!region_of_profile(environment, name, region, sizeof(region), &err)) {
        judge_err("a profile's region", &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = memchr(data, 0, size);
    const size_t first = nul == NULL ? size : (size_t)(nul - data);
    const uint8_t *rest = nul == NULL ? data + size : nul + 1;
    const size_t second = (size_t)(data + size - rest);
    judge_file((const char *)data, first);
    const int config = file_of(data, first, paths[0]), credentials = file_of(rest, second, paths[1]);
    judge_profile(NULL);
    judge_profile("default");
    close(config);
    close(credentials);
    return 0;
}
