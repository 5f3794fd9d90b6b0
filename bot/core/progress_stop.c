/* A hard restart in words: users are cut off, that is measured, and told at the end to the second. */
#include "base/text.h"
#include "progress.h"

void progress_stop_following(const struct progress_facts *f, const struct follow_goal *goal,
                             const struct follow_state *s, int64_t now_ms, struct card *c)
{
    char name[160], at[TEXT_TIME];
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(at, s->served == SERVED_NO ? s->served_since_ms : s->new_serve_ms);
    if (s->served == SERVED_NO && s->wanted > 0) {
        c->tone = TONE_BAD;
        card_title(c, "🔻 USERS NOT SERVED since %s UTC: all tasks of %s stopped by %s · op %s", at, name,
                   f->asker, f->operation);
    } else if (s->new_serve_ms != 0) {
        c->tone = TONE_GOOD;
        card_title(c, "✅ NEW TASKS SERVE since %s UTC, %d of %d %s: test the site now · %s · op %s", at,
                   progress_text_new(s), s->wanted, progress_text_well(s), name, f->operation);
    } else {
        text_time_of_day(at, f->asked_ms);
        card_title(c, "%s %s · asked by %s %s UTC · op %s", progress_words(f)->doing, name, f->asker, at,
                   f->operation);
    }
    if (s->served == SERVED_YES && s->new_serve_ms == 0 && s->old_running > 0) {
        card_served(c, "Users: SERVED for a moment more by %d of the %zu task%s that are told to stop.",
                    progress_text_old(s), goal->replaced_count, goal->replaced_count == 1 ? "" : "s");
    } else {
        progress_text_served(f, s, now_ms, false, c);
    }
}

void progress_stop_succeeded(const struct progress_facts *f, const struct follow_state *s, struct card *c)
{
    char name[160], outage[200];
    progress_text_name(f, name, sizeof(name));
    if (!progress_text_outage(f, s, outage, sizeof(outage))) {
        TEXT_COPY(outage, "I saw no moment without service");
    }
    card_title(c, "✅ BACK: %s, %s. %s · op %s", name, f->asker, outage, f->operation);
}

void progress_stop_proof(const struct progress_facts *f, const struct follow_state *s, struct card *c)
{
    if (s->failed_tasks > 0) {
        card_line(c, "%d new task%s stopped before it held", s->failed_tasks,
                  s->failed_tasks == 1 ? "" : "s");
        progress_text_why(f, s, c);
    }
    progress_text_proof(&s->proof, c);
    if (f->superseded[0] != '\0') {
        card_line(c, "⚠️ %s", f->superseded);
    }
    card_line(c, "For the incident report: %s timeline %s", f->command, f->operation);
}
