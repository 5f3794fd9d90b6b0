/* One message to Slack, to its end.
 *
 * Happy path: slack_send takes the next place in the channel's pace; when it is due the card is written as
 * blocks and the call goes out; the answer is the outcome.
 *
 * What can go wrong: the place is too far away, or Slack has said not before: LATER, told at once. Slack does
 * not take the blocks: once more as plain text, by itself. A message cannot be shown in the channel: once
 * more as a direct message to the one who asked, saying why. The token is refused: the adapter stops. We are
 * closing: LATER, or UNKNOWN if the post may have gone. */
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "slack_private.h"

#define PLACE_MOST_MS 5000 /* a place further away is not waited for here … */
#define REPLY_MOST_MS 1000 /* … nor, by what must not stand before others, one this far */
#define TELL_MAX      3000

struct sending {
    struct slack_work work; /* first */
    struct chat_send *send;
    struct slack_try try;
    bool refused_place;
    const char *why_dm; /* a static sentence: why it is a direct message */
};

/* Who could get it as a direct message; "" = nobody. */
static const char *reader_of(const struct chat_send *s)
{
    const char *reader = s->kind == CHAT_PRIVATE ? s->private_to : s->kind == CHAT_POST ? s->asker : NULL;
    return reader != NULL ? reader : "";
}

static const char *method_of(const struct slack_try *t)
{
    switch (t->kind) {
    case CHAT_UPDATE: return "chat.update";
    case CHAT_POST: break;
    case CHAT_PRIVATE: return t->dm ? "chat.postMessage" : "chat.postEphemeral";
    }
    return "chat.postMessage";
}

/* Nothing of ours is touched after done. */
static void finish(struct sending *sending)
{
    struct chat_send *s = sending->send;
    s->private_ = NULL;
    slack_work_remove(&sending->work);
    mem_free(sending);
    s->done(s);
}

static void finish_later(struct sending *sending, int64_t retry_ms, const char *why)
{
    sending->send->outcome = CHAT_LATER;
    sending->send->retry_ms = retry_ms;
    err_set(&sending->send->err, ERR_THROTTLED, "%s", why);
    finish(sending);
}

/* ---- the body */

static void set_text(json_t *body, const char *key, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        json_object_set_new(body, key, json_string(value));
    }
}

static json_t *body_with(const struct sending *sending, const char *server, const struct card *card)
{
    const struct chat_send *s = sending->send;
    const struct slack_try *t = &sending->try;
    /* parse none and no link_names: nothing in the text becomes a mention or a link by itself. */
    json_t *body = json_pack("{s:s, s:b}", "parse", "none", "link_names", 0);
    if (text_equal(method_of(t), "chat.postMessage")) { /* the only method that has them */
        json_object_set_new(body, "unfurl_links", json_false());
        json_object_set_new(body, "unfurl_media", json_false());
    }
    char *fallback = slack_fallback(card, server);
    set_text(body, "text", fallback);
    mem_free(fallback);
    json_object_set_new(body, "blocks", t->plain ? json_array() : slack_blocks(card, server));
    set_text(body, "channel", t->dm ? reader_of(s) : s->channel);
    if (!t->dm && t->kind != CHAT_UPDATE) {
        set_text(body, "thread_ts", s->thread);
    }
    if (t->kind == CHAT_UPDATE) {
        set_text(body, "ts", s->message);
    } else if (t->kind == CHAT_PRIVATE && !t->dm) {
        set_text(body, "user", s->private_to);
        return body;
    }
    json_object_set_new(body, "metadata",
                        json_pack("{s:s, s:{s:s}}", "event_type", SLACK_METADATA_TYPE, "event_payload", "key",
                                  s->key == NULL ? "" : s->key));
    return body;
}

static json_t *body_of(const struct sending *sending, const char *server)
{
    const struct chat_send *s = sending->send;
    if (sending->why_dm == NULL) {
        return body_with(sending, server, s->card);
    }
    struct card *card = mem_alloc(sizeof(*card));
    *card = *s->card;
    card_line(card, "Sent to you only; channel %s does not show it: %s.", s->channel, sending->why_dm);
    json_t *body = body_with(sending, server, card);
    mem_free(card);
    return body;
}

/* ---- the events, in order */

static void answered(struct slack_call *call, const struct slack_answer *answer);

static void launch(struct sending *sending)
{
    struct slack_call *call = &sending->work.call;
    call->method = method_of(&sending->try);
    call->token = SLACK_BOT_TOKEN;
    call->changes = true;
    call->done = answered;
    call->user = sending;
    slack_call_start(call, body_of(sending, call->slack->chat.server), NULL);
}

static void due(struct loop_timer *timer)
{
    struct sending *sending = timer->user;
    if (slack_stopped(sending->work.slack)) {
        finish_later(sending, 0, "Slack is not connected");
    } else if (sending->refused_place) {
        finish_later(sending, sending->send->retry_ms, "the channel takes no more messages just now");
    } else {
        launch(sending);
    }
}

static void take_posted(struct sending *sending, const struct slack_answer *answer)
{
    struct chat_send *s = sending->send;
    const char *ts = jsonx_text(answer->json, "ts");
    const char *id = *ts != '\0' ? ts : jsonx_text(answer->json, "message_ts");
    if (!TEXT_COPY(s->posted, id) || (*id == '\0' && s->kind == CHAT_POST)) {
        s->posted[0] = '\0';
        s->outcome = s->kind == CHAT_POST ? CHAT_UNKNOWN : CHAT_SENT;
        err_set(&s->err, ERR_PROTOCOL, "Slack took the message but did not say its id");
    }
}

static void answered(struct slack_call *call, const struct slack_answer *answer)
{
    struct sending *sending = call->user;
    struct chat_send *s = sending->send;
    struct slack *slack = call->slack;
    if (answer->fate == SLACK_FATE_LATER && answer->retry_ms > 0) {
        slack_pace_block(&slack->pacer, call->method, s->channel, slack_now(slack), answer->retry_ms);
    }
    const enum slack_next next = slack_outcome(&sending->try, answer, &s->outcome, &s->retry_ms, &s->err);
    if (next != SLACK_NEXT_END && !slack_stopped(slack)) {
        const bool dm = next == SLACK_NEXT_DM, heard = s->kind == CHAT_POST || !dm;
        log_line(heard ? LOG_WARNING : LOG_INFO, "slack", slack->chat.server,
                 "a message for channel %s goes out once more, %s%s: %s", s->channel,
                 dm ? "as a direct message to " : "as plain text", dm ? reader_of(s) : "", answer->err.text);
        const char *meaning = slack_refusal_sentence(answer->error);
        sending->why_dm = !dm ? NULL : meaning != NULL ? meaning : "Slack refuses it";
        sending->try.plain = sending->try.plain || next == SLACK_NEXT_PLAIN;
        sending->try.dm = sending->try.dm || next == SLACK_NEXT_DM;
        launch(sending);
        return;
    }
    if (next != SLACK_NEXT_END) {
        s->outcome = CHAT_LATER;
        s->err = answer->err;
    } else if (s->outcome == CHAT_SENT) {
        take_posted(sending, answer);
    }
    if (answer->fate == SLACK_FATE_FATAL) {
        slack_fatal(slack, SLACK_BOT_TOKEN, answer->error);
    }
    finish(sending);
}

void slack_send(struct chat *c, struct chat_send *s)
{
    struct slack *slack = (struct slack *)c;
    struct sending *sending = mem_alloc(sizeof(*sending));
    sending->send = s;
    sending->try.kind = s->kind;
    sending->try.has_reader = *reader_of(s) != '\0';
    s->private_ = sending;
    s->retry_ms = 0;
    s->posted[0] = '\0';
    s->err = (struct err){0};
    slack_work_add(slack, &sending->work);
    sending->work.timer = (struct loop_timer){.fire = due, .user = sending};
    const int64_t most_ms = s->may_wait || s->kind == CHAT_UPDATE ? REPLY_MOST_MS : PLACE_MOST_MS;
    int64_t wait =
        slack_pace_take(&slack->pacer, method_of(&sending->try), s->channel, slack_now(slack), most_ms);
    if (wait > most_ms || slack_stopped(slack)) {
        sending->refused_place = true;
        s->retry_ms = wait;
        wait = 0;
    }
    loop_timer_start(slack->options.loop, &sending->work.timer, wait);
}

/* ---- a line for one user only */

static void told(struct slack_call *call, const struct slack_answer *answer)
{
    struct slack_work *work = call->user;
    if (answer->fate != SLACK_FATE_OK) {
        log_warning("slack", call->slack->chat.server, "could not tell a user: %s", answer->err.text);
    }
    call->slack->telling--;
    slack_work_remove(work);
    mem_free(work);
}

void slack_tell(struct slack *s, const struct request *request, const char *text)
{
    if (slack_stopped(s)) {
        return;
    }
    if (s->telling >= SLACK_TELLING_MAX) {
        log_warning("slack", s->chat.server, "a user is not told, %d lines are under way", SLACK_TELLING_MAX);
        return;
    }
    s->telling++;
    struct slack_work *work = mem_alloc(sizeof(*work));
    slack_work_add(s, work);
    struct slack_text plain;
    slack_text_init(&plain, TELL_MAX);
    slack_text_plain(&plain, text, true);
    json_t *body =
        json_pack("{s:s, s:s, s:s#, s:s, s:b}", "channel", request->place.channel, "user", request->who.user,
                  "text", plain.buf.data, (int)plain.buf.len, "parse", "none", "link_names", 0);
    set_text(body, "thread_ts", request->place.thread);
    buf_finish(&plain.buf);
    work->call.method = "chat.postEphemeral";
    work->call.token = SLACK_BOT_TOKEN;
    work->call.changes = true;
    work->call.done = told;
    work->call.user = work;
    slack_call_start(&work->call, body, NULL);
}
