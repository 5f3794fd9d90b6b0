/* Which card and which message an operation's moment calls for. The second line of every card says whether
 * users are served; a new message is for what somebody must notice, everything else is an edit or a line in
 * the card's thread. */
#include "progress.h"

#include <string.h>

#include "base/text.h"

static void restarting_title(const struct progress_facts *f, struct card *c)
{
    char name[160], at[TEXT_TIME];
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(at, f->asked_ms);
    if (f->adopted) {
        card_title(c, "🔄 DEPLOYMENT RUNS: %s · followed for %s since %s UTC · op %s", name, f->asker, at,
                   f->operation);
        return;
    }
    card_title(c, "%s %s · asked by %s %s UTC · op %s", progress_words(f)->doing, name, f->asker, at,
               f->operation);
}

static void before_served(const struct progress_facts *f, int running, struct card *c)
{
    if (progress_words(f)->counts) {
        progress_count_before(f, running, c);
    } else if (running > 0) {
        card_served(c, "Users: SERVED, %d of %d old tasks run. %s", running, f->wanted, f->cost);
    } else {
        card_served(c, "Users: NOT SERVED, no task runs.");
    }
}

void progress_card_starting(const struct progress_facts *f, int running, struct card *ret)
{
    progress_text_begin(f, TONE_WORKING, ret);
    restarting_title(f, ret);
    before_served(f, running, ret);
    progress_text_background(f, ret);
    card_line(ret, "⏳ %s%s%s", progress_words(f)->begins, f->untouched[0] != '\0' ? " · " : "", f->untouched);
}

void progress_card_waiting(const struct progress_facts *f, struct card *ret)
{
    char name[160];
    progress_text_begin(f, TONE_WARNING, ret);
    progress_text_name(f, name, sizeof(name));
    card_title(ret, "⏸️ NOT BEGUN: %s %s · asked by %s · op %s", progress_words(f)->of, name, f->asker,
               f->operation);
    card_served(ret, "Users: as before; nothing was changed.");
    card_line(ret, "I ask again before I change anything: see my question in this channel.");
}

/* FAILED before following: AWS refused, or no deployment was seen to begin. */
void progress_card_nothing(const struct progress_facts *f, enum operation_state end, const char *why,
                           struct card *ret)
{
    progress_text_begin(f, TONE_BAD, ret);
    char name[160];
    progress_text_name(f, name, sizeof(name));
    if (end == OP_STOPPED_FOLLOWING) {
        card_title(ret, "⏹️ STOPPED FOLLOWING: %s %s · op %s", progress_text_what(f), name,
                   f->operation);
        card_served(ret, "Users: not known whether they are served; look with status.");
    } else {
        card_title(ret, "⛔ NOT %s: %s · op %s", progress_words(f)->not_done, name, f->operation);
        card_served(ret, "Users: as before; this %s changed nothing for them that I know of.",
                    progress_words(f)->noun);
    }
    card_line(ret, "%s", why);
    progress_text_background(f, ret);
}

bool progress_keeps_old(const struct progress_facts *f, const struct follow_goal *goal,
                        const struct follow_state *state)
{
    return progress_words(f)->has_old && goal->kind == FOLLOW_DEPLOYMENT && state->verdict == VERDICT_NONE &&
           (state->failed_tasks > state->outside_tasks || state->not_stabilising) &&
           state->phase != FOLLOW_ROLLING_BACK && state->served == SERVED_YES && progress_text_old(state) > 0;
}

void progress_taken_over(const struct progress_facts *f, const struct follow_state *state, int64_t now_ms,
                         struct card *ret)
{
    char name[160], at[TEXT_TIME];
    progress_text_begin(f, TONE_WARNING, ret);
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(at, now_ms);
    card_title(ret, "⏭️ TAKEN OVER: %s %s · %s UTC · op %s", progress_text_what(f), name, at,
               f->operation);
    progress_text_served(f, state, now_ms, false, ret);
    card_line(ret, "By %s: its message shows how it goes on. I do not follow this one any more.",
              f->taken_by);
}

/* ---- following */

static void following_title(const struct progress_facts *f, const struct follow_state *s, int64_t now_ms,
                            struct card *c)
{
    char name[160], took[TEXT_DURATION], at[TEXT_TIME];
    progress_text_name(f, name, sizeof(name));
    text_duration(took, now_ms - f->began_ms);
    if (s->phase == FOLLOW_ROLLING_BACK) {
        c->tone = TONE_BACK;
        card_title(c, "↩️ ROLLING BACK: %s %s · op %s · %s in", progress_text_what(f), name,
                   f->operation, took);
    } else if (s->not_stabilising) {
        c->tone = TONE_BAD;
        card_title(c, "🔴 NOT STABILISING: %s %s · op %s · %s in", progress_text_what(f), name, f->operation,
                   took);
    } else if (s->failed_tasks > 0) {
        c->tone = TONE_BAD;
        card_title(c, "🔴 FAILING: %s %s · op %s · %s in", progress_text_what(f), name, f->operation, took);
    } else if (s->new_serve_ms != 0) {
        c->tone = TONE_GOOD;
        text_time_of_day(at, s->new_serve_ms);
        card_title(c, "✅ NEW TASKS SERVE since %s UTC, %d of %d %s: test the site now · %s · op %s", at,
                   progress_text_new(s), s->wanted, progress_text_well(s), name, f->operation);
    } else {
        restarting_title(f, c);
    }
}

void progress_card_following(const struct progress_facts *f, const struct follow_goal *goal,
                             const struct follow_state *state, int64_t now_ms, struct card *ret)
{
    progress_text_begin(f, TONE_WORKING, ret);
    if (progress_words(f)->following != NULL && !state->not_stabilising && state->failed_tasks == 0) {
        progress_words(f)->following(f, goal, state, now_ms, ret);
    } else {
        following_title(f, state, now_ms, ret);
        progress_text_served(f, state, now_ms, false, ret);
    }
    progress_text_counts(f, state, ret);
    progress_text_background(f, ret);
    if (goal->unsure) {
        card_line(ret, "I follow %s. It may be mine, ECS cannot tell: its answer to me was lost.",
                  goal->deployment_id);
    }
    progress_text_why(f, state, ret);
    if (state->note[0] != '\0') {
        card_line(ret, "%s", state->note);
    }
    progress_text_wait(f, state, now_ms, ret);
    if (f->pace[0] != '\0') {
        card_line(ret, "%s", f->pace);
    }
    progress_text_last_event(state, ret);
}

bool progress_changed(const struct follow_state *before, const struct follow_state *after)
{
    return before->phase != after->phase || before->served != after->served ||
           before->old_running != after->old_running || before->new_running != after->new_running ||
           before->new_pending != after->new_pending || before->wanted != after->wanted ||
           before->failed_tasks != after->failed_tasks || before->not_stabilising != after->not_stabilising ||
           before->new_serve_ms != after->new_serve_ms || before->last_event_ms != after->last_event_ms ||
           before->verdict != after->verdict || before->wait != after->wait ||
           before->serving != after->serving || before->new_serving != after->new_serving ||
           before->targets_healthy != after->targets_healthy ||
           before->breaker_failures != after->breaker_failures ||
           strcmp(before->sick_target, after->sick_target) != 0 || strcmp(before->note, after->note) != 0;
}
