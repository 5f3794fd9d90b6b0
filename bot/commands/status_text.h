#ifndef COMMANDS_STATUS_TEXT_H
#define COMMANDS_STATUS_TEXT_H
/* One look at a service, and at what stands around it -> the runbook's service page. Pure. */
#include <stdint.h>

#include "core/card.h"
#include "core/command.h"
#include "core/config.h"
#include "core/probe.h"
#include "ecs/ecs.h"

/* What was read; NULL = nobody was asked. */
struct status_facts {
    const char *word; /* "/cloudtak", before what may be copied */
    const struct config_target *target;
    const struct config_service *service;
    const struct snapshot *snapshot;
    const struct ecs_around *around;
    const struct probe_result *probe;
    const struct command_origin *origin; /* of the newest deployment */
    const struct command_now *now;       /* what of ours runs here */
    size_t now_count;
    int64_t now_ms; /* world */
};

/* The whole page of one service. */
void status_text_page(const struct status_facts *f, struct card *ret);
/* The page of a service that AWS does not know: what = preflight_names_tell's sentences. */
void status_text_missing(const char *word, const struct config_target *target,
                         const struct config_service *service, const char *what, int64_t now_ms,
                         struct card *ret);
/* One line for another service of the target: "hub: 1 of 1 running, no deployment running". */
void status_text_line(const struct config_service *service, const struct snapshot *s, char *to, size_t size);

/* ---- parts of the page, for status_text.c */
/* status_served.c: the sentence every card begins with, and the card's tone. */
void status_served(const struct snapshot *s, struct card *card);
/* What of ours runs there now, a line each. */
void status_acting(const struct command_now *now, size_t count, int64_t now_ms, struct card *card);
/* status_around.c: a line or two each; what was not asked for is not told. */
void status_targets(const struct snapshot *s, struct card *card);
void status_metrics(const struct ecs_around *a, struct card *card);
void status_alarms(const struct ecs_around *a, int64_t now_ms, struct card *card);
void status_site(const struct probe_result *p, struct card *card);
void status_image(const struct ecs_around *a, int64_t now_ms, struct card *card);

#endif
