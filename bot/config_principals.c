/* Who is meant: names of people and roles become flat lists of ids, so that nobody looks names up later. */
#include "config_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define OF_ID   LETTERS "0123456789._-"

/* ---- one text */

static bool is_chat(const struct config *c, const char *name)
{
    for (size_t at = 0; at < c->chat_count; at++) {
        if (text_equal(c->chats[at].name, name)) {
            return true;
        }
    }
    return false;
}

static bool is_id(const char *text)
{
    return *text != '\0' && strlen(text) < CONFIG_ID && text[strspn(text, OF_ID)] == '\0';
}

/* "slack:user:U1", "slack:group:S1", "local:ana". */
static bool parse_id(const struct config *c, const char *text, struct principal *ret)
{
    struct principal p = {.kind = PRINCIPAL_LOCAL};
    if (text_starts(text, "local:")) {
        if (!is_id(text + 6)) {
            return false;
        }
        TEXT_COPY(p.id, text + 6);
        *ret = p;
        return true;
    }
    const char *colon = strchr(text, ':');
    if (colon == NULL || !text_copy_n(p.server, sizeof(p.server), text, (size_t)(colon - text)) ||
        !is_chat(c, p.server)) {
        return false;
    }
    p.kind = text_starts(colon, ":group:") ? PRINCIPAL_GROUP : PRINCIPAL_USER;
    const char *id = colon + (p.kind == PRINCIPAL_GROUP ? strlen(":group:") : strlen(":user:"));
    if (!(text_starts(colon, ":group:") || text_starts(colon, ":user:")) || !is_id(id)) {
        return false;
    }
    TEXT_COPY(p.id, id);
    *ret = p;
    return true;
}

bool config_principals_is_mention(const struct config *c, const char *text)
{
    struct principal p;
    return parse_id(c, text, &p) && p.kind != PRINCIPAL_LOCAL;
}

static bool same(const struct principal *a, const struct principal *b)
{
    return a->kind == b->kind && text_equal(a->server, b->server) && text_equal(a->id, b->id);
}

/* The text of a list's element; false when an error was noted. */
static bool read_item(struct reading *r, const struct node *n, const struct setting *s, char *to, size_t size)
{
    if (n->kind != NODE_SCALAR) {
        return config_note_value(r, n, s);
    }
    struct buf b;
    buf_init(&b, CONFIG_VALUE_MAX);
    const bool done = config_value_expand(r, n, s->path, &b);
    const bool fits = text_copy(to, size, b.data);
    buf_finish(&b);
    return done && (fits || config_note_value(r, n, s));
}

static bool is_list(struct reading *r, const struct node *n, const struct setting *s, size_t most)
{
    if (n->kind != NODE_LIST) {
        return config_note_value(r, n, s);
    }
    return n->count <= most ||
           config_note(r, n->line, s->path, "found %zu elements; at most %zu are allowed", n->count, most);
}

/* ---- lists of who */

static bool put(struct principals *to, const struct principal *p)
{
    for (size_t at = 0; at < to->count; at++) {
        if (same(&to->list[at], p)) {
            return true;
        }
    }
    if (to->count == sizeof(to->list) / sizeof(to->list[0])) {
        return false;
    }
    to->list[to->count++] = *p;
    return true;
}

static const struct config_person *find_person(const struct config *c, const char *name)
{
    for (size_t at = 0; at < c->person_count; at++) {
        if (text_equal(c->people[at].name, name)) {
            return &c->people[at];
        }
    }
    return NULL;
}

static bool put_person(struct principals *to, const struct config_person *person)
{
    for (size_t at = 0; at < person->count; at++) {
        if (!put(to, &person->ids[at])) {
            return false;
        }
    }
    return true;
}

static void consider(const char *name, const char *text, const char **best, size_t *distance)
{
    const size_t d = text_distance(name, text);
    if (d < *distance) {
        *distance = d;
        *best = name;
    }
}

static bool note_unknown(struct reading *r, const struct node *n, const struct setting *s, const char *text)
{
    const char *best = NULL;
    size_t distance = 3; /* two typing errors */
    for (size_t at = 0; at < r->config->person_count; at++) {
        consider(r->config->people[at].name, text, &best, &distance);
    }
    for (const struct node *role = r->roles == NULL ? NULL : r->roles->first; role != NULL;
         role = role->next) {
        consider(role->key, text, &best, &distance);
    }
    if (best != NULL && n->kind == NODE_SCALAR) {
        return config_note(r, n->line, s->path, "found \"%s\", which is nobody's name; did you mean \"%s\"?",
                           n->text, best);
    }
    return config_note_value(r, n, s);
}

static bool put_item(struct reading *r, const struct node *n, const struct setting *s, struct principals *to,
                     bool in_role);

static bool put_role(struct reading *r, const struct node *role, const struct setting *s,
                     struct principals *to)
{
    const bool before = r->quiet;
    bool fits = true;
    r->quiet = true; /* config_principals_check_roles notes what is wrong in it, once */
    for (const struct node *n = role->kind == NODE_LIST ? role->first : NULL; n != NULL && fits;
         n = n->next) {
        fits = put_item(r, n, s, to, true);
    }
    r->quiet = before;
    return fits;
}

/* False when there is no room; errors are noted. */
static bool put_item(struct reading *r, const struct node *n, const struct setting *s, struct principals *to,
                     bool in_role)
{
    char text[CONFIG_ID + 40];
    if (!read_item(r, n, s, text, sizeof(text))) {
        return true;
    }
    struct principal p = {.kind = text_equal(text, "any") ? PRINCIPAL_ANY : PRINCIPAL_EVERYONE};
    if (text_equal(text, "any") || text_equal(text, "everyone") || parse_id(r->config, text, &p)) {
        return put(to, &p);
    }
    const struct config_person *person = find_person(r->config, text);
    if (person != NULL) {
        return put_person(to, person);
    }
    const struct node *role = config_yaml_child(r->roles, text);
    if (role != NULL && in_role) {
        config_note(r, n->line, s->path, "found the role \"%s\" in a role; write its people here", text);
        return true;
    }
    if (role != NULL) {
        return put_role(r, role, s, to);
    }
    note_unknown(r, n, s, text);
    return true;
}

static void read_items(struct reading *r, const struct node *n, const struct setting *s,
                       struct principals *to, bool in_role)
{
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        if (!put_item(r, item, s, to, in_role)) {
            config_note(r, item->line, s->path, "the list stands for more than %zu ids",
                        sizeof(to->list) / sizeof(to->list[0]));
            return;
        }
    }
}

void config_principals_read(struct reading *r, const struct node *n, const struct setting *s,
                            struct principals *to)
{
    if (is_list(r, n, s, (size_t)s->most)) {
        to->set = true;
        read_items(r, n, s, to, false);
    }
}

/* ---- roles */

static bool is_free_name(struct reading *r, const struct node *role)
{
    static const char *const TAKEN[] = {"any", "everyone", "local"};
    char shown[80];
    text_clean(shown, sizeof(shown), role->key, false);
    if (!config_value_is_word(role->key) || strlen(role->key) >= CONFIG_NAME) {
        return config_note(
            r, role->line, "roles",
            "found the name \"%s\"; allowed: a word of a-z, 0-9 and -, beginning with a letter", shown);
    }
    for (size_t at = 0; at < sizeof(TAKEN) / sizeof(TAKEN[0]); at++) {
        if (text_equal(TAKEN[at], role->key)) {
            return config_note(r, role->line, "roles",
                               "found the name \"%s\", which has a meaning already; choose another", shown);
        }
    }
    return find_person(r->config, role->key) == NULL ||
           config_note(r, role->line, "roles",
                       "found the name \"%s\", which is that of a person; choose another", shown);
}

void config_principals_check_roles(struct reading *r, const struct node *n)
{
    static const struct setting ROLE = {.path = "roles", .type = SETTING_PRINCIPALS, .most = CONFIG_LIST};
    if (n->kind != NODE_MAP) {
        static const struct setting ROLES = {.path = "roles", .type = SETTING_ROLES};
        config_note_value(r, n, &ROLES);
        return;
    }
    if (n->count > CONFIG_ROLES) {
        config_note(r, n->line, "roles", "found %zu roles; at most %d are allowed", n->count, CONFIG_ROLES);
        return;
    }
    struct principals *scratch = mem_alloc(sizeof(*scratch));
    for (const struct node *role = n->first; role != NULL; role = role->next) {
        if (is_free_name(r, role) && is_list(r, role, &ROLE, (size_t)ROLE.most)) {
            scratch->count = 0;
            read_items(r, role, &ROLE, scratch, true);
        }
    }
    mem_free(scratch);
}

/* ---- ids of one person */

static const struct config_person *owner_of(const struct config *c, const struct principal *p)
{
    for (size_t at = 0; at < c->person_count; at++) {
        for (size_t id = 0; id < c->people[at].count; id++) {
            if (same(&c->people[at].ids[id], p)) {
                return &c->people[at];
            }
        }
    }
    return NULL;
}

void config_principals_read_ids(struct reading *r, const struct node *n, const struct setting *s,
                                struct config_person *to)
{
    if (!is_list(r, n, s, CONFIG_IDS)) {
        return;
    }
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        char text[CONFIG_ID + 40] = "";
        struct principal p;
        if (!read_item(r, item, s, text, sizeof(text))) {
            continue;
        }
        if (!parse_id(r->config, text, &p) || p.kind == PRINCIPAL_GROUP) {
            config_note_value(r, item, s);
            continue;
        }
        const struct config_person *owner = owner_of(r->config, &p);
        if (owner != NULL) {
            config_note(r, item->line, s->path, "found \"%s\", which is an id of \"%s\" already", text,
                        owner->name);
            continue;
        }
        to->ids[to->count++] = p;
    }
}

/* ---- channels */

static bool parse_channel(const struct config *c, const char *text, struct config_channel *ret)
{
    struct config_channel channel = {.any = text_equal(text, "any")};
    const char *colon = strchr(text, ':');
    if (!channel.any) {
        if (colon == NULL ||
            !text_copy_n(channel.server, sizeof(channel.server), text, (size_t)(colon - text)) ||
            !is_chat(c, channel.server) || !is_id(colon + 1)) {
            return false;
        }
        TEXT_COPY(channel.id, colon + 1);
    }
    *ret = channel;
    return true;
}

void config_principals_read_channels(struct reading *r, const struct node *n, const struct setting *s,
                                     struct config_target *to)
{
    if (!is_list(r, n, s, CONFIG_LIST)) {
        return;
    }
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        char text[CONFIG_ID + 40];
        if (!read_item(r, item, s, text, sizeof(text))) {
            continue;
        }
        if (!parse_channel(r->config, text, &to->channels[to->channel_count])) {
            config_note_value(r, item, s);
            continue;
        }
        to->channel_count++;
    }
}

/* ---- back to text */

void config_principals_write(const struct principal *p, struct buf *b)
{
    switch (p->kind) {
    case PRINCIPAL_USER: buf_format(b, "\"%s:user:%s\"", p->server, p->id); break;
    case PRINCIPAL_GROUP: buf_format(b, "\"%s:group:%s\"", p->server, p->id); break;
    case PRINCIPAL_LOCAL: buf_format(b, "\"local:%s\"", p->id); break;
    case PRINCIPAL_ANY: buf_text(b, "any"); break;
    case PRINCIPAL_EVERYONE: buf_text(b, "everyone"); break;
    }
}
