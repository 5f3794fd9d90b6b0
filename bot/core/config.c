#include "core/config.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/local.h"

struct config *config_create(void)
{
    return mem_alloc(sizeof(struct config));
}

void config_destroy(struct config *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t at = 0; at < c->chat_count; at++) {
        secret_destroy(c->chats[at].app_token);
        secret_destroy(c->chats[at].bot_token);
    }
    mem_free(c->people);
    mem_free(c->targets);
    mem_free(c);
}

const struct config_target *config_target(const struct config *c, const char *name)
{
    for (size_t at = 0; at < c->target_count; at++) {
        if (strcmp(c->targets[at].name, name) == 0) {
            return &c->targets[at];
        }
    }
    return NULL;
}

const struct config_service *config_service(const struct config_target *t, const char *key)
{
    for (size_t at = 0; at < t->service_count; at++) {
        if (strcmp(t->services[at].key, key) == 0) {
            return &t->services[at];
        }
    }
    return NULL;
}

const struct config_service *config_default_service(const struct config_target *t)
{
    for (size_t at = 0; at < t->service_count; at++) {
        if (t->services[at].is_default) {
            return &t->services[at];
        }
    }
    return NULL;
}

/* The API's service is called like its stack, in older releases with "-Service" behind it. */
void config_stack(const struct config_target *t, char *to, size_t size)
{
    static const char suffix[] = "-Service";
    const struct config_service *api = config_service(t, "api");
    api = api != NULL ? api : config_default_service(t);
    const size_t len = api != NULL ? strlen(api->name) : 0;
    const size_t drop = len > 0 && text_ends(api->name, suffix) ? sizeof(suffix) - 1 : 0;
    text_copy(to, size, "");
    if (len > drop) {
        text_format(to, size, "%.*s", (int)(len - drop), api->name);
    }
}

void config_alarm_prefix(const struct config_target *t, char *to, size_t size)
{
    char stack[CONFIG_ID * 2];
    config_stack(t, stack, sizeof(stack));
    text_format(to, size, "%s%s", stack, stack[0] != '\0' ? "-" : "");
}

static bool is_user(const struct principal *p, const char *server, const char *user)
{
    const bool here = p->kind == PRINCIPAL_LOCAL
                          ? strcmp(server, LOCAL_SERVER) == 0
                          : p->kind == PRINCIPAL_USER && strcmp(p->server, server) == 0;
    return here && strcmp(p->id, user) == 0;
}

const struct config_person *config_person_of(const struct config *c, const char *server, const char *user)
{
    for (size_t at = 0; at < c->person_count; at++) {
        for (size_t id = 0; id < c->people[at].count; id++) {
            if (is_user(&c->people[at].ids[id], server, user)) {
                return &c->people[at];
            }
        }
    }
    return NULL;
}
