/* Rights. Order of the questions: may anybody do it here (channel), may this kind of account (member), is the
 * person named (rule). */
#include "core/authz.h"

#include "base/buf.h"
#include "base/text.h"
#include "core/local.h"

#include <string.h>

#define GROUP_FRESH_MS        (10 * 60 * 1000)
#define GROUP_FRESH_CHANGE_MS (60 * 1000)
#define HOLDERS               200 /* bytes of the holders in a refusal, so that its next step is never cut */

const char *right_word(enum right r)
{
    static const char *const words[] = {"none", "view", "logs", "restart", "downtime"};

    return words[r];
}

static const struct principals *rule_of(const struct config_target *t, enum right right)
{
    switch (right) {
    case RIGHT_VIEW: return &t->view;
    case RIGHT_LOGS: return &t->logs;
    case RIGHT_RESTART: return &t->restart;
    case RIGHT_DOWNTIME: return &t->downtime;
    case RIGHT_NONE: break;
    }
    return NULL;
}

static void refuse(struct authz_result *ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void refuse(struct authz_result *ret, const char *format, ...)
{
    struct buf b;
    va_list args;

    ret->answer = AUTHZ_REFUSED;
    buf_init(&b, sizeof ret->text * 2);
    va_start(args, format);
    buf_vformat(&b, format, args);
    va_end(args);
    TEXT_COPY(ret->text, b.data);
    buf_finish(&b);
}

/* A list for a sentence: a cut one says so. */
static void list_cut(char *to, size_t size, const char *list)
{
    static const char more[] = " …";

    if (text_copy(to, size, list))
        return;
    text_copy_n(to, size - sizeof more + 1, list, strlen(list));
    char *comma = strrchr(to, ',');
    if (comma)
        *(comma + 1) = '\0';
    text_copy(to + strlen(to), sizeof more, more);
}

/* How the configuration names the asker. */
static void own_id(const struct request *r, char *to, size_t size)
{
    request_principal(&r->who, to, size);
}

/* ---- where */

static bool channel_listed(const struct config_target *t, const struct place *p, bool by_id)
{
    for (size_t i = 0; i < t->channel_count; i++) {
        const struct config_channel *c = &t->channels[i];
        if (c->any && !by_id)
            return true;
        if (!c->any && text_equal(c->server, p->server) && text_equal(c->id, p->channel))
            return true;
    }
    return false;
}

/* "slack:C1, slack:C2": where a change may be asked for on this server. */
static void list_channels(const struct config_target *t, const char *server, char *to, size_t size)
{
    struct buf b;

    buf_init(&b, 4096);
    for (size_t i = 0; i < t->channel_count; i++) {
        const struct config_channel *c = &t->channels[i];
        if (c->any)
            buf_format(&b, "%sany channel of yours", b.len ? ", " : "");
        else if (text_equal(c->server, server))
            buf_format(&b, "%s%s:%s", b.len ? ", " : "", c->server, c->id);
    }
    list_cut(to, size, b.len ? b.data : "a listed channel (none is listed here yet)");
    buf_finish(&b);
}

static bool place_allows(const struct config_target *t, const struct request *r, struct authz_result *ret)
{
    const struct place *p = &r->place;
    char where[200];

    if (local_request(r))
        return true;
    list_channels(t, p->server, where, sizeof where);
    if (p->direct && !channel_listed(t, p, true)) {
        refuse(ret, "%s may not be changed from a direct message. Ask in a channel where others see it: %s.",
               t->name, where);
        return false;
    }
    const bool by_id = channel_listed(t, p, true), listed_at_all = channel_listed(t, p, false);
    if (p->shared && *p->unsure && listed_at_all && !by_id) {
        refuse(ret,
               "I could not find out whether this channel is shared with another organisation: %s. Ask again "
               "in a minute, or an administrator to add \"%s:%s\" to allow.channels of %s.",
               p->unsure, p->server, p->channel, t->name);
        return false;
    }
    if (p->shared && !*p->unsure && !by_id) {
        refuse(
            ret,
            "This channel is shared with another organisation, and %s may be changed from such a channel "
            "only "
            "if it is listed by its id. Ask in %s, or an administrator to add \"%s:%s\" to allow.channels of "
            "%s.",
            t->name, where, p->server, p->channel, t->name);
        return false;
    }
    if (!listed_at_all) {
        refuse(ret,
               "%s may not be changed from this channel. Ask in %s, or an administrator to add \"%s:%s\" to "
               "allow.channels of %s.",
               t->name, where, p->server, p->channel, t->name);
        return false;
    }
    return true;
}

/* ---- which kind of account */

static const char *member_word(enum chat_member m)
{
    switch (m) {
    case MEMBER_GUEST: return "a guest account";
    case MEMBER_STRANGER: return "an account of another organisation";
    case MEMBER_BOT: return "a bot";
    case MEMBER_DEACTIVATED: return "a deactivated account";
    case MEMBER_UNKNOWN: return "an account of unknown kind";
    case MEMBER_FULL: break;
    }
    return "a member";
}

static bool is_full(const struct authz_facts *f)
{
    return f->lookup_ok && f->member == MEMBER_FULL;
}

/* ---- is the person named */

enum match { MATCH_NO, MATCH_YES, MATCH_UNSURE };

static enum match match_group(const struct principal *p, const struct authz_facts *f, int64_t now_ms,
                              int64_t fresh_ms)
{
    if (!f->looked_up)
        return MATCH_UNSURE;
    if (!f->lookup_ok || now_ms - f->groups_as_of_ms > fresh_ms)
        return MATCH_NO;
    for (size_t i = 0; i < f->group_count; i++) {
        if (text_equal(f->groups[i], p->id))
            return f->in_group[i] ? MATCH_YES : MATCH_NO;
    }
    return MATCH_NO;
}

static enum match match_one(const struct principal *p, const struct request *r, const struct authz_facts *f,
                            int64_t now_ms, int64_t fresh_ms)
{
    bool same_server = text_equal(p->server, r->who.server);

    switch (p->kind) {
    case PRINCIPAL_EVERYONE: return MATCH_YES;
    case PRINCIPAL_ANY:
        if (local_request(r))
            return MATCH_NO;
        return !f->looked_up ? MATCH_UNSURE : is_full(f) ? MATCH_YES : MATCH_NO;
    case PRINCIPAL_USER:
        return !local_request(r) && same_server && text_equal(p->id, r->who.user) ? MATCH_YES : MATCH_NO;
    case PRINCIPAL_LOCAL: return local_request(r) && text_equal(p->id, r->who.user) ? MATCH_YES : MATCH_NO;
    case PRINCIPAL_GROUP:
        return !local_request(r) && same_server ? match_group(p, f, now_ms, fresh_ms) : MATCH_NO;
    }
    return MATCH_NO;
}

/* A yes beats everything; else what a lookup could still turn into a yes. */
static enum match match_rule(const struct principals *rule, const struct request *r,
                             const struct authz_facts *f, int64_t now_ms, int64_t fresh_ms)
{
    enum match best = MATCH_NO;

    for (size_t i = 0; i < rule->count; i++) {
        enum match m = match_one(&rule->list[i], r, f, now_ms, fresh_ms);
        if (m == MATCH_YES)
            return m;
        if (m == MATCH_UNSURE)
            best = m;
    }
    return best;
}

/* Only the age of what is known about the groups stood in the way. */
static bool groups_stale(const struct principals *rule, const struct request *r, const struct authz_facts *f,
                         int64_t now_ms, int64_t fresh_ms)
{
    struct authz_facts fresh = *f;

    if (!f->looked_up || now_ms - f->groups_as_of_ms <= fresh_ms)
        return false;
    fresh.groups_as_of_ms = now_ms;
    return match_rule(rule, r, &fresh, now_ms, fresh_ms) == MATCH_YES;
}

static void ask_for_lookup(const struct principals *rule, const struct request *r, struct authz_result *ret)
{
    ret->answer = AUTHZ_LOOKUP;
    for (size_t i = 0; i < rule->count; i++) {
        const struct principal *p = &rule->list[i];
        if (p->kind == PRINCIPAL_GROUP && text_equal(p->server, r->who.server) &&
            ret->group_count < sizeof ret->groups / sizeof ret->groups[0]) {
            TEXT_COPY(ret->groups[ret->group_count], p->id);
            ret->group_count++;
        }
    }
}

static bool names_everyone(const struct principals *rule)
{
    for (size_t i = 0; i < rule->count; i++) {
        if (rule->list[i].kind == PRINCIPAL_EVERYONE)
            return true;
    }
    return false;
}

static void refuse_right(const struct config *config, const struct config_target *t, enum right right,
                         const struct request *r, struct authz_result *ret)
{
    char holders[HOLDERS], id[160];

    authz_holders(config, t, right, holders, sizeof holders);
    own_id(r, id, sizeof id);
    if (*holders)
        refuse(ret,
               "You need the right \"%s\" for %s, held by %s. Ask them, or an administrator to add \"%s\" to "
               "allow.%s of %s.",
               right_word(right), t->name, holders, id, right_word(right), t->name);
    else
        refuse(ret,
               "Nobody holds the right \"%s\" for %s. Ask an administrator to add \"%s\" to allow.%s of %s.",
               right_word(right), t->name, id, right_word(right), t->name);
}

/* Everybody must be a full member for a change, unless the rule takes whoever the platform delivers and no
 * look-up says otherwise. */
static bool account_allows(const struct config *config, const struct config_target *t,
                           const struct command *command, const struct principals *rule,
                           const struct request *r, const struct authz_facts *f, struct authz_result *ret)
{
    if (local_request(r))
        return true;
    if (f->looked_up && f->lookup_ok && f->member != MEMBER_FULL && f->member != MEMBER_UNKNOWN &&
        command->changes) {
        char holders[HOLDERS];
        authz_holders(config, t, command->right, holders, sizeof holders);
        refuse(ret,
               "%s is %s, and only full members may change %s. Ask somebody who holds the right \"%s\": %s.",
               *r->who.name ? r->who.name : r->who.user, member_word(f->member), t->name,
               right_word(command->right), *holders ? holders : "nobody yet");
        return false;
    }
    if (!command->changes || names_everyone(rule))
        return true;
    if (!f->looked_up) {
        ask_for_lookup(rule, r, ret);
        return false;
    }
    if (!f->lookup_ok) {
        refuse(ret, "I could not check that you are a full member here: %s. Try again in a minute.",
               f->lookup_trouble);
        return false;
    }
    if (f->member != MEMBER_FULL) {
        refuse(ret,
               "The platform does not say whether you are a full member here. Ask an administrator to check "
               "your account.");
        return false;
    }
    return true;
}

void authz_decide(const struct config *config, const struct config_target *target,
                  const struct command *command, const struct request *request,
                  const struct authz_facts *facts, int64_t now_ms, struct authz_result *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->answer = AUTHZ_ALLOWED;
    const struct principals *rule = target ? rule_of(target, command->right) : NULL;
    if (!rule)
        return;
    if (local_request(request) && command->right == RIGHT_VIEW)
        return; /* who may open the door may look */
    if (local_request(request) && !local_known(config, request->who.user)) {
        refuse_right(config, target, command->right, request, ret); /* whatever the rules say of everyone */
        return;
    }
    if (command->changes && !place_allows(target, request, ret))
        return;
    if (!rule->set) {
        refuse_right(config, target, command->right, request, ret);
        return;
    }
    if (!account_allows(config, target, command, rule, request, facts, ret))
        return;
    const int64_t fresh_ms = command->changes ? GROUP_FRESH_CHANGE_MS : GROUP_FRESH_MS;
    switch (match_rule(rule, request, facts, now_ms, fresh_ms)) {
    case MATCH_YES: return;
    case MATCH_UNSURE: ask_for_lookup(rule, request, ret); return;
    case MATCH_NO: break;
    }
    if (facts->looked_up && !facts->lookup_ok)
        refuse(ret, "I could not look up your account and groups: %s. Try again in a minute.",
               facts->lookup_trouble);
    else if (groups_stale(rule, request, facts, now_ms, fresh_ms))
        refuse(ret, "What I know of your groups is too old to decide on. Try again in a minute.");
    else
        refuse_right(config, target, command->right, request, ret);
}

static bool same_principal(const struct principal *a, const struct principal *b)
{
    return a->kind == b->kind && text_equal(a->id, b->id) &&
           (a->kind == PRINCIPAL_LOCAL || text_equal(a->server, b->server));
}

const struct config_person *authz_person(const struct config *config, const struct principal *id)
{
    for (size_t i = 0; i < config->person_count; i++) {
        const struct config_person *person = &config->people[i];
        for (size_t k = 0; k < person->count; k++) {
            if (same_principal(&person->ids[k], id))
                return person;
        }
    }
    return NULL;
}

bool authz_same_human(const struct config *config, const struct principal *a, const struct principal *b)
{
    const struct config_person *person = authz_person(config, a);

    return same_principal(a, b) || (person && person == authz_person(config, b));
}

bool authz_another_human(const struct config *config, const struct principals *list,
                         const struct principal *than)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct principal *p = &list->list[i];
        if ((p->kind != PRINCIPAL_USER && p->kind != PRINCIPAL_LOCAL) || !authz_same_human(config, p, than))
            return true;
    }
    return false;
}

static void holder(const struct config *config, const struct principal *p, struct buf *b)
{
    switch (p->kind) {
    case PRINCIPAL_ANY: buf_text(b, "every full member"); break;
    case PRINCIPAL_EVERYONE: buf_text(b, "everyone"); break;
    case PRINCIPAL_GROUP: buf_format(b, "members of %s:group:%s", p->server, p->id); break;
    case PRINCIPAL_LOCAL:
    case PRINCIPAL_USER: {
        const struct config_person *person = authz_person(config, p);
        if (person)
            buf_format(b, "@%s", person->name);
        else if (p->kind == PRINCIPAL_LOCAL)
            buf_format(b, "local:%s", p->id);
        else
            buf_format(b, "%s:user:%s", p->server, p->id);
        break;
    }
    }
}

/* Is item one of "a, b, c"? */
static bool listed(const char *list, const char *item)
{
    const size_t len = strlen(item);

    for (const char *at = strstr(list, item); at; at = strstr(at + 1, item)) {
        const bool begins = at == list || (at - list >= 2 && text_starts(at - 2, ", "));
        if (begins && (!at[len] || text_starts(at + len, ", ")))
            return true;
    }
    return false;
}

void authz_list(const struct config *config, const struct principals *rule, char *to, size_t size)
{
    struct buf all, one;

    buf_init(&all, 4096);
    buf_init(&one, 512);
    for (size_t i = 0; i < rule->count; i++) {
        buf_clear(&one);
        holder(config, &rule->list[i], &one);
        if (listed(all.data, one.data)) /* a person with several ids is one holder */
            continue;
        buf_format(&all, "%s%s", all.len ? ", " : "", one.data);
    }
    list_cut(to, size, all.data);
    buf_finish(&one);
    buf_finish(&all);
}

void authz_holders(const struct config *config, const struct config_target *target, enum right right,
                   char *to, size_t size)
{
    const struct principals *rule = rule_of(target, right);

    if (rule)
        authz_list(config, rule, to, size);
    else
        text_copy(to, size, "");
}
