/* Sentences that several cards share. */
#include <stdlib.h>
#include <string.h>

#include "act.h"
#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/text.h"
#include "progress.h"

const struct progress_words *progress_words(const struct progress_facts *f)
{
    return f->words != NULL ? f->words : &act_restart.words;
}

void progress_text_name(const struct progress_facts *f, char *to, size_t size)
{
    text_format(to, size, "%s %s%s", f->target, f->key, f->production ? " (PRODUCTION)" : "");
}

void progress_text_where(const struct progress_facts *f, struct card *c)
{
    char url[sizeof(c->link)];
    card_line(c, "%s %s %s · %s / %s%s%s", f->partition, f->account[0] != '\0' ? f->account : "(unchecked)",
              f->region, f->cluster, f->service, f->endpoint_note[0] != '\0' ? " · " : "", f->endpoint_note);
    if (endpoint_console_url(f->region, f->cluster, f->service, url, sizeof(url))) {
        card_link(c, "AWS console", url);
    }
    c->rehearsal = f->rehearsal;
}

void progress_text_begin(const struct progress_facts *f, enum card_tone tone, struct card *c)
{
    card_init(c, tone);
    progress_text_where(f, c);
    progress_text_footer(f, c);
}

void progress_text_background(const struct progress_facts *f, struct card *c)
{
    if (f->begun[0] != '\0') {
        card_line(c, "%s", f->begun);
    }
    if (f->checks[0] != '\0') {
        card_line(c, "Checks: %s", f->checks);
    }
    if (f->away[0] != '\0') {
        card_line(c, "%s", f->away);
    }
    if (f->superseded[0] != '\0') {
        card_line(c, "%s", f->superseded);
    }
}

void progress_text_last_event(const struct follow_state *s, struct card *c)
{
    if (s->last_event[0] != '\0') {
        char at[TEXT_TIME], line[ECS_REASON + 64];
        text_time_of_day(at, s->last_event_ms);
        TEXT_FORMAT(line, "%s UTC %s", at, s->last_event);
        card_quote(c, line);
    }
}

const char *progress_text_what(const struct progress_facts *f)
{
    return f->adopted ? "deployment of" : progress_words(f)->of;
}

const char *progress_text_well(const struct follow_state *s)
{
    return s->by_targets ? "healthy" : "run";
}

void progress_text_span(int64_t ms, char to[TEXT_DURATION])
{
    if (ms >= 60000 && ms < 3600000 && ms % 60000 == 0) {
        text_format(to, TEXT_DURATION, "%d min", (int)(ms / 60000));
    } else {
        text_duration(to, ms);
    }
}

void progress_text_when(int64_t at_ms, int64_t now_ms, char to[TEXT_TIME + 8])
{
    const int64_t away = at_ms > now_ms ? at_ms - now_ms : now_ms - at_ms;
    char at[TEXT_TIME];
    if (away > 12 * (int64_t)3600000) {
        text_date_time(at, at_ms);
    } else {
        text_time_of_day(at, at_ms);
    }
    text_format(to, TEXT_TIME + 8, "%s UTC", at);
}

bool progress_text_outage(const struct progress_facts *f, const struct follow_state *s, char *to, size_t size)
{
    char from[TEXT_TIME], until[TEXT_TIME], span[TEXT_DURATION];
    const bool over = s->served == SERVED_YES;
    if (s->not_served_total_ms <= 0 || f->outage_ms == 0) {
        return false;
    }
    const int64_t end = over ? s->served_since_ms : s->seen_ms;
    text_time_of_day(from, f->outage_ms);
    text_time_of_day(until, end);
    text_duration(span, s->not_served_total_ms);
    if (!over) {
        text_format(to, size, "Users not served since %s UTC = %s so far", from, span);
    } else if (end - f->outage_ms == s->not_served_total_ms) {
        text_format(to, size, "Users not served %s-%s UTC = %s", from, until, span);
    } else {
        text_format(to, size, "Users not served with breaks %s-%s UTC, %s in all", from, until, span);
    }
    return true;
}

int progress_text_old(const struct follow_state *s)
{
    return s->by_targets && s->serving >= 0 ? s->serving - s->new_serving : s->old_running;
}

int progress_text_new(const struct follow_state *s)
{
    return s->by_targets && s->new_serving >= 0 ? s->new_serving : s->new_running;
}

void progress_text_why(const struct progress_facts *f, const struct follow_state *s, struct card *c)
{
    char times[40] = "";
    if (s->failed_tasks == 0 || s->last_reason[0] == '\0') {
        return;
    }
    if (s->same_reason > 1) {
        TEXT_FORMAT(times, " (×%d same reason)", s->same_reason);
    }
    const bool told = f->log_says[0] != '\0' && strcmp(f->log_reason, s->last_reason) == 0;
    card_line(c, "Why: %s%s%s%s", s->last_reason, told ? ": " : "", told ? f->log_says : "", times);
}

void progress_text_footer(const struct progress_facts *f, struct card *c)
{
    card_footer(c, "How it is now: %s status %s %s", f->command, f->target, f->key);
}

/* Tasks are read at least every 30 s; what is older than this is not "now". */
#define SERVED_OLD_MS 90000

static bool served_is_old(const struct progress_facts *f, const struct follow_state *s, int64_t now_ms,
                          char *to, size_t size)
{
    const int64_t seen = s->tasks_seen_ms != 0 ? s->tasks_seen_ms : f->began_ms;
    char at[TEXT_TIME];
    if (s->served == SERVED_UNKNOWN || now_ms - seen <= SERVED_OLD_MS) {
        return false;
    }
    text_time_of_day(at, seen);
    text_format(to, size, "Users: not known now; %s when I last saw the tasks, %s UTC.",
                s->served == SERVED_YES ? "SERVED" : "NOT SERVED", at);
    return true;
}

static void served_by(const struct progress_facts *f, const struct follow_state *s, const char *since,
                      bool over, struct card *c)
{
    const char *well = progress_text_well(s);
    const int old = progress_text_old(s), new = progress_text_new(s);
    if (over && s->tasks_seen_ms == 0) {
        card_served(c, "Users: not known. ECS counts %d of %d tasks as running, but showed me none of them.",
                    s->new_running + s->old_running, s->wanted);
    } else if (over) {
        card_served(c, "Users: SERVED%s, %d of %d tasks %s.", since, new + old, s->wanted, well);
    } else if (s->phase == FOLLOW_ROLLING_BACK) {
        const bool back = progress_words(f)->goes_back;
        card_served(c, "Users: SERVED%s, %d old and %d new tasks %s. ECS goes back to the old ones.", since,
                    back ? new : old, back ? old : new, well);
    } else if (s->new_serve_ms != 0 && new < s->wanted) {
        card_served(c, "Users: SERVED%s by %d of %d new tasks and %d old ones.", since, new, s->wanted, old);
    } else if (s->new_serve_ms != 0) {
        card_served(c, "Users: SERVED%s by %d of %d new tasks%s. %s", since, new, s->wanted,
                    s->by_targets ? ", healthy to the load balancer" : "",
                    s->old_running > 0 ? "Old tasks drain, up to 5 min." : "Connections to old tasks end.");
    } else if (s->failed_tasks > s->outside_tasks && old > 0) {
        card_served(c,
                    "Users: SERVED%s, %d of %d old tasks %s. Do not stop them: new tasks cannot start now.",
                    since, old, s->wanted, well);
    } else {
        card_served(c, "Users: SERVED%s, %d of %d old tasks %s. %s", since, old, f->wanted, well, f->cost);
    }
}

void progress_text_served(const struct progress_facts *f, const struct follow_state *s, int64_t now_ms,
                          bool over, struct card *c)
{
    char since[TEXT_TIME + 16] = "", old[CARD_TEXT];
    /* being served has a beginning only after an outage */
    if (s->served_since_ms != 0 && (s->served == SERVED_NO || s->not_served_total_ms > 0)) {
        char at[TEXT_TIME];
        text_time_of_day(at, s->served_since_ms);
        TEXT_FORMAT(since, " since %s UTC", at);
    }
    if (served_is_old(f, s, now_ms, old, sizeof(old))) {
        card_served(c, "%s", old);
    } else if (progress_words(f)->counts && s->served != SERVED_UNKNOWN) {
        progress_count_served(s, since, c);
    } else if (s->served == SERVED_NO && s->wanted == 0) {
        card_served(c, "Users: NOT SERVED%s. 0 tasks are wanted: somebody set the count to 0.", since);
    } else if (s->served == SERVED_NO) {
        card_served(c, "Users: NOT SERVED%s. %d of %d new tasks %s, %d old ones.", since,
                    progress_text_new(s), s->wanted, progress_text_well(s), progress_text_old(s));
    } else if (s->served == SERVED_UNKNOWN) {
        card_served(c, "Users: not known whether they are served; I cannot see the tasks.");
    } else {
        served_by(f, s, since, over, c);
    }
}

void progress_text_counts(const struct progress_facts *f, const struct follow_state *s, struct card *c)
{
    const bool back = progress_words(f)->goes_back;
    char healthy[40] = "";
    if (s->by_targets && s->new_serving >= 0) {
        TEXT_FORMAT(healthy, ", %d healthy", s->new_serving);
    }
    const bool counts = progress_words(f)->counts;
    card_field(c,
               counts ? "Tasks"
               : back ? "Old tasks, kept"
                      : "New tasks",
               "%d of %d run, %d pending%s", s->new_running, s->wanted, s->new_pending, healthy);
    if (!counts) {
        card_field(c, back ? "New tasks, stopped" : "Old tasks", "%d run", s->old_running);
    }
    if (s->by_targets && s->targets_total >= 0) {
        card_field(c, "Load balancer", "%d of %d targets healthy", s->targets_healthy, s->targets_total);
    }
    if (s->failed_tasks > 0) {
        card_field(c, "Stopped new tasks", "%d", s->failed_tasks);
    }
    if (s->breaker_threshold > 0 && s->breaker_failures >= 0) {
        card_field(c, "Circuit breaker", "%d of %d failures", s->breaker_failures, s->breaker_threshold);
    }
}

void progress_text_escalation(const struct progress_facts *f, struct card *c)
{
    card_mention(c, f->asker_mention);
    if (f->escalation.name[0] != '\0') {
        card_line(c, "Contact %s now%s%s.", f->escalation.name, f->escalation.phone[0] != '\0' ? ": " : "",
                  f->escalation.phone);
        card_mention(c, f->escalation.mention);
    }
    card_line(c, "Runbook: \"Deployments should almost always succeed with the first task launch. If a "
                 "deployment fails to launch a task successfully contact Application Specific Engineering "
                 "immediately.\"");
}

void progress_text_stop_retrying(const struct progress_facts *f, bool over, struct card *c)
{
    char profile[CONFIG_NAME + 16] = "";
    if (!progress_words(f)->has_old) {
        card_line(c, "ECS tries again and again by itself.%s", over ? "" : " I keep watching.");
        return;
    }
    if (f->profile[0] != '\0') {
        TEXT_FORMAT(profile, " --profile %s", f->profile);
    }
    card_line(c, "To stop retrying and keep the old tasks: %s rollback %s %s%s", f->command, f->target,
              f->key, over ? "" : ", or the button on the card.");
    card_line(c, "%s%s Without me, in a shell:",
              f->breaker ? "ECS rolls back by itself after some more failures (circuit breaker)."
                         : "ECS retries for ever (no circuit breaker).",
              over ? "" : " I keep watching.");
    card_line(c,
              "aws ecs stop-service-deployment%s --region %s --stop-type ROLLBACK --service-deployment-arn "
              "\"$(aws ecs list-service-deployments%s --region %s --cluster %s --service %s --status "
              "IN_PROGRESS --query 'serviceDeployments[0].serviceDeploymentArn' --output text)\"",
              profile, f->region, profile, f->region, f->cluster, f->service);
}

/* Half as long again is what jitter and rounding may make of it. */
void progress_pace(int64_t interval_ms, int64_t configured_ms, char *to, size_t size)
{
    char now[TEXT_DURATION], usual[TEXT_DURATION];
    text_copy(to, size, "");
    if (interval_ms * 2 <= configured_ms * 3) {
        return;
    }
    text_duration(now, interval_ms);
    text_duration(usual, configured_ms);
    text_format(to, size,
                "I look only every %s instead of %s: AWS slows this account down, or my budget of calls "
                "(poll.budget) is used up.",
                now, usual);
}

/* ---- durations */

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

#define USUAL_LEAST 3
#define USUAL_MOST  64

void progress_usual(const int64_t *durations_ms, size_t count, const char *usual, char *to, size_t size)
{
    if (count < USUAL_LEAST) {
        text_copy(to, size, usual);
        return;
    }
    int64_t sorted[USUAL_MOST];
    count = count < USUAL_MOST ? count : USUAL_MOST;
    memcpy(sorted, durations_ms, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), by_size);
    char median[TEXT_DURATION], most[TEXT_DURATION];
    text_duration(median, sorted[count / 2]);
    text_duration(most, sorted[(count * 9 + 9) / 10 - 1]);
    text_format(to, size, "usually %s here, 90 %% within %s", median, most);
}
