#ifndef SIM_WIRE_WEATHER_ACT_H
#define SIM_WIRE_WEATHER_ACT_H
/* The weather done to sockets: what wire_weather.c decided, now or later. */
#include "sim/wire_weather.h"

struct loop;
struct server_call;
struct weather_front; /* opaque */

/* An answer of the world. */
struct weather_reply {
    int status;
    const char *type; /* static */
    char *text;       /* mem_free */
    size_t len;
};

/* What stands behind the weather. */
struct weather_behind {
    void (*execute)(void *user, const struct weather_ask *ask, struct weather_reply *ret);
    /* headers: "name: value\r\n" or "" */
    void (*send)(void *user, struct server_call *call, int status, const char *type, const char *headers,
                 const char *text, size_t len);
    void (*send_error)(void *user, struct server_call *call, enum weather_speech speech, int status,
                       const char *headers, const char *code, const char *message);
    void (*hit)(void *user, const struct weather_ask *ask, const char *kind);
    void *user;
};

struct weather_front *weather_front_create(struct loop *loop, const struct weather_behind *behind);
void weather_front_destroy(struct weather_front *f); /* accepts NULL */
struct weather *weather_front_rules(struct weather_front *f);
/* True when the weather has the call now: it answers it, or not. ask's body is held as long as needed. */
bool weather_front_take(struct weather_front *f, struct server_call *call, const struct weather_ask *ask);
/* The peer left before the answer. */
void weather_front_gone(struct weather_front *f, struct server_call *call);

#endif
