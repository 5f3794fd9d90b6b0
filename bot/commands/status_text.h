#ifndef COMMANDS_STATUS_TEXT_H
#define COMMANDS_STATUS_TEXT_H
/* One look at a service -> the runbook's service page. Pure. */
#include <stdint.h>

#include "core/card.h"
#include "core/config.h"
#include "ecs/model.h"

/* The whole page of one service. word: "/cloudtak", before what may be copied. now_ms: world time. */
void status_text_page(const char *word, const struct config_target *target,
                      const struct config_service *service, const struct snapshot *s, int64_t now_ms,
                      struct card *ret);
/* The page of a service that AWS does not know: what = preflight_names_tell's sentences. */
void status_text_missing(const char *word, const struct config_target *target,
                         const struct config_service *service, const char *what, int64_t now_ms,
                         struct card *ret);
/* One line for another service of the target: "hub: 1 of 1 running, no deployment running". */
void status_text_line(const struct config_service *service, const struct snapshot *s, char *to, size_t size);

#endif
