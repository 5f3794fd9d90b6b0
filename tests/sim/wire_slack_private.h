#ifndef SIM_WIRE_SLACK_PRIVATE_H
#define SIM_WIRE_SLACK_PRIVATE_H
/* The inside of the wire of Slack: wire_slack.c (calls, connections, envelopes), wire_slack_storm.c (what is
 * done to open connections), wire_slack_weather.c (how calls are answered and connections received). */
#include "loop/loop.h"
#include "net/server.h"
#include "sim/wire.h"
#include "sim/wire_slack_weather.h"

#define WIRE_LINKS 10

struct link {
    struct server_ws *ws; /* NULL = free place */
    unsigned number;
    bool told;   /* to go, by a disconnect frame */
    bool silent; /* nothing is sent over it any more */
    bool deaf;   /* nothing is read from it any more, not even its end */
};

struct wire_slack {
    struct loop *loop;
    struct world_slack *world;
    struct wire_out *out;
    struct server *server;
    struct slack_weather *weather;
    int64_t start_us;
    struct link links[WIRE_LINKS];
    unsigned last_number;
    size_t turn;
    struct loop_timer redelivery;
    /* figures */
    int connects, refused; /* upgrades asked for, and not taken */
    int64_t alone_us;      /* without any connection, after the first */
    int64_t alone_since_us;
    void (*on_closed)(void *user);
    void *user;
};

void wire_slack_send(struct server_ws *ws, const json_t *frame);

#endif
