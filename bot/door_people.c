#include "door_people.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

bool door_people_account(const char *name, unsigned *ret)
{
    struct passwd found, *is = NULL;
    char room[8192];

    if (getpwnam_r(name, &found, room, sizeof room, &is) != 0 || !is)
        return false;
    *ret = found.pw_uid;
    return true;
}

static bool is_number(const char *text)
{
    return *text && strlen(text) < 10 && !text[strspn(text, "0123456789")];
}

static bool has(const struct door_people *p, const char *user)
{
    for (size_t i = 0; i < p->count; i++) {
        if (text_equal(p->list[i].user, user))
            return true;
    }
    return false;
}

static void add(const struct principal *id, const char *name, bool (*uid_of)(const char *name, unsigned *ret),
                struct door_people *p)
{
    unsigned uid = 0;

    if (id->kind != PRINCIPAL_LOCAL || has(p, id->id))
        return;
    if (is_number(id->id)) {
        uid = (unsigned)strtoul(id->id, NULL, 10);
    } else if (!uid_of(id->id, &uid)) {
        log_warning("door", NULL,
                    "the configuration names local:%s, and this host has no such account: nobody comes in by "
                    "this name until the bot is started again",
                    id->id);
        return;
    }
    if (uid == 0) {
        log_warning("door", NULL, "the configuration names local:%s, which is root: root may only look",
                    id->id);
        return;
    }
    if (p->count == DOOR_PEOPLE) {
        log_warning("door", NULL, "more than %d accounts are named: local:%s may only look", DOOR_PEOPLE,
                    id->id);
        return;
    }
    p->list[p->count].uid = uid;
    TEXT_COPY(p->list[p->count].user, id->id);
    TEXT_COPY(p->list[p->count].name, name);
    p->count++;
}

static void add_rule(const struct principals *rule, bool (*uid_of)(const char *name, unsigned *ret),
                     struct door_people *p)
{
    for (size_t i = 0; i < rule->count; i++)
        add(&rule->list[i], rule->list[i].id, uid_of, p);
}

void door_people_read(const struct config *c, bool (*uid_of)(const char *name, unsigned *ret),
                      struct door_people *ret)
{
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < c->person_count; i++) {
        for (size_t k = 0; k < c->people[i].count; k++)
            add(&c->people[i].ids[k], c->people[i].name, uid_of, ret);
    }
    for (size_t i = 0; i < c->target_count; i++) {
        const struct config_target *t = &c->targets[i];
        const struct principals *const rules[] = {&t->view, &t->logs, &t->restart, &t->downtime,
                                                  &t->approvers};
        for (size_t k = 0; k < sizeof rules / sizeof rules[0]; k++)
            add_rule(rules[k], uid_of, ret);
    }
}

bool door_people_find(const struct door_people *people, unsigned uid, struct console_person *ret)
{
    for (size_t i = 0; i < people->count && uid != 0; i++) {
        if (people->list[i].uid == uid) {
            TEXT_COPY(ret->user, people->list[i].user);
            TEXT_COPY(ret->name, people->list[i].name);
            return true;
        }
    }
    if (uid == 0)
        TEXT_COPY(ret->user, "root");
    else
        TEXT_FORMAT(ret->user, "%u", uid);
    TEXT_FORMAT(ret->name, uid == 0 ? "root" : "uid %u", uid);
    return false;
}
