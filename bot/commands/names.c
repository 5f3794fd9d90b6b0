#include "names.h"

#include <string.h>

#include "base/mem.h"
#include "core/preflight_names.h"
#include "page.h"

/* ---- asked */

static void over(struct reading *reading)
{
    struct names *n = (struct names *)reading; /* reading is its first member */

    mem_free(n->clusters.names);
    mem_free(n->services.names);
    mem_free(n);
}

static void keep(const struct ecs_names *r, struct names_list *l)
{
    l->ok = r->ok;
    TEXT_COPY(l->why, r->err.text);
    if (!r->ok || !r->count)
        return;
    l->count = r->count;
    l->names = mem_array(r->count, sizeof *l->names);
    memcpy(l->names, r->names, r->count * sizeof *l->names);
}

static void on_names(struct ecs_names *r)
{
    struct names *n = r->user;

    if (!n->reading.told)
        keep(r, r->clusters ? &n->clusters : &n->services);
    reading_came(&n->reading);
}

static void on_identity(struct ecs_identify *r)
{
    struct names *n = r->user;

    if (r->ok && !n->reading.told)
        TEXT_COPY(n->account, r->account);
    reading_came(&n->reading);
}

static void ask(struct names *n, bool clusters, struct ecs_names *r, struct names_list *l)
{
    struct command_call *call = n->reading.call;

    TEXT_COPY(l->why, "AWS had not answered within 8 s");
    page_ref(call->parsed.target, NULL, &r->ref);
    r->clusters = clusters;
    r->done = on_names;
    r->user = n;
    reading_owe(&n->reading);
    call->ecs->ops->names(call->ecs, r);
}

void names_begin(struct command_call *call, unsigned which, void (*tell)(struct reading *r))
{
    struct names *n = mem_alloc(sizeof *n);

    n->reading.tell = tell;
    n->reading.over = over;
    TEXT_COPY(n->account, call->parsed.target->account);
    reading_begin(&n->reading, call, READING_MS);
    n->identify =
        (struct ecs_identify){.session = call->parsed.target->session, .done = on_identity, .user = n};
    reading_owe(&n->reading);
    call->ecs->ops->identify(call->ecs, &n->identify);
    if (which & NAMES_CLUSTERS)
        ask(n, true, &n->ask_clusters, &n->clusters);
    if (which & NAMES_SERVICES)
        ask(n, false, &n->ask_services, &n->services);
}

/* ---- told */

void names_begin_card(const struct names *n, const char *what, struct card *card)
{
    const struct command_call *call = n->reading.call;
    const struct config_target *t = call->parsed.target;
    const char *note = call->ecs->ops->endpoint_note(call->ecs, t->session);

    page_title(what, t, NULL, call->now_ms, card);
    card_field(card, "Asked", "%s %s %s", t->partition, *n->account ? n->account : "account unchecked",
               t->region);
    card_field(card, "Cluster", "%s", t->cluster);
    if (*note)
        card_field(card, "AWS", "%s", note);
    if (*n->account && *t->account && !text_equal(n->account, t->account)) {
        card->tone = TONE_WARNING;
        card_line(card, "⚠️ My AWS identity is in account %s; this target is configured for %s.",
                  n->account, t->account);
    }
}

bool names_is(const char *name, const char *cluster)
{
    const char *slash = strrchr(cluster, '/');

    return text_equal(name, slash ? slash + 1 : cluster);
}

bool names_has(const struct names_list *l, const char *cluster)
{
    for (size_t i = 0; i < l->count; i++) {
        if (names_is(l->names[i], cluster))
            return true;
    }
    return l->count >= ECS_NAMES;
}

bool names_tell_clusters(const struct names *n, struct card *card)
{
    const struct command_call *call = n->reading.call;
    const struct config_target *t = call->parsed.target;
    const struct names_list *l = &n->clusters;
    char text[PREFLIGHT_NAMES_TEXT];

    if (l->ok && names_has(l, t->cluster))
        return true;
    card->tone = TONE_WARNING;
    if (l->ok) {
        const struct preflight_names p = {.target = t,
                                          .service = &t->services[0],
                                          .account = n->account,
                                          .clusters_read = true,
                                          .cluster_count = l->count,
                                          .are_clusters = true,
                                          .names_read = true,
                                          .name_count = l->count,
                                          .names = l->names};
        preflight_names_tell(&p, text);
        card_line(card, "%s", text);
    } else {
        card_line(card, "Clusters: not checked: %s", l->why);
    }
    card_footer(card, "When that is mended: %s clusters %s · which identity I use: %s whoami", call->word,
                t->name, call->word);
    return false;
}

void names_tell_rest(const struct names_list *l, struct card *card)
{
    if (l->count > NAMES_SHOWN)
        card_line(card, "and %zu more%s", l->count - NAMES_SHOWN,
                  l->count >= ECS_NAMES ? " at least: I ask for 100" : "");
}
