/* services: which services the target's cluster has, and which of them the configuration knows. */
#include "base/buf.h"
#include "base/text.h"
#include "core/preflight_names.h"
#include "names.h"
#include "rows.h"

static void run(struct command_call *call);

const struct command command_services = {
    .name = "services",
    .usage = "services TARGET",
    .summary = "the services of the target's cluster, and which of them I know by a key",
    .detail = "Which services there are, which of them commands can name (hub, api, …), and which of those "
              "that I should know are not there. Example: services cotak prod",
    .right = RIGHT_VIEW,
    .needs = NEEDS_TARGET,
    .flags = COMMAND_SHARED,
    .run = run,
};

/* "cotak prod api, the default"; "" = no target of this place has it. */
static void known_as(const struct config *config, const struct config_target *here, const char *name,
                     char *to, size_t size)
{
    struct buf b;

    buf_init(&b, size - 1);
    for (size_t i = 0; i < config->target_count; i++) {
        const struct config_target *t = &config->targets[i];
        if (!text_equal(t->region, here->region) || !text_equal(t->account, here->account) ||
            !text_equal(t->cluster, here->cluster))
            continue;
        for (size_t k = 0; k < t->service_count; k++) {
            const struct config_service *s = &t->services[k];
            if (text_equal(s->name, name))
                buf_format(&b, "%s%s %s%s", b.len ? "; " : "", t->name, s->key,
                           s->is_default ? ", the default" : "");
        }
    }
    text_copy(to, size, b.data);
    buf_finish(&b);
}

static bool listed(const struct names_list *l, const char *name)
{
    for (size_t i = 0; i < l->count; i++) {
        if (text_equal(l->names[i], name))
            return true;
    }
    return false;
}

static void list(const struct names *n, struct card *card)
{
    const struct command_call *call = n->reading.call;
    const struct config_target *t = call->parsed.target;
    const struct names_list *l = &n->services;
    char as[300];

    for (size_t i = 0; i < l->count && i < NAMES_SHOWN; i++) {
        known_as(call->config, t, l->names[i], as, sizeof as);
        card_line(card, "%s%s%s", l->names[i], *as ? " · " : " · not in my configuration", as);
    }
    names_tell_rest(l, card);
    for (size_t k = 0; k < t->service_count && l->count < ECS_NAMES; k++) {
        if (!listed(l, t->services[k].name)) {
            card->tone = TONE_WARNING;
            card_line(card, "⚠️ NOT THERE: %s, which I should know as %s %s", t->services[k].name,
                      t->name, t->services[k].key);
        }
    }
    card_footer(card, "How it goes: %s status %s", call->word, t->name);
}

/* There are none, or they could not be listed: is it the region, or the cluster's name? */
static void none(const struct names *n, struct card *card)
{
    const struct command_call *call = n->reading.call;
    const struct config_target *t = call->parsed.target;
    const bool elsewhere = n->clusters.ok && !names_has(&n->clusters, t->cluster);
    struct preflight_names p = {.target = t,
                                .service = &t->services[0],
                                .account = n->account,
                                .clusters_read = n->clusters.ok,
                                .cluster_count = n->clusters.count,
                                .are_clusters = elsewhere,
                                .names_read = n->services.ok || elsewhere,
                                .name_count = elsewhere ? n->clusters.count : n->services.count,
                                .names = elsewhere ? n->clusters.names : n->services.names};
    char text[PREFLIGHT_NAMES_TEXT];

    card->tone = TONE_WARNING;
    if (elsewhere || n->services.ok) {
        preflight_names_tell(&p, text);
        card_line(card, "%s", text);
    } else {
        card_line(card, "Services: not checked: %s", n->services.why);
    }
    card_footer(card, "The clusters there: %s clusters %s · which identity I use: %s whoami", call->word,
                t->name, call->word);
}

static void tell(struct reading *reading)
{
    struct names *n = (struct names *)reading; /* reading is its first member */

    names_begin_card(n, "Services for ", &reading->card);
    if (n->services.ok && n->services.count > 0)
        list(n, &reading->card);
    else
        none(n, &reading->card);
}

static void run(struct command_call *call)
{
    names_begin(call, NAMES_CLUSTERS | NAMES_SERVICES, tell);
}
