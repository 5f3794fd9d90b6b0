#ifndef COMMANDS_NAMES_H
#define COMMANDS_NAMES_H
/* What clusters and services share: the lists of AWS, asked at once, and whose account was asked. */
#include "reading.h"

#define NAMES_CLUSTERS (1U << 0)
#define NAMES_SERVICES (1U << 1)
#define NAMES_SHOWN    20

struct names_list {
    bool ok;
    char why[ERR_TEXT_MAX]; /* !ok */
    size_t count;
    char (*names)[ECS_NAME];
};

struct names {
    struct reading reading; /* first member */
    struct ecs_identify identify;
    struct ecs_names ask_clusters, ask_services;
    struct names_list clusters, services;
    char account[16]; /* as AWS says, or as configured; "" = unchecked */
};

void names_begin(struct command_call *call, unsigned which, void (*tell)(struct reading *r));
/* Title and place. */
void names_begin_card(const struct names *n, const char *what, struct card *card);
/* False: there are no clusters, or they could not be listed; that is written. */
bool names_tell_clusters(const struct names *n, struct card *card);
/* How many are not shown. */
void names_tell_rest(const struct names_list *l, struct card *card);
/* Is this cluster (a name or an ARN) that name? */
bool names_is(const char *name, const char *cluster);
/* A list that is full may leave it out: yes. */
bool names_has(const struct names_list *l, const char *cluster);

#endif
