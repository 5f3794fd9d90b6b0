#ifndef CORE_ACT_COUNT_H
#define CORE_ACT_COUNT_H
/* What a running scale, shutdown or start keeps of itself. */
#include "count_plan.h"

struct act_count {
    int asked;              /* scale: the count behind the command */
    char reason[300];       /* of --reason; "" */
    struct count_plan plan; /* of the last checks */
    bool planned;
    bool had; /* something was remembered before this operation armed: */
    struct count_memo before;
    struct ecs_scaling call;
    bool switched; /* autoscaling's switches were set by it, in this life of the bot */
};

#endif
