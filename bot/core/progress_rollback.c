/* A rollback of a running deployment in words: ECS stops retrying and keeps the old tasks. Here the new tasks
 * of the follower are those of the deployment to come back to. */
#include "base/text.h"
#include "progress.h"

void progress_rollback_following(const struct progress_facts *f, const struct follow_goal *goal,
                                 const struct follow_state *s, int64_t now_ms, struct card *c)
{
    char name[160], took[TEXT_DURATION];
    progress_text_name(f, name, sizeof(name));
    text_duration(took, now_ms - f->began_ms);
    c->tone = TONE_BACK;
    card_title(c, "%s %s · asked by %s · op %s · %s in", progress_words(f)->doing, name, f->asker,
               f->operation, took);
    if (s->served == SERVED_YES) {
        card_served(c, "Users: SERVED by %d of %d old tasks%s. ECS stops the new ones.", progress_text_new(s),
                    s->wanted, s->by_targets ? ", healthy to the load balancer" : "");
    } else {
        progress_text_served(f, s, now_ms, false, c);
    }
    card_line(c, "Stopped: %s. Kept: %s.", goal->deployment_id, goal->previous_id);
}

void progress_rollback_succeeded(const struct progress_facts *f, const struct follow_state *s, struct card *c)
{
    char name[160], at[TEXT_TIME], took[TEXT_DURATION];
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(at, s->ended_ms);
    text_duration(took, s->ended_ms - f->began_ms);
    c->tone = TONE_BACK;
    card_title(c, "↩️ ROLLED BACK: %s keeps its old tasks, %s · %s UTC, %s · op %s", name, f->asker, at,
               took, f->operation);
}

void progress_rollback_proof(const struct progress_facts *f, const struct follow_state *s, struct card *c)
{
    char outage[200];
    card_line(c, "ECS has stopped retrying. The cause is NOT mended: the next restart meets it again.");
    if (progress_text_outage(f, s, outage, sizeof(outage))) {
        card_line(c, "%s.", outage);
    } else if (s->lowest_healthy >= 0) {
        card_line(c, "Never fewer than %d %s", s->lowest_healthy,
                  s->by_targets ? "healthy tasks" : "tasks running");
    }
    card_line(c, "Contact %s about the new tasks, if nobody did.",
              f->escalation.name[0] != '\0' ? f->escalation.name : "those who build CloudTAK");
}
