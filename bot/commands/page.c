#include "page.h"

#include "aws/endpoint.h"

#define DAY_MS (24 * 60 * 60 * INT64_C(1000))

void page_title(const char *what, const struct config_target *target, const struct config_service *service,
                int64_t now_ms, struct card *card)
{
    char at[TEXT_TIME];

    card_init(card, TONE_NEUTRAL);
    text_time_of_day(at, now_ms);
    card_title(card, "%s%s%s%s%s · %s UTC", what, target->name, service ? " " : "",
               service ? service->key : "", target->production ? " (PRODUCTION)" : "", at);
}

void page_where(const struct config_target *target, const struct config_service *service, struct card *card)
{
    const char *name = service ? service->name : "";
    char url[600];

    card_field(card, "Where", "%s %s %s · %s%s%s", target->partition,
               *target->account ? target->account : "account unchecked", target->region, target->cluster,
               service ? " / " : "", name);
    if (endpoint_console_url(target->region, target->cluster, name, url, sizeof url))
        card_link(card, "AWS console", url);
}

void page_unseen(const char *word, const char *command, const struct config_target *target,
                 const struct config_service *service, enum ecs_absence absence, const char *trouble,
                 struct card *card)
{
    static const char *const why[] = {
        [ECS_SEEN] = "AWS could not be asked",
        [ECS_NOT_READ] = "AWS could not be asked",
        [ECS_THROTTLED] = "AWS asked me to slow down",
        [ECS_EXPIRED] = "my AWS sign-in ended",
        [ECS_UNREACHABLE] = "AWS did not answer",
        [ECS_REFUSED] = "AWS refused the question",
        [ECS_UNSUPPORTED] = "this endpoint cannot be asked",
    };

    card->tone = TONE_WARNING;
    card_served(card, "Users: UNKNOWN, %s. ECS goes on without me.", why[absence]);
    card_line(card, "%s", *trouble ? trouble : "The service could not be read.");
    if (absence == ECS_EXPIRED || absence == ECS_REFUSED)
        card_footer(card, "When that is mended: %s %s %s %s · which identity I use: %s whoami", word, command,
                    target->name, service->key, word);
    else
        card_footer(card, "Try again in a minute: %s %s %s %s · which identity I use: %s whoami", word,
                    command, target->name, service->key, word);
}

void page_missing(const char *word, const struct config_target *target, const struct config_service *service,
                  const char *trouble, struct card *card)
{
    card->tone = TONE_WARNING;
    card_served(card, "Users: UNKNOWN, AWS knows no such service here.");
    card_line(card, "%s", *trouble ? trouble : service->name);
    card_footer(card, "Which are there: %s services %s · the whole story: %s status %s %s", word,
                target->name, word, target->name, service->key);
}

void page_age(int64_t then_ms, int64_t now_ms, char to[TEXT_DURATION])
{
    if (then_ms <= 0)
        text_copy(to, TEXT_DURATION, "unknown time");
    else
        text_duration(to, now_ms - then_ms);
}

void page_when(int64_t then_ms, int64_t now_ms, char to[TEXT_TIME])
{
    if (now_ms - then_ms < DAY_MS)
        text_time_of_day(to, then_ms);
    else
        text_date_time(to, then_ms);
}

void page_short_id(const char *id, char to[PAGE_SHORT_ID + 1])
{
    text_copy_n(to, PAGE_SHORT_ID + 1, id, PAGE_SHORT_ID);
}

void page_ref(const struct config_target *target, const struct config_service *service,
              struct service_ref *ret)
{
    *ret = (struct service_ref){.session = target->session};
    TEXT_COPY(ret->account, target->account);
    TEXT_COPY(ret->region, target->region);
    TEXT_COPY(ret->cluster, target->cluster);
    TEXT_COPY(ret->service, service ? service->name : "");
}
