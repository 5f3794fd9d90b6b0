#include "profile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/secret.h"
#include "base/text.h"
#include "ini.h"

#define FILE_MAX  (1024 * 1024)
#define PATH_MAX_ 1024

/* ---- files */

/* The path a variable gives, else ~/.aws/NAME. False when there is no home either. */
static bool find_path(const char *(*environment)(const char *name), const char *variable, const char *file,
                      char to[PATH_MAX_])
{
    const char *given = environment(variable), *home = environment("HOME");
    bool has_home = home != NULL && home[0] != '\0';
    if (given == NULL || given[0] == '\0')
        return has_home && text_format(to, PATH_MAX_, "%s/.aws/%s", home, file);
    if (text_starts(given, "~/"))
        return has_home && text_format(to, PATH_MAX_, "%s/%s", home, given + 2);
    return text_copy(to, PATH_MAX_, given);
}

static bool read_all(int fd, struct buf *to)
{
    char chunk[4096];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0)
            buf_put(to, chunk, (size_t)n);
        if (buf_overflowed(to))
            break;
    }
    crypto_wipe(chunk, sizeof chunk);
    return n == 0;
}

static bool read_file(const char *path,
                      void (*visit)(void *user, const char *section, const char *name, const char *value),
                      void *user, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return true;
    if (fd < 0)
        return err_set(err, ERR_IO, "%s cannot be read: %s", path, strerror(errno));
    struct buf text;
    buf_init(&text, FILE_MAX);
    bool ok = read_all(fd, &text);
    close(fd);
    if (!ok)
        err_set(err, ERR_IO, "%s cannot be read or is larger than %d KiB", path, FILE_MAX / 1024);
    else if (!(ok = ini_read(text.data, text.len, visit, user, err)))
        err_wrap(err, "%s", path);
    if (text.len > 0)
        crypto_wipe(text.data, text.len);
    buf_finish(&text);
    return ok;
}

/* ---- one profile out of them */

struct merge {
    struct profile *profile;
    bool is_config; /* sections are called "profile NAME" there */
};

static bool is_mine(const struct merge *m, const char *section)
{
    if (m->is_config && text_starts(section, "profile "))
        return text_equal(section + strlen("profile "), m->profile->name);
    bool plain = !m->is_config || text_equal(section, "default");
    return plain && text_equal(section, m->profile->name);
}

static void keep(struct secret **slot, const char *value)
{
    if (value[0] == '\0')
        return;
    secret_destroy(*slot);
    *slot = secret_create(value, strlen(value));
}

static void merge_setting(void *user, const char *section, const char *name, const char *value)
{
    struct merge *m = user;
    struct profile *p = m->profile;
    if (!is_mine(m, section))
        return;
    p->exists = true;
    struct profile_keys *keys = m->is_config ? &p->config_file : &p->credentials_file;
    if (text_equal(name, "aws_access_key_id"))
        keep(&keys->access_key, value);
    else if (text_equal(name, "aws_secret_access_key"))
        keep(&keys->secret_key, value);
    else if (text_equal(name, "aws_session_token"))
        keep(&keys->session_token, value);
    else if (text_equal(name, "role_arn"))
        p->role_arn = true;
    else if (text_equal(name, "sso_session") || text_equal(name, "sso_account_id") ||
             text_equal(name, "sso_start_url"))
        p->sso = true;
    else if (text_equal(name, "login_session"))
        p->login_session = true;
    else if (text_equal(name, "credential_process"))
        p->credential_process = true;
    else if (text_equal(name, "region"))
        text_clean(p->region, sizeof p->region, value, false);
}

static bool choose_name(const char *(*environment)(const char *name), const char *name, struct profile *p,
                        struct err *err)
{
    static const char *const variables[] = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"};
    for (size_t i = 0; name == NULL && i < 2; i++) {
        name = environment(variables[i]);
        if (name != NULL && name[0] == '\0')
            name = NULL;
    }
    p->named = name != NULL;
    if (!TEXT_COPY(p->name, name == NULL ? "default" : name))
        return err_set(err, ERR_CONFIG, "an AWS profile's name has at most %d characters",
                       PROFILE_NAME_MAX - 1);
    return true;
}

bool profile_load(const char *(*environment)(const char *name), const char *name, struct profile *ret,
                  struct err *err)
{
    static const struct {
        const char *variable, *file;
        bool is_config;
    } files[] = {{"AWS_CONFIG_FILE", "config", true}, {"AWS_SHARED_CREDENTIALS_FILE", "credentials", false}};
    struct profile p = {.exists = false};
    bool ok = choose_name(environment, name, &p, err);
    for (size_t i = 0; ok && i < 2; i++) {
        char path[PATH_MAX_];
        struct merge merge = {&p, files[i].is_config};
        if (find_path(environment, files[i].variable, files[i].file, path))
            ok = read_file(path, merge_setting, &merge, err);
    }
    if (ok)
        *ret = p;
    else
        profile_finish(&p);
    return ok;
}

static void finish_keys(struct profile_keys *keys)
{
    secret_destroy(keys->access_key);
    secret_destroy(keys->secret_key);
    secret_destroy(keys->session_token);
}

void profile_finish(struct profile *p)
{
    finish_keys(&p->credentials_file);
    finish_keys(&p->config_file);
    *p = (struct profile){.exists = false};
}
