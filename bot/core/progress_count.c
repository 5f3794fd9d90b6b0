/* What people read of a change of the count: it begins no deployment, so there are no old and new tasks, and
 * a service that ends on purpose is no failure. */
#include <string.h>

#include "base/text.h"
#include "progress.h"

/* "2 of 4 tasks healthy"; with nothing wanted "2 tasks still run" */
static void tasks_of(const struct follow_state *s, int wanted, char *to, size_t size)
{
    const int serve = progress_text_new(s);
    if (wanted > 0) {
        text_format(to, size, "%d of %d tasks %s", serve, wanted, progress_text_well(s));
    } else {
        text_format(to, size, "%d task%s still run%s", serve, serve == 1 ? "" : "s", serve == 1 ? "s" : "");
    }
}

void progress_count_before(const struct progress_facts *f, int running, struct card *c)
{
    if (running > 0) {
        card_served(c, "Users: SERVED, %d task%s now; %d wanted. %s", running, running == 1 ? "" : "s",
                    f->wanted, f->cost);
    } else {
        card_served(c, "Users: NOT SERVED, no task runs; %d wanted.", f->wanted);
    }
}

void progress_count_served(const struct follow_state *s, const char *since, struct card *c)
{
    char tasks[80];
    tasks_of(s, s->wanted, tasks, sizeof(tasks));
    if (s->served == SERVED_NO && s->wanted == 0) {
        card_served(c, "Users: NOT SERVED%s; 0 tasks wanted, %d run.", since, s->new_running);
    } else if (s->served == SERVED_NO) {
        card_served(c, "Users: NOT SERVED%s; %s, %d start.", since, tasks, s->new_pending);
    } else if (s->wanted == 0) {
        card_served(c, "Users: SERVED until the last task stops; %s.", tasks);
    } else {
        card_served(c, "Users: SERVED%s, %s.", since, tasks);
    }
}

void progress_count_succeeded(const struct progress_facts *f, const struct follow_state *s, struct card *c)
{
    char name[160], at[TEXT_TIME], took[TEXT_DURATION];
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(at, s->ended_ms);
    text_duration(took, s->ended_ms - f->began_ms);
    if (f->wanted == 0) {
        c->tone = TONE_WARNING;
        card_title(c, "🔻 STANDS AT 0: %s, %s · %s UTC, %s · op %s", name, f->asker, at, took, f->operation);
    } else {
        card_title(c, "✅ DONE: %s %s, %d task%s, %s · %s UTC, %s · op %s", name, progress_words(f)->done,
                   s->wanted, s->wanted == 1 ? "" : "s", f->asker, at, took, f->operation);
    }
}

void progress_count_proof(const struct progress_facts *f, const struct follow_state *s, struct card *c)
{
    if (f->wanted == 0) {
        card_line(c, "I remind this channel after 15 min, 1 h, then every 4 h, and tell when somebody else "
                     "brings it back.");
        card_line(c, "To start it again: %s start %s %s", f->command, f->target, f->key);
    } else if (s->failed_tasks > 0) {
        card_line(c, "%d task%s stopped before it held", s->failed_tasks, s->failed_tasks == 1 ? "" : "s");
        progress_text_why(f, s, c);
    }
}

void progress_count_superseded(const struct progress_facts *f, struct card *c)
{
    card_line(c,
              "Autoscaling or somebody else set another count meanwhile: mine does not hold. How it is "
              "now: %s status %s %s",
              f->command, f->target, f->key);
}
