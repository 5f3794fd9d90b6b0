#ifndef SIM_WIRE_SLACK_WEATHER_H
#define SIM_WIRE_SLACK_WEATHER_H
/* Bad weather at Slack: how the next calls are answered and the next connections are received. What the lines
 * of the control channel say is in wire_control.c. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/world_slack.h"

struct loop;
struct server_call;

enum slack_weather_answer {
    WEATHER_ERROR,     /* 200 and {"ok":false,"error":…} */
    WEATHER_HTTP,      /* a status of somebody in between */
    WEATHER_HTML,      /* 200 and a page */
    WEATHER_TRUNCATED, /* the first half of the answer */
    WEATHER_HUGE,      /* 20 MiB */
    WEATHER_RESET,     /* of the connection */
    WEATHER_HANG,      /* no answer */
    WEATHER_SLOW,
};
enum slack_weather_socket { SOCKET_CROWDED, SOCKET_DISABLED, SOCKET_NO_HELLO, SOCKET_SILENT, SOCKET_REFUSED };

struct slack_weather_rule {
    char method[64]; /* "*" = each; "" = the rule is for connections, or unused */
    char channel[24];
    enum slack_weather_answer answer;
    enum slack_weather_socket socket;
    char error[64], needed[96], provided[96];
    int status, retry_after_s;
    int64_t wait_ms;
    bool executed, of_sockets;
    int64_t left; /* uses; 0 = free place */
};

struct slack_weather;
struct slack_weather *slack_weather_create(struct loop *loop);
void slack_weather_destroy(struct slack_weather *w); /* accepts NULL */
/* A rule from a control line; false with *ret_why. */
bool slack_weather_add(struct slack_weather *w, const json_t *line, const char **ret_why);
void slack_weather_clear(struct slack_weather *w);
/* The rule for this call or connection, used once; false in fair weather. */
bool slack_weather_of_call(struct slack_weather *w, const char *method, const char *channel,
                           struct slack_weather_rule *ret);
bool slack_weather_of_socket(struct slack_weather *w, struct slack_weather_rule *ret);
/* Answers, now, later or never. reply is what fair weather would have brought. */
void slack_weather_answer(struct slack_weather *w, const struct slack_weather_rule *rule,
                          struct server_call *call, const struct world_slack_reply *reply);
/* The peer left before a slow answer. */
void slack_weather_gone(struct slack_weather *w, struct server_call *call);

#endif
