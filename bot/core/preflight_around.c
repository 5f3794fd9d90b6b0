/* Can new tasks start, and is the service well? Of what stands around it: its image, CloudTAK's database,
 * target health, alarms. What new tasks would die of asks; the rest is said. What could not be read is said
 * last, with its reason, and stops nothing. */
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "preflight_private.h"

#define LATE         "no answer in time"
#define ALARMS_NAMED 2
#define WHY_MOST     110 /* of a reason in a line with many */
#define UNCHECKED    5
#define DAY_MS       (24 * 60 * 60 * INT64_C(1000))

/* Somebody else is at it, in another way. */
static void ask_stack(const struct ecs_around *a, struct preflight *p)
{
    char since[TEXT_TIME], begun[TEXT_TIME + 16] = "";
    if (a->stack.absence != ECS_SEEN || !a->stack.running) {
        return;
    }
    if (a->stack.since_ms != 0) {
        text_time_of_day(since, a->stack.since_ms);
        TEXT_FORMAT(begun, " since %s UTC", since);
    }
    preflight_ask(
        p, REASON_STACK,
        "CloudFormation changes the stack %s now (%s%s): it may deploy this service too and set its "
        "count again. It does not say who began that: find out before you go on.",
        a->stack_name, a->stack.status, begun);
}

void preflight_can_start(const struct preflight_facts *f, struct preflight *p)
{
    const struct ecs_around *a = f->around;
    if (a != NULL && a->image.absence == ECS_SEEN && a->image.gone) {
        preflight_ask(p, REASON_IMAGE,
                      "The image %s is GONE from the registry: NO NEW TASK CAN START. What runs goes on; it "
                      "must not be stopped. Have the image built again first.",
                      a->image.name);
    } else if (a != NULL && a->image.absence == ECS_SEEN) {
        preflight_say(p, "image ok");
    }
    if (a != NULL) {
        ask_stack(a, p);
    }
    if (f->probe == NULL) {
        return;
    }
    if (f->probe->version.state == PROBE_FAILING) {
        preflight_say(p, "API FAILING now (%s)", f->probe->version.why);
    }
    if (f->probe->database.state == PROBE_FAILING) {
        preflight_ask(p, REASON_DATABASE,
                      "CloudTAK's database is FAILING (%s): every new task would die at its start. Have the "
                      "database looked at first.",
                      f->probe->database.why);
    } else if (f->probe->database.state == PROBE_OK) {
        preflight_say(p, "database ok");
    }
}

/* ---- target health, alarms */

static void say_targets(const struct snapshot *s, struct preflight *p)
{
    size_t healthy = 0, all = 0;
    if (s->targets_absence != ECS_SEEN || s->service.target_groups == 0) {
        return;
    }
    for (size_t i = 0; i < s->target_count; i++) {
        const enum ecs_target_state state = s->targets[i].state;
        healthy += state == ECS_TARGET_HEALTHY;
        all += state != ECS_TARGET_DRAINING && state != ECS_TARGET_UNUSED;
    }
    if (all == 0) {
        preflight_say(p, "no target behind the load balancer");
    } else {
        preflight_say(p, "%zu of %zu targets healthy", healthy, all);
    }
}

static void say_alarms(const struct preflight_facts *f, struct preflight *p)
{
    const struct ecs_around *a = f->around;
    struct buf b;
    if (a == NULL || a->alarms.absence != ECS_SEEN || a->alarms.count == 0) {
        return;
    }
    buf_init(&b, sizeof(p->says));
    for (size_t i = 0; i < a->alarms.count && i < ALARMS_NAMED; i++) {
        const char *name = a->alarms.names[i];
        char since[TEXT_TIME];
        name += text_starts(name, a->alarm_prefix) ? strlen(a->alarm_prefix) : 0;
        if (f->world_ms - a->alarms.since_ms[i] < DAY_MS) {
            text_time_of_day(since, a->alarms.since_ms[i]);
        } else {
            text_date_time(since, a->alarms.since_ms[i]);
        }
        buf_format(&b, "%s%s since %s UTC", i > 0 ? ", " : "", name, since);
    }
    if (a->alarms.count > ALARMS_NAMED) {
        buf_format(&b, " and %zu more", a->alarms.count - ALARMS_NAMED);
    }
    preflight_say(p, "in ALARM: %s", b.data);
    buf_finish(&b);
}

void preflight_serves(const struct preflight_facts *f, struct preflight *p)
{
    say_targets(f->snapshot, p);
    say_alarms(f, p);
}

/* ---- what could not be read */

struct unchecked {
    size_t count;
    const char *what[UNCHECKED];
    char why[UNCHECKED][WHY_MOST];
};

static void add(struct unchecked *u, const char *what, const char *why)
{
    char *to = u->why[u->count];
    u->what[u->count++] = what;
    if (!text_copy(to, WHY_MOST, why[0] != '\0' ? why : LATE)) {
        char cut[WHY_MOST];
        text_copy_n(cut, sizeof(cut), why, WHY_MOST - sizeof("…"));
        text_format(to, WHY_MOST, "%s…", cut);
    }
}

/* Those of one reason together: "image and alarms not checked: AWS refused …" */
static void say_unchecked(const struct preflight_facts *f, const struct unchecked *u, struct preflight *p)
{
    bool told[UNCHECKED] = {false};
    for (size_t i = 0; i < u->count; i++) {
        char names[100], longer[100];
        if (told[i]) {
            continue;
        }
        TEXT_COPY(names, u->what[i]);
        for (size_t other = i + 1; other < u->count; other++) {
            if (strcmp(u->why[i], u->why[other]) == 0) {
                told[other] = true;
                TEXT_FORMAT(longer, "%s, %s", names, u->what[other]);
                TEXT_COPY(names, longer);
            }
        }
        if (f->downtime) {
            preflight_ask(p, REASON_UNCHECKED, "Not checked: %s (%s).", names, u->why[i]);
        } else {
            preflight_say(p, "%s not checked: %s", names, u->why[i]);
        }
    }
}

void preflight_unchecked(const struct preflight_facts *f, struct preflight *p)
{
    const struct ecs_around *a = f->around;
    const struct snapshot *s = f->snapshot;
    struct unchecked u = {0};
    if (a != NULL && a->image.absence != ECS_SEEN) {
        add(&u, "image", a->image.why);
    }
    if (a != NULL && a->alarms.absence != ECS_SEEN) {
        add(&u, "alarms", a->alarms.why);
    }
    if (a != NULL && a->stack.absence != ECS_SEEN && a->stack.absence != ECS_NOT_READ) {
        add(&u, "stack", a->stack.why);
    }
    if (a != NULL && s->service.target_groups > 0 && s->targets_absence != ECS_SEEN) {
        add(&u, "target health", s->targets_trouble);
    }
    if (f->probe != NULL && f->probe->database.state == PROBE_UNSEEN) {
        add(&u, "database", f->probe->database.why);
    }
    say_unchecked(f, &u, p);
}
