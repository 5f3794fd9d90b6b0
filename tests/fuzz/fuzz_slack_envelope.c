/* A frame of Socket Mode -> a request, and the ack that goes back. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/chat/slack_private.h"
#include "judge.h"

#define NOW 1795356128000 /* 2026-11-22 14:02:08 UTC */

static void judge_request(const struct slack_decoded *d)
{
    const struct request *r = &d->request;
    PROMISE(d->envelope[0] != '\0', "a request that cannot be acked");
    PROMISE(text_equal(r->who.server, "slack") && text_equal(r->place.server, "slack"),
            "from another server");
    PROMISE(r->who.user[0] != '\0' && r->place.channel[0] != '\0', "a request of nobody, or from nowhere");
    PROMISE(strpbrk(r->who.user, " :\"") == NULL, "a user id that could be two: %s", r->who.user);
    PROMISE(r->delivery[0] != '\0', "a request that could be run twice");
    PROMISE(r->source == REQUEST_SLASH || r->source == REQUEST_MENTION || r->source == REQUEST_CLICK,
            "no source");
    PROMISE(r->source != REQUEST_CLICK || (r->click_message[0] != '\0' && r->text[0] == '\0'),
            "a click without its message, or with words");
    PROMISE(r->source == REQUEST_CLICK || (r->click_action[0] == '\0' && r->click_value[0] == '\0'),
            "words that press a button");
    PROMISE(r->received_ms == NOW, "received at another time");
    judge_text("command", r->text, false);
    judge_text("user's name", r->who.name, false);
    judge_text("channel's name", r->place.channel_name, false);
    judge_text("user", r->who.user, false);
    judge_text("channel", r->place.channel, false);
}

static void judge_ack(const struct slack_decoded *d)
{
    struct buf frame;
    struct err err;
    buf_init(&frame, SLACK_FRAME_MAX);
    slack_ack_frame(&frame, d->envelope, d->accepts_payload ? "not accepted; nothing was done" : NULL);
    PROMISE(!buf_overflowed(&frame), "the ack is too long");
    json_t *ack = jsonx_parse(frame.data, frame.len, &err);
    PROMISE(ack != NULL, "the ack is no JSON: %s", frame.data);
    PROMISE(text_equal(jsonx_text(ack, "envelope_id"), d->envelope), "the ack is for another envelope");
    json_decref(ack);
    buf_finish(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct config_chat chat = {.name = "slack", .kind = CHAT_SLACK, .command = "/cloudtak"};
    struct slack_decoded d;
    char piece[SLACK_ENVELOPE];
    slack_decode((const char *)data, size, &chat, "U0BOT", NOW, &d);
    PROMISE(d.kind <= SLACK_UNPARSABLE, "a frame of no kind");
    judge_text("why it is ignored", d.reason, false);
    if (d.kind == SLACK_REQUEST) {
        judge_request(&d);
    }
    if (d.envelope[0] != '\0') {
        judge_ack(&d);
    }
    if (slack_envelope_id((const char *)data, size, piece)) {
        judge_text("envelope id", piece, false);
    }
    return 0;
}
