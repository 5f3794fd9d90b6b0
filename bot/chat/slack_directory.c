/* Users, groups and channels, remembered.
 *
 * Happy path: ask finds a fresh entry and returns it. Otherwise the first asker starts a fetch, later ones
 * wait for the same one, and all are told once the entry is in order.
 *
 * A fetch that fails: what was learned at most group_usable_ms ago is given out with its age, for the engine
 * decides what age it accepts; else the askers get the error. The tables are bounded: the entry fetched
 * longest ago, of those nobody waits for, makes room; when all are waited for, the answer is an entry that
 * was never had (as_of_ms 0), which the asker has to refuse. */
#include <assert.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "slack_private.h"

#define USERS    512
#define GROUPS   32
#define CHANNELS 64
/* A command waits for this fact before it is acked, and Slack waits 3 s for the ack. */
#define CHANNEL_MS  1500
#define PERSON_MS   5000 /* a person waits for the answer */
#define MEMBERS_MAX 5000

struct slack_fetch {
    struct slack_work work; /* first */
    struct slack_directory *directory;
    enum slack_fact fact;
    struct slack_entry *entry;
};
struct slack_directory {
    struct slack *slack;
    struct slack_entry users[USERS], groups[GROUPS], channels[CHANNELS];
};

struct slack_directory *slack_directory_create(struct slack *s)
{
    struct slack_directory *d = mem_alloc(sizeof(*d));
    d->slack = s;
    return d;
}

void slack_directory_destroy(struct slack_directory *d)
{
    if (d == NULL) {
        return;
    }
    for (size_t i = 0; i < GROUPS; i++) {
        json_decref(d->groups[i].members);
    }
    mem_free(d);
}

enum chat_member slack_member_of(const json_t *user, const char *team, const char *enterprise)
{
    const char *theirs = jsonx_text(user, "team_id");
    const char *org = jsonx_text(user, "enterprise_user.enterprise_id");
    const bool same_org = enterprise[0] != '\0' && text_equal(org, enterprise);
    if (jsonx_text(user, "id")[0] == '\0' || (theirs[0] == '\0' && org[0] == '\0')) {
        return MEMBER_UNKNOWN;
    }
    if (jsonx_bool(user, "deleted", false)) {
        return MEMBER_DEACTIVATED;
    }
    if (jsonx_bool(user, "is_bot", false) || text_equal(jsonx_text(user, "id"), "USLACKBOT")) {
        return MEMBER_BOT;
    }
    if (jsonx_bool(user, "is_stranger", false) || (!text_equal(theirs, team) && !same_org)) {
        return MEMBER_STRANGER;
    }
    if (jsonx_bool(user, "is_restricted", false) || jsonx_bool(user, "is_ultra_restricted", false)) {
        return MEMBER_GUEST;
    }
    return MEMBER_FULL;
}

/* ---- what an answer says */

static bool learn_user(struct slack_fetch *fetch, const json_t *json, struct err *err)
{
    struct slack_entry *e = fetch->entry;
    const json_t *user = jsonx_at(json, "user");
    if (!text_equal(jsonx_text(user, "id"), e->id)) {
        return err_set(err, ERR_PROTOCOL, "Slack's users.info does not speak of the user asked for");
    }
    static const char *const NAMES[] = {"profile.display_name", "real_name", "name"};
    const char *name = "";
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]) && *name == '\0'; i++) {
        name = jsonx_text(user, NAMES[i]);
    }
    text_clean(e->name, sizeof(e->name), name, false);
    e->member = slack_member_of(user, fetch->work.slack->team, fetch->work.slack->enterprise);
    return true;
}

static bool learn_group(struct slack_fetch *fetch, const json_t *json, struct err *err)
{
    struct slack_entry *e = fetch->entry;
    const json_t *users = jsonx_at(json, "users");
    if (!json_is_array(users) || json_array_size(users) > MEMBERS_MAX) {
        return err_set(err, ERR_LIMIT, "Slack's list of group %s is missing or has more than %d members",
                       e->id, MEMBERS_MAX);
    }
    json_t *members = json_object();
    size_t i;
    json_t *user;
    json_array_foreach(users, i, user)
    {
        if (json_is_string(user)) {
            json_object_set_new(members, json_string_value(user), json_true());
        }
    }
    json_decref(e->members);
    e->members = members;
    return true;
}

static bool learn_channel(struct slack_fetch *fetch, const json_t *json, struct err *err)
{
    struct slack_entry *e = fetch->entry;
    const json_t *channel = jsonx_at(json, "channel");
    if (!text_equal(jsonx_text(channel, "id"), e->id)) {
        return err_set(err, ERR_PROTOCOL,
                       "Slack's conversations.info does not speak of the channel asked for");
    }
    e->shared =
        jsonx_bool(channel, "is_ext_shared", false) || jsonx_bool(channel, "is_pending_ext_shared", false);
    return true;
}

static const struct kind {
    const char *method, *parameter;
    bool of_team; /* wants the team in an organisation's install */
    int64_t timeout_ms;
    bool (*learn)(struct slack_fetch *fetch, const json_t *json, struct err *err);
} KINDS[SLACK_FACTS] = {
    [SLACK_FACT_USER] = {"users.info", "user", false, PERSON_MS, learn_user},
    [SLACK_FACT_GROUP] = {"usergroups.users.list", "usergroup", true, PERSON_MS, learn_group},
    [SLACK_FACT_CHANNEL] = {"conversations.info", "channel", false, CHANNEL_MS, learn_channel},
};

/* ---- one fetch */

static void begin_fetch(struct slack_directory *d, enum slack_fact fact, struct slack_entry *e);

/* The fetch is over. Its entry keeps its place until all were told; who asks again meanwhile starts anew. */
static void end_fetch(struct slack_fetch *fetch, const struct err *err)
{
    struct slack_directory *d = fetch->directory;
    struct slack_entry *e = fetch->entry;
    const int64_t age = slack_now(d->slack) - e->fetched_ms;
    const bool usable = e->as_of_ms > 0 && age <= d->slack->times.group_usable_ms;
    struct slack_waiter *w = e->waiters;
    e->waiters = NULL;
    while (w != NULL) {
        struct slack_waiter *next = w->next;
        w->ready(w, usable ? e : NULL, err);
        w = next;
    }
    e->fetch = NULL;
    if (e->waiters != NULL) {
        begin_fetch(d, fetch->fact, e);
    }
    slack_work_remove(&fetch->work);
    mem_free(fetch);
}

static void answered(struct slack_call *call, const struct slack_answer *answer)
{
    struct slack_fetch *fetch = call->user;
    struct slack_entry *e = fetch->entry;
    struct slack *s = call->slack;
    struct err err = answer->err;
    const bool ok = answer->fate == SLACK_FATE_OK && KINDS[fetch->fact].learn(fetch, answer->json, &err);
    if (ok) {
        e->as_of_ms = slack_wall(s);
        e->fetched_ms = slack_now(s);
    } else if (fetch->fact == SLACK_FACT_GROUP) {
        err_wrap(&err, "group %s", e->id);
    }
    if (answer->fate == SLACK_FATE_FATAL) {
        slack_fatal(s, SLACK_BOT_TOKEN, answer->error);
    }
    end_fetch(fetch, &err);
}

static void due(struct loop_timer *timer)
{
    struct slack_fetch *fetch = timer->user;
    struct slack *s = fetch->work.slack;
    if (slack_stopped(s) || s->team[0] == '\0') {
        struct err err;
        err_set(&err, ERR_UNREACHABLE, "Slack is not connected");
        end_fetch(fetch, &err);
        return;
    }
    const struct kind *kind = &KINDS[fetch->fact];
    struct buf query;
    buf_init(&query, 512);
    http_form_add(&query, kind->parameter, fetch->entry->id);
    if (kind->of_team && s->enterprise[0] != '\0') {
        http_form_add(&query, "team_id", s->team);
    }
    struct slack_call *call = &fetch->work.call;
    call->method = kind->method;
    call->timeout_ms = kind->timeout_ms;
    call->token = SLACK_BOT_TOKEN;
    call->done = answered;
    call->user = fetch;
    slack_call_start(call, NULL, query.data);
    buf_finish(&query);
}

static void begin_fetch(struct slack_directory *d, enum slack_fact fact, struct slack_entry *e)
{
    struct slack_fetch *fetch = mem_alloc(sizeof(*fetch));
    fetch->directory = d;
    fetch->fact = fact;
    fetch->entry = e;
    e->fetch = fetch;
    slack_work_add(d->slack, &fetch->work);
    fetch->work.timer = (struct loop_timer){.fire = due, .user = fetch};
    loop_timer_start(d->slack->options.loop, &fetch->work.timer, 0);
}

/* ---- the tables */

/* NULL when every place is being waited for. */
static struct slack_entry *place_for(struct slack_entry *entries, size_t count, const char *id)
{
    struct slack_entry *oldest = NULL;
    for (size_t i = 0; i < count; i++) {
        struct slack_entry *e = &entries[i];
        if (text_equal(e->id, id)) {
            return e;
        }
        if (e->fetch == NULL && e->waiters == NULL &&
            (oldest == NULL || e->id[0] == '\0' ||
             (oldest->id[0] != '\0' && e->fetched_ms < oldest->fetched_ms))) {
            oldest = e;
        }
    }
    if (oldest != NULL) {
        json_decref(oldest->members);
        *oldest = (struct slack_entry){0};
        TEXT_COPY(oldest->id, id);
    }
    return oldest;
}

const struct slack_entry *slack_directory_ask(struct slack_directory *d, enum slack_fact fact, const char *id,
                                              struct slack_waiter *w)
{
    struct slack_entry *const tables[SLACK_FACTS] = {d->users, d->groups, d->channels};
    static const size_t COUNTS[SLACK_FACTS] = {USERS, GROUPS, CHANNELS};
    const struct slack_times *times = &d->slack->times;
    /* Whom a channel is shared with changes rarely, and asking costs a command its time. */
    const int64_t fresh_ms = fact == SLACK_FACT_CHANNEL ? times->group_usable_ms : times->group_fresh_ms;
    struct slack_entry *e = place_for(tables[fact], COUNTS[fact], id);
    assert(id[0] != '\0');
    if (e == NULL) {
        static const struct slack_entry UNKNOWN = {.member = MEMBER_UNKNOWN};
        return &UNKNOWN;
    }
    const int64_t age = slack_now(d->slack) - e->fetched_ms;
    if (e->as_of_ms > 0 && age <= fresh_ms) {
        return e;
    }
    w->next = e->waiters;
    e->waiters = w;
    if (e->fetch == NULL) {
        begin_fetch(d, fact, e);
    }
    return NULL;
}
