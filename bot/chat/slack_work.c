/* What is under way for core, in one list: so that closing can end it. */
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

void slack_work_remove(struct slack_work *w)
{
    struct slack *s = w->slack;
    assert(!w->call.under_way);
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
