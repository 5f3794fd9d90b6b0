/* What stands around a service, a line each: targets, CPU and memory, alarms, CloudTAK's own answers, image.
 * What could not be read says why; "no data" is not 0 %. */
#include "base/buf.h"
#include "base/text.h"
#include "status_text.h"

#include <string.h>

#define DAY_MS     (24 * 60 * 60 * INT64_C(1000))
#define SICK_SHOWN 3
#define SHORT_ID   8

static const char *reason(const char *why)
{
    return *why ? why : "AWS did not answer";
}

/* ---- targets */

struct tally {
    int healthy, starting, sick, draining;
};

static struct tally count(const struct snapshot *s, int group)
{
    struct tally t = {0};

    for (size_t i = 0; i < s->target_count; i++) {
        if (s->targets[i].group != group)
            continue;
        switch (s->targets[i].state) {
        case ECS_TARGET_HEALTHY: t.healthy++; break;
        case ECS_TARGET_INITIAL: t.starting++; break;
        case ECS_TARGET_UNHEALTHY:
        case ECS_TARGET_UNAVAILABLE: t.sick++; break;
        case ECS_TARGET_DRAINING: t.draining++; break;
        case ECS_TARGET_UNUSED: break;
        }
    }
    return t;
}

static void group(const struct snapshot *s, int index, struct buf *b)
{
    const struct ecs_group *g = &s->service.groups[index];
    const struct tally t = count(s, index);
    const int all = t.healthy + t.starting + t.sick;

    buf_format(b, "%s%s:%d: ", index ? " · " : "", g->container, g->port);
    if (all)
        buf_format(b, "%d of %d healthy", t.healthy, all);
    else
        buf_text(b, "none registered");
    if (t.starting)
        buf_format(b, ", %d starting", t.starting);
    if (t.draining)
        buf_format(b, ", %d draining", t.draining);
}

/* "10.0.1.5", with the task that has this address when it is known. */
static void name_target(const struct snapshot *s, const struct ecs_target *t, struct buf *b)
{
    buf_text(b, t->id);
    for (size_t i = 0; s->tasks_absence == ECS_SEEN && i < s->task_count; i++) {
        if (*t->id && text_equal(s->tasks[i].address, t->id)) {
            char id[SHORT_ID + 1];
            text_copy_n(id, sizeof id, s->tasks[i].id, SHORT_ID);
            buf_format(b, " (task %s)", id);
            return;
        }
    }
}

static void sick(const struct snapshot *s, struct card *card)
{
    struct buf b;
    int shown = 0, more = 0;

    buf_init(&b, CARD_LINE * 2);
    for (size_t i = 0; i < s->target_count; i++) {
        const struct ecs_target *t = &s->targets[i];
        if (t->state != ECS_TARGET_UNHEALTHY && t->state != ECS_TARGET_UNAVAILABLE)
            continue;
        if (shown == SICK_SHOWN) {
            more++;
            continue;
        }
        buf_text(&b, shown++ ? " · " : "");
        name_target(s, t, &b);
        buf_format(&b, ":%d: %s%s%s%s", t->port, *t->description ? t->description : "no reason given",
                   *t->reason ? " (" : "", t->reason, *t->reason ? ")" : "");
    }
    if (more)
        buf_format(&b, " · and %d more", more);
    if (shown)
        card_line(card, "Not healthy: %s", b.data);
    buf_finish(&b);
}

void status_targets(const struct snapshot *s, struct card *card)
{
    struct buf b;

    if (s->service.target_groups == 0) {
        card_line(card, "Targets: no load balancer asks after this service");
        return;
    }
    if (s->targets_absence != ECS_SEEN) {
        card_line(card, "Targets: not checked: %s", reason(s->targets_trouble));
        return;
    }
    buf_init(&b, CARD_LINE);
    for (int g = 0; g < s->service.target_groups && g < ECS_GROUPS; g++)
        group(s, g, &b);
    card_line(card, "Targets: %s", b.data);
    buf_finish(&b);
    sick(s, card);
}

/* ---- CPU and memory */

void status_metrics(const struct ecs_around *a, struct card *card)
{
    if (!a)
        return;
    if (a->metrics.absence != ECS_SEEN)
        card_line(card, "CPU and memory: not checked: %s", reason(a->metrics.why));
    else if (!a->metrics.has_data)
        card_line(card, "CPU and memory: no data of the last 5 min");
    else
        card_line(card, "CPU %.0f %%, at most %.0f %% · memory %.0f %%, at most %.0f %% · last 5 min",
                  a->metrics.cpu_average, a->metrics.cpu_maximum, a->metrics.memory_average,
                  a->metrics.memory_maximum);
}

/* ---- alarms */

static void since(int64_t then_ms, int64_t now_ms, char to[TEXT_TIME])
{
    if (now_ms - then_ms < DAY_MS)
        text_time_of_day(to, then_ms);
    else
        text_date_time(to, then_ms);
}

void status_alarms(const struct ecs_around *a, int64_t now_ms, struct card *card)
{
    struct buf b;
    char at[TEXT_TIME];

    if (!a)
        return;
    if (a->alarms.absence != ECS_SEEN) {
        card_line(card, "Alarms: not checked: %s", reason(a->alarms.why));
        return;
    }
    if (!a->alarms.count) {
        card_line(card, "Alarms: none in ALARM");
        return;
    }
    buf_init(&b, CARD_LINE * 2);
    for (size_t i = 0; i < a->alarms.count && i < ECS_ALARMS; i++) {
        since(a->alarms.since_ms[i], now_ms, at);
        buf_format(&b, "%s%s since %s UTC", i ? " · " : "", a->alarms.names[i], at);
    }
    if (a->alarms.count > ECS_ALARMS)
        buf_format(&b, " · and %zu more", a->alarms.count - ECS_ALARMS);
    card_line(card, "In ALARM: %s", b.data);
    buf_finish(&b);
    card->tone = card->tone == TONE_GOOD ? TONE_WARNING : card->tone;
}

/* ---- CloudTAK itself, image */

void status_site(const struct probe_result *p, struct card *card)
{
    char text[PROBE_TEXT];

    if (!p)
        return;
    probe_text(p, text, sizeof text);
    card_line(card, "CloudTAK itself: %s", text);
    if (probe_fails(p))
        card->tone = card->tone == TONE_GOOD ? TONE_WARNING : card->tone;
}

void status_image(const struct ecs_around *a, int64_t now_ms, struct card *card)
{
    if (!a)
        return;
    if (a->image.absence != ECS_SEEN) {
        card_line(card, "Image: not checked: %s", reason(a->image.why));
    } else if (a->image.gone) {
        card_line(card,
                  "Image %s: GONE from the registry: do not stop tasks, no new one can start. Have it built "
                  "again.",
                  a->image.name);
        card->tone = card->tone == TONE_GOOD ? TONE_WARNING : card->tone;
    } else if (a->image.pushed_ms > 0) {
        char old[TEXT_DURATION];
        text_duration(old, now_ms - a->image.pushed_ms);
        card_line(card, "Image %s: still in the registry, pushed %s ago", a->image.name, old);
    } else {
        card_line(card, "Image %s: still in the registry", a->image.name);
    }
}
