/* After-care in words: a crash, a container restarted in place, a target that flaps, an outage; and the
 * closing line, which says quiet only when all of the time was seen. */
#include <string.h>

#include "base/text.h"
#include "progress.h"

#define TOLD_NEW 2 /* of each kind; more of it are lines of the thread */

void progress_care_promise(const struct progress_facts *f, const struct follow_state *s, struct card *c)
{
    char span[TEXT_DURATION], until[TEXT_TIME];
    if (f->care_until_ms == 0) {
        return;
    }
    progress_text_span(f->care_until_ms - s->ended_ms, span);
    text_time_of_day(until, f->care_until_ms);
    card_line(c, "I watch %s more for crashes, until %s UTC.", span, until);
}

static void served(const struct care_state *s, struct card *c)
{
    char at[TEXT_TIME];
    switch (s->served) {
    case SERVED_YES: card_served(c, "Users: SERVED%s", s->not_served_total_ms > 0 ? " again." : "."); break;
    case SERVED_NO:
        text_time_of_day(at, s->served_since_ms);
        card_served(c, "Users: NOT SERVED since %s UTC.", at);
        break;
    case SERVED_UNKNOWN:
        card_served(c, "Users: not known whether they are served; I cannot see the tasks.");
        break;
    }
}

static void begin(const struct progress_facts *f, const struct care_state *state,
                  const struct care_event *event, enum card_tone tone, const char *what, struct card *c)
{
    char name[160], at[TEXT_TIME];
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(at, event->at_ms);
    card_init(c, tone);
    c->rehearsal = f->rehearsal;
    card_title(c, "%s: %s, %s UTC, after the %s · op %s", what, name, at,
               f->adopted ? "deployment" : progress_words(f)->noun, f->operation);
    served(state, c);
}

static void crashed(const struct progress_facts *f, const struct care_state *state,
                    const struct care_event *event, const struct ecs_tail *log, struct card *c)
{
    begin(f, state, event, TONE_BAD, "🔴 A TASK CRASHED", c);
    progress_story_why(&event->diagnosis, &event->task, log, c);
    card_line(c, "ECS starts another one by itself. That was number %d since the deployment was done.",
              event->number);
    if (event->number > 1) {
        progress_text_escalation(f, c);
    } else {
        card_mention(c, f->asker_mention);
    }
}

static void in_place(const struct progress_facts *f, const struct care_state *state,
                     const struct care_event *event, struct card *c)
{
    begin(f, state, event, TONE_WARNING, "🔁 A CONTAINER WAS RESTARTED IN PLACE", c);
    card_line(c, "Its task runs on, so ECS counts no failure. Its log says why.");
    card_quote(c, event->text);
    card_mention(c, f->asker_mention);
}

static void flapping(const struct progress_facts *f, const struct care_state *state,
                     const struct care_event *event, struct card *c)
{
    begin(f, state, event, TONE_WARNING, "🩺 A TARGET IS NOT HEALTHY ANY MORE", c);
    card_line(c, "The load balancer sends it no users until it is healthy again; ECS may replace its task.");
    card_quote(c, event->text);
    card_mention(c, f->asker_mention);
}

enum progress_place progress_care_notice(const struct progress_facts *f, const struct care_state *state,
                                         const struct care_event *event, const struct ecs_tail *log,
                                         struct card *ret)
{
    enum progress_place place = event->number > TOLD_NEW ? PROGRESS_THREAD : PROGRESS_NEW;
    switch (event->kind) {
    case CARE_CRASHED: crashed(f, state, event, log, ret); break;
    case CARE_RESTARTED: in_place(f, state, event, ret); break;
    case CARE_FLAPPING: flapping(f, state, event, ret); break;
    case CARE_NOT_SERVED:
        begin(f, state, event, TONE_BAD, "🔻 USERS NOT SERVED", ret);
        progress_text_escalation(f, ret);
        break;
    case CARE_SERVED_AGAIN: begin(f, state, event, TONE_GOOD, "✅ USERS ARE SERVED AGAIN", ret); break;
    case CARE_SUPERSEDED: place = PROGRESS_NONE; break; /* the closing line says it */
    }
    if (place == PROGRESS_NEW) {
        progress_text_footer(f, ret);
    }
    return place;
}

/* ---- the closing line */

static void add(char *to, size_t size, int count, const char *one, const char *many)
{
    char longer[300];
    if (count > 0) {
        TEXT_FORMAT(longer, "%s%s%d %s", to, to[0] != '\0' ? ", " : "", count, count == 1 ? one : many);
        text_copy(to, size, longer);
    }
}

static void what_happened(const struct care_state *s, char *to, size_t size)
{
    char outage[TEXT_DURATION], longer[300];
    text_copy(to, size, "");
    add(to, size, s->crashes, "crash", "crashes");
    add(to, size, s->restarts, "restart in place", "restarts in place");
    add(to, size, s->flaps, "target that stopped being healthy", "targets that stopped being healthy");
    if (s->not_served_total_ms > 0) {
        text_duration(outage, s->not_served_total_ms);
        TEXT_FORMAT(longer, "%s%susers not served for %s", to, to[0] != '\0' ? ", " : "", outage);
        text_copy(to, size, longer);
    }
    if (to[0] == '\0') {
        text_copy(to, size, "no crash, no restart in place");
    }
}

static void closing(const struct care_goal *goal, const struct care_state *s, const char *by, char *to,
                    size_t size)
{
    char span[TEXT_DURATION], blind[TEXT_DURATION], unseen[80] = "", happened[300];
    progress_text_span(goal->until_ms - goal->began_ms, span);
    what_happened(s, happened, sizeof(happened));
    if (s->blind_total_ms > 0) {
        text_duration(blind, s->blind_total_ms);
        TEXT_FORMAT(unseen, " For %s of it I could not see.", blind);
    } else if (s->seen_ms == 0) {
        TEXT_COPY(unseen, " I never saw the tasks in that time.");
    }
    if (by[0] != '\0') {
        text_format(to, size, "After-care ended early: %s. Until then: %s.%s", by, happened, unseen);
    } else if (care_was_quiet(s)) {
        text_format(to, size, "Quiet for %s: %s.", span, happened);
    } else {
        text_format(to, size, "%s of after-care are over: %s.%s", span, happened, unseen);
    }
}

void progress_care_line(const struct care_goal *goal, const struct care_state *state, const char *by,
                        struct card *c)
{
    char text[CARD_LINE];
    closing(goal, state, by, text, sizeof(text));
    card_line(c, "%s", text);
}

void progress_care_closed(const struct progress_facts *f, const struct care_goal *goal,
                          const struct care_state *state, const char *by, struct card *ret)
{
    const bool quiet = care_was_quiet(state) || by[0] != '\0';
    char text[CARD_TEXT];
    card_init(ret, quiet ? TONE_GOOD : TONE_WARNING);
    ret->rehearsal = f->rehearsal;
    closing(goal, state, by, text, sizeof(text));
    card_title(ret, "%s %s · op %s", quiet ? "☑" : "⚠️", text, f->operation);
    if (!quiet) {
        served(state, ret);
        if (state->last_reason[0] != '\0') {
            card_quote(ret, state->last_reason);
        }
    }
    progress_text_footer(f, ret);
}
