#ifndef ECS_ERRAND_H
#define ECS_ERRAND_H
/* One question that takes several calls: they run side by side or one after the other, and end together, at
 * the last answer or at the deadline. An errand is embedded as first member of what it is for. */
#include "client_private.h"

#define ERRAND_MS 8000 /* a snapshot, and all that stands around it, is read within this time */

struct errand_part {
    struct aws_call call; /* first member */
    bool open;
};

struct errand;
struct errand_kind {
    void (*answer)(struct errand *e, size_t part); /* its call ended; it may ask for more */
    void (*end)(struct errand *e); /* nothing is open any more: tell the caller. Not linked to the client */
    void (*cut)(struct errand *e); /* the client goes: tell the caller that nothing comes any more */
    void (*release)(struct errand *e);
};

struct errand {
    struct client_op op; /* first member */
    const struct errand_kind *kind;
    struct client_session *session;
    struct aws_session *aws;
    struct loop *loop;
    enum aws_lane lane;
    struct errand_part *parts;
    size_t part_count, open_count;
    int made;          /* calls so far */
    int64_t within_ms; /* its deadline */
    bool late;         /* the deadline is over */
    struct loop_timer deadline;
    struct loop_deferred nothing; /* it ends without a call */
};

/* Fields are zero before. */
void errand_begin(struct errand *e, struct client *c, int session, enum aws_lane lane,
                  const struct errand_kind *kind, struct errand_part *parts, size_t part_count);
/* Right after the beginning: an earlier deadline than ERRAND_MS. 0 = that one. */
void errand_within(struct errand *e, int64_t ms);
/* body is the call's from here on. Past the deadline nothing is sent: the part is answered as cancelled. */
void errand_ask(struct errand *e, size_t part, enum aws_service service, const char *action, char *body);
/* The same with a JSON body, which is taken over. */
void errand_ask_json(struct errand *e, size_t part, enum aws_service service, const char *action,
                     json_t *body);
/* The first questions were put: when there were none, the end comes with the next turn. */
void errand_started(struct errand *e);
/* Neither end nor cut come any more; it frees itself when the last call has come back. */
void errand_abandon(struct errand *e);

#endif
