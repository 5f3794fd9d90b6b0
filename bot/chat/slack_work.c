/* What is under way for core, in one list: so that closing can end it, and so that what was asked for just
 * after the start can wait for auth.test, which says who we are. */
#include <assert.h>

#include "slack_private.h"

void slack_work_add(struct slack *s, struct slack_work *w)
{
    w->slack = s;
    w->call.slack = s;
    w->prev = NULL;
    w->next = s->works;
    if (w->next != NULL) {
        w->next->prev = w;
    }
    s->works = w;
}

static void end_waiting(struct slack_work *w)
{
    w->slack->awaiting_who -= w->awaits_who;
    w->awaits_who = false;
}

void slack_work_remove(struct slack_work *w)
{
    struct slack *s = w->slack;
    assert(!w->call.under_way);
    end_waiting(w);
    loop_timer_stop(s->options.loop, &w->timer);
    if (w->prev != NULL) {
        w->prev->next = w->next;
    } else {
        s->works = w->next;
    }
    if (w->next != NULL) {
        w->next->prev = w->prev;
    }
    w->next = w->prev = NULL;
    slack_maybe_closed(s);
}

void slack_work_hurry(struct slack *s)
{
    for (struct slack_work *w = s->works; w != NULL; w = w->next) {
        if (w->call.under_way) {
            slack_call_cancel(&w->call);
        } else {
            loop_timer_start(s->options.loop, &w->timer, 0);
        }
    }
}

/* ---- who are we? */

enum slack_who slack_work_ask_who(struct slack_work *w, struct err *err)
{
    struct slack *s = w->slack;
    end_waiting(w);
    if (slack_stopped(s)) {
        err_set(err, ERR_UNREACHABLE, "Slack is not connected");
        return SLACK_WHO_UNKNOWN;
    }
    if (s->team[0] != '\0') {
        return SLACK_WHO_KNOWN;
    }
    if (w->awaited_who) {
        err_set(err, ERR_UNREACHABLE, "Slack has not said yet who this bot is (auth.test): ask again soon");
        return SLACK_WHO_UNKNOWN;
    }
    if (s->awaiting_who >= SLACK_AWAITING_MAX) {
        err_set(err, ERR_LIMIT, "Slack is not connected yet, and %d look-ups wait for it already",
                SLACK_AWAITING_MAX);
        return SLACK_WHO_UNKNOWN;
    }
    w->awaits_who = w->awaited_who = true;
    s->awaiting_who++;
    loop_timer_start(s->options.loop, &w->timer, s->times.who_ms);
    return SLACK_WHO_WAIT;
}

void slack_work_who_known(struct slack *s)
{
    for (struct slack_work *w = s->works; w != NULL; w = w->next) {
        if (w->awaits_who) {
            loop_timer_start(s->options.loop, &w->timer, 0);
        }
    }
}
