#ifndef UNIT_CORE_FIXTURE_H
#define UNIT_CORE_FIXTURE_H
/* A small configuration for tests of core and commands: two targets, of which "cotak prod" has hub, api (the
 * default) and events. */
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/config.h"

static inline void add_service(struct config_target *t, const char *key, const char *name, bool is_default)
{
    struct config_service *s = &t->services[t->service_count++];
    TEXT_COPY(s->key, key);
    TEXT_COPY(s->name, name);
    s->desired = -1;
    s->is_default = is_default;
}

static inline struct config_target *add_target(struct config *c, const char *name, const char *env)
{
    struct config_target *t = &c->targets[c->target_count++];
    TEXT_COPY(t->name, name);
    TEXT_COPY(t->env, env);
    TEXT_COPY(t->account, "123456789012");
    TEXT_COPY(t->region, "us-gov-east-1");
    TEXT_COPY(t->partition, "aws-us-gov");
    TEXT_FORMAT(t->cluster, "tak-vpc-%s", env);
    return t;
}

static inline void add_principal(struct principals *rule, enum principal_kind kind, const char *server,
                                 const char *id)
{
    struct principal *p = &rule->list[rule->count++];
    p->kind = kind;
    TEXT_COPY(p->server, server);
    TEXT_COPY(p->id, id);
    rule->set = true;
}

static inline void add_channel(struct config_target *t, const char *server, const char *id)
{
    struct config_channel *ch = &t->channels[t->channel_count++];
    ch->any = id == NULL;
    TEXT_COPY(ch->server, server);
    TEXT_COPY(ch->id, id);
}

static inline struct config_person *add_person(struct config *c, const char *name)
{
    struct config_person *p = &c->people[c->person_count++];
    TEXT_COPY(p->name, name);
    return p;
}

/* server NULL: a local name. */
static inline void add_person_id(struct config_person *p, const char *server, const char *id)
{
    struct principal *one = &p->ids[p->count++];
    one->kind = server == NULL ? PRINCIPAL_LOCAL : PRINCIPAL_USER;
    TEXT_COPY(one->server, server);
    TEXT_COPY(one->id, id);
}

static inline struct config *make_config(void)
{
    struct config *c = config_create();
    c->people = mem_array(8, sizeof(*c->people));
    c->targets = mem_array(8, sizeof(*c->targets));
    TEXT_COPY(c->file, "/etc/cloudtak-bot/config.yaml");
    struct config_target *prod = add_target(c, "cotak prod", "cotak-prod");
    prod->production = true;
    add_service(prod, "hub", "tak-cloudtak-cotak-prod-stateful", false);
    add_service(prod, "api", "tak-cloudtak-cotak-prod", true);
    add_service(prod, "events", "tak-cloudtak-cotak-prod-events", false);
    struct config_target *test = add_target(c, "wftak test", "wftak-test");
    add_service(test, "api", "tak-cloudtak-wftak-test", true);
    return c;
}

#endif
