#ifndef CHAT_SLACK_PRIVATE_H
#define CHAT_SLACK_PRIVATE_H
/* The parts of the Slack adapter among themselves.
 *
 *   slack.c           the object: start, close, the table of core/chat.h
 *   slack_socket.c    slots and connections of Socket Mode   slack_retry.c  its decisions, pure
 *   slack_envelope.c  frames to requests, and the acks
 *   slack_json.c      a frame decoded, pure                  slack_blocks.c slack_text.c  a card encoded,
 * pure slack_web.c       one Web API call                       slack_answer.c what its answer means, pure
 *   slack_send.c      chat_send                              slack_pace.c   when it may go, pure
 *   slack_find.c      chat_find                              slack_lookup.c slack_directory.c  chat_lookup */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "chat/slack.h"
#include "loop/loop.h"
#include "net/http.h"

#define SLACK_ENVELOPE      80
#define SLACK_WORDS         (4 * REQUEST_TEXT) /* bytes of a command as Slack writes it, escaped */
#define SLACK_FRAME_MAX     20479              /* one more and Slack closes with 1009 */
#define SLACK_SLOTS         SLACK_LINKS
#define SLACK_ANSWER_MAX    (4 * 1024 * 1024)
#define SLACK_PENDING_MAX   1000 /* acks that wait for their commit */
#define SLACK_PACED_MAX     256  /* channels whose pace is remembered */
#define SLACK_AWAITING_MAX  64   /* look-ups that wait until we know who we are */
#define SLACK_TELLING_MAX   32   /* lines to single users that are under way */
#define SLACK_LINK_ACTION   "cloudtak_link"
#define SLACK_METADATA_TYPE "cloudtak_message"

struct slack_conn;
struct slack_directory;
struct ws;

/* Spans that a test shortens. */
struct slack_times {
    int64_t hello_ms, drain_ms, steady_ms;   /* 10 s to say hello; 20 s to let go; 60 s of life is a life */
    int64_t ping_after_ms, dead_after_ms;    /* 10 s, 28 s */
    int64_t first_wait_ms, wait_most_ms;     /* 1 s doubled up to 30 s */
    int64_t crowded_ms, disabled_ms;         /* 10 s doubled up to 60 s; 60 s */
    int64_t group_fresh_ms, group_usable_ms; /* 60 s, 10 min */
    int64_t who_ms;                          /* 8 s: how long a look-up waits for auth.test */
};
extern const struct slack_times SLACK_TIMES;

/* ---- slack_web.c: one call of the Web API */

enum slack_token { SLACK_APP_TOKEN, SLACK_BOT_TOKEN };

enum slack_fate {
    SLACK_FATE_OK,
    SLACK_FATE_LATER,   /* certainly nothing happened, and it may be tried again */
    SLACK_FATE_UNSURE,  /* it may have happened */
    SLACK_FATE_REFUSED, /* Slack's own word: see error */
    SLACK_FATE_FATAL,   /* the token is no good */
};
struct slack_answer {
    enum slack_fate fate;
    char error[64];   /* Slack's word for it, "" */
    int64_t retry_ms; /* how long Slack asks to wait; 0 = it does not say */
    json_t *json;     /* NULL unless Slack answered with an object */
    struct err err;   /* unless OK */
};

struct slack_call {
    struct slack *slack;
    const char *method;
    enum slack_token token;
    bool changes;
    int64_t timeout_ms; /* 0 = that of net/http.h */
    /* answer is valid during the call; call may be freed or started again in it */
    void (*done)(struct slack_call *call, const struct slack_answer *answer);
    void *user;
    /* fields below should not be touched by the user */
    struct http_request http;
    struct buf body;
    bool under_way;
};
/* With body (reference taken over) a POST of it; with query ("user=U1&…") a GET; else an empty POST. */
void slack_call_start(struct slack_call *call, json_t *body, const char *query);
/* done comes soon, as of a transport that failed. No effect when it is not under way. */
void slack_call_cancel(struct slack_call *call);

/* ---- slack_answer.c, pure */

struct slack_reply { /* what HTTP brought */
    bool ok, sent;
    int status;
    const char *retry_after; /* header, NULL */
    const char *body;
    size_t body_len;
    const struct err *err;
};
/* ret->json is to be decref'd. */
void slack_judge(const char *method, const struct slack_reply *reply, struct slack_answer *ret);
/* The token's setting and the next step, without its value. */
void slack_fatal_sentence(const struct config_chat *config, enum slack_token token, const char *error,
                          struct err *ret);

/* ---- slack_outcome.c, pure: what an answer means for a message */

enum slack_next { SLACK_NEXT_END, SLACK_NEXT_PLAIN, SLACK_NEXT_DM };
struct slack_try {
    enum chat_send_kind kind;
    bool has_reader; /* somebody to whom it could go as a direct message */
    bool plain, dm;  /* what was tried this time */
};
/* END: outcome, retry_ms and err (unless sent) are filled in. */
/* What Slack's word for a refusal means, and what to do; NULL when it is not known. */
const char *slack_refusal_sentence(const char *error);
enum slack_next slack_outcome(const struct slack_try *t, const struct slack_answer *answer,
                              enum chat_failure *ret_outcome, int64_t *ret_retry_ms, struct err *ret_err);

/* ---- slack_pace.c, pure */

struct slack_pace {
    char key[80];       /* method and channel */
    int64_t free_ms;    /* mono: when all that was sent would have gone at one a second */
    int64_t blocked_ms; /* mono: Slack said not before */
};
struct slack_pacer {
    size_t count;
    struct slack_pace paces[SLACK_PACED_MAX];
};
/* Takes the next place and says in how many ms it is; when it is further than most_ms no place is taken. */
int64_t slack_pace_take(struct slack_pacer *p, const char *method, const char *channel, int64_t now,
                        int64_t most_ms);
void slack_pace_block(struct slack_pacer *p, const char *method, const char *channel, int64_t now,
                      int64_t retry_ms);

/* ---- slack_retry.c, pure */

enum slack_loss { SLACK_LOSS_PLAIN, SLACK_LOSS_CROWDED, SLACK_LOSS_DISABLED, SLACK_LOSS_THROTTLED };
struct slack_retry {
    unsigned losses; /* since a connection last lived steady_ms */
};
/* How long to wait before the next try. lived_ms: since hello, 0 = it never came; asked_ms: Retry-After. */
int64_t slack_retry_wait(struct slack_retry *r, const struct slack_times *times, enum slack_loss loss,
                         int64_t lived_ms, int64_t asked_ms, uint32_t random);
/* May we dial this? wss and a host of Slack's, or the host that the configuration names. */
bool slack_socket_url_allowed(const char *url, const char *api_url);

/* ---- slack_socket.c: a slot keeps one connection alive; see its drawing */

struct slack_slot {
    struct slack *slack;
    int number;
    struct slack_conn *opening, *serving, *retiring;
    bool rotating;                /* serving is to be replaced */
    struct loop_timer open_timer; /* armed: the next connection is opened then */
    struct slack_retry retry;
    /* of the latest loss: what the next wait depends on */
    enum slack_loss loss;
    int64_t lived_ms, asked_ms;
};
void slack_slot_start(struct slack_slot *slot);
/* Close frames go out; s->conns is empty when the last is gone. */
void slack_sockets_close(struct slack *s);
/* An envelope's ack, on the connection with this number if it is open, else on another that is. */
bool slack_socket_ack(struct slack *s, uint64_t conn, const char *envelope, const char *frame, size_t len);

void slack_socket_look(const struct slack_slot *slot, struct slack_link *ret);

/* ---- slack_metrics.c */
void slack_count_frame(const struct slack *s, const struct slack_decoded *d, int slot);
void slack_count_oversize(const struct slack *s, int slot);
void slack_count_ack(const struct slack *s, bool written);
void slack_time_ack(const struct slack *s, bool changing, int64_t came_ms);
void slack_count_call(const struct slack_call *call, enum slack_fate fate);
void slack_note_trouble(struct slack *s, const char *text);

/* ---- slack_envelope.c */

struct slack_pending;
/* hello and disconnect are the caller's business: it gets the decoded frame back. */
void slack_take_frame(struct slack *s, uint64_t conn, const char *text, size_t len,
                      struct slack_decoded *ret);
void slack_take_oversize(struct slack *s, uint64_t conn, const char *head, size_t head_len, const char *tail,
                         size_t tail_len, uint64_t total);
/* Requests not yet answered by the engine no longer know us. */
void slack_pending_orphan(struct slack *s);
/* The ack's frame; with a text only where the envelope accepts one. In to, below SLACK_FRAME_MAX. */
void slack_ack_frame(struct buf *to, const char *envelope, const char *text);

/* ---- slack_json.c */
/* The id in a frame that could not be read, or in a piece of it. */
bool slack_envelope_id(const char *bytes, size_t len, char to[SLACK_ENVELOPE]);

/* ---- slack_text.c, pure: all lengths in UTF-16 units, the strictest reading of Slack's "characters" */

struct slack_text {
    struct buf buf;
    size_t units, max; /* past max it ends in "…" and takes nothing more */
    bool full;
};
void slack_text_init(struct slack_text *t, size_t max);
/* Plain text: & < > escaped, controls, bidi controls and backtick fences gone. */
void slack_text_plain(struct slack_text *t, const char *text, bool keep_lines);
/* As slack_text_plain, between fences of our own. */
void slack_text_fenced(struct slack_text *t, const char *text);
/* Our own mark-up, whole or not at all. */
void slack_text_markup(struct slack_text *t, const char *markup);
/* A live mention where the principal is a user or group of this server; else its name. */
void slack_text_mention(struct slack_text *t, const char *principal, const char *server);
void slack_text_link(struct slack_text *t, const char *text, const char *url);
json_t *slack_text_mrkdwn(struct slack_text *t); /* finishes t */
bool slack_url_is_shown(const char *url);        /* http(s) and nothing that could end the mark-up */
/* A plain_text object of unescaped, cleaned text. */
json_t *slack_plain_object(const char *text, size_t max);

/* ---- slack_send.c, slack_find.c, slack_lookup.c */
void slack_send(struct chat *c, struct chat_send *s);
void slack_find(struct chat *c, struct chat_find *f);
void slack_lookup(struct chat *c, struct chat_lookup *l);
/* A line for one user only, best effort: what an ack could not carry. */
void slack_tell(struct slack *s, const struct request *request, const char *text);
/* What users.info says a user is to this workspace. */
enum chat_member slack_member_of(const json_t *user, const char *team, const char *enterprise);

/* ---- slack_work.c: what is under way for core, so that close can end it. First member of its owner. */
struct slack_work {
    struct slack *slack;
    struct slack_call call;
    struct loop_timer timer; /* armed whenever no call is under way */
    struct slack_work *next, *prev;
    bool awaits_who; /* the timer fires at once when we know who we are */
    bool awaited_who;
};
void slack_work_add(struct slack *s, struct slack_work *w);
void slack_work_remove(struct slack_work *w);
/* Ends all: calls are cancelled, timers fire at once; the stage tells their handlers why. */
void slack_work_hurry(struct slack *s);
/* For a timer's handler that needs to know who we are. KNOWN: go on. WAIT: the timer fires again, when it is
 * known or the patience is at its end. Otherwise err says why it will not be known. */
enum slack_who { SLACK_WHO_KNOWN, SLACK_WHO_WAIT, SLACK_WHO_UNKNOWN };
enum slack_who slack_work_ask_who(struct slack_work *w, struct err *err);
/* auth.test has answered: who waits for it goes on. */
void slack_work_who_known(struct slack *s);

/* ---- slack_directory.c: users, groups and channels, remembered, each fetched once at a time */

enum slack_fact { SLACK_FACT_USER, SLACK_FACT_GROUP, SLACK_FACT_CHANNEL, SLACK_FACTS };
struct slack_entry {
    char id[96];
    int64_t as_of_ms;        /* wall; 0 = never had */
    enum chat_member member; /* USER */
    char name[80];
    json_t *members; /* GROUP: an object with a key for each user */
    bool shared;     /* CHANNEL: with another organisation */
    /* fields below are the directory's */
    int64_t fetched_ms; /* mono */
    struct slack_waiter *waiters;
    struct slack_fetch *fetch;
};
struct slack_waiter {
    /* entry NULL: err says why. Valid during the call. Not called when ask returned an entry. */
    void (*ready)(struct slack_waiter *w, const struct slack_entry *entry, const struct err *err);
    struct slack_waiter *next; /* private */
};
struct slack_directory *slack_directory_create(struct slack *s);
void slack_directory_destroy(struct slack_directory *d); /* Accepts NULL. */
/* The entry when it is fresh; else NULL, and ready comes, never inside the call. */
const struct slack_entry *slack_directory_ask(struct slack_directory *d, enum slack_fact fact, const char *id,
                                              struct slack_waiter *w);

/* ---- slack.c */

enum slack_stage { SLACK_NEW, SLACK_ASKING_WHO, SLACK_RUNNING, SLACK_STOPPED, SLACK_CLOSING, SLACK_CLOSED };

struct slack {
    struct chat chat; /* first */
    struct slack_options options;
    struct slack_times times;
    enum slack_stage stage;
    /* from auth.test */
    char own_user[64], own_bot[64], team[64], enterprise[64], workspace_url[CONFIG_URL];
    struct slack_call who_call;
    struct loop_timer who_timer;
    struct slack_retry who_retry;
    struct slack_slot slots[SLACK_SLOTS];
    int slot_count;
    struct slack_conn *conns;
    uint64_t last_conn;
    bool connected;
    int64_t alone_since_ms; /* mono; 0 = a connection is open, or we have not started */
    int64_t complained_ms;  /* mono: one line a second about what floods us */
    struct slack_pending *pendings;
    size_t pending_count;
    struct slack_work *works;
    size_t awaiting_who, telling;
    size_t calls_under_way;
    struct slack_pacer pacer;
    struct slack_directory *directory;
    struct slack_figures figures;
    struct loop_deferred closed;
    void (*on_closed)(void *user);
    void *closed_user;
};
int64_t slack_now(const struct slack *s); /* mono */
int64_t slack_wall(const struct slack *s);
/* Stops everything and tells the owner, once. */
void slack_fatal(struct slack *s, enum slack_token token, const char *error);
bool slack_stopped(const struct slack *s); /* fatal, closing or closed: nothing new begins */
/* Something is wrong with the connections: logged, and kept for who asks how we are. */
void slack_trouble(struct slack *s, const char *subject, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The number of connections over which commands may come has changed. */
void slack_connections_changed(struct slack *s, unsigned serving);
/* A connection or call is gone: is that the end of closing? */
void slack_maybe_closed(struct slack *s);

#endif
