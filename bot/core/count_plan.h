#ifndef CORE_COUNT_PLAN_H
#define CORE_COUNT_PLAN_H
/* What `scale`, `shutdown` and `start` would do: from what ECS, autoscaling and the memo say to the count
 * that is sent, the switches that are set, and what is remembered of both. Pure. */
#include "core/config.h"
#include "count_memo.h"
#include "ecs/ecs.h"

#define COUNT_MOST 10 /* tasks of a service, unless its autoscaling or its settings allow more */

enum count_verb { COUNT_SCALE, COUNT_SHUTDOWN, COUNT_START };

struct count_facts {
    enum count_verb verb;
    int asked; /* SCALE: the count that was asked for */
    const struct config_target *target;
    const struct config_service *service;
    const struct ecs_service *live;
    const struct ecs_scaling *scaling; /* as read; NULL = no answer in time */
    const struct count_memo *memo;     /* NULL = none */
    const char *command;               /* "/cloudtak" */
};

struct count_plan {
    bool refused;
    char refusal[500]; /* a sentence with its next step */
    /* not refused: */
    int before, wanted; /* the live count, and the one that is sent */
    bool cuts_off;      /* more runs now than afterwards */
    bool set_switches;  /* autoscaling's switches are set first, to: */
    struct ecs_scaling_switches switches;
    /* what is remembered from the moment it is sent; of these fields: before, count, suspended, left. What
     * the memo was until then stays the caller's. */
    struct count_memo remember;
    bool forget;    /* when it is done nothing is left to remember */
    char ask[300];  /* what users lose by it; "" = nothing */
    char odd[300];  /* what is not as it should be, and asks even where nothing is lost; "" */
    char says[300]; /* for the card: " · " between findings; "" */
};

void count_plan_make(const struct count_facts *f, struct count_plan *ret);
/* Between question and answer: do both plans do the same? NULL = yes; else what differs. */
const char *count_plan_differs(const struct count_plan *asked, const struct count_plan *now);
/* What a later start of the bot needs of it: everything but its words. */
json_t *count_plan_save(const struct count_plan *p);
void count_plan_load(const json_t *saved, struct count_plan *ret);
/* The word behind `scale`: a number of at most three digits. */
bool count_plan_number(const char *word, int *ret);

#endif
