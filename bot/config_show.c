/* The settings as they were understood, in the order of the table: what a file would say that leaves nothing
 * to defaults and presets. Roles are shown as the ids they stand for. */
#include "config_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static void quote(struct buf *b, const char *text)
{
    buf_char(b, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            buf_char(b, '\\');
        }
        buf_char(b, *c);
    }
    buf_char(b, '"');
}

static void write_duration(struct buf *b, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } UNITS[] = {{3600 * 1000, "h"}, {60 * 1000, "m"}, {1000, "s"}, {1, "ms"}};
    size_t at = 0;
    while (ms == 0 ? at < 2 : ms % UNITS[at].ms != 0) {
        at++;
    }
    buf_format(b, "%lld%s", (long long)(ms / UNITS[at].ms), UNITS[at].unit);
}

static void write_word(struct buf *b, const char *words, int number)
{
    while (number-- > 0) {
        words = strchr(words, '|') + 1;
    }
    buf_put(b, words, strcspn(words, "|"));
}

static void write_list(struct buf *b, const struct principal *list, size_t count)
{
    buf_char(b, '[');
    for (size_t at = 0; at < count; at++) {
        buf_text(b, at == 0 ? "" : ", ");
        config_principals_write(&list[at], b);
    }
    buf_char(b, ']');
}

static void write_channels(struct buf *b, const struct config_target *t)
{
    buf_char(b, '[');
    for (size_t at = 0; at < t->channel_count; at++) {
        buf_text(b, at == 0 ? "" : ", ");
        if (t->channels[at].any) {
            buf_text(b, "any");
        } else {
            buf_format(b, "\"%s:%s\"", t->channels[at].server, t->channels[at].id);
        }
    }
    buf_char(b, ']');
}

static void write_number(struct buf *b, const struct setting *s, const char *member)
{
    int number;
    memcpy(&number, member, sizeof(number));
    if (s->type == SETTING_CHOICE) {
        write_word(b, s->words, number);
    } else if (number < 0) {
        buf_text(b, "keep");
    } else {
        buf_format(b, "%d", number);
    }
}

static void write_value(struct buf *b, const struct setting *s, const void *owner)
{
    const char *member = (const char *)owner + s->offset;
    int64_t ms;
    double rate;
    switch (s->type) {
    case SETTING_SECRET: buf_text(b, SECRET_SHOWN); break;
    case SETTING_BOOL: buf_text(b, *(const bool *)member ? "true" : "false"); break;
    case SETTING_DURATION:
        memcpy(&ms, member, sizeof(ms));
        write_duration(b, ms);
        break;
    case SETTING_RATE:
        memcpy(&rate, member, sizeof(rate));
        buf_format(b, "%g/s", rate);
        break;
    case SETTING_CHOICE:
    case SETTING_DESIRED: write_number(b, s, member); break;
    case SETTING_PRINCIPALS: {
        const struct principals *p = (const struct principals *)(const void *)member;
        write_list(b, p->list, p->count);
        break;
    }
    case SETTING_IDS: {
        const struct config_person *p = owner;
        write_list(b, p->ids, p->count);
        break;
    }
    case SETTING_CHANNELS: write_channels(b, owner); break;
    case SETTING_SOCKET:
    case SETTING_LISTEN: quote(b, member[0] == '\0' ? "off" : member); break;
    default: quote(b, member); break;
    }
}

/* Nothing was said and nothing is meant. */
static bool is_unset(const struct setting *s, const void *owner)
{
    const char *member = (const char *)owner + s->offset;
    const struct secret *secret;
    switch (s->type) {
    case SETTING_SECRET: memcpy(&secret, member, sizeof(secret)); return secret == NULL;
    case SETTING_PRINCIPALS: return !((const struct principals *)(const void *)member)->set;
    case SETTING_CHANNELS: return ((const struct config_target *)owner)->channel_count == 0;
    case SETTING_IDS:
    case SETTING_BOOL:
    case SETTING_DURATION:
    case SETTING_RATE:
    case SETTING_CHOICE:
    case SETTING_DESIRED:
    case SETTING_SOCKET:
    case SETTING_LISTEN: return false;
    default: return member[0] == '\0';
    }
}

struct list_view {
    const void *first;
    size_t count, size;
};

static struct list_view list_of(const struct setting *s, const void *owner)
{
    const struct config *c = owner;
    if (text_equal(s->path, "chat")) {
        return (struct list_view){c->chats, c->chat_count, sizeof(c->chats[0])};
    }
    if (text_equal(s->path, "people")) {
        return (struct list_view){c->people, c->person_count, sizeof(c->people[0])};
    }
    if (text_equal(s->path, "targets")) {
        return (struct list_view){c->targets, c->target_count, sizeof(c->targets[0])};
    }
    const struct config_target *t = owner;
    return (struct list_view){t->services, t->service_count, sizeof(t->services[0])};
}

static void show_map(struct buf *b, const char *prefix, const void *owner, int indent, const char *kind);

static void show_list(struct buf *b, const struct setting *s, const char *key, const void *owner, int indent)
{
    const struct list_view list = list_of(s, owner);
    buf_format(b, "%*s%s:%s\n", indent, "", key, list.count == 0 ? " []" : "");
    for (size_t at = 0; at < list.count; at++) {
        char prefix[80];
        TEXT_FORMAT(prefix, "%s[].", s->path);
        const char *element = (const char *)list.first + at * list.size;
        const bool chat = text_equal(s->path, "chat");
        const char *kind = NULL;
        if (chat) {
            kind = ((const struct config_chat *)(const void *)element)->kind == CHAT_SLACK ? "slack"
                                                                                           : "mattermost";
        }
        const size_t begin = b->len;
        show_map(b, prefix, element, indent + 4, kind);
        if (!buf_overflowed(b) && b->len > begin) {
            b->data[begin + (size_t)indent + 2] = '-';
        }
    }
}

static void show_setting(struct buf *b, const struct setting *s, const char *key, const void *owner,
                         int indent)
{
    if (s->type == SETTING_LIST) {
        show_list(b, s, key, owner, indent);
    } else if (s->type == SETTING_MAP) {
        char prefix[80];
        TEXT_FORMAT(prefix, "%s.", s->path);
        struct buf below;
        buf_init(&below, b->max);
        show_map(&below, prefix, owner, indent + 2, NULL);
        if (below.len > 0) {
            buf_format(b, "%*s%s:\n", indent, "", key);
            buf_text(b, below.data);
        }
        buf_finish(&below);
    } else if (s->type != SETTING_ROLES && !is_unset(s, owner)) {
        buf_format(b, "%*s%s: ", indent, "", key);
        write_value(b, s, owner);
        buf_char(b, '\n');
    }
}

static void show_map(struct buf *b, const char *prefix, const void *owner, int indent, const char *kind)
{
    for (const struct setting *s = CONFIG_TABLE; s->path != NULL; s++) {
        const char *key = config_table_key(s, prefix);
        if (key != NULL && (s->only == NULL || text_equal(s->only, kind))) {
            show_setting(b, s, key, owner, indent);
        }
    }
}

void config_show(const struct config *c, struct buf *b)
{
    show_map(b, "", c, 0, NULL);
    secret_gate_buf(b);
}
