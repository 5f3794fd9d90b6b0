#include "rehearse_view.h"

#include "base/buf.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "rehearse_blocks.h"
#include "terminal_view.h"

#include <string.h>

#define MESSAGES 400 /* older ones are forgotten: an edit of them is printed whole */
#define SHOWN    (64 * 1024)

struct message {
    char id[40];
    char at[TEXT_TIME]; /* when it was first shown */
    char *shown;
    json_t *blocks;
};

struct rehearse_view {
    const json_t *names;
    char bot[64];
    void (*write)(void *user, const char *text);
    void *user;
    size_t count;
    struct message messages[MESSAGES];
};

struct rehearse_view *rehearse_view_create(const json_t *names, const char *user_of_bot,
                                           void (*write)(void *user, const char *text), void *user)
{
    struct rehearse_view *v = mem_alloc(sizeof *v);

    v->names = names;
    TEXT_COPY(v->bot, user_of_bot);
    v->write = write;
    v->user = user;
    return v;
}

static void forget(struct message *m)
{
    mem_free(m->shown);
    json_decref(m->blocks);
    memset(m, 0, sizeof *m);
}

void rehearse_view_destroy(struct rehearse_view *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->count; i++)
        forget(&v->messages[i]);
    mem_free(v);
}

static struct message *find(struct rehearse_view *v, const char *id)
{
    for (size_t i = v->count; i-- > 0;) {
        if (text_equal(v->messages[i].id, id))
            return &v->messages[i];
    }
    return NULL;
}

static struct message *add(struct rehearse_view *v, const char *id)
{
    if (v->count == MESSAGES) {
        forget(&v->messages[0]);
        memmove(&v->messages[0], &v->messages[1], (MESSAGES - 1) * sizeof v->messages[0]);
        v->count--;
    }
    struct message *m = &v->messages[v->count++];
    memset(m, 0, sizeof *m);
    TEXT_COPY(m->id, id);
    return m;
}

static const char *speaker(const struct rehearse_view *v, const char *user)
{
    const char *name = json_string_value(json_object_get(v->names, user));

    return text_equal(user, v->bot) || !name ? "cloudtak-bot" : name;
}

static void indent(const char *text, const char *before, struct buf *ret)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        buf_text(ret, before);
        buf_put(ret, text, len);
        buf_char(ret, '\n');
        text += len;
        text += *text == '\n';
    }
}

static void print_new(struct rehearse_view *v, const json_t *event, const char *shown, const char *at)
{
    struct buf out;
    const char *thread = jsonx_text(event, "thread_ts"), *to = jsonx_text(event, "to");
    bool threaded = *thread && !text_equal(thread, jsonx_text(event, "ts"));

    buf_init(&out, SHOWN * 2);
    buf_format(&out, "%s%s %s%s", threaded ? "     ↳ " : "", at, speaker(v, jsonx_text(event, "user")),
               threaded ? " in the thread" : "");
    if (*to)
        buf_format(&out, " · only %s sees this", speaker(v, to));
    buf_char(&out, '\n');
    indent(shown, threaded ? "       " : "", &out);
    v->write(v->user, out.data);
    buf_finish(&out);
}

static void on_message(struct rehearse_view *v, const json_t *event, int64_t at_ms)
{
    struct buf shown;
    const char *id = *jsonx_text(event, "ts") ? jsonx_text(event, "ts") : jsonx_text(event, "message_ts");
    struct message *m = find(v, id);

    if (m)
        return;
    m = add(v, id);
    buf_init(&shown, SHOWN);
    rehearse_blocks(jsonx_at(event, "blocks"), jsonx_text(event, "text"), v->names, &shown);
    text_time_of_day(m->at, at_ms);
    m->shown = buf_take(&shown);
    m->blocks = json_incref(jsonx_at(event, "blocks"));
    print_new(v, event, m->shown, m->at);
}

static void on_update(struct rehearse_view *v, const json_t *event, int64_t at_ms)
{
    struct buf shown, out;
    char at[TEXT_TIME];
    struct message *m = find(v, jsonx_text(event, "ts"));

    if (!m) {
        on_message(v, event, at_ms);
        return;
    }
    buf_init(&shown, SHOWN);
    buf_init(&out, SHOWN * 2);
    rehearse_blocks(jsonx_at(event, "blocks"), jsonx_text(event, "text"), v->names, &shown);
    text_time_of_day(at, at_ms);
    buf_format(&out, "%s EDIT of the message of %s\n", at, m->at);
    size_t header = out.len;
    terminal_view_changes(m->shown, shown.data, &out);
    mem_free(m->shown);
    m->shown = buf_take(&shown);
    json_decref(m->blocks);
    m->blocks = json_incref(jsonx_at(event, "blocks"));
    if (out.len > header)
        v->write(v->user, out.data);
    buf_finish(&out);
}

void rehearse_view_event(struct rehearse_view *v, const json_t *event, int64_t at_ms)
{
    const char *kind = jsonx_text(event, "event");

    if (text_equal(kind, "message") || text_equal(kind, "ephemeral"))
        on_message(v, event, at_ms);
    else if (text_equal(kind, "update"))
        on_update(v, event, at_ms);
}

bool rehearse_view_button(const struct rehearse_view *v, int n, const char **ret_message,
                          const char **ret_action, const char **ret_value)
{
    for (size_t i = v->count; i-- > 0;) {
        if (rehearse_button(v->messages[i].blocks, n, ret_action, ret_value)) {
            *ret_message = v->messages[i].id;
            return true;
        }
    }
    return false;
}
