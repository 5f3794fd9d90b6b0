/* The methods that write and read messages. */
#include "sim/world_slack_private.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"

#define TEXT_MOST        40000
#define UPDATE_TEXT_MOST 4000
#define CHANNEL_BURST    5 /* messages a channel takes at once; then one a second */
#define PAGE_USUAL       100
#define PAGE_MOST        999

/* The content of a message as asked for. */
struct content {
    const char *text;
    json_t *blocks, *metadata; /* owned; NULL = none */
};

static void finish_content(struct content *content)
{
    json_decref(content->blocks);
    json_decref(content->metadata);
}

static bool refuse_blocks(struct slack_call *c, const char *why)
{
    slack_refuse(c, "invalid_blocks");
    slack_put(c, "response_metadata", json_pack("{s:[s]}", "messages", why));
    return false;
}

/* False, and refused, when Slack would not take it. finish_content in both cases. */
static bool read_content(struct slack_call *c, size_t text_most, struct content *ret)
{
    *ret = (struct content){slack_text(c, "text"), slack_value(c, "blocks"), slack_value(c, "metadata")};
    bool blocks_given = jsonx_at(c->arguments, "blocks") != NULL;
    char why[200];
    if (ret->text[0] == '\0' && json_array_size(ret->blocks) == 0) {
        slack_refuse(c, "no_text");
        return false;
    }
    if (slack_characters(ret->text) > text_most) {
        slack_refuse(c, "msg_too_long");
        return false;
    }
    if (blocks_given && !json_is_array(ret->blocks)) {
        slack_refuse(c, "invalid_blocks_format");
        return false;
    }
    if (ret->blocks != NULL && !slack_blocks_allowed(ret->blocks, why, sizeof(why))) {
        return refuse_blocks(c, why);
    }
    if (json_array_size(ret->blocks) == 0) {
        json_decref(ret->blocks);
        ret->blocks = NULL;
    }
    return true;
}

/* A channel id, or a user's id for the direct messages with them. NULL, and refused, when it cannot be. */
static const struct slack_channel *channel_to_write(struct slack_call *c)
{
    const char *id = slack_text(c, "channel");
    const struct slack_channel *ch = slack_channel(id);
    if (ch == NULL && text_equal(id, "U0ANA")) {
        ch = slack_channel("dm-ana");
    } else if (ch == NULL && text_equal(id, "U0BO")) {
        ch = slack_channel("dm-bo");
    }
    if (ch == NULL) {
        slack_refuse(c, "channel_not_found");
        return NULL;
    }
    if (!ch->bot_is_member) {
        slack_refuse(c, "not_in_channel");
        return NULL;
    }
    return ch;
}

void slack_post_message(struct slack_call *c)
{
    const struct slack_channel *ch = channel_to_write(c);
    const char *thread = slack_text(c, "thread_ts");
    char key[64];
    if (ch == NULL) {
        return;
    }
    TEXT_FORMAT(key, "chat.postMessage %s", ch->id);
    if (!slack_take(c, key, CHANNEL_BURST, 1)) {
        return;
    }
    if (thread[0] != '\0' && slack_find(c->w, ch->id, thread) == NULL) {
        slack_refuse(c, "thread_not_found");
        return;
    }
    struct content content;
    if (read_content(c, TEXT_MOST, &content)) {
        struct slack_message *m = slack_post(c->w, c->now_us, ch->id, WORLD_SLACK_BOT_USER, thread, "",
                                             content.text, content.blocks, content.metadata);
        slack_put(c, "channel", json_string(ch->id));
        slack_put(c, "ts", json_string(m->ts));
        slack_put(c, "message", slack_message_json(m, true));
    }
    finish_content(&content);
}

void slack_update(struct slack_call *c)
{
    const struct slack_channel *ch = slack_channel(slack_text(c, "channel"));
    if (ch == NULL || !text_equal(ch->id, slack_text(c, "channel"))) {
        slack_refuse(c, "channel_not_found");
        return;
    }
    struct slack_message *m = slack_find(c->w, ch->id, slack_text(c, "ts"));
    if (m == NULL || m->only_for[0] != '\0') {
        slack_refuse(c, "message_not_found");
        return;
    }
    if (!text_equal(m->user, WORLD_SLACK_BOT_USER)) {
        slack_refuse(c, "cant_update_message");
        return;
    }
    struct content content;
    if (read_content(c, UPDATE_TEXT_MOST, &content)) {
        slack_edit(c->w, m, content.text, content.blocks, content.metadata);
        slack_put(c, "channel", json_string(ch->id));
        slack_put(c, "ts", json_string(m->ts));
        slack_put(c, "text", json_string(m->text));
        slack_put(c, "message", slack_message_json(m, true));
    }
    finish_content(&content);
}

void slack_post_ephemeral(struct slack_call *c)
{
    const struct slack_channel *ch = channel_to_write(c);
    if (ch == NULL) {
        return;
    }
    const struct slack_person *to = slack_person(slack_text(c, "user"));
    if (to == NULL || to->deleted || (ch->im_with != NULL && !text_equal(ch->im_with, to->id))) {
        slack_refuse(c, "user_not_in_channel");
        return;
    }
    struct content content;
    if (read_content(c, TEXT_MOST, &content)) {
        struct slack_message *m =
            slack_post(c->w, c->now_us, ch->id, WORLD_SLACK_BOT_USER, slack_text(c, "thread_ts"), to->id,
                       content.text, content.blocks, NULL);
        slack_put(c, "message_ts", json_string(m->ts));
    }
    finish_content(&content);
}

static bool within(const struct slack_call *c, const struct slack_message *m)
{
    const char *oldest = slack_text(c, "oldest"), *latest = slack_text(c, "latest");
    bool inclusive = slack_flag(c, "inclusive");
    int low = oldest[0] == '\0' ? 1 : strcmp(m->ts, oldest),
        high = latest[0] == '\0' ? -1 : strcmp(m->ts, latest);
    return (low > 0 || (inclusive && low == 0)) && (high < 0 || (inclusive && high == 0));
}

static int64_t page_size(const struct slack_call *c)
{
    int64_t limit = slack_int(c, "limit", PAGE_USUAL);
    return limit < 1 ? 1 : limit > PAGE_MOST ? PAGE_MOST : limit;
}

/* Where a page may be read: the channel, or NULL, and refused. */
static const struct slack_channel *channel_to_read(struct slack_call *c)
{
    const struct slack_channel *ch = slack_channel(slack_text(c, "channel"));
    if (ch == NULL || !ch->bot_is_member) {
        slack_refuse(c, ch == NULL ? "channel_not_found" : "not_in_channel");
        return NULL;
    }
    return ch;
}

/* Newest first; answers in threads are not among them. A cursor is the timestamp the last page ended with. */
void slack_history(struct slack_call *c)
{
    const struct slack_channel *ch = channel_to_read(c);
    if (ch == NULL) {
        return;
    }
    const char *cursor = slack_text(c, "cursor");
    int64_t limit = page_size(c);
    json_t *page = json_array();
    const char *last = "";
    bool more = false;
    for (size_t i = c->w->message_count; i > 0 && !more; i--) {
        const struct slack_message *m = c->w->messages[i - 1];
        bool thread_answer = m->thread_ts[0] != '\0' && !text_equal(m->thread_ts, m->ts);
        if (!text_equal(m->channel, ch->id) || m->only_for[0] != '\0' || thread_answer || !within(c, m) ||
            (cursor[0] != '\0' && strcmp(m->ts, cursor) >= 0)) {
            continue;
        }
        more = (int64_t)json_array_size(page) == limit;
        if (!more) {
            json_array_append_new(page, slack_message_json(m, slack_flag(c, "include_all_metadata")));
            last = m->ts;
        }
    }
    slack_put(c, "messages", page);
    slack_put(c, "has_more", json_boolean(more));
    slack_put(c, "response_metadata", json_pack("{s:s}", "next_cursor", more ? last : ""));
}

/* Oldest first, the thread's first message included. */
void slack_replies(struct slack_call *c)
{
    const struct slack_channel *ch = channel_to_read(c);
    if (ch == NULL) {
        return;
    }
    const char *ts = slack_text(c, "ts"), *cursor = slack_text(c, "cursor");
    if (slack_find(c->w, ch->id, ts) == NULL) {
        slack_refuse(c, "thread_not_found");
        return;
    }
    int64_t limit = page_size(c);
    json_t *page = json_array();
    const char *last = "";
    bool more = false;
    for (size_t i = 0; i < c->w->message_count && !more; i++) {
        const struct slack_message *m = c->w->messages[i];
        if (!text_equal(m->channel, ch->id) || m->only_for[0] != '\0' ||
            (!text_equal(m->ts, ts) && !text_equal(m->thread_ts, ts)) || !within(c, m) ||
            (cursor[0] != '\0' && strcmp(m->ts, cursor) <= 0)) {
            continue;
        }
        more = (int64_t)json_array_size(page) == limit;
        if (!more) {
            json_array_append_new(page, slack_message_json(m, slack_flag(c, "include_all_metadata")));
            last = m->ts;
        }
    }
    slack_put(c, "messages", page);
    slack_put(c, "has_more", json_boolean(more));
    slack_put(c, "response_metadata", json_pack("{s:s}", "next_cursor", more ? last : ""));
}
