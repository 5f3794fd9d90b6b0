/* Is a message with this key there already? The history of the channel, or the replies of the thread, since a
 * moment, with metadata; ours are those with our key that our own bot has posted. */
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "slack_private.h"

#define LOOK_BACK_MS 60000 /* how far our clock may be ahead of Slack's */
#define NEWEST       100
#define QUERY_MAX    1024

struct finding {
    struct slack_work work; /* first */
    struct chat_find *find;
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

static void answered(struct slack_call *call, const struct slack_answer *answer)
{
    struct finding *finding = call->user;
    struct chat_find *f = finding->find;
    if (answer->fate == SLACK_FATE_FATAL) {
        slack_fatal(call->slack, SLACK_BOT_TOKEN, answer->error);
    }
    if (answer->fate != SLACK_FATE_OK) {
        f->err = answer->err;
        finish(finding, false);
        return;
    }
    size_t i;
    json_t *message;
    json_array_foreach(jsonx_at(answer->json, "messages"), i, message)
    {
        if (!f->found && is_ours(call->slack, message, f->key)) {
            f->found = TEXT_COPY(f->message, jsonx_text(message, "ts"));
        }
    }
    finish(finding, true);
}

static void due(struct loop_timer *timer)
{
    struct finding *finding = timer->user;
    struct slack *s = finding->work.slack;
    struct chat_find *f = finding->find;
    if (slack_stopped(s) || s->own_user[0] == '\0') {
        err_set(&f->err, ERR_UNREACHABLE, "Slack is not connected");
        finish(finding, false);
        return;
    }
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
    TEXT_FORMAT(number, "%d", NEWEST);
    http_form_add(&query, "limit", number);
    http_form_add(&query, "include_all_metadata", "true");
    struct slack_call *call = &finding->work.call;
    call->method = in_thread ? "conversations.replies" : "conversations.history";
    call->token = SLACK_BOT_TOKEN;
    call->done = answered;
    call->user = finding;
    slack_call_start(call, NULL, query.data);
    buf_finish(&query);
}

void slack_find(struct chat *c, struct chat_find *f)
{
    struct slack *s = (struct slack *)c;
    struct finding *finding = mem_alloc(sizeof(*finding));
    finding->find = f;
    f->private_ = finding;
    f->found = false;
    f->message[0] = '\0';
    f->err = (struct err){0};
    slack_work_add(s, &finding->work);
    finding->work.timer = (struct loop_timer){.fire = due, .user = finding};
    loop_timer_start(s->options.loop, &finding->work.timer, 0);
}
