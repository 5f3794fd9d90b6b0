#ifndef SIM_WIRE_WEATHER_H
#define SIM_WIRE_WEATHER_H
/* Bad weather in front of the simulated AWS. Rules, given by lines of the control channel, say which calls
 * are hit; a table says what each kind of weather does to a call. All of it is pure: wire_weather.c decides,
 * wire_weather_act.c does it to the sockets.
 *
 *   {"do":"weather","service":"ecs","action":"UpdateService","kind":"execute-then-reset","count":1}
 *
 * service and action: "*" or absent = all. count: so many calls are hit, then it clears; 0 or absent = until
 * {"kind":"clear"}. every: only each so-many-th call that fits (2 = half of them). delay_ms: for the kinds
 * that delay something. {"kind":"clear"} takes away the rules of that very service and action, with neither
 * given all. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEATHER_RULES 32

/* How a call was put, and its answer has to be. */
enum weather_speech { WEATHER_JSON_1_1, WEATHER_JSON_1_0, WEATHER_CBOR, WEATHER_QUERY };

/* One call as it came in. Texts are borrowed. */
struct weather_ask {
    const char *service, *action; /* "ecs", "UpdateService" */
    enum weather_speech speech;
    const char *date; /* x-amz-date: "20261122T140208Z" */
    const json_t *body;
    int64_t now_ms; /* wall */
    bool elsewhere; /* signed for a region in which nothing stands */
};

enum weather_shows {
    WEATHER_ANSWER,  /* the world's answer, mangled or whole */
    WEATHER_ERROR,   /* code and message in AWS's shape */
    WEATHER_PAGE,    /* status, type and text as they stand */
    WEATHER_RESET,   /* RST */
    WEATHER_SILENCE, /* nothing, ever */
};

enum weather_mangle {
    WEATHER_WHOLE,
    WEATHER_CUT,    /* half of the body, in a message that is complete */
    WEATHER_SHORT,  /* half of the body, then the end of the connection */
    WEATHER_TYPES,  /* every text, number and flag of another type than AWS's */
    WEATHER_SHAPES, /* every list an object, every object but the whole a list */
    WEATHER_HUGE,   /* followed by WEATHER_HUGE_BYTES blanks */
};
#define WEATHER_HUGE_BYTES ((size_t)20 * 1024 * 1024)

struct weather_kind {
    const char *name;
    enum weather_shows shows;
    bool executes;      /* the call takes effect … */
    bool executes_late; /* … delay_ms after it came */
    bool shows_late;    /* the answer leaves delay_ms after the call came */
    int64_t delay_ms;   /* when the rule gives none */
    enum weather_mangle mangle;
    int status;
    const char *code; /* of an error of the JSON services, or */
    const char *query_code;
    const char *type, *text; /* of a page; text also: the message of an error */
    int64_t clock_ms;        /* AWS's clock stands so far ahead, and its answer has a Date */
};

struct weather_rule {
    const struct weather_kind *kind;
    char service[32], action[64]; /* "*" = all */
    int64_t delay_ms;
    int64_t left; /* -1 = until it is cleared */
    int64_t every, seen;
};

struct weather {
    struct weather_rule rules[WEATHER_RULES]; /* the first that fits counts */
    size_t count;
};

/* A line of the control channel; NULL, or why it cannot be done. */
const char *weather_take(struct weather *w, const json_t *line);

/* What becomes of this call? Counts it. NULL = fine weather. */
const struct weather_kind *weather_decide(struct weather *w, const struct weather_ask *ask,
                                          int64_t *ret_delay_ms);

/* The code and the message of an error of that kind, as AWS words it for this call. */
void weather_error(const struct weather_kind *kind, const struct weather_ask *ask, const char **ret_code,
                   char *message, size_t size);
/* The Date of an answer of that kind ("Sun, 22 Nov 2026 …"). */
void weather_date(const struct weather_kind *kind, int64_t now_ms, char *to, size_t size);
/* An answer with other types (WEATHER_TYPES) or other shapes (WEATHER_SHAPES): new reference. */
json_t *weather_mangle(const json_t *answer, enum weather_mangle mangle);

#endif
