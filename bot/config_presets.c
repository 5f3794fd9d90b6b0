/* Names of clusters and services, by the era of CloudTAK's templates. What the file gives is kept. */
#include "config_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define PRESET_SERVICES 3

struct preset_service {
    const char *key;  /* NULL ends the list */
    const char *name; /* {env} and {stage} are replaced */
    int desired;      /* -1 = keep what is live */
    bool is_default;
    enum drops drops;
};
static const struct preset {
    const char *name, *cluster;
    struct preset_service services[PRESET_SERVICES + 1]; /* in the order of restart all */
} PRESETS[] = {
    {"v13",
     "tak-vpc-{env}",
     {{"hub", "tak-cloudtak-{env}-stateful", 1, false, DROPS_SOCKETS},
      {"api", "tak-cloudtak-{env}", -1, true, DROPS_NOTHING},
      {"events", "tak-cloudtak-{env}-events", 1, false, DROPS_IMPORTS}}},
    {"v12",
     "tak-vpc-{env}",
     {{"api", "tak-cloudtak-{env}", -1, true, DROPS_NOTHING},
      {"events", "tak-cloudtak-{env}-events", 1, false, DROPS_IMPORTS}}},
    {"runbook", "coe-ecs-{stage}", {{"api", "tak-cloudtak-{stage}-Service", 1, true, DROPS_NOTHING}}},
};

/* "cotak prod" -> env "cotak-prod", stage "prod". */
static void name_environment(struct config_target *t)
{
    if (t->env[0] == '\0') {
        TEXT_COPY(t->env, t->name);
        for (char *c = t->env; *c != '\0'; c++) {
            if (*c == ' ') {
                *c = '-';
            }
        }
    }
    if (t->stage[0] == '\0') {
        const char *space = strrchr(t->name, ' ');
        TEXT_COPY(t->stage, space == NULL ? t->name : space + 1);
    }
}

static void fill(const struct config_target *t, const char *pattern, char *to, size_t size)
{
    struct buf b;
    buf_init(&b, size - 1);
    while (*pattern != '\0') {
        if (text_starts(pattern, "{env}")) {
            buf_text(&b, t->env);
            pattern += strlen("{env}");
        } else if (text_starts(pattern, "{stage}")) {
            buf_text(&b, t->stage);
            pattern += strlen("{stage}");
        } else {
            buf_char(&b, *pattern++);
        }
    }
    text_copy(to, size, b.data);
    buf_finish(&b);
}

static void add_services(struct config_target *t, const struct preset *preset)
{
    for (const struct preset_service *p = preset->services; p->key != NULL; p++) {
        struct config_service *s = &t->services[t->service_count++];
        TEXT_COPY(s->key, p->key);
        fill(t, p->name, s->name, sizeof(s->name));
        s->desired = p->desired;
        s->is_default = p->is_default;
        s->drops = p->drops;
    }
}

void config_presets_apply(struct config_target *t)
{
    name_environment(t);
    for (size_t at = 0; at < sizeof(PRESETS) / sizeof(PRESETS[0]); at++) {
        if (!text_equal(PRESETS[at].name, t->preset)) {
            continue;
        }
        if (t->cluster[0] == '\0') {
            fill(t, PRESETS[at].cluster, t->cluster, sizeof(t->cluster));
        }
        if (t->service_count == 0) {
            add_services(t, &PRESETS[at]);
        }
    }
    if (t->service_count == 1) {
        t->services[0].is_default = true;
    }
}
