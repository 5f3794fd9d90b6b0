#ifndef CORE_COUNT_MEMO_H
#define CORE_COUNT_MEMO_H
/* What is remembered of a count that this bot set: what to come back to, and which of autoscaling's switches
 * the bot suspended itself. A memo of the store, under the service's name. Pure. */
#include "core/config.h"
#include "core/operation.h"
#include "ecs/ecs.h"

#define COUNT_MEMO "count" /* the memo's kind */

struct count_memo {
    char service_name[640]; /* the memo's key: "account/region/cluster/service" */
    char target[CONFIG_NAME], service_key[40];
    int before; /* the count to come back to */
    int count;  /* what the bot set; 0 = people are reminded while it stands there */
    bool sure;  /* ECS took it; false = it was about to be sent */
    bool left;  /* it was raised elsewhere: kept only for the switches */
    struct ecs_scaling_switches suspended; /* by this bot, and by nobody before it */
    char operation[STORE_ID];
    char who[100], reason[300];   /* "@bo", "INC-204" or "" */
    char server[32], channel[64]; /* where it was asked, and where people are reminded */
    int64_t since_ms;             /* world: when that was */
    int reminders;                /* told so far */
};

char *count_memo_save(const struct count_memo *m); /* the caller mem_frees */
/* What a later version wrote is refused with a sentence. */
bool count_memo_load(const struct store_memo *row, struct count_memo *ret, struct err *err);
/* Has the bot suspended anything? */
bool count_memo_suspends(const struct count_memo *m);

#endif
