/* Is a message with this key there already? The history of the channel, or the replies of the thread, since a
 * moment, with metadata; ours are those with our key that our own bot has posted. A look-up that cannot tell
 * must not say "not there", or the message is posted twice. */
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "slack_private.h"

#define LOOK_BACK_MS 60000 /* how far our clock may be ahead of Slack's */
#define PAGE         100
#define PAGES        5
#define CURSOR_MAX   256
#define QUERY_MAX    2048

struct finding {
    struct slack_work work; /* first */
    struct chat_find *find;
    int pages; /* that were asked for */
    char cursor[CURSOR_MAX];
};

static void finish(struct finding *finding, bool ok)
{
    struct chat_find *f = finding->find;
    f->ok = ok;
    f->private_ = NULL;
    slack_work_remove(&finding->work);
    mem_free(finding);
    f->done(f);
}

static bool is_ours(const struct slack *s, const json_t *message, const char *key)
{
    const char *bot = jsonx_text(message, "bot_id"), *user = jsonx_text(message, "user");
    const bool own = (s->own_bot[0] != '\0' && text_equal(bot, s->own_bot)) || text_equal(user, s->own_user);
    return own && text_equal(jsonx_text(message, "metadata.event_type"), SLACK_METADATA_TYPE) &&
           text_equal(jsonx_text(message, "metadata.event_payload.key"), key);
}

static void ask(struct finding *finding);

/* Slack hands out pages; which end it begins at is not the same everywhere, so that one page is not enough.
 */
static bool turn_page(struct finding *finding, const json_t *json)
{
    const char *cursor = jsonx_text(json, "response_metadata.next_cursor");
    const bool more = *cursor != '\0' && finding->pages < PAGES;
    return more && TEXT_COPY(finding->cursor, cursor);
}

static void answered(struct slack_call *call, const struct slack_answer *answer)
{
    struct finding *finding = call->user;
    struct chat_find *f = finding->find;
    const json_t *messages = jsonx_at(answer->json, "messages");
    if (answer->fate == SLACK_FATE_FATAL) {
        slack_fatal(call->slack, SLACK_BOT_TOKEN, answer->error);
    }
    if (answer->fate != SLACK_FATE_OK) {
        f->err = answer->err;
        f->retry_ms = answer->retry_ms;
        finish(finding, false);
        return;
    }
    if (!json_is_array(messages)) { /* not the same as "it is not there" */
        err_set(&f->err, ERR_PROTOCOL, "the answer to %s has no messages", call->method);
        finish(finding, false);
        return;
    }
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message)
    {
        if (!f->found && is_ours(call->slack, message, f->key)) {
            f->found = TEXT_COPY(f->message, jsonx_text(message, "ts"));
        }
    }
    if (!f->found && !slack_stopped(call->slack) && turn_page(finding, answer->json)) {
        ask(finding);
        return;
    }
    finish(finding, true);
}

static void ask(struct finding *finding)
{
    const struct chat_find *f = finding->find;
    const bool in_thread = f->thread != NULL && f->thread[0] != '\0';
    const int64_t oldest = f->since_ms > LOOK_BACK_MS ? f->since_ms - LOOK_BACK_MS : 0;
    char number[32];
    struct buf query;
    buf_init(&query, QUERY_MAX);
    http_form_add(&query, "channel", f->channel);
    if (in_thread) {
        http_form_add(&query, "ts", f->thread);
    }
    TEXT_FORMAT(number, "%lld.%03d000", (long long)(oldest / 1000), (int)(oldest % 1000));
    http_form_add(&query, "oldest", number);
    TEXT_FORMAT(number, "%d", PAGE);
    http_form_add(&query, "limit", number);
    http_form_add(&query, "include_all_metadata", "true");
    if (finding->cursor[0] != '\0') {
        http_form_add(&query, "cursor", finding->cursor);
    }
    finding->pages++;
    struct slack_call *call = &finding->work.call;
    call->method = in_thread ? "conversations.replies" : "conversations.history";
    call->token = SLACK_BOT_TOKEN;
    call->done = answered;
    call->user = finding;
    slack_call_start(call, NULL, query.data);
    buf_finish(&query);
}

static void due(struct loop_timer *timer)
{
    struct finding *finding = timer->user;
    switch (slack_work_ask_who(&finding->work, &finding->find->err)) {
    case SLACK_WHO_WAIT: return;
    case SLACK_WHO_UNKNOWN: finish(finding, false); return;
    case SLACK_WHO_KNOWN: ask(finding); return;
    }
}

void slack_find(struct chat *c, struct chat_find *f)
{
    struct slack *s = (struct slack *)c;
    struct finding *finding = mem_alloc(sizeof(*finding));
    finding->find = f;
    f->private_ = finding;
    f->found = false;
    f->message[0] = '\0';
    f->retry_ms = 0;
    f->err = (struct err){0};
    slack_work_add(s, &finding->work);
    finding->work.timer = (struct loop_timer){.fire = due, .user = finding};
    loop_timer_start(s->options.loop, &finding->work.timer, 0);
}
