#include "core/local.h"

#include "base/text.h"

bool local_request(const struct request *r)
{
    return r->source == REQUEST_LOCAL || text_equal(r->who.server, LOCAL_SERVER);
}

static bool named(const struct principal *list, size_t count, const char *user)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].kind == PRINCIPAL_LOCAL && text_equal(list[i].id, user))
            return true;
    }
    return false;
}

static bool in_rules(const struct config_target *t, const char *user)
{
    const struct principals *const rules[] = {&t->view, &t->logs, &t->restart, &t->downtime, &t->approvers};

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (named(rules[i]->list, rules[i]->count, user))
            return true;
    }
    return false;
}

bool local_known(const struct config *c, const char *user)
{
    if (text_equal(user, "root"))
        return false;
    for (size_t i = 0; i < c->person_count; i++) {
        if (named(c->people[i].ids, c->people[i].count, user))
            return true;
    }
    for (size_t i = 0; i < c->target_count; i++) {
        if (in_rules(&c->targets[i], user))
            return true;
    }
    return false;
}

void request_principal(const struct who *who, char *to, size_t size)
{
    text_format(to, size, "%s:%s%s", who->server,
                text_equal(who->server, LOCAL_SERVER) ? "" : "user:", who->user);
}

bool local_offline(const struct who *who)
{
    return text_equal(who->server, LOCAL_SERVER) && text_equal(who->team, LOCAL_OFFLINE);
}

void request_audited(const struct who *who, char *to, size_t size)
{
    char name[120];

    request_principal(who, name, sizeof name);
    text_format(to, size, "%s%s", name, local_offline(who) ? " offline" : "");
}
