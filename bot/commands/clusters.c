/* clusters: which clusters there are where the target points. An empty list names what was asked. */
#include "base/mem.h"
#include "names.h"
#include "rows.h"

static void run(struct command_call *call);

const struct command command_clusters = {
    .name = "clusters",
    .usage = "clusters TARGET",
    .summary = "the ECS clusters of the target's account and region",
    .detail = "The first thing to look at when a service is not found: an empty list usually means the wrong "
              "region. Example: clusters cotak prod",
    .right = RIGHT_VIEW,
    .needs = NEEDS_TARGET,
    .flags = COMMAND_SHARED,
    .run = run,
};

static void tell(struct reading *reading)
{
    struct names *n = (struct names *)reading; /* reading is its first member */
    const struct command_call *call = reading->call;
    const struct config_target *t = call->parsed.target;
    struct card *card = &reading->card;

    names_begin_card(n, "Clusters for ", card);
    if (!names_tell_clusters(n, card))
        return;
    for (size_t i = 0; i < n->clusters.count && i < NAMES_SHOWN; i++)
        card_line(card, "%s%s", n->clusters.names[i],
                  names_is(n->clusters.names[i], t->cluster) ? " · this target's cluster" : "");
    names_tell_rest(&n->clusters, card);
    card_footer(card, "What runs in it: %s services %s", call->word, t->name);
}

static void run(struct command_call *call)
{
    names_begin(call, NAMES_CLUSTERS, tell);
}
