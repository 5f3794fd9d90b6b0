/* Which card and which message an operation's moment calls for. The second line of every card says whether
 * users are served; a new message is for what somebody must notice, everything else is an edit or a line in
 * the card's thread. */
#include "progress.h"

#include <string.h>

#include "base/text.h"

/* The head of every card of an operation. */
static void begin(const struct progress_facts *f, enum card_tone tone, struct card *c)
{
    card_init(c, tone);
    progress_text_where(f, c);
    progress_text_footer(f, c);
}

static void restarting_title(const struct progress_facts *f, struct card *c)
{
    char name[160], at[TEXT_TIME];
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(at, f->asked_ms);
    card_title(c, "🔄 RESTARTING %s · asked by %s %s UTC · op %s", name, f->asker, at, f->operation);
}

static void background(const struct progress_facts *f, struct card *c)
{
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

static void before_served(const struct progress_facts *f, int running, struct card *c)
{
    if (running > 0) {
        card_served(c, "Users: SERVED, %d of %d old tasks run. %s", running, f->wanted, f->cost);
    } else {
        card_served(c, "Users: NOT SERVED, no task runs.");
    }
}

void progress_card_starting(const struct progress_facts *f, int running, struct card *ret)
{
    begin(f, TONE_WORKING, ret);
    restarting_title(f, ret);
    before_served(f, running, ret);
    background(f, ret);
    card_line(ret, "⏳ Asking ECS for a new deployment%s%s", f->untouched[0] != '\0' ? " · " : "",
              f->untouched);
}

void progress_card_waiting(const struct progress_facts *f, struct card *ret)
{
    char name[160];
    begin(f, TONE_WARNING, ret);
    progress_text_name(f, name, sizeof(name));
    card_title(ret, "⏸️ NOT BEGUN: restart of %s · asked by %s · op %s", name, f->asker, f->operation);
    card_served(ret, "Users: as before; nothing was changed.");
    card_line(ret, "I ask again before I change anything: see my question in this channel.");
}

/* FAILED before following: AWS refused, or no deployment was seen to begin. */
void progress_card_nothing(const struct progress_facts *f, enum operation_state end, const char *why,
                           struct card *ret)
{
    begin(f, TONE_BAD, ret);
    char name[160];
    progress_text_name(f, name, sizeof(name));
    if (end == OP_STOPPED_FOLLOWING) {
        card_title(ret, "⏹️ STOPPED FOLLOWING: restart of %s · op %s", name, f->operation);
        card_served(ret, "Users: not known whether they are served; look with status.");
    } else {
        card_title(ret, "⛔ NOT RESTARTED: %s · op %s", name, f->operation);
        card_served(ret, "Users: as before; this restart changed nothing for them that I know of.");
    }
    card_line(ret, "%s", why);
    background(f, ret);
}

/* ---- following */

static const char *phase_text(const struct follow_state *s)
{
    switch (s->phase) {
    case FOLLOW_WAITING: return "⏳ ECS has taken the order; its deployment does not show yet";
    case FOLLOW_STARTING: return "⏳ Starting new tasks";
    case FOLLOW_HEALTH: return "⏳ New tasks run; waiting until all count as healthy";
    case FOLLOW_DRAINING:
        return s->old_running > 0 ? "⏳ Old tasks drain"
                                  : "⏳ The last old tasks end, up to 5 min; then ECS calls it complete";
    case FOLLOW_ROLLING_BACK: return "↩️ Rolling back to the old tasks";
    case FOLLOW_ENDED: break;
    }
    return "Ended";
}

static void following_title(const struct progress_facts *f, const struct follow_state *s, int64_t now_ms,
                            struct card *c)
{
    char name[160], took[TEXT_DURATION], at[TEXT_TIME];
    progress_text_name(f, name, sizeof(name));
    text_duration(took, now_ms - f->began_ms);
    if (s->phase == FOLLOW_ROLLING_BACK) {
        c->tone = TONE_BACK;
        card_title(c, "↩️ ROLLING BACK: restart of %s · op %s · %s in", name, f->operation, took);
    } else if (s->not_stabilising) {
        c->tone = TONE_BAD;
        card_title(c, "🔴 NOT STABILISING: restart of %s · op %s · %s in", name, f->operation, took);
    } else if (s->failed_tasks > 0) {
        c->tone = TONE_BAD;
        card_title(c, "🔴 FAILING: restart of %s · op %s · %s in", name, f->operation, took);
    } else if (s->new_serve_ms != 0) {
        c->tone = TONE_GOOD;
        text_time_of_day(at, s->new_serve_ms);
        card_title(c, "✅ NEW TASKS SERVE since %s UTC, %d of %d: %s, test the site now · op %s", at,
                   s->new_running, s->wanted, name, f->operation);
    } else {
        restarting_title(f, c);
    }
}

static void last_event(const struct follow_state *s, struct card *c)
{
    if (s->last_event[0] != '\0') {
        char at[TEXT_TIME], line[ECS_REASON + 64];
        text_time_of_day(at, s->last_event_ms);
        TEXT_FORMAT(line, "%s UTC %s", at, s->last_event);
        card_quote(c, line);
    }
}

void progress_card_following(const struct progress_facts *f, const struct follow_goal *goal,
                             const struct follow_state *state, int64_t now_ms, struct card *ret)
{
    char elapsed[TEXT_DURATION];
    begin(f, TONE_WORKING, ret);
    following_title(f, state, now_ms, ret);
    progress_text_served(f, state, now_ms, false, ret);
    progress_text_counts(state, ret);
    background(f, ret);
    if (goal->unsure) {
        card_line(ret, "I follow %s. It may be mine, ECS cannot tell: its answer to me was lost.",
                  goal->deployment_id);
    }
    if (state->failed_tasks > 0 && state->last_reason[0] != '\0') {
        card_line(ret, "Why: %s", state->last_reason);
    }
    text_elapsed(elapsed, now_ms - f->began_ms);
    card_line(ret, "%s, %d of %d · %s of %s%s%s", phase_text(state), state->new_running, state->wanted,
              elapsed, f->usual, f->untouched[0] != '\0' ? " · " : "", f->untouched);
    if (f->pace[0] != '\0') {
        card_line(ret, "%s", f->pace);
    }
    last_event(state, ret);
}

/* ---- verdicts */

static const char *by_text(enum follow_by by)
{
    switch (by) {
    case BY_BREAKER: return " by ECS's circuit breaker";
    case BY_ALARM: return " by a deployment alarm";
    case BY_HOOK: return " by a deployment hook";
    case BY_PERSON: return " by a person";
    case BY_UNKNOWN: break;
    }
    return "";
}

enum operation_state progress_end(const struct follow_state *state)
{
    switch (state->verdict) {
    case VERDICT_SUCCEEDED: return OP_SUCCEEDED;
    case VERDICT_FAILED: return OP_FAILED;
    case VERDICT_ROLLED_BACK: return OP_ROLLED_BACK;
    case VERDICT_SUPERSEDED: return OP_SUPERSEDED;
    case VERDICT_STOPPED_FOLLOWING: return state->not_stabilising ? OP_FAILED : OP_STOPPED_FOLLOWING;
    case VERDICT_NONE: break;
    }
    return OP_FOLLOWING;
}

static void end_title(const struct progress_facts *f, const struct follow_state *s, struct card *c)
{
    char name[160], at[TEXT_TIME], took[TEXT_DURATION];
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(at, s->ended_ms);
    text_duration(took, s->ended_ms - f->began_ms);
    switch (s->verdict) {
    case VERDICT_SUCCEEDED:
        if (s->wanted == 0) {
            c->tone = TONE_WARNING;
            card_title(c, "⚠️ ENDED WITH 0 TASKS: restart of %s, %s · %s UTC, %s · op %s", name,
                       f->asker, at, took, f->operation);
            break;
        }
        c->tone = TONE_GOOD;
        card_title(c, "✅ DONE: %s restarted, %s · %s UTC, %s · op %s", name, f->asker, at, took,
                   f->operation);
        break;
    case VERDICT_FAILED:
        c->tone = TONE_BAD;
        card_title(c, "🔴 FAILED: restart of %s, %s · %s UTC, %s · op %s", name, f->asker, at, took,
                   f->operation);
        break;
    case VERDICT_ROLLED_BACK:
        c->tone = TONE_BACK;
        card_title(c, "↩️ ENDED: ROLLED BACK%s %s UTC: %s · op %s", by_text(s->by), at, name,
                   f->operation);
        break;
    case VERDICT_SUPERSEDED:
        c->tone = TONE_WARNING;
        card_title(c, "⏭️ SUPERSEDED: restart of %s · %s UTC · op %s", name, at, f->operation);
        break;
    default:
        c->tone = s->not_stabilising ? TONE_BAD : TONE_WARNING;
        card_title(c, "%s: restart of %s, I stop following after %s · op %s",
                   s->not_stabilising ? "🔴 NOT STABILISING" : "⏹️ STOPPED FOLLOWING", name, took,
                   f->operation);
        break;
    }
}

static void end_of_success(const struct progress_facts *f, const struct follow_state *s, bool wanted_zero,
                           struct card *c)
{
    if (wanted_zero) {
        card_line(c, "0 tasks wanted, 0 run: the deployment is complete, but nothing serves users.");
        card_line(c, "Somebody set the count to 0 (I cannot see who). To start it again: %s restart %s %s",
                  f->command, f->target, f->key);
        return;
    }
    if (s->tasks_seen_ms == 0) {
        card_line(
            c, "I saw none of the new tasks, only ECS's word: look at the site now · same task definition %s",
            f->task_definition);
    } else if (s->failed_tasks == 0) {
        card_line(c, "All new tasks came up on the first launch · same task definition %s",
                  f->task_definition);
    } else {
        card_line(c, "%d new task%s stopped before it held · last: %s", s->failed_tasks,
                  s->failed_tasks == 1 ? "" : "s", s->last_reason);
    }
    if (s->not_served_total_ms > 0) {
        char outage[TEXT_DURATION];
        text_duration(outage, s->not_served_total_ms);
        card_line(c, "Users were not served for %s.", outage);
    } else if (s->lowest_healthy >= 0) {
        card_line(c, "Never fewer than %d tasks running", s->lowest_healthy);
    }
}

static void end_lines(const struct progress_facts *f, const struct follow_state *s, bool unsure,
                      const struct follow_output *output, struct card *c)
{
    char at[TEXT_TIME];
    text_time_of_day(at, s->ended_ms);
    switch (s->verdict) {
    case VERDICT_SUCCEEDED: end_of_success(f, s, output != NULL && output->wanted_zero, c); break;
    case VERDICT_ROLLED_BACK:
        card_line(c, "ECS went back to %s. Same version; the cause is NOT mended.",
                  s->other_id[0] != '\0' ? s->other_id : "the old deployment");
        break;
    case VERDICT_SUPERSEDED:
        card_line(c,
                  "A deployment begun outside this operation at %s UTC replaced %s: %s. Whether it comes "
                  "up is not told here.",
                  at, unsure ? "the one I followed" : "mine",
                  s->other_id[0] != '\0' ? s->other_id : "its id is unknown");
        if (f->other[0] != '\0') {
            card_line(c, "That is %s.", f->other);
        }
        break;
    case VERDICT_FAILED:
        card_line(c, "%s",
                  s->absent_since_ms != 0
                      ? "ECS no longer shows the service: it was deleted, or my AWS identity sees "
                        "another account now. What became of the new tasks I cannot tell."
                      : "ECS gave up on the new tasks and did not roll back.");
        break;
    default:
        card_line(c, "ECS goes on by itself; I do not look any more. What ECS does next: %s status %s %s",
                  f->command, f->target, f->key);
        break;
    }
    if (s->verdict != VERDICT_SUCCEEDED && s->last_reason[0] != '\0') {
        card_line(c, "%d new task%s stopped. Why: %s", s->failed_tasks, s->failed_tasks == 1 ? "" : "s",
                  s->last_reason);
    }
    if (output != NULL && output->text[0] != '\0') {
        card_quote(c, output->text);
    }
}

static bool needs_help(const struct follow_state *s)
{
    return s->verdict == VERDICT_FAILED || s->verdict == VERDICT_ROLLED_BACK || s->not_stabilising;
}

void progress_verdict(const struct progress_facts *f, const struct follow_goal *goal,
                      const struct follow_state *state, const struct follow_output *output, struct card *ret)
{
    begin(f, TONE_NEUTRAL, ret);
    end_title(f, state, ret);
    progress_text_served(f, state, state->ended_ms, true, ret);
    end_lines(f, state, goal->unsure, output, ret);
    if (goal->unsure) {
        card_line(ret, "I followed %s. It may have been mine, ECS cannot tell.", goal->deployment_id);
    }
    if (f->untouched[0] != '\0') {
        card_line(ret, "%s", f->untouched);
    }
    card_mention(ret, f->asker_mention);
    if (needs_help(state)) {
        progress_text_escalation(f, ret);
        if (state->verdict == VERDICT_STOPPED_FOLLOWING) {
            progress_text_stop_retrying(f, true, ret);
        }
    }
    progress_text_footer(f, ret);
}

void progress_card_ended(const struct progress_facts *f, const struct follow_goal *goal,
                         const struct follow_state *state, struct card *ret)
{
    begin(f, TONE_NEUTRAL, ret);
    end_title(f, state, ret);
    progress_text_served(f, state, state->ended_ms, true, ret);
    progress_text_counts(state, ret);
    background(f, ret);
    if (goal->unsure) {
        card_line(ret, "Followed: %s, which may be mine.", goal->deployment_id);
    }
    last_event(state, ret);
}

bool progress_changed(const struct follow_state *before, const struct follow_state *after)
{
    return before->phase != after->phase || before->served != after->served ||
           before->old_running != after->old_running || before->new_running != after->new_running ||
           before->new_pending != after->new_pending || before->wanted != after->wanted ||
           before->failed_tasks != after->failed_tasks || before->not_stabilising != after->not_stabilising ||
           before->new_serve_ms != after->new_serve_ms || before->last_event_ms != after->last_event_ms ||
           before->verdict != after->verdict;
}
