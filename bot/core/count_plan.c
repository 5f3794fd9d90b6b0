/* scale, shutdown and start as one decision: where to, by which way, and what has to be remembered. */
#include "count_plan.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/jsonx.h"
#include "base/text.h"

#define DIGITS_MOST 3

bool count_plan_number(const char *word, int *ret)
{
    const size_t length = strlen(word);
    if (length == 0 || length > DIGITS_MOST) {
        return false;
    }
    for (const char *c = word; *c != '\0'; c++) {
        if (!isdigit((unsigned char)*c)) {
            return false;
        }
    }
    *ret = (int)strtol(word, NULL, 10);
    return true;
}

static void refuse(struct count_plan *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void refuse(struct count_plan *p, const char *format, ...)
{
    struct buf b;
    buf_init(&b, sizeof(p->refusal) - 1);
    va_list args;
    va_start(args, format);
    buf_vformat(&b, format, args);
    va_end(args);
    TEXT_COPY(p->refusal, b.data);
    buf_finish(&b);
    p->refused = true;
}

static void say(struct count_plan *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct count_plan *p, const char *format, ...)
{
    struct buf b;
    buf_init(&b, sizeof(p->says) - 1);
    buf_text(&b, p->says);
    buf_text(&b, p->says[0] != '\0' ? " · " : "");
    va_list args;
    va_start(args, format);
    buf_vformat(&b, format, args);
    va_end(args);
    TEXT_COPY(p->says, b.data);
    buf_finish(&b);
}

/* ---- autoscaling */

static bool is_registered(const struct count_facts *f)
{
    return f->scaling != NULL && f->scaling->ok && f->scaling->registered;
}

/* Where an endpoint knows no autoscaling there is none. */
static bool is_unknown(const struct count_facts *f)
{
    return f->scaling == NULL || (!f->scaling->ok && f->scaling->absence != ECS_UNSUPPORTED);
}

static const char *trouble_of(const struct count_facts *f)
{
    return f->scaling == NULL ? "no answer in time" : f->scaling->err.text;
}

static bool any(const struct ecs_scaling_switches *s)
{
    return s->in || s->out || s->scheduled;
}

/* The bot's own suspensions as far as they still stand. */
static struct ecs_scaling_switches own_of(const struct count_facts *f)
{
    struct ecs_scaling_switches own = {0};
    if (f->memo != NULL) {
        own = f->memo->suspended;
    }
    if (is_registered(f)) {
        const struct ecs_scaling_switches *now = &f->scaling->suspended;
        own = (struct ecs_scaling_switches){.in = own.in && now->in,
                                            .out = own.out && now->out,
                                            .scheduled = own.scheduled && now->scheduled};
    }
    return own;
}

static void suspend(const struct count_facts *f, struct count_plan *p)
{
    p->remember.suspended = own_of(f);
    if (!is_registered(f)) {
        if (is_unknown(f)) {
            TEXT_FORMAT(p->odd,
                        "Autoscaling is not suspended, since I could not read it (%s): where it is "
                        "registered, it may change the count again.",
                        trouble_of(f));
        }
        return;
    }
    const struct ecs_scaling_switches *now = &f->scaling->suspended;
    p->set_switches = !now->in || !now->out || !now->scheduled;
    p->switches = (struct ecs_scaling_switches){.in = true, .out = true, .scheduled = true};
    p->remember.suspended.in |= !now->in;
    p->remember.suspended.out |= !now->out;
    p->remember.suspended.scheduled |= !now->scheduled;
    if (p->set_switches) {
        say(p, "autoscaling %d..%d is suspended first; start resumes it", f->scaling->minimum,
            f->scaling->maximum);
    } else if (any(&p->remember.suspended)) {
        say(p, "autoscaling stays suspended by me");
    } else {
        say(p, "autoscaling is suspended already, not by me: it stays so");
    }
}

static void resume(const struct count_facts *f, struct count_plan *p)
{
    const struct ecs_scaling_switches own = own_of(f);
    p->remember.suspended = own;
    if (is_unknown(f)) {
        if (any(&own)) {
            say(p, "autoscaling stays suspended by me: I could not read it (%s)", trouble_of(f));
        } else {
            say(p, "autoscaling not checked: %s", trouble_of(f));
        }
        return;
    }
    if (!is_registered(f)) { /* it was deregistered: nothing is left to resume */
        p->remember.suspended = (struct ecs_scaling_switches){0};
        return;
    }
    const struct ecs_scaling_switches *now = &f->scaling->suspended;
    p->set_switches = any(&own);
    p->switches = (struct ecs_scaling_switches){
        .in = now->in && !own.in, .out = now->out && !own.out, .scheduled = now->scheduled && !own.scheduled};
    if (p->set_switches) {
        say(p, "autoscaling %d..%d is resumed", f->scaling->minimum, f->scaling->maximum);
    } else if (any(now)) {
        say(p, "autoscaling is suspended, not by me: it stays so");
    }
}

/* ---- which count */

/* Two hubs at once connect twice to TAK Server and run every job twice. */
static int most_of(const struct count_facts *f)
{
    int most = f->service->drops == DROPS_SOCKETS ? 1 : COUNT_MOST;
    if (f->service->desired > most) {
        most = f->service->desired;
    }
    if (is_registered(f) && f->scaling->maximum > most) {
        most = f->scaling->maximum;
    }
    return most;
}

/* What to come back to, as it was before this bot first changed it. */
static int before_of(const struct count_facts *f)
{
    const struct count_memo *m = f->memo;
    const bool untouched = m != NULL && !m->left && m->count == f->live->desired;
    return untouched && m->before > 0 ? m->before : f->live->desired;
}

static const char *who_says(const struct config_target *t)
{
    return strcmp(t->preset, "runbook") == 0 ? "the runbook" : "the configuration";
}

/* Where `start` goes from 0. */
static int start_of(const struct count_facts *f, struct count_plan *p)
{
    const int configured = f->service->desired;
    const struct count_memo *m = f->memo;
    if (m != NULL && m->before > 0 && !m->left) {
        say(p, "count 0 -> %d, as it was before %s set it to 0", m->before, m->who);
        if (configured > 0 && configured != m->before) {
            say(p, "%s says %d: I go back to %d", who_says(f->target), configured, m->before);
        }
        return m->before;
    }
    if (configured > 0) {
        say(p, "count 0 -> %d, as %s says", configured, who_says(f->target));
        return configured;
    }
    if (is_registered(f) && f->scaling->minimum > 0) {
        say(p, "count 0 -> %d, autoscaling's minimum", f->scaling->minimum);
        return f->scaling->minimum;
    }
    TEXT_FORMAT(p->odd,
                "I did not set it to 0, and no count is configured: it starts 1. More: %s scale %s %s N",
                f->command, f->target->name, f->service->key);
    say(p, "count 0 -> 1");
    return 1;
}

static void plan_start(const struct count_facts *f, struct count_plan *p)
{
    resume(f, p);
    p->wanted = p->before == 0 ? start_of(f, p) : p->before;
    if (p->wanted == p->before && !p->set_switches) {
        const int back = f->memo != NULL ? f->memo->before : p->before;
        char other[160] = "";
        if (back != p->before) {
            TEXT_FORMAT(other, " Before %s changed it, it was %d: %s scale %s %s %d.", f->memo->who, back,
                        f->command, f->target->name, f->service->key, back);
        }
        refuse(p, "%s %s does not stand at 0: %d %s wanted, %d run.%s Another count: %s scale %s %s N",
               f->target->name, f->service->key, p->before, p->before == 1 ? "task is" : "tasks are",
               f->live->running, other, f->command, f->target->name, f->service->key);
        return;
    }
    if (p->wanted == p->before) {
        say(p, "count stays %d", p->before);
    }
    p->remember.before = p->remember.count = p->wanted;
    const bool held = is_unknown(f) && any(&p->remember.suspended);
    p->remember.left = held; /* kept only for the switches */
    p->forget = !held;
}

static void tell_counts(const struct count_facts *f, struct count_plan *p)
{
    const int configured = f->service->desired;
    if (configured >= 0 && configured != p->before) {
        say(p, "%s says %d, live is %d: this sets %d", who_says(f->target), configured, p->before, p->wanted);
    } else {
        say(p, "count %d -> %d", p->before, p->wanted);
    }
    if (is_registered(f) && p->wanted > 0 &&
        (p->wanted < f->scaling->minimum || p->wanted > f->scaling->maximum)) {
        say(p, "outside autoscaling's %d..%d", f->scaling->minimum, f->scaling->maximum);
    }
}

static void tell_loss(const struct count_facts *f, struct count_plan *p)
{
    const int running = f->live->running;
    p->cuts_off = running > p->wanted;
    if (p->wanted == 0 && running > 0) {
        TEXT_FORMAT(p->ask,
                    "It ENDS service: %d of %d tasks run now, and none afterwards, until somebody starts it "
                    "again.",
                    running, p->before);
    } else if (p->wanted == 0) {
        TEXT_COPY(p->ask, "It ends service until somebody starts it again; nothing runs now.");
    } else if (p->wanted < p->before) {
        TEXT_FORMAT(p->ask,
                    "It stops %d of %d tasks and leaves %d. Users of a stopped one reconnect to the others.",
                    p->before - p->wanted, p->before, p->wanted);
    }
}

static void plan_scale(const struct count_facts *f, struct count_plan *p)
{
    const int most = most_of(f);
    p->wanted = f->verb == COUNT_SHUTDOWN ? 0 : f->asked;
    if (p->wanted < 0 || p->wanted > most) {
        refuse(p, "%s %s takes a count from 0 to %d%s. Ask again with one of these.", f->target->name,
               f->service->key, most,
               most == 1 && f->service->drops == DROPS_SOCKETS
                   ? ": two of them would connect twice to TAK Server"
                   : "");
        return;
    }
    suspend(f, p);
    if (p->wanted == p->before && !p->set_switches) {
        refuse(p, "%s %s stands at %d already; %d run. How it is now: %s status %s %s", f->target->name,
               f->service->key, p->before, f->live->running, f->command, f->target->name, f->service->key);
        return;
    }
    tell_counts(f, p);
    tell_loss(f, p);
    p->remember.before = before_of(f);
    p->remember.count = p->wanted;
    p->forget = p->wanted == p->remember.before && p->wanted > 0 && !any(&p->remember.suspended);
}

void count_plan_make(const struct count_facts *f, struct count_plan *ret)
{
    *ret = (struct count_plan){.before = f->live->desired, .wanted = f->live->desired};
    if (strcmp(f->live->strategy, "DAEMON") == 0) {
        refuse(ret,
               "%s runs one task on each instance (DAEMON): ECS sets its count, nobody else can. What "
               "works: %s restart %s %s",
               f->service->name, f->command, f->target->name, f->service->key);
        return;
    }
    if (f->verb == COUNT_START) {
        plan_start(f, ret);
    } else {
        plan_scale(f, ret);
    }
}

const char *count_plan_differs(const struct count_plan *asked, const struct count_plan *now)
{
    if (asked->before != now->before || asked->wanted != now->wanted) {
        return "the count was changed meanwhile";
    }
    if (asked->set_switches != now->set_switches || asked->switches.in != now->switches.in ||
        asked->switches.out != now->switches.out || asked->switches.scheduled != now->switches.scheduled) {
        return "autoscaling was changed meanwhile";
    }
    return NULL;
}

/* ---- kept */

static json_t *switches_save(const struct ecs_scaling_switches *s)
{
    return json_pack("{s:b, s:b, s:b}", "in", s->in, "out", s->out, "scheduled", s->scheduled);
}

static struct ecs_scaling_switches switches_load(const json_t *saved)
{
    return (struct ecs_scaling_switches){.in = jsonx_bool(saved, "in", false),
                                         .out = jsonx_bool(saved, "out", false),
                                         .scheduled = jsonx_bool(saved, "scheduled", false)};
}

json_t *count_plan_save(const struct count_plan *p)
{
    json_t *j = json_pack("{s:i, s:i, s:b, s:b, s:b}", "before", p->before, "wanted", p->wanted, "cuts_off",
                          p->cuts_off, "set_switches", p->set_switches, "forget", p->forget);
    json_object_set_new(j, "switches", switches_save(&p->switches));
    json_object_set_new(j, "remember",
                        json_pack("{s:i, s:i, s:b, s:o}", "before", p->remember.before, "count",
                                  p->remember.count, "left", p->remember.left, "suspended",
                                  switches_save(&p->remember.suspended)));
    return j;
}

void count_plan_load(const json_t *saved, struct count_plan *ret)
{
    *ret = (struct count_plan){.before = (int)jsonx_int(saved, "before", 0),
                               .wanted = (int)jsonx_int(saved, "wanted", 0),
                               .cuts_off = jsonx_bool(saved, "cuts_off", false),
                               .set_switches = jsonx_bool(saved, "set_switches", false),
                               .switches = switches_load(jsonx_at(saved, "switches")),
                               .forget = jsonx_bool(saved, "forget", false)};
    ret->remember = (struct count_memo){.before = (int)jsonx_int(saved, "remember.before", 0),
                                        .count = (int)jsonx_int(saved, "remember.count", 0),
                                        .left = jsonx_bool(saved, "remember.left", false),
                                        .suspended = switches_load(jsonx_at(saved, "remember.suspended"))};
}
