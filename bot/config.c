/* Reads a settings file: the tree of the file is walked along the table of settings, so that every key is
 * either read or an error; then what only the whole can tell is checked. Errors are gathered, not the first
 * one only. */
#include "config_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/text.h"

#define FILE_MAX  ((size_t)1024 * 1024)
#define SHOWN_MAX 64 /* bytes of what was found */

/* ---- errors */

bool config_note(struct reading *r, int line, const char *key, const char *format, ...)
{
    if (r->quiet) {
        return false;
    }
    if (r->error_count++ >= READING_ERRORS) {
        return false;
    }
    struct buf text;
    buf_init(&text, ERR_TEXT_MAX);
    va_list args;
    va_start(args, format);
    buf_vformat(&text, format, args);
    va_end(args);
    struct err *err = &r->errors[r->error_count - 1].err;
    if (line > 0) {
        err_set(err, ERR_CONFIG, "%s:%d: %s: %s", r->name, line, key, text.data);
    } else {
        err_set(err, ERR_CONFIG, "%s: %s: %s", r->name, key, text.data);
    }
    secret_gate_text(err->text, sizeof(err->text));
    text_clean(err->text, sizeof(err->text), err->text, false);
    r->errors[r->error_count - 1].line = line;
    buf_finish(&text);
    return false;
}

/* Tokens and keys that were written behind the wrong key. */
static bool looks_secret(const char *text)
{
    static const char *const BEGINNINGS[] = {"xox", "xapp-", "AKIA", "ASIA"};
    for (size_t at = 0; at < sizeof(BEGINNINGS) / sizeof(BEGINNINGS[0]); at++) {
        if (text_starts(text, BEGINNINGS[at])) {
            return true;
        }
    }
    return false;
}

/* What the file says, not what its variables stand for. */
static void write_found(const struct node *n, const struct setting *s, struct buf *b)
{
    char shown[SHOWN_MAX];
    if (n->kind != NODE_SCALAR) {
        buf_text(b, n->kind == NODE_LIST ? "a list" : "a map");
    } else if (n->text[0] == '\0') {
        buf_text(b, "nothing");
    } else if (s->type == SETTING_SECRET || looks_secret(n->text)) {
        buf_text(b, "a value that is not shown");
    } else {
        text_clean(shown, sizeof(shown), n->text, false);
        buf_format(b, "\"%s\"%s", shown, strlen(n->text) >= sizeof(shown) ? "…" : "");
    }
}

bool config_note_value(struct reading *r, const struct node *n, const struct setting *s)
{
    struct buf found, allowed;
    buf_init(&found, 200);
    buf_init(&allowed, 300);
    write_found(n, s, &found);
    config_table_allowed(s, &allowed);
    config_note(r, n->line, s->path, "found %s; allowed: %s", found.data, allowed.data);
    buf_finish(&found);
    buf_finish(&allowed);
    return false;
}

static const struct setting *find_setting(const char *prefix, const char *key)
{
    for (const struct setting *s = CONFIG_TABLE; s->path != NULL; s++) {
        const char *known = config_table_key(s, prefix);
        if (known != NULL && text_equal(known, key)) {
            return s;
        }
    }
    return NULL;
}

static void note_unknown(struct reading *r, const char *prefix, const struct node *n)
{
    char shown[SHOWN_MAX], path[2 * SHOWN_MAX];
    struct buf known;
    const char *best = NULL;
    size_t distance = 4; /* three typing errors */
    buf_init(&known, 300);
    for (const struct setting *s = CONFIG_TABLE; s->path != NULL; s++) {
        const char *key = config_table_key(s, prefix);
        const size_t d = key == NULL ? distance : text_distance(key, n->key);
        if (key != NULL) {
            buf_format(&known, "%s%s", known.len == 0 ? "" : ", ", key);
        }
        if (d < distance && d < strlen(n->key)) {
            distance = d;
            best = key;
        }
    }
    text_clean(shown, sizeof(shown), looks_secret(n->key) ? "(not shown)" : n->key, false);
    TEXT_FORMAT(path, "%s%s", prefix, shown);
    if (best != NULL) {
        config_note(r, n->line, path, "this key is unknown; did you mean %s? Allowed here: %s", best,
                    known.data);
    } else {
        config_note(r, n->line, path, "this key is unknown; allowed here: %s", known.data);
    }
    buf_finish(&known);
}

/* ---- walking the tree along the table */

static void read_map(struct reading *r, const struct node *n, const char *prefix, void *owner);

/* Defaults of everything below prefix that belongs to the same struct. */
static void put_standards(const char *prefix, void *owner)
{
    for (const struct setting *s = CONFIG_TABLE; s->path != NULL; s++) {
        if (text_starts(s->path, prefix) && strchr(s->path + strlen(prefix), '[') == NULL) {
            config_value_standard(s, owner);
        }
    }
}

static void read_list(struct reading *r, const struct node *n, const struct setting *s, void *owner)
{
    char prefix[80];
    TEXT_FORMAT(prefix, "%s[].", s->path);
    if (n->kind != NODE_LIST) {
        config_note_value(r, n, s);
        return;
    }
    if (n->count > (size_t)s->most) {
        config_note(r, n->line, s->path, "found %zu elements; at most %lld are allowed", n->count,
                    (long long)s->most);
        return;
    }
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        if (item->kind != NODE_MAP) {
            config_note_value(r, item, s);
            continue;
        }
        void *element = s->element(owner, n->count);
        put_standards(prefix, element);
        read_map(r, item, prefix, element);
        config_check_element(r, s, item, element);
    }
}

static void read_setting(struct reading *r, const struct node *n, const struct setting *s, void *owner)
{
    char prefix[80];
    switch (s->type) {
    case SETTING_MAP:
        TEXT_FORMAT(prefix, "%s.", s->path);
        if (n->kind == NODE_MAP) {
            read_map(r, n, prefix, owner);
        } else {
            config_note_value(r, n, s);
        }
        break;
    case SETTING_LIST: read_list(r, n, s, owner); break;
    case SETTING_ROLES:
        r->roles = n->kind == NODE_MAP ? n : NULL;
        config_principals_check_roles(r, n);
        break;
    case SETTING_PRINCIPALS:
        config_principals_read(r, n, s, (struct principals *)(void *)((char *)owner + s->offset));
        break;
    case SETTING_IDS: config_principals_read_ids(r, n, s, owner); break;
    case SETTING_CHANNELS: config_principals_read_channels(r, n, s, owner); break;
    default: config_value_read(r, n, s, owner); break;
    }
}

static void read_map(struct reading *r, const struct node *n, const char *prefix, void *owner)
{
    for (const struct node *child = n->first; child != NULL; child = child->next) {
        if (find_setting(prefix, child->key) == NULL) {
            note_unknown(r, prefix, child);
        }
    }
    for (const struct setting *s = CONFIG_TABLE; s->path != NULL; s++) {
        const char *key = config_table_key(s, prefix);
        const struct node *child = key == NULL ? NULL : config_yaml_child(n, key);
        if (child != NULL) {
            read_setting(r, child, s, owner);
        }
    }
}

/* ---- a whole text */

static void sort_errors(struct reading *r, size_t kept)
{
    for (size_t at = 1; at < kept; at++) { /* few, and stable: of one line the first stays first */
        for (size_t i = at; i > 0 && r->errors[i].line < r->errors[i - 1].line; i--) {
            const struct err err = r->errors[i].err;
            const int line = r->errors[i].line;
            r->errors[i] = r->errors[i - 1];
            r->errors[i - 1].err = err;
            r->errors[i - 1].line = line;
        }
    }
}

static void report(struct reading *r, struct err *err, struct buf *ret_all)
{
    const size_t kept = r->error_count < READING_ERRORS ? r->error_count : READING_ERRORS;
    sort_errors(r, kept);
    if (err != NULL) {
        *err = r->errors[0].err;
    }
    for (size_t at = 0; ret_all != NULL && at < kept; at++) {
        buf_format(ret_all, "%s\n", r->errors[at].err.text);
    }
    if (ret_all != NULL && r->error_count > kept) {
        buf_format(ret_all, "%s: and %zu more\n", r->name, r->error_count - kept);
    }
}

static void read_tree(struct reading *r, const char *text, size_t len, bool others_may_read)
{
    struct node *root = config_yaml_parse(r, text, len);
    if (root == NULL) {
        return;
    }
    r->root = root;
    put_standards("", r->config);
    if (root->kind == NODE_MAP) {
        read_map(r, root, "", r->config);
        config_check_whole(r);
    } else {
        config_note(r, root->line, "YAML",
                    "the file is no map of settings; it begins with a key such as chat:");
    }
    if (others_may_read && r->inline_secret_line > 0) {
        config_note(
            r, r->inline_secret_line, "chat",
            "a secret stands in a file that others may read; run chmod 600 %s, or write ${NAME} or file:PATH",
            r->name);
    }
    config_yaml_destroy(root);
}

static struct reading *reading(const char *name, const char *(*environment)(const char *name))
{
    struct reading *r = mem_alloc(sizeof(*r));
    r->name = name;
    r->environment = environment;
    return r;
}

/* The same for the same bytes, also in another life of the program. */
static uint64_t number_of(const char *text, size_t len)
{
    uint8_t digest[CRYPTO_SHA256];
    uint64_t number = 0;
    crypto_sha256(text, len, digest);
    for (size_t i = 0; i < sizeof(number); i++) {
        number = number << 8 | digest[i];
    }
    return number >> 2; /* it is kept as a signed one */
}

/* Frees r. */
static struct config *read_bytes(struct reading *r, const char *text, size_t len, bool others_may_read,
                                 struct err *err, struct buf *ret_all)
{
    const char *name = r->name;
    r->config = config_create();
    TEXT_COPY(r->config->file, name);
    r->config->generation = number_of(text, len);
    read_tree(r, text, len, others_may_read);
    struct config *c = r->config;
    if (r->error_count > 0) {
        report(r, err, ret_all);
        config_destroy(c);
        c = NULL;
    }
    mem_free(r);
    return c;
}

struct config *config_read_text(const char *name, const char *text,
                                const char *(*environment)(const char *name), struct err *err)
{
    return read_bytes(reading(name, environment), text, strlen(text), false, err, NULL);
}

/* ---- a file */

static bool read_file(const char *path, struct buf *to, bool *ret_others_may_read, struct err *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_set(err, ERR_CONFIG, "%s: the settings cannot be read: %s; name another file with -c", path,
                strerrordesc_np(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    char bytes[8192];
    ssize_t len;
    while ((len = read(fd, bytes, sizeof(bytes))) > 0 && !buf_overflowed(to)) {
        buf_put(to, bytes, (size_t)len);
    }
    const int failed = errno;
    close(fd);
    crypto_wipe(bytes, sizeof(bytes));
    if (len < 0) {
        return err_set(err, ERR_CONFIG, "%s: the settings cannot be read: %s", path, strerrordesc_np(failed));
    }
    if (buf_overflowed(to)) {
        return err_set(err, ERR_CONFIG, "%s: the settings are longer than 1 MiB", path);
    }
    *ret_others_may_read = (st.st_mode & (S_IRGRP | S_IROTH)) != 0;
    return true;
}

/* Frees r. */
static struct config *read_path(struct reading *r, struct err *err, struct buf *ret_all)
{
    const char *path = r->name;
    struct buf text;
    struct err why = {0};
    bool others_may_read = false;
    struct config *c = NULL;
    buf_init(&text, FILE_MAX);
    if (read_file(path, &text, &others_may_read, &why)) {
        c = read_bytes(r, text.data, text.len, others_may_read && !r->no_secrets, err, ret_all);
    } else {
        mem_free(r);
        if (ret_all != NULL) {
            buf_format(ret_all, "%s\n", why.text);
        }
        if (err != NULL) {
            *err = why;
        }
    }
    if (text.len > 0) {
        crypto_wipe(text.data, text.len);
    }
    buf_finish(&text);
    return c;
}

struct config *config_read_all(const char *path, const char *(*environment)(const char *name),
                               struct err *err, struct buf *ret_all)
{
    return read_path(reading(path, environment), err, ret_all);
}

struct config *config_read_terminal(const char *path, const char *(*environment)(const char *name),
                                    struct err *err, struct buf *ret_all)
{
    struct reading *r = reading(path, environment);
    r->no_secrets = true;
    return read_path(r, err, ret_all);
}

struct config *config_read(const char *path, const char *(*environment)(const char *name), struct err *err)
{
    return config_read_all(path, environment, err, NULL);
}

const char *config_environment(const char *name)
{
    return getenv(name);
}
