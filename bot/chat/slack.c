/* The Slack adapter: who are we (auth.test), then the connections; and the table of core/chat.h.
 *
 *     NEW --start--> ASKING_WHO --auth.test--> RUNNING --a token is refused--> STOPPED
 *      |                 |                        |                               |
 *      +-----------------+------------------------+-------------------------------+--close--> CLOSING -->
 * CLOSED
 *
 * auth.test that cannot be had is tried again for ever, with the waits of a lost connection. Nothing new
 * begins once the adapter is stopped; what was under way ends, each with its callback. */
#include "chat/slack.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "slack_private.h"

#define SLOTS_DEFAULT 2

const struct slack_times SLACK_TIMES = {
    .hello_ms = 10000,
    .drain_ms = 20000,
    .steady_ms = 60000,
    .ping_after_ms = 10000,
    .dead_after_ms = 28000,
    .first_wait_ms = 1000,
    .wait_most_ms = 30000,
    .crowded_ms = 10000,
    .disabled_ms = 60000,
    .group_fresh_ms = 60000,
    .group_usable_ms = 600000,
    .who_ms = 8000,
};

int64_t slack_now(const struct slack *s)
{
    return loop_now(s->options.loop);
}

int64_t slack_wall(const struct slack *s)
{
    return clock_wall(loop_clock(s->options.loop));
}

bool slack_stopped(const struct slack *s)
{
    return s->stage >= SLACK_STOPPED;
}

/* The one place where a stage changes; stages only go forward. */
static void advance(struct slack *s, enum slack_stage to)
{
    static const char *const NAMES[] = {"new", "asking who", "running", "stopped", "closing", "closed"};
    assert(to > s->stage);
    log_debug("slack", s->chat.server, "%s -> %s", NAMES[s->stage], NAMES[to]);
    s->stage = to;
}

void slack_trouble(struct slack *s, const char *subject, const char *format, ...)
{
    struct buf text;
    buf_init(&text, sizeof(s->figures.trouble) - 1);
    va_list args;
    va_start(args, format);
    buf_vformat(&text, format, args);
    va_end(args);
    slack_note_trouble(s, text.data);
    log_warning("slack", subject, "%s", s->figures.trouble);
    buf_finish(&text);
}

/* ---- who are we? */

static void answered_who(struct slack_call *call, const struct slack_answer *answer)
{
    struct slack *s = call->slack;
    if (slack_stopped(s)) {
        return;
    }
    if (answer->fate == SLACK_FATE_FATAL) {
        slack_fatal(s, SLACK_BOT_TOKEN, answer->error);
        return;
    }
    const json_t *json = answer->json;
    const bool whole = answer->fate == SLACK_FATE_OK && TEXT_COPY(s->own_user, jsonx_text(json, "user_id")) &&
                       s->own_user[0] != '\0' && TEXT_COPY(s->own_bot, jsonx_text(json, "bot_id")) &&
                       TEXT_COPY(s->team, jsonx_text(json, "team_id")) && s->team[0] != '\0' &&
                       TEXT_COPY(s->enterprise, jsonx_text(json, "enterprise_id")) &&
                       TEXT_COPY(s->workspace_url, jsonx_text(json, "url"));
    if (!whole) {
        const enum slack_loss loss = answer->retry_ms > 0 ? SLACK_LOSS_THROTTLED : SLACK_LOSS_PLAIN;
        const int64_t wait =
            slack_retry_wait(&s->who_retry, &s->times, loss, 0, answer->retry_ms, crypto_random_u32());
        s->own_user[0] = s->team[0] = '\0';
        slack_trouble(s, s->chat.server, "not connected yet: %s; next try in %lld s",
                      answer->fate == SLACK_FATE_OK ? "the answer to auth.test names no user and team"
                                                    : answer->err.text,
                      (long long)(wait + 999) / 1000);
        loop_timer_start(s->options.loop, &s->who_timer, wait);
        return;
    }
    log_info("slack", s->chat.server, "user %s, bot %s, team %s", s->own_user, s->own_bot, s->team);
    advance(s, SLACK_RUNNING);
    slack_work_who_known(s);
    for (int i = 0; i < s->slot_count; i++) {
        slack_slot_start(&s->slots[i]);
    }
}

static void ask_who(struct loop_timer *timer)
{
    struct slack *s = timer->user;
    if (!slack_stopped(s)) {
        slack_call_start(&s->who_call, NULL, NULL);
    }
}

/* ---- life */

static bool link_to(struct chat *c, const char *channel, const char *message, char *to, size_t size)
{
    const struct slack *s = (struct slack *)c;
    const char *dot = strchr(message, '.');
    if (s->workspace_url[0] == '\0' || dot == NULL) {
        return false;
    }
    return text_format(to, size, "%s%sarchives/%s/p%.*s%s", s->workspace_url,
                       text_ends(s->workspace_url, "/") ? "" : "/", channel, (int)(dot - message), message,
                       dot + 1);
}

static void closed(struct loop_deferred *d)
{
    struct slack *s = d->user;
    if (s->stage == SLACK_CLOSING) {
        advance(s, SLACK_CLOSED);
        s->on_closed(s->closed_user); /* s may be gone */
    }
}

struct slack *slack_create(const struct slack_options *options)
{
    static const struct chat_ops OPS = {
        .send = slack_send, .find = slack_find, .lookup = slack_lookup, .link = link_to};
    struct slack *s = mem_alloc(sizeof(*s));
    s->options = *options;
    s->chat =
        (struct chat){.ops = &OPS, .server = options->config->name, .command = options->config->command};
    s->times = SLACK_TIMES;
    s->slot_count = options->connections > 0 ? options->connections : SLOTS_DEFAULT;
    s->slot_count = s->slot_count < SLACK_SLOTS ? s->slot_count : SLACK_SLOTS;
    for (int i = 0; i < s->slot_count; i++) {
        s->slots[i].slack = s;
        s->slots[i].number = i + 1;
    }
    s->who_call = (struct slack_call){
        .slack = s, .method = "auth.test", .token = SLACK_BOT_TOKEN, .done = answered_who};
    s->who_timer = (struct loop_timer){.fire = ask_who, .user = s};
    s->closed = (struct loop_deferred){.run = closed, .user = s};
    s->directory = slack_directory_create(s);
    return s;
}

struct chat *slack_chat(struct slack *s)
{
    return &s->chat;
}

void slack_start(struct slack *s)
{
    advance(s, SLACK_ASKING_WHO);
    s->alone_since_ms = slack_now(s);
    loop_timer_start(s->options.loop, &s->who_timer, 0);
}

static void stop_all(struct slack *s)
{
    loop_timer_stop(s->options.loop, &s->who_timer);
    slack_call_cancel(&s->who_call);
    slack_sockets_close(s);
    slack_work_hurry(s);
}

void slack_fatal(struct slack *s, enum slack_token token, const char *error)
{
    if (slack_stopped(s)) {
        return;
    }
    struct err err;
    slack_fatal_sentence(s->options.config, token, error, &err);
    slack_note_trouble(s, err.text); /* the owner logs it */
    advance(s, SLACK_STOPPED);
    stop_all(s);
    s->options.on_fatal(s->options.user, &err);
}

static void tell_connected(struct slack *s)
{
    const int64_t now = slack_now(s);
    char span[TEXT_DURATION];
    text_duration(span, now - s->alone_since_ms);
    if (!s->connected) {
        s->alone_since_ms = now;
        log_warning(
            "slack", s->chat.server,
            "no connection to Slack is left: commands do not arrive until one is open again; restarts "
            "that run go on, and are reported then");
    } else {
        log_info("slack", s->chat.server, "commands can arrive, after %s without a connection", span);
        s->alone_since_ms = 0;
        slack_note_trouble(s, "");
    }
}

void slack_connections_changed(struct slack *s, unsigned serving)
{
    s->figures.open_connections = serving;
    const bool connected = serving > 0;
    if (connected == s->connected) {
        return;
    }
    s->connected = connected;
    if (s->stage >= SLACK_CLOSING) {
        return;
    }
    tell_connected(s);
    s->options.on_connected(s->options.user, connected);
}

void slack_maybe_closed(struct slack *s)
{
    if (s->stage == SLACK_CLOSING && s->conns == NULL && s->works == NULL && s->calls_under_way == 0) {
        loop_defer(s->options.loop, &s->closed);
    }
}

void slack_close(struct slack *s, void (*on_closed)(void *user), void *user)
{
    s->on_closed = on_closed;
    s->closed_user = user;
    advance(s, SLACK_CLOSING);
    stop_all(s);
    slack_maybe_closed(s);
}

void slack_destroy(struct slack *s)
{
    if (s == NULL) {
        return;
    }
    assert(s->conns == NULL && s->works == NULL && s->calls_under_way == 0);
    loop_defer_cancel(s->options.loop, &s->closed);
    loop_timer_stop(s->options.loop, &s->who_timer);
    slack_pending_orphan(s);
    slack_directory_destroy(s->directory);
    mem_free(s);
}
