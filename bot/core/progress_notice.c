/* Messages that are new because somebody must notice, and lines for the card's thread. A deployment that
 * fails again and again for one reason is told three times in full, then as a count now and then. */
#include <string.h>

#include "base/text.h"
#include "ecs/diagnose.h"
#include "progress.h"

#define TOLD_IN_FULL 3

bool progress_repeats(const struct follow_state *state, const struct follow_output *output, size_t index)
{
    const struct follow_event *event = &output->events[index];
    if (event->kind != FOLLOW_EVENT_TASK_STOPPED || event->number == 1) {
        return false;
    }
    int later = 0;
    for (size_t i = index + 1; i < output->count; i++) {
        later += output->events[i].kind == FOLLOW_EVENT_TASK_STOPPED &&
                 strcmp(output->events[i].diagnosis.key, event->diagnosis.key) == 0;
    }
    return follow_same_reason(state, event->diagnosis.key) - later > TOLD_IN_FULL;
}

void progress_repeated(const struct progress_facts *f, const struct follow_state *state, int count,
                       struct card *ret)
{
    card_init(ret, TONE_BAD);
    card_title(ret, "🔴 %d more new task%s stopped for a reason told above, ×%d in all: %s %s · op %s", count,
               count == 1 ? "" : "s", state->failed_tasks, f->target, f->key, f->operation);
    progress_text_why(f, state, ret);
    ret->rehearsal = f->rehearsal;
}

static void notice_task(const struct progress_facts *f, const struct follow_state *state,
                        const struct follow_event *event, const struct ecs_tail *log, struct card *c)
{
    char name[160], lived[TEXT_DURATION] = "";
    progress_text_name(f, name, sizeof(name));
    if (event->lived_ms >= 0) {
        text_duration(lived, event->lived_ms);
    }
    card_init(c, TONE_BAD);
    if (event->number == 1) {
        card_title(c, "🔴 First new task stopped%s%s: %s %s · op %s", lived[0] != '\0' ? " after " : "", lived,
                   progress_text_what(f), name, f->operation);
    } else {
        card_title(c, "🔴 New task number %d stopped%s%s: %s · op %s", event->number,
                   lived[0] != '\0' ? " after " : "", lived, name, f->operation);
    }
    progress_text_served(f, state, event->at_ms, false, c);
    progress_story_why(&event->diagnosis, &event->task, log, c);
    if (event->number == 1 && !event->diagnosis.outside) {
        progress_text_escalation(f, c);
        progress_text_stop_retrying(f, false, c);
        if (progress_words(f)->has_old) {
            card_line(c, "Runbook 8.1 step 4 (count 0) would END service for users%s.",
                      state->served == SERVED_YES ? " now" : "");
        }
    } else if (event->number == 1) {
        card_line(c,
                  "AWS took its place away; that is no sign that new tasks cannot start. I keep watching.");
        card_mention(c, f->asker_mention);
    }
}

static void notice_not_stabilising(const struct progress_facts *f, const struct follow_state *state,
                                   const struct follow_event *event, struct card *c)
{
    char name[160], at[TEXT_TIME];
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(at, event->at_ms);
    card_init(c, TONE_BAD);
    card_title(c, "🔴 NOT STABILISING: %s, %s UTC, %d new task%s stopped · op %s", name, at,
               state->failed_tasks, state->failed_tasks == 1 ? "" : "s", f->operation);
    progress_text_served(f, state, event->at_ms, false, c);
    card_line(c, "Unlikely to stabilise on its own.%s",
              state->same_reason > 1 ? " The tasks stop for the same reason." : "");
    progress_text_why(f, state, c);
    progress_text_escalation(f, c);
    progress_text_stop_retrying(f, false, c);
}

static void notice_plain(const struct progress_facts *f, const struct follow_state *state,
                         enum card_tone tone, const char *what, const struct follow_event *event,
                         struct card *c)
{
    char name[160], at[TEXT_TIME], took[TEXT_DURATION];
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(at, event->at_ms);
    text_duration(took, event->at_ms - f->began_ms);
    card_init(c, tone);
    card_title(c, "%s: %s, %s UTC, %s in · op %s", what, name, at, took, f->operation);
    progress_text_served(f, state, event->at_ms, false, c);
    if (event->text[0] != '\0') {
        card_quote(c, event->text);
    }
}

static void still_waiting(const struct progress_facts *f, const struct follow_state *state, int64_t now_ms,
                          struct card *c)
{
    progress_text_wait(f, state, now_ms, c);
    card_line(c,
              "%d of %d new tasks run, %d pending, %d old ones run. No new task has failed; I keep watching.",
              state->new_running, state->wanted, state->new_pending, state->old_running);
}

static void notice_reminder(const struct progress_facts *f, const struct follow_state *state,
                            const struct follow_event *event, struct card *c)
{
    notice_plain(f, state, state->failed_tasks > 0 ? TONE_BAD : TONE_WARNING, "⏰ STILL NOT FINISHED", event,
                 c);
    if (state->failed_tasks > 0) {
        card_line(c, "%d new task%s stopped so far.", state->failed_tasks,
                  state->failed_tasks == 1 ? "" : "s");
        progress_text_why(f, state, c);
        progress_text_escalation(f, c);
    } else {
        still_waiting(f, state, event->at_ms, c);
        card_mention(c, f->asker_mention);
    }
}

static enum progress_place notice_served(const struct progress_facts *f, const struct follow_state *state,
                                         const struct follow_event *event, struct card *c)
{
    if (progress_words(f)->cuts_off) { /* the card tells it */
        notice_plain(f, state, state->served == SERVED_NO ? TONE_BAD : TONE_GOOD,
                     state->served == SERVED_NO ? "🔻 Users not served, as expected"
                                                : "✅ Users are served again",
                     event, c);
        return PROGRESS_THREAD;
    }
    if (state->served == SERVED_NO) {
        notice_plain(f, state, TONE_BAD, "🔻 USERS NOT SERVED", event, c);
        progress_text_escalation(f, c);
        return PROGRESS_NEW;
    }
    if (state->served == SERVED_YES && state->not_served_total_ms > 0) {
        notice_plain(f, state, TONE_GOOD, "✅ USERS ARE SERVED AGAIN", event, c);
        return PROGRESS_NEW;
    }
    return PROGRESS_NONE;
}

static void notice_blind(const struct progress_facts *f, const struct follow_state *state,
                         const struct follow_event *event, struct card *c)
{
    char since[TEXT_TIME];
    text_time_of_day(since, state->unseen_since_ms);
    notice_plain(f, state, TONE_WARNING, "🙈 I CANNOT SEE AWS; ECS goes on without me", event, c);
    card_line(c, "Nothing seen since %s UTC. I keep looking, and judge nothing until I see again.", since);
    if (f->expired) {
        if (f->profile[0] != '\0') {
            card_line(c, "My AWS sign-in for %s has ended. On my host: put new keys into the profile %s.",
                      f->target, f->profile);
        } else {
            card_line(c,
                      "My AWS sign-in for %s has ended. On my host: put new keys where mine come from; "
                      "/readyz there names the place.",
                      f->target);
        }
        card_mention(c, f->asker_mention);
    }
}

static void notice_slow(const struct progress_facts *f, const struct follow_state *state,
                        const struct follow_event *event, struct card *c)
{
    if (state->phase == FOLLOW_ROLLING_BACK) {
        notice_plain(f, state, TONE_BACK, "↩️ STILL ROLLING BACK", event, c);
        progress_text_wait(f, state, event->at_ms, c);
    } else {
        notice_plain(f, state, TONE_WARNING, "🐢 SLOWER THAN USUAL, nothing has failed", event, c);
        still_waiting(f, state, event->at_ms, c);
    }
}

/* Told as a message of its own when no stopped task announced it. */
static enum progress_place notice_phase(const struct progress_facts *f, const struct follow_state *state,
                                        const struct follow_event *event, struct card *c)
{
    if (state->phase != FOLLOW_ROLLING_BACK || progress_words(f)->goes_back) {
        return PROGRESS_NONE; /* the card shows it */
    }
    notice_plain(f, state, TONE_BACK, "↩️ ECS ROLLS BACK", event, c);
    card_line(c, "%s. The cause is NOT mended by it; I follow it to the end.",
              state->by == BY_ALARM     ? "A deployment alarm went off"
              : state->by == BY_BREAKER ? "The circuit breaker gave the new tasks up"
              : state->by == BY_HOOK    ? "A deployment hook said no"
                                        : "The deployment was stopped, and goes back to the one before");
    if (state->note[0] != '\0') {
        card_line(c, "%s", state->note);
    }
    if (state->reason[0] != '\0') {
        card_quote(c, state->reason);
    }
    if (state->failed_tasks > 0) {
        return PROGRESS_THREAD;
    }
    progress_text_escalation(f, c);
    return PROGRESS_NEW;
}

/* ---- ECS says that it cannot go on */

enum { ONCE_SILENCE = 1, ONCE_PLACEMENT = 2, ONCE_DEADLOCK = 4, ONCE_PROTECTED = 8 };

unsigned progress_once(const struct follow_event *event)
{
    if (event->kind == FOLLOW_EVENT_SILENCE) {
        return ONCE_SILENCE;
    }
    switch (event->kind == FOLLOW_EVENT_ECS ? diagnose_event(event->text) : EVENT_OTHER) {
    case EVENT_PLACEMENT: return ONCE_PLACEMENT;
    case EVENT_DEADLOCK: return ONCE_DEADLOCK;
    case EVENT_PROTECTED: return ONCE_PROTECTED;
    default: return 0;
    }
}

static enum progress_place notice_obstacle(const struct progress_facts *f, const struct follow_state *state,
                                           const struct follow_event *event, struct card *c)
{
    static const struct {
        unsigned once;
        const char *title, *meaning;
    } rows[] = {
        {ONCE_PLACEMENT, "🧱 ECS CANNOT PLACE NEW TASKS",
         "No new task can start until there is a place for it. ECS tries again by itself, less and less "
         "often."},
        {ONCE_DEADLOCK, "🧱 ECS IS STUCK: nothing may stop, so nothing can start",
         "The service's minimum and maximum healthy percent leave no room. It does not get on by itself: one "
         "of "
         "them has to be changed."},
        {ONCE_PROTECTED, "🧱 PROTECTED TASKS HOLD IT UP",
         "Somebody protected old tasks from being stopped; it goes on when their protection ends."},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].once == progress_once(event)) {
            notice_plain(f, state, TONE_BAD, rows[i].title, event, c);
            card_line(c, "%s", rows[i].meaning);
            progress_text_escalation(f, c);
            progress_text_stop_retrying(f, false, c);
            return PROGRESS_NEW;
        }
    }
    return PROGRESS_NONE; /* progress_events */
}

static enum progress_place notice_count(const struct progress_facts *f, const struct follow_state *state,
                                        const struct follow_event *event, struct card *c)
{
    const bool zero = event->number == 0;
    notice_plain(f, state, zero ? TONE_BAD : TONE_WARNING,
                 zero ? "⚠️ SOMEBODY SET THE COUNT TO 0" : "🔢 The wanted count changed", event, c);
    card_line(
        c, zero
               ? "ECS stops all tasks now, and calls that a success. If it was not meant: put the count back."
               : "I judge by the new count from now on.");
    if (!zero) {
        return PROGRESS_THREAD;
    }
    progress_text_escalation(f, c);
    return PROGRESS_NEW;
}

/* ECS does nothing, or less and less: told before anything is called failed. */
static void notice_signal(const struct progress_facts *f, const struct follow_state *state, const char *what,
                          const struct follow_event *event, struct card *c)
{
    notice_plain(f, state, TONE_WARNING, what, event, c);
    progress_text_why(f, state, c);
    if (state->wait_detail[0] != '\0') {
        card_quote(c, state->wait_detail);
    }
    card_line(c, "ECS goes on trying, and I keep watching. The events in the AWS console may say more.");
    card_mention(c, f->asker_mention);
}

static void notice_paused(const struct progress_facts *f, const struct follow_state *state,
                          const struct follow_event *event, struct card *c)
{
    notice_plain(f, state, TONE_WARNING, "⏸️ PAUSED, a person must say how it goes on", event, c);
    progress_text_hook(f, state, event->at_ms, c);
    card_mention(c, f->asker_mention);
}

static enum progress_place notice(const struct progress_facts *f, const struct follow_state *state,
                                  const struct follow_event *event, const struct ecs_tail *log,
                                  struct card *c)
{
    switch (event->kind) {
    case FOLLOW_EVENT_ECS: return notice_obstacle(f, state, event, c);
    case FOLLOW_EVENT_PHASE: return notice_phase(f, state, event, c);
    case FOLLOW_EVENT_NEW_SERVE:
        if (progress_words(f)->goes_back) {
            return PROGRESS_NONE; /* they never ceased to */
        }
        notice_plain(f, state, TONE_GOOD, "✅ New tasks serve, test the site now", event, c);
        return PROGRESS_THREAD;
    case FOLLOW_EVENT_TASK_STOPPED:
        notice_task(f, state, event, log, c);
        return event->number == 1 ? PROGRESS_NEW : PROGRESS_THREAD;
    case FOLLOW_EVENT_NOT_STABILISING: notice_not_stabilising(f, state, event, c); return PROGRESS_NEW;
    case FOLLOW_EVENT_SLOW: notice_slow(f, state, event, c); return PROGRESS_NEW;
    case FOLLOW_EVENT_REMINDER: notice_reminder(f, state, event, c); return PROGRESS_NEW;
    case FOLLOW_EVENT_BLIND: notice_blind(f, state, event, c); return PROGRESS_NEW;
    case FOLLOW_EVENT_SEEING:
        notice_plain(f, state, TONE_NEUTRAL, "👀 I see AWS again", event, c);
        return PROGRESS_NEW;
    case FOLLOW_EVENT_SERVED_CHANGED: return notice_served(f, state, event, c);
    case FOLLOW_EVENT_COUNT_CHANGED: return notice_count(f, state, event, c);
    case FOLLOW_EVENT_SILENCE: notice_signal(f, state, "🤫 ECS IS SILENT", event, c); return PROGRESS_NEW;
    case FOLLOW_EVENT_SLOWING: notice_signal(f, state, "🐌 ECS HOLDS BACK", event, c); return PROGRESS_NEW;
    case FOLLOW_EVENT_PAUSED: notice_paused(f, state, event, c); return PROGRESS_NEW;
    }
    return PROGRESS_NONE;
}

enum progress_place progress_notice(const struct progress_facts *f, const struct follow_state *state,
                                    const struct follow_event *event, const struct ecs_tail *log,
                                    struct card *ret)
{
    const enum progress_place place = notice(f, state, event, log, ret);
    ret->rehearsal = f->rehearsal;
    if (place == PROGRESS_NEW) {
        progress_text_footer(f, ret);
    }
    return place;
}

/* What a crash loop makes ECS say again and again; the card counts it. */
static bool of_the_loop(const char *message)
{
    switch (diagnose_event(message)) {
    case EVENT_STARTED:
    case EVENT_STOPPED:
    case EVENT_REGISTERED:
    case EVENT_DEREGISTERED:
    case EVENT_DRAINING: return true;
    default: return false;
    }
}

bool progress_events(const struct progress_facts *f, const struct follow_state *state,
                     const struct follow_output *output, struct card *ret)
{
    char at[TEXT_TIME], line[ECS_REASON + TEXT_TIME];
    bool any = false;
    card_init(ret, TONE_NEUTRAL);
    card_title(ret, "ECS on %s %s · op %s", f->target, f->key, f->operation);
    ret->rehearsal = f->rehearsal;
    for (size_t i = 0; i < output->count; i++) {
        const struct follow_event *e = &output->events[i];
        if (e->kind == FOLLOW_EVENT_ECS && !(state->not_stabilising && of_the_loop(e->text))) {
            text_time_of_day(at, e->at_ms);
            TEXT_FORMAT(line, "%s %s", at, e->text);
            card_quote(ret, line);
            any = true;
        }
    }
    return any;
}

void progress_stuck(const struct progress_facts *f, struct card *ret)
{
    char name[160];
    progress_text_name(f, name, sizeof(name));
    card_init(ret, TONE_WARNING);
    card_title(ret, "⚠️ I CANNOT TELL HOW IT GOES: %s %s · op %s", progress_text_what(f), name,
               f->operation);
    card_served(ret, "Users: not known whether they are served; look with status.");
    card_line(ret,
              "ECS goes on, but my own store does not take what I see, so the card stands still. Tell who "
              "operates this bot; I go on as soon as it writes again.");
    card_mention(ret, f->asker_mention);
    ret->rehearsal = f->rehearsal;
    progress_text_footer(f, ret);
}

void progress_away(const struct progress_facts *f, struct card *ret)
{
    card_init(ret, TONE_WARNING);
    card_title(ret, "%s", f->away);
    ret->rehearsal = f->rehearsal;
    progress_text_footer(f, ret);
}
