/* The grading of a change's facts: wrong world and impossible things refuse, what costs users something asks,
 * the rest is said. */
#include "preflight_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "core/preflight_names.h"

void preflight_refuse(struct preflight *p, bool breakable, const char *format, ...)
{
    struct buf b;
    if (p->grade == PREFLIGHT_REFUSE && (breakable || !p->breakable)) {
        return;
    }
    buf_init(&b, sizeof(p->refusal) - 1);
    va_list args;
    va_start(args, format);
    buf_vformat(&b, format, args);
    va_end(args);
    TEXT_COPY(p->refusal, b.data);
    buf_finish(&b);
    p->grade = PREFLIGHT_REFUSE;
    p->breakable = breakable;
}

void preflight_ask(struct preflight *p, enum preflight_reason reason, const char *format, ...)
{
    p->reasons |= (unsigned)reason;
    if (p->ask_count == PREFLIGHT_ASKS) {
        return;
    }
    struct buf b;
    buf_init(&b, sizeof(p->asks[0]) - 1);
    va_list args;
    va_start(args, format);
    buf_vformat(&b, format, args);
    va_end(args);
    TEXT_COPY(p->asks[p->ask_count], b.data);
    p->ask_count++;
    buf_finish(&b);
    if (p->grade == PREFLIGHT_GO) {
        p->grade = PREFLIGHT_ASK;
    }
}

void preflight_say(struct preflight *p, const char *format, ...)
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

/* ---- the right world */

static bool right_world(const struct preflight_facts *f, struct preflight *p)
{
    const struct config_target *t = f->target;
    if (t->account[0] == '\0') {
        preflight_say(p, "account not checked: none is configured");
        return true;
    }
    if (!f->identified) {
        preflight_refuse(
            p, false,
            "I could not find out as which AWS account I act: %s. Ask again; if it stays so, tell who "
            "operates this bot.",
            f->identity_trouble);
        return false;
    }
    if (strcmp(f->account, t->account) != 0) {
        preflight_refuse(
            p, false,
            "My AWS credentials belong to account %s, but %s is in account %s. Give the target the right "
            "profile or role.",
            f->account, t->name, t->account);
        return false;
    }
    if (t->partition[0] != '\0' && strcmp(f->partition, t->partition) != 0) {
        preflight_refuse(
            p, false,
            "My AWS credentials belong to partition %s, but %s is in partition %s (%s). Give the target "
            "the right profile or role.",
            f->partition, t->name, t->partition, t->region);
        return false;
    }
    return true;
}

/* ---- the service */

bool preflight_found(const struct snapshot *s)
{
    return s->service_absence == ECS_SEEN && !s->missing;
}

static void refuse_missing(const struct preflight_facts *f, struct preflight *p)
{
    const struct preflight_names n = {
        .target = f->target,
        .service = f->service,
        .account = f->account[0] != '\0' ? f->account : f->target->account,
        .clusters_read = f->clusters_read,
        .cluster_count = f->cluster_count,
        .are_clusters = f->names_are_clusters,
        .names_read = f->names_read,
        .name_count = f->name_count,
        .names = f->names,
    };
    char text[PREFLIGHT_NAMES_TEXT];
    preflight_names_tell(&n, text);
    preflight_refuse(p, false, "%s", text);
}

/* What could not be looked at: does it help to ask again? */
static void refuse_unseen(const struct preflight_facts *f, struct preflight *p)
{
    const struct snapshot *s = f->snapshot;
    const bool passing = s->service_absence != ECS_REFUSED && s->service_absence != ECS_EXPIRED;
    preflight_refuse(p, false, "I could not look at %s: %s.%s", f->service->name,
                     s->trouble[0] != '\0' ? s->trouble : "ECS did not answer in time",
                     passing ? " Ask again; if it stays so: the AWS console." : " Then ask again.");
}

static bool changeable(const struct preflight_facts *f, struct preflight *p)
{
    const struct ecs_service *s = &f->snapshot->service;
    if (f->snapshot->service_absence != ECS_SEEN) {
        refuse_unseen(f, p);
        return false;
    }
    if (f->snapshot->missing) {
        refuse_missing(f, p);
        return false;
    }
    if (s->status[0] != '\0' && strcmp(s->status, "ACTIVE") != 0) {
        preflight_refuse(
            p, false,
            "The service %s is %s: it is being deleted, a restart cannot work. Look at it in the AWS "
            "console.",
            s->name, s->status);
        return false;
    }
    if (s->controller[0] != '\0' && strcmp(s->controller, "ECS") != 0) {
        preflight_refuse(
            p, false, "The service %s is deployed by %s, which ECS cannot restart. Use %s itself.", s->name,
            s->controller,
            strcmp(s->controller, "CODE_DEPLOY") == 0 ? "AWS CodeDeploy" : "its external controller");
        return false;
    }
    return true;
}

/* ---- counts */

static void grade_counts(const struct preflight_facts *f, struct preflight *p)
{
    const struct ecs_service *s = &f->snapshot->service;
    const int configured = f->service->desired;
    p->wanted = s->desired;
    if (strcmp(s->strategy, "DAEMON") == 0) {
        preflight_say(p, "one task on each instance (DAEMON)");
        return;
    }
    if (s->desired == 0) {
        p->send_count = configured > 0 ? configured : 1;
        p->wanted = p->send_count;
        preflight_ask(p, REASON_ZERO,
                      "The count is 0: somebody shut it down (I cannot see who). The restart starts %d.",
                      p->send_count);
    } else if (configured > s->desired) {
        p->send_count = configured;
        p->wanted = configured;
        preflight_say(p, "count %d -> %d, as configured", s->desired, configured);
    } else if (configured >= 0 && configured < s->desired) {
        preflight_say(p, "%s says %d, live is %d: I keep %d",
                      strcmp(f->target->preset, "runbook") == 0 ? "The runbook" : "the configuration",
                      configured, s->desired, s->desired);
    } else {
        preflight_say(p, "count stays %d", s->desired);
    }
}

/* How many tasks ECS keeps and how many it may have at once, rounded as ECS rounds. */
static void grade_rolling(const struct preflight_facts *f, struct preflight *p)
{
    const struct ecs_service *s = &f->snapshot->service;
    if (s->desired <= 0 || s->minimum_healthy_percent < 0 || s->maximum_percent < 0) {
        return;
    }
    const int least = (s->desired * s->minimum_healthy_percent + 99) / 100;
    const int most = s->desired * s->maximum_percent / 100;
    if (least == 0) {
        preflight_ask(
            p, REASON_CUTS_OFF,
            "Users WILL BE CUT OFF: with minimum healthy %d %% ECS may stop every old task before a new one "
            "serves.",
            s->minimum_healthy_percent);
    } else if (most <= least) {
        preflight_ask(
            p, REASON_STUCK,
            "It may never start: minimum healthy %d %%, maximum %d %% leave no room for a new task.",
            s->minimum_healthy_percent, s->maximum_percent);
    } else if (least < s->desired) {
        preflight_say(p, "only %d of %d tasks are kept while it rolls", least, s->desired);
    }
    if (s->running == 0) {
        preflight_say(p, "nothing runs now, so no user loses anything");
    }
}

/* ---- who else is at it */

static void grade_others(const struct preflight_facts *f, struct preflight *p)
{
    const struct ecs_service *s = &f->snapshot->service;
    const struct ecs_deployment *primary = model_primary(s);
    const char *runs = f->runs != NULL ? f->runs : "Mine would supersede it";
    char ago[TEXT_DURATION], at[TEXT_TIME];
    const bool stands_at_zero = s->desired == 0 && s->running == 0; /* what brings it back is a remedy */
    const bool rolling =
        primary != NULL && (primary->rollout == ECS_ROLLOUT_IN_PROGRESS ||
                            (primary->rollout == ECS_ROLLOUT_ABSENT && s->deployment_count > 1));
    if (f->running.operation[0] != '\0') {
        text_time_of_day(at, f->running.since_ms);
        preflight_ask(p, REASON_RUNS, "%s runs: %s %s since %s UTC. %s: follow that instead?",
                      f->running.operation, f->running.who,
                      f->running.does != NULL ? f->running.does : "restarts it", at, runs);
    } else if (rolling) {
        text_duration(ago, f->world_ms - primary->created_ms);
        text_time_of_day(at, primary->created_ms);
        preflight_ask(p, REASON_FOREIGN,
                      "A deployment begun outside this bot is running since %s UTC (%s ago): %s. %s.", at,
                      ago, primary->id, runs);
    } else if (f->recent.operation[0] != '\0' && !stands_at_zero &&
               f->wall_ms - f->recent.ended_ms < f->cool_down_ms) {
        text_duration(ago, f->wall_ms - f->recent.ended_ms);
        preflight_ask(p, REASON_RECENT, "A %s by %s (%s) ended %s ago: follow that instead?",
                      f->recent.verb[0] != '\0' ? f->recent.verb : "restart", f->recent.who,
                      f->recent.operation, ago);
    } else {
        preflight_say(p, "nothing else deploying");
    }
    if (primary != NULL && primary->rollout == ECS_ROLLOUT_FAILED) {
        preflight_say(p, "the last deployment FAILED");
    }
}

static void grade_impact(const struct preflight_facts *f, struct preflight *p)
{
    if (f->service->drops == DROPS_SOCKETS) {
        preflight_ask(
            p, REASON_DROPS,
            "It drops every WebSocket and TAK connection for a moment; they come back by themselves.");
    } else if (f->service->drops == DROPS_IMPORTS) {
        preflight_ask(p, REASON_DROPS, "A file import that runs now is lost.");
    }
}

bool preflight_begin(const struct preflight_facts *f, struct preflight *ret)
{
    *ret = (struct preflight){.grade = PREFLIGHT_GO, .send_count = -1};
    if (!right_world(f, ret) || !changeable(f, ret)) {
        return false;
    }
    const struct ecs_service *s = &f->snapshot->service;
    const struct ecs_deployment *primary = model_primary(s);
    ret->running = s->running;
    ret->wanted = s->desired;
    ret->breaker = s->breaker;
    TEXT_COPY(ret->primary_id, primary != NULL ? primary->id : "");
    TEXT_COPY(ret->task_definition, s->task_definition);
    preflight_can_start(f, ret);
    grade_others(f, ret);
    return true;
}

void preflight_restart(const struct preflight_facts *f, struct preflight *ret)
{
    grade_counts(f, ret);
    grade_rolling(f, ret);
    grade_impact(f, ret);
}

void preflight_finish(const struct preflight_facts *f, struct preflight *ret)
{
    const bool answered = f->yes && !f->target->second_person;
    if (f->target->confirm_always && ret->grade == PREFLIGHT_GO && !answered) {
        preflight_ask(ret, REASON_ALWAYS, "This target asks before every change.");
    }
    preflight_serves(f, ret);
    if (!f->snapshot->service.breaker) {
        preflight_say(ret, "no circuit breaker, so I judge it myself");
    }
    preflight_unchecked(f, ret);
}

void preflight_grade(const struct preflight_facts *f, struct preflight *ret)
{
    if (preflight_begin(f, ret)) {
        preflight_restart(f, ret);
        preflight_finish(f, ret);
    }
}

const char *preflight_differs(const struct preflight *asked, const struct preflight *now)
{
    if (strcmp(asked->primary_id, now->primary_id) != 0) {
        return "another deployment began meanwhile";
    }
    if (asked->wanted != now->wanted || asked->send_count != now->send_count) {
        return "the count was changed meanwhile";
    }
    if (strcmp(asked->task_definition, now->task_definition) != 0) {
        return "its task definition was changed meanwhile";
    }
    if ((now->reasons & ~asked->reasons) != 0) {
        return "there is a reason to ask that was not there before";
    }
    if (asked->running == 0 && now->running > 0) {
        return "users are served again";
    }
    return NULL;
}

static void ask_first(struct preflight *p, const char *text)
{
    p->grade = PREFLIGHT_ASK;
    const size_t kept = p->ask_count < PREFLIGHT_ASKS ? p->ask_count : PREFLIGHT_ASKS - 1;
    memmove(p->asks[1], p->asks[0], kept * sizeof(p->asks[0]));
    TEXT_COPY(p->asks[0], text);
    p->ask_count = kept + 1;
}

void preflight_ask_old(struct preflight *p, int64_t wanted_ms, int64_t ago_ms)
{
    char at[TEXT_TIME], ago[TEXT_DURATION], text[sizeof(p->asks[0])];
    if (p->grade == PREFLIGHT_REFUSE) {
        return;
    }
    text_date_time(at, wanted_ms);
    text_duration(ago, ago_ms);
    if (ago_ms < 0) {
        TEXT_FORMAT(text, "You wanted it at %s UTC; my clock was set back since. Is it still wanted?", at);
    } else {
        TEXT_FORMAT(text, "You wanted it at %s UTC, %s ago, and I could not begin then. Is it still wanted?",
                    at, ago);
    }
    p->reasons |= REASON_OLD;
    ask_first(p, text);
}

void preflight_ask_again(struct preflight *p, const char *what)
{
    char text[sizeof(p->asks[0])];
    TEXT_FORMAT(text, "Asked again: %s.", what);
    ask_first(p, text);
}

bool preflight_break_glass(struct preflight *p, const char *who, const char *reason)
{
    char text[sizeof(p->asks[0])];
    if (p->grade != PREFLIGHT_REFUSE || !p->breakable) {
        return false;
    }
    ask_first(p, p->refusal);
    TEXT_FORMAT(text,
                "🔨 BREAK GLASS by %s: \"%s\". My checks REFUSE this, for the reason below; it is done "
                "all the same if you confirm it.",
                who, reason);
    p->reasons |= REASON_GLASS;
    p->refusal[0] = '\0';
    ask_first(p, text);
    return true;
}
