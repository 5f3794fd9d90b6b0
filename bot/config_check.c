/* What no single value can tell: missing keys, contradictions, two names for one thing, unsafe addresses. */
#include "config_private.h"

#include <ctype.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/region.h"
#include "base/buf.h"
#include "base/text.h"

#define SLACK_API "https://slack.com/api/"

/* ---- one element */

static const char *kind_word(const struct config_chat *chat)
{
    return chat->kind == CHAT_SLACK ? "slack" : "mattermost";
}

static bool note_missing(struct reading *r, int line, const struct setting *s)
{
    struct buf allowed;
    buf_init(&allowed, 300);
    config_table_allowed(s, &allowed);
    config_note(r, line, s->path, "this key is missing; allowed: %s", allowed.data);
    buf_finish(&allowed);
    return false;
}

/* Keys that the element lacks, or that belong to the other kind of chat. */
static bool check_keys(struct reading *r, const char *prefix, const struct node *n, const char *kind)
{
    bool whole = true;
    for (const struct setting *s = CONFIG_TABLE; s->path != NULL; s++) {
        const char *key = config_table_key(s, prefix);
        const struct node *child = key == NULL ? NULL : config_yaml_child(n, key);
        const bool ours = s->only == NULL || text_equal(s->only, kind);
        if (child != NULL && !ours) {
            whole = config_note(r, child->line, s->path, "this key is for kind %s; this chat is of kind %s",
                                s->only, kind);
        } else if (key != NULL && child == NULL && s->needed && ours) {
            whole = note_missing(r, n->line, s);
        }
    }
    return whole;
}

static void check_chat(struct reading *r, const struct node *n, struct config_chat *chat)
{
    const size_t at = r->config->chat_count - 1;
    r->chat_lines[at] = n->line;
    if (config_yaml_child(n, "kind") == NULL) {
        config_note(r, n->line, "chat[].kind", "this key is missing; allowed: slack or mattermost");
        return;
    }
    if (!check_keys(r, "chat[].", n, kind_word(chat))) {
        return;
    }
    if (chat->kind == CHAT_SLACK && chat->api_url[0] == '\0') {
        TEXT_COPY(chat->api_url, SLACK_API);
    }
    if (text_starts(secret_reveal(chat->app_token), "xoxb-") ||
        text_starts(secret_reveal(chat->bot_token), "xapp-")) {
        config_note(r, n->line, "chat[].app_token",
                    "the two tokens are exchanged; app_token begins with xapp-, "
                    "bot_token with xoxb-");
    }
    for (size_t other = 0; other < at; other++) {
        if (text_equal(r->config->chats[other].name, chat->name)) {
            config_note(r, n->line, "chat[].name",
                        "found \"%s\", which is the name of the chat in line %d already", chat->name,
                        r->chat_lines[other]);
        }
    }
    if (text_equal(chat->name, "local")) {
        config_note(r, n->line, "chat[].name",
                    "found \"local\", which means people of this host; choose another");
    }
}

static void check_person(struct reading *r, const struct node *n, const struct config_person *person)
{
    static const char *const TAKEN[] = {"any", "everyone", "local"};
    if (!check_keys(r, "people[].", n, NULL)) {
        return;
    }
    for (size_t at = 0; at < sizeof(TAKEN) / sizeof(TAKEN[0]); at++) {
        if (text_equal(TAKEN[at], person->name)) {
            config_note(r, n->line, "people[].name",
                        "found \"%s\", which has a meaning already; choose another", person->name);
        }
    }
    for (const struct config_person *p = r->config->people; p < person; p++) {
        if (text_equal(p->name, person->name)) {
            config_note(r, n->line, "people[].name", "found \"%s\", which is another person's name already",
                        person->name);
        }
    }
}

static void check_service(struct reading *r, const struct node *n, const struct config_service *service)
{
    if (!check_keys(r, "targets[].services[].", n, NULL)) {
        return;
    }
    if (text_equal(service->key, "all")) {
        config_note(r, n->line, "targets[].services[].key",
                    "found \"all\", which means every service; choose another");
    }
}

/* Where the words are asked for in AWS. */
static void find_region(struct reading *r, const struct node *n, struct config_target *t)
{
    struct err err = {0};
    if (t->region[0] == '\0' && config_yaml_child(n, "region") == NULL) {
        const char *profile = t->profile[0] == '\0' ? NULL : t->profile;
        if (!region_of_profile(r->environment, profile, t->region, sizeof(t->region), &err)) {
            config_note(r, n->line, "targets[].region", "the profile's region cannot be read: %s", err.text);
            return;
        }
        if (t->region[0] == '\0') {
            const bool gov = text_starts(t->role_arn, "arn:aws-us-gov:");
            TEXT_COPY(t->region, endpoint_default_region(gov ? "aws-us-gov" : "aws"));
        }
    }
    const char *partition = endpoint_partition(t->region);
    if (partition == NULL && t->region[0] != '\0') {
        config_note(r, n->line, "targets[].region", "the profile's region \"%s\" is no region of AWS",
                    t->region);
        return;
    }
    TEXT_COPY(t->partition, partition == NULL ? "" : partition);
}

static void check_services(struct reading *r, const struct node *n, const struct config_target *t)
{
    size_t defaults = 0;
    for (size_t at = 0; at < t->service_count; at++) {
        defaults += t->services[at].is_default ? 1 : 0;
        for (size_t other = 0; other < at; other++) {
            if (text_equal(t->services[at].key, t->services[other].key)) {
                config_note(r, n->line, "targets[].services[].key", "found \"%s\" twice in one target",
                            t->services[at].key);
            }
        }
    }
    if (t->service_count == 0) {
        config_note(r, n->line, "targets[].services", "this key is missing; preset none gives no services");
    } else if (defaults != 1) {
        config_note(r, n->line, "targets[].services",
                    "%zu services have default: true; exactly one is the default", defaults);
    }
}

static void check_target(struct reading *r, const struct node *n, struct config_target *t)
{
    r->target_lines[r->config->target_count - 1] = n->line;
    if (!check_keys(r, "targets[].", n, NULL)) {
        return;
    }
    config_presets_apply(t);
    find_region(r, n, t);
    check_services(r, n, t);
    if (t->cluster[0] == '\0') {
        config_note(r, n->line, "targets[].cluster", "this key is missing; preset none gives no cluster");
    }
    if (t->second_person && t->approvers.count == 0) {
        config_note(r, n->line, "targets[].confirm.approvers",
                    "second_person is true, but nobody may be that person; name them here");
    }
}

void config_check_element(struct reading *r, const struct setting *list, const struct node *n, void *element)
{
    if (text_equal(list->path, "chat")) {
        check_chat(r, n, element);
    } else if (text_equal(list->path, "people")) {
        check_person(r, n, element);
    } else if (text_equal(list->path, "targets")) {
        check_target(r, n, element);
    } else {
        check_service(r, n, element);
    }
}

/* ---- the whole: targets */

static int line_of(const struct reading *r, const char *map, const char *key)
{
    const struct node *whole = config_yaml_child(r->root, map);
    const struct node *n = config_yaml_child(whole, key);
    return n != NULL ? n->line : whole != NULL ? whole->line : 0;
}

/* "cotak" with a service "prod", and "cotak prod": nobody could tell what is meant. */
static void check_mixed_names(struct reading *r, const struct config_target *t,
                              const struct config_target *longer, int line)
{
    const size_t len = strlen(t->name);
    if (len > 0 && text_starts(longer->name, t->name) && longer->name[len] == ' ' &&
        config_service(t, longer->name + len + 1) != NULL) {
        config_note(r, line, "targets[].name",
                    "found \"%s\", which also means the service \"%s\" of target \"%s\"", longer->name,
                    longer->name + len + 1, t->name);
    }
}

static void check_same_service(struct reading *r, size_t a, size_t b)
{
    const struct config_target *one = &r->config->targets[a], *other = &r->config->targets[b];
    if (!text_equal(one->account, other->account) || !text_equal(one->region, other->region) ||
        !text_equal(one->cluster, other->cluster)) {
        return;
    }
    for (size_t at = 0; at < other->service_count; at++) {
        for (size_t of = 0; of < one->service_count; of++) {
            if (text_equal(one->services[of].name, other->services[at].name)) {
                config_note(r, r->target_lines[b], "targets[].services",
                            "\"%s\" and \"%s\" both mean the service %s of cluster %s; one target each",
                            one->name, other->name, other->services[at].name, other->cluster);
                return;
            }
        }
    }
}

static void check_targets(struct reading *r)
{
    const struct config *c = r->config;
    for (size_t b = 0; b < c->target_count; b++) {
        for (size_t a = 0; a < c->target_count; a++) {
            check_mixed_names(r, &c->targets[a], &c->targets[b], r->target_lines[b]);
            if (a >= b) {
                continue;
            }
            if (text_equal(c->targets[a].name, c->targets[b].name) && c->targets[a].name[0] != '\0') {
                config_note(r, r->target_lines[b], "targets[].name",
                            "found \"%s\", which is the name of the target in line %d already",
                            c->targets[b].name, r->target_lines[a]);
            } else {
                check_same_service(r, a, b);
            }
        }
    }
}

static void check_accounts(struct reading *r)
{
    struct config *c = r->config;
    for (size_t at = 0; at < c->target_count; at++) {
        struct config_target *t = &c->targets[at];
        const bool unchecked = text_equal(t->account, "unchecked");
        if (t->account[0] == '\0' && !c->unsafe_endpoints) {
            config_note(r, r->target_lines[at], "targets[].account",
                        "this key is missing; allowed: twelve digits, in quotes (aws sts get-caller-identity "
                        "prints them)");
        } else if (unchecked && !c->unsafe_endpoints) {
            config_note(r, r->target_lines[at], "targets[].account",
                        "found \"unchecked\"; allowed only with unsafe_endpoints: true");
        }
        if (unchecked) {
            t->account[0] = '\0';
        }
    }
}

/* ---- the whole: addresses */

static const char *endpoint_variable(const struct reading *r, size_t service, char to[64])
{
    text_copy(to, 64, "AWS_ENDPOINT_URL");
    if (service < AWS_SERVICES) {
        text_format(to, 64, "AWS_ENDPOINT_URL_%s", endpoint_service((enum aws_service)service)->word);
        for (char *c = to; *c != '\0'; c++) {
            *c = (char)toupper((unsigned char)*c);
        }
    }
    return r->environment(to);
}

/* Every address that a token or a key could be sent to is on this machine. */
static bool is_all_loopback(const struct reading *r)
{
    char name[64];
    for (size_t at = 0; at < r->config->chat_count; at++) {
        if (!config_value_is_loopback(r->config->chats[at].api_url)) {
            return false;
        }
    }
    for (size_t service = 0; service < AWS_SERVICES; service++) {
        const char *url = endpoint_variable(r, service, name);
        if (url != NULL && !config_value_is_loopback(url)) {
            return false;
        }
    }
    const char *url = endpoint_variable(r, AWS_SERVICES, name);
    return url != NULL && config_value_is_loopback(url);
}

static void check_https(struct reading *r, int line, const char *key, const char *url)
{
    if (url != NULL && url[0] != '\0' && !text_starts(url, "https://")) {
        char shown[120];
        text_clean(shown, sizeof(shown), url, false);
        config_note(r, line, key, "found \"%s\"; https:// is needed, except with unsafe_endpoints: true",
                    shown);
    }
}

static void check_addresses(struct reading *r)
{
    struct config *c = r->config;
    c->all_loopback = is_all_loopback(r);
    c->unsafe_endpoints = c->unsafe_endpoints || c->all_loopback;
    if (c->unsafe_endpoints) {
        return;
    }
    for (size_t at = 0; at < c->chat_count; at++) {
        const char *key = c->chats[at].kind == CHAT_SLACK ? "chat[].api_url" : "chat[].url";
        check_https(r, r->chat_lines[at], key, c->chats[at].api_url);
        check_https(r, r->chat_lines[at], "chat[].callback_url", c->chats[at].callback_url);
    }
    for (size_t at = 0; at < c->target_count; at++) {
        check_https(r, r->target_lines[at], "targets[].probe", c->targets[at].probe);
    }
    for (size_t service = 0; service <= AWS_SERVICES; service++) {
        char name[64], key[100];
        const char *url = endpoint_variable(r, service, name);
        TEXT_FORMAT(key, "%s in the environment", name);
        check_https(r, 0, key, url);
    }
}

void config_check_whole(struct reading *r)
{
    const struct config *c = r->config;
    check_addresses(r);
    check_accounts(r);
    check_targets(r);
    if (c->poll_quiet_ms < c->poll_active_ms) {
        config_note(r, line_of(r, "poll", "quiet"), "poll.quiet",
                    "found a shorter time than poll.active; allowed: one that is as long or longer");
    }
    if (c->give_up_after_ms <= c->slow_after_ms) {
        config_note(r, line_of(r, "follow", "give_up_after"), "follow.give_up_after",
                    "found no longer time than follow.slow_after; allowed: a longer one");
    }
}

bool config_check_run(const struct config *c, struct err *err)
{
    if (c->chat_count == 0) {
        return err_set(err, ERR_CONFIG, "%s: chat: there is no chat to listen to; describe one", c->file);
    }
    for (size_t at = 0; at < c->chat_count; at++) {
        if (c->chats[at].kind == CHAT_MATTERMOST) {
            return err_set(
                err, ERR_CONFIG,
                "%s: chat[].kind: Mattermost is not available in this version; remove the chat \"%s\"",
                c->file, c->chats[at].name);
        }
    }
    if (c->target_count == 0) {
        return err_set(err, ERR_CONFIG, "%s: targets: there is nothing to restart; describe a target",
                       c->file);
    }
    return true;
}
