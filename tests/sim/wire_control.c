/* The control channel: one JSON object a line says what people do. What cannot be done is answered with
 * {"error": …}.
 *
 *   {"do":"slash","user","channel","text"}     {"do":"mention","user","channel","text","thread_ts"}
 *   {"do":"click","user","message_ts","action_id","value"}
 *   {"do":"flood","count","per_second","text"}: slash commands at a steady rate, answered with their
 * latencies
 *   {"do":"refresh"}   a warning's refresh_requested to all connections     {"do":"disconnect","reason"}
 *   {"do":"drop"}      all connections end without a Close frame
 *   {"do":"redeliver","envelope_id"}   the same envelope again ("" or absent: the newest)
 *   {"do":"weather","service","action","kind",…}   bad weather at AWS: wire_weather.h
 *   {"do":"limits","on"}   {"do":"revoke","scope"}   {"do":"stats"}   {"do":"quit"}
 *
 *   {"do":"slack_weather","method":M,"answer":A,"count":N}   the next N calls (default 1, -1 = from now on)
 *     of a Web API method ("*" = each), only those with "channel" if given. A: error ("error","needed",
 *     "provided"), http ("status","retry_after"), html, truncated, huge (20 MiB), reset, hang, slow ("ms");
 *     "executed":true: what the call asks for is done all the same
 *   {"do":"slack_weather","socket":S,"count":N}   the next N connections. S: crowded (too_many_websockets as
 *     first frame), disabled (link_disabled), no_hello, silent (no hello, no pong), refused ("status")
 *   {"do":"slack_weather","act":A,"which":"one"|"told"|"deaf"|""}   now, to open connections. A: frame
 * ("text"), binary ("text"), ping, oversize ("bytes","envelope_id","at":"head"|"tail"|""), silent (no frame,
 * no pong), half_open (nothing is read any more, not even the end), drop, close ("code")
 *   {"do":"slack_weather","clear":true}   fair weather for calls and new connections */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "loop/loop.h"
#include "sim/wire.h"
#include "sim/world_slack.h"

#define FLOOD_TICK_MS  1
#define FLOOD_MOST     1000000
#define FLOOD_PATIENCE (5 * INT64_C(1000000)) /* for acks after the last command */

struct flood {
    int64_t left, per_second, began_us, sent, ended_us;
    uint64_t first_ack;
    char text[512], user[64], channel[64];
};

struct wire_control {
    struct loop *loop;
    struct world_slack *world;
    struct wire_slack *slack;
    struct wire_ecs *ecs;
    struct wire_out *out;
    void (*on_quit)(void *user);
    void *user;
    struct flood flood;
    struct loop_timer tick;
};

static void complain(struct wire_control *c, const char *why)
{
    json_t *o = json_pack("{s:s}", "error", why);
    wire_answer(c->out, o);
    json_decref(o);
}

/* Takes the envelope; NULL = it could not be made. */
static void deliver(struct wire_control *c, json_t *envelope, const char *why)
{
    if (envelope == NULL) {
        complain(c, why);
    } else if (!wire_slack_deliver(c->slack, envelope)) {
        complain(c, "no connection is open: Slack would say dispatch_failed");
    }
}

static void do_slash(struct wire_control *c, const json_t *line)
{
    const char *why = "";
    json_t *e = world_slack_slash(c->world, wire_slack_now(c->slack), jsonx_text(line, "user"),
                                  jsonx_text(line, "channel"), jsonx_text(line, "text"), &why);
    deliver(c, e, why);
}

static void do_mention(struct wire_control *c, const json_t *line)
{
    const char *why = "";
    json_t *e = world_slack_mention(c->world, wire_slack_now(c->slack), jsonx_text(line, "user"),
                                    jsonx_text(line, "channel"), jsonx_text(line, "thread_ts"),
                                    jsonx_text(line, "text"), &why);
    deliver(c, e, why);
}

static void do_click(struct wire_control *c, const json_t *line)
{
    const char *why = "", *value = json_string_value(jsonx_at(line, "value"));
    json_t *e = world_slack_click(c->world, wire_slack_now(c->slack), jsonx_text(line, "user"),
                                  jsonx_text(line, "message_ts"), jsonx_text(line, "action_id"), value, &why);
    deliver(c, e, why);
}

static void do_redeliver(struct wire_control *c, const json_t *line)
{
    deliver(c, world_slack_repeat(c->world, jsonx_text(line, "envelope_id")), "no such envelope");
}

static void do_refresh(struct wire_control *c, const json_t *line)
{
    (void)line;
    wire_slack_disconnect(c->slack, "refresh_requested");
}

static void do_disconnect(struct wire_control *c, const json_t *line)
{
    const char *reason = jsonx_text(line, "reason");
    wire_slack_disconnect(c->slack, reason[0] != '\0' ? reason : "warning");
}

static void do_drop(struct wire_control *c, const json_t *line)
{
    (void)line;
    wire_slack_drop(c->slack);
}

static void do_limits(struct wire_control *c, const json_t *line)
{
    world_slack_set_limits(c->world, jsonx_bool(line, "on", true));
}

static void do_revoke(struct wire_control *c, const json_t *line)
{
    world_slack_revoke(c->world, jsonx_text(line, "scope"));
}

static void do_weather(struct wire_control *c, const json_t *line)
{
    const char *why = wire_ecs_weather(c->ecs, line);
    if (why != NULL) {
        complain(c, why);
    }
}

static void do_slack_weather(struct wire_control *c, const json_t *line)
{
    const char *why = "";
    if (!wire_slack_weather(c->slack, line, &why)) {
        complain(c, why);
    }
}

static void do_stats(struct wire_control *c, const json_t *line)
{
    (void)line;
    json_t *o =
        json_pack("{s:s,s:o,s:o,s:o,s:i,s:o}", "event", "stats", "slack", world_slack_stats(c->world, 0),
                  "aws", wire_ecs_stats(c->ecs), "arrived", wire_ecs_arrived(c->ecs), "connections",
                  wire_slack_connections(c->slack), "sockets", wire_slack_figures(c->slack));
    wire_answer(c->out, o);
    json_decref(o);
}

static void do_quit(struct wire_control *c, const json_t *line)
{
    (void)line;
    c->on_quit(c->user);
}

/* ---- a flood: commands leave on time whatever the answers do */

static void end_flood(struct wire_control *c)
{
    struct flood *f = &c->flood;
    json_t *o = world_slack_stats(c->world, f->first_ack);
    double seconds = (double)(f->ended_us - f->began_us) / 1e6;
    json_object_set_new(o, "event", json_string("flood"));
    json_object_set_new(o, "sent", json_integer(f->sent));
    json_object_set_new(o, "seconds", json_real(seconds));
    c->out->quiet = false;
    wire_answer(c->out, o);
    json_decref(o);
    *f = (struct flood){0};
}

static void flood_tick(struct loop_timer *t)
{
    struct wire_control *c = t->user;
    struct flood *f = &c->flood;
    int64_t now = wire_slack_now(c->slack), due = 1 + (now - f->began_us) * f->per_second / 1000000;
    for (; f->left > 0 && f->sent < due; f->left--, f->sent++) {
        const char *why;
        json_t *e = world_slack_slash(c->world, wire_slack_now(c->slack), f->user, f->channel, f->text, &why);
        wire_slack_deliver(c->slack, e);
        f->ended_us = wire_slack_now(c->slack);
    }
    bool answered = world_slack_acks(c->world) - f->first_ack >= (uint64_t)f->sent;
    if (f->left == 0 && (answered || now - f->ended_us > FLOOD_PATIENCE)) {
        end_flood(c);
        return;
    }
    loop_timer_start(c->loop, t, FLOOD_TICK_MS);
}

static void do_flood(struct wire_control *c, const json_t *line)
{
    struct flood *f = &c->flood;
    const char *user = jsonx_text(line, "user"), *channel = jsonx_text(line, "channel"), *why = "";
    int64_t count = jsonx_int(line, "count", 100), rate = jsonx_int(line, "per_second", 100);
    if (f->left > 0 || count < 1 || count > FLOOD_MOST || rate < 1 || rate > FLOOD_MOST) {
        complain(c,
                 f->left > 0 ? "a flood is running" : "count and per_second must be between 1 and 1000000");
        return;
    }
    *f = (struct flood){.left = count, .per_second = rate, .first_ack = world_slack_acks(c->world)};
    TEXT_COPY(f->user, user[0] != '\0' ? user : "ana");
    TEXT_COPY(f->channel, channel[0] != '\0' ? channel : WORLD_SLACK_CHANNEL);
    TEXT_COPY(f->text, jsonx_text(line, "text"));
    f->began_us = f->ended_us = wire_slack_now(c->slack);
    json_t *first = world_slack_slash(c->world, f->began_us, f->user, f->channel, f->text, &why);
    if (first == NULL) {
        f->left = 0;
        complain(c, why);
        return;
    }
    c->out->quiet = !jsonx_bool(line, "loud", false);
    wire_slack_deliver(c->slack, first);
    f->left--;
    f->sent++;
    loop_timer_start(c->loop, &c->tick, FLOOD_TICK_MS);
}

static const struct {
    const char *name;
    void (*run)(struct wire_control *c, const json_t *line);
} verbs[] = {
    {"slash", do_slash},           {"mention", do_mention},
    {"click", do_click},           {"redeliver", do_redeliver},
    {"refresh", do_refresh},       {"drop", do_drop},
    {"limits", do_limits},         {"revoke", do_revoke},
    {"disconnect", do_disconnect}, {"stats", do_stats},
    {"flood", do_flood},           {"quit", do_quit},
    {"weather", do_weather},       {"slack_weather", do_slack_weather},
};

void wire_control_line(struct wire_control *c, const char *text, size_t len)
{
    struct err err;
    json_t *line = jsonx_parse(text, len, &err);
    if (line == NULL) {
        complain(c, err.text);
        return;
    }
    const char *verb = jsonx_text(line, "do");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (text_equal(verbs[i].name, verb)) {
            verbs[i].run(c, line);
            json_decref(line);
            return;
        }
    }
    complain(c, "\"do\" must be one of: slash, mention, click, redeliver, refresh, drop, limits, revoke, "
                "disconnect, stats, flood, weather, slack_weather, quit");
    json_decref(line);
}

struct wire_control *wire_control_create(struct loop *loop, struct world_slack *world,
                                         struct wire_slack *slack, struct wire_ecs *ecs, struct wire_out *out,
                                         void (*on_quit)(void *user), void *user)
{
    struct wire_control *c = mem_alloc(sizeof(*c));
    *c = (struct wire_control){.loop = loop,
                               .world = world,
                               .slack = slack,
                               .ecs = ecs,
                               .out = out,
                               .on_quit = on_quit,
                               .user = user};
    c->tick = (struct loop_timer){.fire = flood_tick, .user = c};
    return c;
}

void wire_control_destroy(struct wire_control *c)
{
    if (c != NULL) {
        loop_timer_stop(c->loop, &c->tick);
        mem_free(c);
    }
}
