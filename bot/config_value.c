/* One scalar of the file becomes one member of the struct: ${NAME} and file:PATH first, then its type. */
#include "config_private.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/text.h"
#include "net/http.h"

#define NAME_MAX_ 64 /* of a variable */

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* ---- ${NAME} and file:PATH */

/* text stands behind "${"; returns what follows the "}", or NULL. */
static const char *put_variable(struct reading *r, const struct node *n, const char *key, const char *text,
                                struct buf *to)
{
    const size_t len = strspn(text, UPPER LOWER DIGITS "_");
    if (len == 0 || len >= NAME_MAX_ || text[len] != '}' || strchr(DIGITS, text[0]) != NULL) {
        config_note(r, n->line, key, "found a ${ without a name and }; write ${NAME}");
        return NULL;
    }
    char name[NAME_MAX_];
    TEXT_COPY(name, "");
    text_copy_n(name, sizeof(name), text, len);
    const char *value = r->environment(name);
    if (value == NULL || value[0] == '\0') {
        config_note(r, n->line, key, "the variable %s is %s; set it in the environment of the bot", name,
                    value == NULL ? "not set" : "empty");
        return NULL;
    }
    buf_text(to, value);
    return text + len + 1;
}

static bool expand_variables(struct reading *r, const struct node *n, const char *key, const char *text,
                             struct buf *to)
{
    while (*text != '\0') {
        const char *dollar = strstr(text, "${");
        if (dollar == NULL) {
            buf_text(to, text);
            break;
        }
        buf_put(to, text, (size_t)(dollar - text));
        text = put_variable(r, n, key, dollar + 2, to);
        if (text == NULL) {
            return false;
        }
    }
    return !buf_overflowed(to) ||
           config_note(r, n->line, key, "the value is longer than %d bytes", CONFIG_VALUE_MAX);
}

/* A path that is not absolute counts from the settings file's folder. */
static void whole_path(const struct reading *r, const char *path, char *to, size_t size)
{
    const char *slash = strrchr(r->name, '/');
    if (path[0] == '/' || slash == NULL) {
        text_copy(to, size, path);
    } else {
        text_format(to, size, "%.*s/%s", (int)(slash - r->name), r->name, path);
    }
}

static bool read_file(struct reading *r, const struct node *n, const char *key, const char *path,
                      struct buf *to)
{
    char whole[2 * CONFIG_URL];
    whole_path(r, path, whole, sizeof(whole));
    const int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return config_note(r, n->line, key, "the file %s cannot be read: %s", whole, strerrordesc_np(errno));
    }
    char bytes[CONFIG_VALUE_MAX + 1];
    const ssize_t len = read(fd, bytes, sizeof(bytes));
    const int failed = errno;
    close(fd);
    if (len < 0) {
        return config_note(r, n->line, key, "the file %s cannot be read: %s", whole, strerrordesc_np(failed));
    }
    size_t kept = (size_t)len;
    if (kept > 0 && bytes[kept - 1] == '\n') {
        kept--;
    }
    const bool fits = kept <= CONFIG_VALUE_MAX && memchr(bytes, '\0', kept) == NULL;
    if (fits) {
        buf_put(to, bytes, kept);
    }
    crypto_wipe(bytes, sizeof(bytes));
    if (!fits) {
        return config_note(r, n->line, key, "the file %s is longer than %d bytes, or no text", whole,
                           CONFIG_VALUE_MAX);
    }
    return kept > 0 || config_note(r, n->line, key, "the file %s is empty", whole);
}

bool config_value_expand(struct reading *r, const struct node *n, const char *key, struct buf *to)
{
    if (!text_starts(n->text, "file:")) {
        return expand_variables(r, n, key, n->text, to);
    }
    struct buf path;
    buf_init(&path, CONFIG_VALUE_MAX);
    const bool done =
        expand_variables(r, n, key, n->text + strlen("file:"), &path) && read_file(r, n, key, path.data, to);
    buf_finish(&path);
    return done;
}

/* ---- types */

bool config_value_is_word(const char *text)
{
    return *text >= 'a' && *text <= 'z' && text[strspn(text, LOWER DIGITS "-")] == '\0';
}

bool config_value_is_target(const char *text)
{
    int words = 0;
    for (;;) {
        const size_t len = strspn(text, LOWER DIGITS "-");
        if (len == 0 || ++words > 4) {
            return false;
        }
        if (text[len] == '\0') {
            return true;
        }
        if (text[len] != ' ') {
            return false;
        }
        text += len + 1;
    }
}

static bool is_part(const char *text)
{
    return strchr("-_", *text) == NULL && text[strspn(text, UPPER LOWER DIGITS "-_")] == '\0';
}

/* UTF-8 that reads as it is: no controls, nothing that turns its direction or cannot be seen. */
static bool is_line(const char *text)
{
    char clean[CONFIG_VALUE_MAX + 1];
    text_clean(clean, sizeof(clean), text, false);
    const bool same = strcmp(clean, text) == 0;
    crypto_wipe(clean, sizeof(clean)); /* it may be a secret */
    return same;
}

static bool is_account(const char *text)
{
    return text_equal(text, "unchecked") || (strlen(text) == 12 && text[strspn(text, DIGITS)] == '\0');
}

static bool is_role_arn(const char *text)
{
    const char *role = strstr(text, ":iam::");
    return text_starts(text, "arn:aws") && role != NULL && strspn(role + 6, DIGITS) == 12 &&
           text_starts(role + 18, ":role/") && role[24] != '\0' && strpbrk(text, " \t") == NULL;
}

/* Where the host begins, and its length; 0 = this is no http(s) URL. */
static size_t host_of(const char *url, const char **ret)
{
    const char *host = text_starts(url, "https://") ? url + 8 : text_starts(url, "http://") ? url + 7 : NULL;
    if (host == NULL || strpbrk(host, " @\t\"<>\\") != NULL) {
        return 0;
    }
    *ret = host;
    if (*host == '[') {
        const size_t len = strcspn(host, "]");
        return host[len] == ']' ? len + 1 : 0;
    }
    return strcspn(host, ":/?#");
}

bool config_value_is_loopback(const char *url)
{
    const char *host;
    return host_of(url, &host) > 0 && http_url_is_loopback(url);
}

static bool is_loopback_host(const char *host, size_t len)
{
    char name[64];
    struct in_addr address;
    text_copy_n(name, sizeof(name), host, len);
    return text_equal(name, "localhost") || text_equal(name, "[::1]") ||
           (text_starts(name, "127.") && inet_pton(AF_INET, name, &address) == 1);
}

static bool is_listen(const char *text)
{
    const char *colon = strrchr(text, ':');
    char *end;
    if (colon == NULL || strspn(colon + 1, DIGITS) == 0 || strlen(colon + 1) > 5) {
        return false;
    }
    return strtol(colon + 1, &end, 10) <= 65535 && *end == '\0' &&
           is_loopback_host(text, (size_t)(colon - text));
}

/* Texts of every kind; false = not allowed. */
static bool is_allowed_text(const struct reading *r, const struct setting *s, const char *text)
{
    const char *host;
    switch (s->type) {
    case SETTING_WORD: return config_value_is_word(text);
    case SETTING_TARGET: return config_value_is_target(text);
    case SETTING_PART: return is_part(text);
    case SETTING_PATH: return text[0] == '/' && is_line(text);
    case SETTING_URL: return host_of(text, &host) > 0 && is_line(text);
    case SETTING_COMMAND:
        return text[0] == '/' && text[1] != '\0' && text[1 + strspn(text + 1, LOWER DIGITS "-_")] == '\0';
    case SETTING_ACCOUNT: return is_account(text);
    case SETTING_REGION: return endpoint_partition(text) != NULL;
    case SETTING_ROLE_ARN: return is_role_arn(text);
    case SETTING_MENTION:
        assert(r != NULL); /* a mention names a configured chat, so it has no standard value */
        return config_principals_is_mention(r->config, text);
    case SETTING_PRESET: return config_table_word(s->words, text) >= 0;
    default: return is_line(text);
    }
}

static bool parse_duration(const struct setting *s, const char *text, void *member)
{
    int64_t ms;
    if (!text_parse_duration(text, &ms) || ms < s->least || ms > s->most) {
        return false;
    }
    memcpy(member, &ms, sizeof(ms));
    return true;
}

static bool parse_rate(const struct setting *s, const char *text, void *member)
{
    char *end;
    if (text[0] == '\0' || strchr(DIGITS, text[0]) == NULL || text[strspn(text, DIGITS ".")] != '/') {
        return false;
    }
    const double rate = strtod(text, &end);
    if (!text_equal(end, "/s") || rate * 1000 < (double)s->least || rate * 1000 > (double)s->most) {
        return false;
    }
    memcpy(member, &rate, sizeof(rate));
    return true;
}

static bool parse_desired(const struct setting *s, const char *text, void *member)
{
    int number = -1;
    if (!text_equal(text, "keep")) {
        const size_t len = strlen(text);
        if (len == 0 || len > 9 || text[strspn(text, DIGITS)] != '\0') {
            return false;
        }
        number = (int)strtol(text, NULL, 10);
        if (number < s->least || number > s->most) {
            return false;
        }
    }
    memcpy(member, &number, sizeof(number));
    return true;
}

static bool parse_bool(const char *text, void *member)
{
    const bool value = text_equal(text, "true");
    if (!value && !text_equal(text, "false")) {
        return false;
    }
    memcpy(member, &value, sizeof(value));
    return true;
}

static bool parse_choice(const struct setting *s, const char *text, void *member)
{
    const int number = config_table_word(s->words, text);
    if (number < 0) {
        return false;
    }
    memcpy(member, &number, sizeof(number)); /* enums of core/config.h are as wide as int */
    return true;
}

static bool parse_secret(const char *text, void *member)
{
    struct secret *old, *secret = secret_create(text, strlen(text));
    memcpy(&old, member, sizeof(old));
    secret_destroy(old);
    memcpy(member, &secret, sizeof(secret));
    return true;
}

static bool parse_listen(const struct setting *s, const char *text, void *member)
{
    if (text_equal(text, "off")) {
        return text_copy(member, s->size, "");
    }
    return is_listen(text) && text_copy(member, s->size, text);
}

/* The kernel takes 107 bytes. */
static bool parse_socket(const struct setting *s, const char *text, void *member)
{
    if (text_equal(text, "off")) {
        return text_copy(member, s->size, "");
    }
    return text[0] == '/' && is_line(text) && strlen(text) <= 100 && text_copy(member, s->size, text);
}

static bool parse(const struct reading *r, const struct setting *s, const char *text, void *owner)
{
    char *member = (char *)owner + s->offset;
    if (text[0] == '\0') {
        return false;
    }
    switch (s->type) {
    case SETTING_SECRET: return is_line(text) && parse_secret(text, member);
    case SETTING_BOOL: return parse_bool(text, member);
    case SETTING_DURATION: return parse_duration(s, text, member);
    case SETTING_RATE: return parse_rate(s, text, member);
    case SETTING_DESIRED: return parse_desired(s, text, member);
    case SETTING_CHOICE: return parse_choice(s, text, member);
    case SETTING_LISTEN: return parse_listen(s, text, member);
    case SETTING_SOCKET: return parse_socket(s, text, member);
    default: return strlen(text) < s->size && is_allowed_text(r, s, text) && text_copy(member, s->size, text);
    }
}

void config_value_read(struct reading *r, const struct node *n, const struct setting *s, void *owner)
{
    struct buf value;
    if (n->kind != NODE_SCALAR) {
        config_note_value(r, n, s);
        return;
    }
    if (s->type == SETTING_SECRET && strstr(n->text, "${") == NULL && !text_starts(n->text, "file:") &&
        r->inline_secret_line == 0) {
        r->inline_secret_line = n->line;
    }
    if (s->type == SETTING_SECRET && r->no_secrets) {
        parse(r, s, "not read", owner);
        return;
    }
    buf_init(&value, CONFIG_VALUE_MAX);
    if (config_value_expand(r, n, s->path, &value) && !parse(r, s, value.data, owner)) {
        config_note_value(r, n, s);
    }
    if (value.len > 0) {
        crypto_wipe(value.data, value.len);
    }
    buf_finish(&value);
}

void config_value_standard(const struct setting *s, void *owner)
{
    if (s->standard != NULL) {
        const bool fits = parse(NULL, s, s->standard, owner);
        assert(fits); /* a row whose default it does not allow itself */
        (void)fits;
    }
}
