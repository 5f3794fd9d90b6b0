#ifndef COMMANDS_PAGE_H
#define COMMANDS_PAGE_H
/* What the pages of reading commands share: title, place, times, and what to say when nothing can be seen. */
#include <stdint.h>

#include "base/text.h"
#include "core/card.h"
#include "core/command.h"
#include "core/config.h"
#include "ecs/ecs.h"

#define PAGE_SHORT_ID 8 /* a task id's first characters tell it apart */

/* "Tasks of cotak prod api (PRODUCTION) · 14:02:08 UTC"; what: "Tasks of ", or "". service NULL = of the
 * target. */
void page_title(const char *what, const struct config_target *target, const struct config_service *service,
                int64_t now_ms, struct card *card);
/* Partition, account, region, cluster, service, and the AWS console's page. */
void page_where(const struct config_target *target, const struct config_service *service, struct card *card);
/* Nothing of the service can be seen: why, and the next step. command: "status". */
void page_unseen(const char *word, const char *command, const struct config_target *target,
                 const struct config_service *service, enum ecs_absence absence, const char *trouble,
                 struct card *card);
/* AWS knows no such service. */
void page_missing(const char *word, const struct config_target *target, const struct config_service *service,
                  const char *trouble, struct card *card);
/* "2 min 11 s"; "unknown time" when then_ms is 0. */
void page_age(int64_t then_ms, int64_t now_ms, char to[TEXT_DURATION]);
/* UTC "14:02:08", with its date when that is a day away. */
void page_when(int64_t then_ms, int64_t now_ms, char to[TEXT_TIME]);
void page_short_id(const char *id, char to[PAGE_SHORT_ID + 1]);
void page_ref(const struct config_target *target, const struct config_service *service,
              struct service_ref *ret);

#endif
