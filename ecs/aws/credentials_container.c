/* Where the container's agent hands out keys, and what its answer means. The token goes only to hosts that
 * are the agent's: https anywhere, plain http to loopback and to three link-local addresses. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/jsonx.h"
#include "base/secret.h"
#include "base/text.h"
#include "credentials_source.h"
#include "net/http.h"

#define AGENT     "http://169.254.170.2"
#define HOST_MAX  256
#define TOKEN_MAX (16 * 1024)
#define SOURCE    "ECS container"

static const char *value_of(const struct source_place *place, const char *name)
{
    const char *value = place->environment(name);
    return value == NULL ? "" : value;
}

/* No blanks, controls, backslashes or user names: what is judged here is what is connected to. */
static bool is_plain_url(const char *url)
{
    for (const char *p = url; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || *p == '\\' || *p == '@' || *p == '#')
            return false;
    }
    return true;
}

static bool copy_host(const char *after_scheme, char to[HOST_MAX])
{
    size_t len = strcspn(after_scheme, "/?");
    if (after_scheme[0] == '[') {
        const char *end = memchr(after_scheme, ']', len);
        return end != NULL && text_copy_n(to, HOST_MAX, after_scheme + 1, (size_t)(end - after_scheme - 1));
    }
    const char *colon = memchr(after_scheme, ':', len);
    return text_copy_n(to, HOST_MAX, after_scheme, colon == NULL ? len : (size_t)(colon - after_scheme));
}

static bool is_allowed(const char *url)
{
    char host[HOST_MAX];
    if (!is_plain_url(url))
        return false;
    if (strncasecmp(url, "https://", 8) == 0)
        return copy_host(url + 8, host) && host[0] != '\0';
    return strncasecmp(url, "http://", 7) == 0 && (http_url_is_metadata(url) || http_url_is_loopback(url));
}

static bool choose_url(const struct source_place *place, char *to, size_t size, struct err *err)
{
    const char *relative = value_of(place, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = value_of(place, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative[0] != '\0') {
        if (relative[0] != '/' || !is_plain_url(relative) || !text_format(to, size, AGENT "%s", relative))
            return err_set(err, ERR_CONFIG,
                           "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path such as /v2/…");
        return true;
    }
    if (!is_allowed(full) || !text_copy(to, size, full))
        return err_set(
            err, ERR_CONFIG,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that keys are not asked of: https, or "
            "http to loopback, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
    return true;
}

/* The file changes while the program runs: it is read for each request. */
static bool read_token_file(const char *path, struct secret **ret, struct err *err)
{
    char text[TOKEN_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    size_t len = 0;
    ssize_t n = -1;
    while (fd >= 0 && len < sizeof text) {
        n = read(fd, text + len, sizeof text - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    if (fd >= 0)
        close(fd);
    bool ok = n == 0 && len > 0;
    if (ok)
        *ret = secret_create(text, len);
    crypto_wipe(text, sizeof text);
    return ok ||
           err_set(err, ERR_CONFIG, "the container's token file %s is empty, too long or unreadable", path);
}

static bool read_token(const struct source_place *place, struct container_ask *ret, struct err *err)
{
    const char *file = value_of(place, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = value_of(place, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    struct secret *found = NULL;
    if (file[0] != '\0') {
        if (!read_token_file(file, &found, err))
            return false;
    } else if (token[0] != '\0') {
        found = secret_create(token, strlen(token));
    }
    const char *value = secret_reveal(found);
    if (strpbrk(value, "\r\n") != NULL || strlen(value) != secret_length(found)) {
        secret_destroy(found);
        return err_set(err, ERR_CONFIG, "the container's authorization token has a line end in it");
    }
    const char *blank = strrchr(value, ' ');
    ret->token = found;
    ret->word = blank != NULL ? secret_create(blank + 1, strlen(blank + 1)) : NULL;
    return true;
}

static enum source_result read_container(const struct source_place *place, struct source_answer *ret)
{
    if (value_of(place, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")[0] == '\0' &&
        value_of(place, "AWS_CONTAINER_CREDENTIALS_FULL_URI")[0] == '\0')
        return SOURCE_NONE;
    if (!choose_url(place, ret->ask.url, sizeof ret->ask.url, &ret->err) ||
        !read_token(place, &ret->ask, &ret->err))
        return SOURCE_FAILED;
    return SOURCE_ASK;
}

const struct credentials_source credentials_container = {SOURCE, read_container};

bool container_decode(const char *bytes, size_t len, struct found_keys *ret, struct err *err)
{
    json_t *answer = jsonx_parse(bytes, len, err);
    if (answer == NULL)
        return err_wrap(err, "the " SOURCE "'s answer");
    bool ok =
        found_keys_set(ret, SOURCE, jsonx_text(answer, "AccessKeyId"), jsonx_text(answer, "SecretAccessKey"),
                       jsonx_text(answer, "Token"), jsonx_text(answer, "Expiration"), err);
    json_decref(answer);
    return ok;
}
