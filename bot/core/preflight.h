#ifndef CORE_PREFLIGHT_H
#define CORE_PREFLIGHT_H
/* May this change begin? Pure grading over facts that were just read: refuse, ask, or only say. What every
 * kind of change has to heed stands here, and what a restart adds; other kinds add theirs (act.h). */
#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"
#include "core/probe.h"
#include "ecs/ecs.h"

#define PREFLIGHT_ASKS 8

/* What the bot itself knows about changes of this service. */
struct preflight_known {
    char operation[16]; /* one that runs or ran; "" = none */
    char who[100];
    char verb[24];    /* what it was; "" = a restart */
    const char *does; /* "restarts it"; NULL = that */
    int64_t since_ms; /* wall: when it was asked for */
    int64_t ended_ms; /* wall; 0 = it runs */
    bool by_asker;
};

/* Another service of the target: what it runs. */
struct preflight_sibling {
    const char *key;
    char image[ECS_NAME]; /* "cloudtak-api:0f3c2b1a"; "" = not known, or it runs nothing */
};

struct preflight_facts {
    const struct config_target *target;
    const struct config_service *service;
    bool identified; /* false: identity_trouble says why; not needed when the target names no account */
    char account[16], partition[16];
    const char *identity_trouble;
    const struct snapshot *snapshot;
    /* asked for only when the service is missing */
    bool names_read, clusters_read;
    size_t name_count, cluster_count;
    bool names_are_clusters; /* the wanted cluster is not among them; else the services' */
    char (*names)[ECS_NAME];
    /* what stands around it; NULL = nobody was asked. The snapshot may have targets. */
    const struct ecs_around *around;
    const struct probe_result *probe;
    /* what a kind asked for in `needs`; NULL = not asked for. Not ok: it could not be read. */
    const struct ecs_previous *previous;
    const struct ecs_scaling *scaling;
    const struct ecs_around *previous_image; /* what `previous` starts; only its image */
    size_t sibling_count;
    const struct preflight_sibling *siblings;
    const char *runs; /* what becomes of a deployment that runs; NULL = "Mine would supersede it" */
    bool downtime;    /* it ends or cuts off service: what could not be checked is asked about */
    struct preflight_known running, recent;
    int64_t cool_down_ms; /* so long after a change of ours the next one asks */
    bool yes;             /* said with the command: what the target asks before every change is answered */
    int64_t world_ms, wall_ms;
};

/* What a question is about: an answer counts for these and no others. */
enum preflight_reason {
    REASON_RUNS = 1,    /* a restart of ours */
    REASON_FOREIGN = 2, /* a deployment of somebody else */
    REASON_RECENT = 4,
    REASON_ZERO = 8,
    REASON_CUTS_OFF = 16,
    REASON_STUCK = 32,
    REASON_DROPS = 64,
    REASON_ALWAYS = 128,
    REASON_IMAGE = 512,     /* gone from its registry */
    REASON_DATABASE = 1024, /* CloudTAK's does not answer */
    REASON_LOCKED = 65536,  /* somebody else has locked the target */
    REASON_OLD = 256,       /* more than two minutes passed since somebody wanted it */
    REASON_DOWNTIME = 2048, /* users are cut off */
    REASON_UNCHECKED = 4096,
    REASON_GLASS = 8192,     /* a refusal that somebody wants to override */
    REASON_KIND = 16384,     /* of the kind itself */
    REASON_STACK = 32768,    /* CloudFormation changes the stack now */
    REASON_CHANGED = 131072, /* what it was asked about is not so any more */
};

enum preflight_grade { PREFLIGHT_GO, PREFLIGHT_ASK, PREFLIGHT_REFUSE };

struct preflight {
    enum preflight_grade grade;
    char refusal[700]; /* REFUSE: a sentence with its next step */
    bool breakable;    /* REFUSE: --break-glass may override it */
    unsigned reasons;  /* ASK: of enum preflight_reason */
    size_t ask_count;
    char asks[PREFLIGHT_ASKS][300];
    char says[600]; /* " · " between findings */
    int send_count; /* desiredCount for UpdateService; -1 = none is sent */
    int wanted;     /* tasks wanted afterwards */
    int running;
    bool breaker;
    char primary_id[ECS_ID];
    char task_definition[ECS_NAME];
};

/* Is the service there at all? False: its names, or the clusters' names, are worth asking for. */
bool preflight_found(const struct snapshot *s);
/* A restart: begin, restart and finish. */
void preflight_grade(const struct preflight_facts *f, struct preflight *ret);
/* What every kind has: the right world, the service, can new tasks start, who else is at it. False: it is
 * refused and there is nothing more to grade. A kind's own findings come next, then finish. */
bool preflight_begin(const struct preflight_facts *f, struct preflight *ret);
void preflight_restart(const struct preflight_facts *f, struct preflight *ret);
void preflight_finish(const struct preflight_facts *f, struct preflight *ret);
/* A breakable refusal becomes the first thing that is asked. False: there is none. */
bool preflight_break_glass(struct preflight *p, const char *who, const char *reason);
/* For a kind's own findings. A refusal that was there first stays, unless only it is breakable. */
void preflight_refuse(struct preflight *p, bool breakable, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void preflight_ask(struct preflight *p, enum preflight_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void preflight_say(struct preflight *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Did anything change between question and answer that voids the question? NULL = no; else what. */
const char *preflight_differs(const struct preflight *asked, const struct preflight *now);
/* It is too late to do it without asking. ago_ms: since somebody wanted it, at wanted_ms (wall); below 0 =
 * the clock was set back. A refusal stays one. */
void preflight_ask_old(struct preflight *p, int64_t wanted_ms, int64_t ago_ms);
/* Asked once more, because of this. */
void preflight_ask_again(struct preflight *p, const char *what);

#endif
