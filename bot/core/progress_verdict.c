/* How it ended: the last state of the card, and the message that tells the verdict. */
#include <string.h>

#include "base/text.h"
#include "progress.h"

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
        if (s->wanted == 0 && !progress_words(f)->counts) {
            c->tone = TONE_WARNING;
            card_title(c, "⚠️ ENDED WITH 0 TASKS: %s %s, %s · %s UTC, %s · op %s",
                       progress_text_what(f), name, f->asker, at, took, f->operation);
            break;
        }
        c->tone = TONE_GOOD;
        if (progress_words(f)->succeeded != NULL) {
            progress_words(f)->succeeded(f, s, c);
        } else if (f->adopted) {
            card_title(c, "✅ DONE: deployment of %s, followed for %s · %s UTC, %s · op %s", name, f->asker,
                       at, took, f->operation);
        } else {
            card_title(c, "✅ DONE: %s %s, %s · %s UTC, %s · op %s", name, progress_words(f)->done, f->asker,
                       at, took, f->operation);
        }
        break;
    case VERDICT_FAILED:
        c->tone = TONE_BAD;
        card_title(c, "🔴 FAILED: %s %s, %s · %s UTC, %s · op %s", progress_text_what(f), name, f->asker, at,
                   took, f->operation);
        break;
    case VERDICT_ROLLED_BACK:
        c->tone = TONE_BACK;
        card_title(c, "↩️ ENDED: ROLLED BACK%s %s UTC: %s · op %s", by_text(s->by), at, name,
                   f->operation);
        break;
    case VERDICT_SUPERSEDED:
        c->tone = TONE_WARNING;
        card_title(c, "⏭️ SUPERSEDED: %s %s · %s UTC · op %s", progress_text_what(f), name, at,
                   f->operation);
        break;
    default:
        c->tone = s->not_stabilising ? TONE_BAD : TONE_WARNING;
        card_title(c, "%s: %s %s, I stop following after %s · op %s",
                   s->not_stabilising ? "🔴 NOT STABILISING" : "⏹️ STOPPED FOLLOWING",
                   progress_text_what(f), name, took, f->operation);
        break;
    }
}

/* ---- the proof of change */

#define SHORT_ID 8

static void name_tasks(size_t count, const char (*ids)[ECS_ID], char *to, size_t size)
{
    text_copy(to, size, "");
    for (size_t i = 0; i < count && i < FOLLOW_PROOF_TASKS; i++) {
        char longer[200], id[SHORT_ID + 1];
        (void)text_copy(id, sizeof(id), ids[i]);
        TEXT_FORMAT(longer, "%s%s%s", to, i > 0 ? ", " : "", id);
        text_copy(to, size, longer);
    }
    if (count > FOLLOW_PROOF_TASKS) {
        char longer[200];
        TEXT_FORMAT(longer, "%s and %zu more", to, count - FOLLOW_PROOF_TASKS);
        text_copy(to, size, longer);
    }
}

/* "same image 3f2a91c0"; "new image 3f2a91c0 -> 77be01aa" */
static void compare(const char *what, const char *before, const char *after, size_t most, char *to,
                    size_t size)
{
    char a[ECS_NAME], b[ECS_NAME];
    (void)text_copy(a, most < sizeof(a) ? most : sizeof(a), before);
    (void)text_copy(b, most < sizeof(b) ? most : sizeof(b), after);
    if (after[0] == '\0') {
        text_format(to, size, "%s not seen", what);
    } else if (strcmp(before, after) == 0) {
        text_format(to, size, "same %s %s", what, b);
    } else if (before[0] == '\0') {
        text_format(to, size, "%s now %s", what, b);
    } else {
        text_format(to, size, "NEW %s: %s -> %s", what, a, b);
    }
}

static const char *bare(const char *digest)
{
    return text_starts(digest, "sha256:") ? digest + strlen("sha256:") : digest;
}

void progress_text_proof(const struct follow_proof *p, struct card *c)
{
    char old[200], new[200], image[200], definition[2 * ECS_NAME + 40];
    if (p->new_count == 0) {
        return;
    }
    name_tasks(p->old_count, p->old_tasks, old, sizeof(old));
    name_tasks(p->new_count, p->new_tasks, new, sizeof(new));
    compare("image", bare(p->old_digest), bare(p->new_digest), 13, image, sizeof(image));
    compare("task definition", p->old_definition, p->new_definition, ECS_NAME, definition,
            sizeof(definition));
    card_line(c, "Tasks: %s -> %s · %s · %s", old[0] != '\0' ? old : "none seen before", new, image,
              definition);
}

/* ---- the ends */

static void wanted_zero_lines(const struct progress_facts *f, struct card *c)
{
    card_line(c, "0 tasks wanted, 0 run: the deployment is complete, but nothing serves users.");
    card_line(c, "Somebody set the count to 0 (I cannot see who). To start it again: %s restart %s %s",
              f->command, f->target, f->key);
}

static void say_site(const struct progress_facts *f, struct card *c)
{
    if (f->site[0] != '\0') {
        card_line(c, "%sCloudTAK itself: %s", strstr(f->site, "FAILING") != NULL ? "⚠️ " : "", f->site);
    }
}

static void end_of_success(const struct progress_facts *f, const struct follow_state *s, struct card *c)
{
    if (progress_words(f)->proof != NULL) {
        progress_words(f)->proof(f, s, c);
        say_site(f, c);
        return;
    }
    if (s->tasks_seen_ms == 0) {
        card_line(c, "I saw none of the new tasks, only ECS's word: test the site now · task definition %s",
                  f->task_definition);
    } else if (s->failed_tasks == 0) {
        card_line(c, "All new tasks came up on the first launch");
    } else {
        card_line(c, "%d new task%s stopped before it held", s->failed_tasks,
                  s->failed_tasks == 1 ? "" : "s");
        progress_text_why(f, s, c);
    }
    progress_text_proof(&s->proof, c);
    say_site(f, c);
    if (s->not_served_total_ms > 0) {
        char outage[TEXT_DURATION];
        text_duration(outage, s->not_served_total_ms);
        card_line(c, "Users were not served for %s.", outage);
    } else if (s->lowest_healthy >= 0) {
        card_line(c, "Never fewer than %d %s", s->lowest_healthy,
                  s->by_targets ? "healthy tasks" : "tasks running");
    }
}

static void end_of_superseded(const struct progress_facts *f, const struct follow_state *s, bool unsure,
                              struct card *c)
{
    char at[TEXT_TIME];
    const char *id = s->other_id[0] != '\0' ? s->other_id : "its id is unknown";
    text_time_of_day(at, f->other_ms != 0 ? f->other_ms : s->ended_ms);
    if (f->other[0] != '\0') {
        card_line(c, "%s replaced %s: %s.", f->other, unsure ? "the one I followed" : "it", id);
        return;
    }
    card_line(c, "A deployment begun outside this bot at %s UTC replaced %s: %s. %s", at,
              unsure       ? "the one I followed"
              : f->adopted ? "it"
                           : "mine",
              id, f->followed_on ? "I follow it now." : "Whether it comes up is not told here.");
    if (!f->followed_on) {
        card_line(c, "To follow that one: %s follow %s %s", f->command, f->target, f->key);
    }
}

static void end_of_failure(const struct progress_facts *f, const struct follow_state *s, struct card *c)
{
    if (s->absent_since_ms != 0) {
        card_line(c,
                  "ECS no longer shows the service: it was deleted, or my AWS identity sees another account "
                  "now. What became of the new tasks I cannot tell.");
    } else if (s->note[0] == '\0' && progress_words(f)->has_old) {
        card_line(c, "ECS gave up on the new tasks and did not roll back.");
    }
}

static void end_lines(const struct progress_facts *f, const struct follow_state *s, bool unsure,
                      const struct follow_output *output, struct card *c)
{
    char outage[200];
    switch (s->verdict) {
    case VERDICT_SUCCEEDED:
        if (output != NULL && output->wanted_zero && !progress_words(f)->counts) {
            wanted_zero_lines(f, c);
        } else {
            end_of_success(f, s, c);
        }
        break;
    case VERDICT_ROLLED_BACK:
        card_line(c, "ECS went back to %s. %s; the cause is NOT mended.",
                  s->other_id[0] != '\0' ? s->other_id : "the old deployment",
                  f->adopted ? "What ran before runs again" : "Same version");
        break;
    case VERDICT_SUPERSEDED:
        if (progress_words(f)->counts) {
            progress_count_superseded(f, c);
        } else {
            end_of_superseded(f, s, unsure, c);
        }
        break;
    case VERDICT_FAILED: end_of_failure(f, s, c); break;
    default:
        card_line(c, "ECS goes on by itself; I do not look any more. What ECS does next: %s status %s %s",
                  f->command, f->target, f->key);
        if (s->wait_detail[0] != '\0') {
            card_quote(c, s->wait_detail);
        }
        break;
    }
    if (s->note[0] != '\0') {
        card_line(c, "%s", s->note);
    }
    if (s->verdict != VERDICT_SUCCEEDED && !progress_words(f)->has_old &&
        progress_text_outage(f, s, outage, sizeof(outage))) {
        card_line(c, "%s.", outage);
    }
    if (s->verdict != VERDICT_SUCCEEDED && s->failed_tasks > 0) {
        card_line(c, "%d new task%s stopped.", s->failed_tasks, s->failed_tasks == 1 ? "" : "s");
        progress_text_why(f, s, c);
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
    progress_text_begin(f, TONE_NEUTRAL, ret);
    end_title(f, state, ret);
    progress_text_served(f, state, state->ended_ms, true, ret);
    end_lines(f, state, goal->unsure, output, ret);
    if (goal->unsure) {
        card_line(ret, "I followed %s. It may have been mine, ECS cannot tell.", goal->deployment_id);
    }
    if (f->untouched[0] != '\0') {
        card_line(ret, "%s", f->untouched);
    }
    progress_care_promise(f, state, ret);
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
    progress_text_begin(f, TONE_NEUTRAL, ret);
    end_title(f, state, ret);
    progress_text_served(f, state, state->ended_ms, true, ret);
    progress_text_counts(f, state, ret);
    progress_text_background(f, ret);
    if (goal->unsure) {
        card_line(ret, "Followed: %s, which may be mine.", goal->deployment_id);
    }
    progress_care_promise(f, state, ret);
    if (state->verdict != VERDICT_SUCCEEDED) {
        progress_text_why(f, state, ret);
    }
    progress_text_last_event(state, ret);
}
