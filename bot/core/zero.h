#ifndef CORE_ZERO_H
#define CORE_ZERO_H
/* A service that this bot left at zero: when people are reminded of it, and in what words. Pure; the looks
 * and the timer are zero_watch.c. */
#include "core/card.h"
#include "count_memo.h"

/* Reminders: after 15 min, after 1 h, then every 4 h. How many of them are due by now, told or not? */
int zero_due(const struct count_memo *m, int64_t now_ms);
/* How long until the next one that was not told yet; 0 = now. At most 4 h: clocks may be set. */
int64_t zero_wait(const struct count_memo *m, int64_t now_ms);

/* What a look showed at the moment of a reminder. */
struct zero_facts {
    const struct count_memo *memo;
    const char *command; /* "/cloudtak" */
    bool production, rehearsal;
    char trouble[ECS_REASON]; /* why the service could not be seen; "" = it was */
    int desired, running;
    bool scaling_read; /* else it is as the memo has it */
    struct ecs_scaling_switches suspended;
    bool over; /* the bot does not look after it any more: its target or service left the settings */
    int64_t now_ms;
};
enum zero_news {
    ZERO_STANDS, /* still at 0: a reminder */
    ZERO_RAISED, /* brought back elsewhere */
    ZERO_UNSEEN, /* nobody knows: a reminder that says so */
    ZERO_LOST,   /* not in the settings any more */
};
enum zero_news zero_judge(const struct zero_facts *f);
/* Of its switches, does any still stand as this bot left it? */
bool zero_still_suspended(const struct zero_facts *f);
void zero_tell(const struct zero_facts *f, enum zero_news news, struct card *ret);

#endif
