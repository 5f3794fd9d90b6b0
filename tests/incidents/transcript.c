#include "transcript.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define WIDTH 116

static const char *const ALIKE[TRANSCRIPT_IDS] = {"7F3K", "9QXD", "4MTP", "2HWN",
                                                  "6KRA", "8VCE", "3JLB", "5SGY"};

/* ---- ids */

static bool is_id(const char *text)
{
    for (size_t i = 0; i < 4; i++) {
        if (!isupper((unsigned char)text[i]) && !isdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return text[4] == '/';
}

/* Keys of messages begin with their operation's id: "7F3K/card". */
static void note_id(struct transcript *t, const char *key)
{
    if (!is_id(key)) {
        return;
    }
    for (size_t i = 0; i < t->id_count; i++) {
        if (strncmp(t->ids[i], key, 4) == 0) {
            return;
        }
    }
    if (t->id_count < TRANSCRIPT_IDS) {
        text_copy_n(t->ids[t->id_count++], STORE_ID, key, 4);
    }
}

/* ---- messages */

static void at(struct transcript *t, char to[TEXT_TIME])
{
    text_time_of_day(to, clock_wall(&t->rig->clock));
}

/* As the platform shows it: links by their name, mentions by theirs. */
static void shown_line(struct transcript *t, const char *line, size_t len)
{
    static const struct {
        const char *text, *shown;
    } names[] = {{"@slack:group:S0456EFGH", "@ase-oncall"}, {"@slack:user:", "@"}};
    static const char console[] = "AWS console: https://";
    const char *text = line + strspn(line, " ");
    if (text_starts(text, console)) {
        buf_format(&t->text, "%.*s[AWS console]", (int)(text - line), line);
        return;
    }
    for (const char *at = line; at < line + len;) {
        size_t i = 0;
        while (i < 2 && !text_starts(at, names[i].text)) {
            i++;
        }
        if (i < 2) {
            buf_text(&t->text, names[i].shown);
            at += strlen(names[i].text);
        } else {
            buf_char(&t->text, *at++);
        }
    }
}

static void write_card(struct transcript *t, const struct card *card, const char *indent)
{
    char *text = card_text(card, WIDTH);
    for (const char *line = text, *end; *line != '\0'; line = *end != '\0' ? end + 1 : end) {
        end = line + strcspn(line, "\n");
        buf_text(&t->text, indent);
        shown_line(t, line, (size_t)(end - line));
        buf_char(&t->text, '\n');
    }
    mem_free(text);
}

/* Title, as far as the operation's id, and users-served line, without numbers: what an edit must change to be
 * worth a line. */
static void head_of(const struct card *card, char *to, size_t size)
{
    const char *end = strstr(card->title, " · op ");
    const char *parts[] = {card->title, card->served};
    const size_t lens[] = {end != NULL ? (size_t)(end - card->title) : strlen(card->title),
                           strlen(card->served)};
    struct buf b;
    buf_init(&b, size - 1);
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < lens[p]; i++) {
            if (!isdigit((unsigned char)parts[p][i])) {
                buf_char(&b, parts[p][i]);
            }
        }
    }
    text_copy(to, size, b.data);
    buf_finish(&b);
}

static struct shown *shown_of(struct transcript *t, const char *message)
{
    for (size_t i = 0; i < t->message_count; i++) {
        if (strcmp(t->messages[i].message, message) == 0) {
            return &t->messages[i];
        }
    }
    if (t->message_count == TRANSCRIPT_MESSAGES) {
        return NULL;
    }
    struct shown *s = &t->messages[t->message_count++];
    TEXT_COPY(s->message, message);
    s->head[0] = '\0';
    return s;
}

static void posted(struct transcript *t, const struct chat_send *s)
{
    char when[TEXT_TIME];
    struct shown *shown = shown_of(t, s->posted);
    const bool thread = s->thread[0] != '\0';
    at(t, when);
    note_id(t, s->key);
    if (shown != NULL) {
        head_of(s->card, shown->head, sizeof(shown->head));
        shown->asks = s->card->button_count > 0;
    }
    buf_format(&t->text, "\n%s  %s%s%s%s\n", when,
               thread                    ? "in the thread"
               : s->kind == CHAT_PRIVATE ? ""
                                         : "NEW",
               s->kind == CHAT_PRIVATE ? "only @" : "", s->kind == CHAT_PRIVATE ? s->private_to : "",
               s->kind == CHAT_PRIVATE ? " sees this" : "");
    write_card(t, s->card, thread ? "      " : "  ");
}

static void edited(struct transcript *t, const struct chat_send *s)
{
    char when[TEXT_TIME], head[CARD_TEXT * 2];
    struct shown *shown = shown_of(t, s->message);
    head_of(s->card, head, sizeof(head));
    if (shown == NULL || strcmp(shown->head, head) == 0) {
        return;
    }
    TEXT_COPY(shown->head, head);
    at(t, when);
    buf_format(&t->text, "\n%s  EDIT\n  %s\n", when, s->card->title);
    if (s->card->served[0] != '\0') {
        buf_format(&t->text, "     %s\n", s->card->served);
    }
    if (shown->asks && s->card->button_count == 0 && s->card->line_count > 0) { /* how it was answered */
        buf_format(&t->text, "     %s\n", s->card->lines[0]);
    }
    shown->asks = s->card->button_count > 0;
}

static void send(struct chat *chat, struct chat_send *s)
{
    struct transcript *t = (struct transcript *)chat; /* chat is its first member */
    t->inner->ops->send(t->inner, s);
    if (s->outcome != CHAT_SENT) {
        return;
    }
    if (s->kind == CHAT_UPDATE) {
        edited(t, s);
    } else {
        posted(t, s);
    }
}

static void find(struct chat *chat, struct chat_find *f)
{
    struct transcript *t = (struct transcript *)chat;
    t->inner->ops->find(t->inner, f);
}

static void lookup(struct chat *chat, struct chat_lookup *l)
{
    struct transcript *t = (struct transcript *)chat;
    t->inner->ops->lookup(t->inner, l);
}

static bool link(struct chat *chat, const char *channel, const char *message, char *to, size_t size)
{
    struct transcript *t = (struct transcript *)chat;
    return t->inner->ops->link(t->inner, channel, message, to, size);
}

void transcript_between(struct rig *r, struct engine_options *options, struct chat **chat)
{
    static const struct chat_ops ops = {.send = send, .find = find, .lookup = lookup, .link = link};
    struct transcript *t = r->user;
    (void)options;
    if (t->rig == NULL) {
        buf_init(&t->text, 1U << 20);
    }
    t->rig = r;
    t->inner = *chat;
    t->chat = (struct chat){.ops = &ops, .server = (*chat)->server, .command = (*chat)->command};
    *chat = &t->chat;
}

void transcript_line(struct transcript *t, const char *format, ...)
{
    char when[TEXT_TIME];
    va_list args;
    at(t, when);
    buf_format(&t->text, "\n%s  ", when);
    va_start(args, format);
    buf_vformat(&t->text, format, args);
    va_end(args);
    buf_char(&t->text, '\n');
}

/* ---- made alike */

static const char *alike(const struct transcript *t, const char *text)
{
    for (size_t i = 0; i < t->id_count; i++) {
        if (strncmp(t->ids[i], text, 4) == 0) {
            return ALIKE[i];
        }
    }
    return NULL;
}

/* "cotak-prod-1830": a code to type. */
static bool is_code(const char *start, const char *text)
{
    static const char before[] = "cotak-prod-";
    const size_t len = sizeof(before) - 1;
    if ((size_t)(text - start) < len || strncmp(text - len, before, len) != 0) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        if (!isdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return true;
}

/* ":cd372f056f5ab480": of the audit chain's head. */
#define HASH 16
static bool is_hash(const char *text)
{
    return *text == ':' && strspn(text + 1, "0123456789abcdef") == HASH &&
           !isalnum((unsigned char)text[HASH + 1]);
}

char *transcript_take(struct transcript *t)
{
    struct buf out;
    buf_init(&out, t->text.max);
    bool word = false; /* the character before belongs to a word */
    for (const char *c = t->text.data; *c != '\0';) {
        const char *same = !word ? alike(t, c) : NULL;
        if (same != NULL && !isalnum((unsigned char)c[4])) {
            buf_text(&out, same);
            c += 4;
        } else if (is_code(t->text.data, c)) {
            buf_text(&out, "4821");
            c += 4;
        } else if (is_hash(c)) {
            buf_text(&out, ":89abcdef01234567");
            c += HASH + 1;
        } else {
            buf_char(&out, *c++);
        }
        word = isalnum((unsigned char)c[-1]) != 0;
    }
    buf_finish(&t->text);
    t->rig = NULL;
    return buf_take(&out);
}
