/* What is done to connections that are open. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "sim/wire_slack_private.h"

#define FRAME_MOST (8 * 1024 * 1024)

/* An envelope of so many bytes, its id at the head or at the tail, or nowhere. */
static char *oversize(const json_t *line, size_t *ret_len)
{
    const char *id = jsonx_text(line, "envelope_id"), *at = jsonx_text(line, "at");
    const int64_t asked = jsonx_int(line, "bytes", 2 * 1024 * 1024);
    const size_t len = asked > 1024 && asked < FRAME_MOST ? (size_t)asked : FRAME_MOST;
    char head[300], tail[300], key[200];
    TEXT_FORMAT(key, "\"envelope_id\":\"%s\"", id);
    const bool first = text_equal(at, "head"), last = text_equal(at, "tail");
    TEXT_FORMAT(head, "{%s%s\"type\":\"slash_commands\",\"payload\":{\"text\":\"", first ? key : "",
                first ? "," : "");
    TEXT_FORMAT(tail, "\"}%s%s}", last ? "," : "", last ? key : "");
    char *text = mem_alloc(len);
    memset(text, 'x', len);
    memcpy(text, head, strlen(head));
    memcpy(text + len - strlen(tail), tail, strlen(tail));
    *ret_len = len;
    return text;
}

static void do_frame(struct link *link, const json_t *line)
{
    const char *text = jsonx_text(line, "text");
    server_ws_send(link->ws, text, strlen(text));
}

static void do_binary(struct link *link, const json_t *line)
{
    const char *text = jsonx_text(line, "text");
    server_ws_send_binary(link->ws, text, strlen(text));
}

static void do_ping(struct link *link, const json_t *line)
{
    (void)line;
    server_ws_ping(link->ws, "Ping from applink-1");
}

static void do_oversize(struct link *link, const json_t *line)
{
    size_t len;
    char *text = oversize(line, &len);
    server_ws_send(link->ws, text, len);
    mem_free(text);
}

static void do_silent(struct link *link, const json_t *line)
{
    (void)line;
    server_ws_deafen(link->ws);
    link->silent = link->deaf = true;
}

static void do_half_open(struct link *link, const json_t *line)
{
    (void)line;
    server_ws_deafen(link->ws);
    link->deaf = true;
}

static void do_drop(struct link *link, const json_t *line)
{
    (void)line;
    server_ws_drop(link->ws);
}

static void do_close(struct link *link, const json_t *line)
{
    server_ws_close(link->ws, (int)jsonx_int(line, "code", 1000));
}

static const struct {
    const char *name;
    void (*run)(struct link *link, const json_t *line);
} ACTS[] = {
    {"frame", do_frame},   {"binary", do_binary},       {"ping", do_ping},   {"oversize", do_oversize},
    {"silent", do_silent}, {"half_open", do_half_open}, {"close", do_close}, {"drop", do_drop},
};

/* "one" takes the first that is open, "told" those that were told to go, "deaf" those that hear nothing. */
static bool storm(struct wire_slack *s, const json_t *line)
{
    const char *which = jsonx_text(line, "which"), *act = jsonx_text(line, "act");
    for (size_t i = 0; i < sizeof(ACTS) / sizeof(ACTS[0]); i++) {
        if (!text_equal(ACTS[i].name, act)) {
            continue;
        }
        for (size_t k = 0; k < WIRE_LINKS; k++) {
            struct link *link = &s->links[k];
            if (link->ws == NULL || (text_equal(which, "told") && !link->told) ||
                (text_equal(which, "deaf") && !link->deaf)) {
                continue;
            }
            ACTS[i].run(link, line);
            if (text_equal(which, "one")) {
                break;
            }
        }
        return true;
    }
    return false;
}

bool wire_slack_weather(struct wire_slack *s, const json_t *line, const char **ret_why)
{
    if (jsonx_bool(line, "clear", false)) {
        slack_weather_clear(s->weather);
        return true;
    }
    if (jsonx_at(line, "act") != NULL) {
        *ret_why = "no such act";
        return storm(s, line);
    }
    return slack_weather_add(s->weather, line, ret_why);
}
