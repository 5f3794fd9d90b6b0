/* When people are reminded of a service that stands at zero, and what they read. */
#include "zero.h"

#include "base/text.h"

#define FIRST_MS  (15 * 60000LL)
#define SECOND_MS (60 * 60000LL)
#define EVERY_MS  (4 * 60 * 60000LL)

#define HALF_A_DAY (12 * 60 * 60000LL)
#define PLAIN_MOST 60

/* Of the reminder with this number, from 0. */
static int64_t after(int number)
{
    return number == 0 ? FIRST_MS : SECOND_MS + (number - 1) * EVERY_MS;
}

int zero_due(const struct count_memo *m, int64_t now_ms)
{
    const int64_t age = now_ms - m->since_ms;
    if (age < FIRST_MS) {
        return 0;
    }
    return age < SECOND_MS ? 1 : (int)(2 + (age - SECOND_MS) / EVERY_MS);
}

int64_t zero_wait(const struct count_memo *m, int64_t now_ms)
{
    const int64_t wait = m->since_ms + after(m->reminders) - now_ms;
    return wait < 0 ? 0 : wait > EVERY_MS ? EVERY_MS : wait;
}

bool zero_still_suspended(const struct zero_facts *f)
{
    const struct ecs_scaling_switches *own = &f->memo->suspended, *now = &f->suspended;
    if (!f->scaling_read) {
        return count_memo_suspends(f->memo);
    }
    return (own->in && now->in) || (own->out && now->out) || (own->scheduled && now->scheduled);
}

enum zero_news zero_judge(const struct zero_facts *f)
{
    if (f->over) {
        return ZERO_LOST;
    }
    if (f->trouble[0] != '\0') {
        return ZERO_UNSEEN;
    }
    return f->desired > 0 ? ZERO_RAISED : ZERO_STANDS;
}

/* "cotak prod events (PRODUCTION)" */
static void name_of(const struct zero_facts *f, char *to, size_t size)
{
    text_format(to, size, "%s %s%s", f->memo->target, f->memo->service_key,
                f->production ? " (PRODUCTION)" : "");
}

/* What a person wrote stands in a sentence of ours only while it is short and plain; else it is fenced. */
static bool is_plain(const char *reason)
{
    size_t length = 0;
    for (const char *c = reason; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~' || ++length > PLAIN_MOST) {
            return false;
        }
    }
    return length > 0;
}

/* "02:10:00 UTC (@bo: INC-204)"; with its date once that is half a day ago. */
static void since_of(const struct zero_facts *f, char *to, size_t size)
{
    const struct count_memo *m = f->memo;
    char at[TEXT_TIME];
    if (f->now_ms - m->since_ms > HALF_A_DAY) {
        text_date_time(at, m->since_ms);
    } else {
        text_time_of_day(at, m->since_ms);
    }
    const bool plain = is_plain(m->reason);
    text_format(to, size, "%s UTC (%s%s%s)", at, m->who, plain ? ": " : "", plain ? m->reason : "");
}

static void tell_scaling(const struct zero_facts *f, struct card *c)
{
    if (!count_memo_suspends(f->memo)) {
        return;
    }
    if (zero_still_suspended(f)) {
        card_line(c, "Autoscaling is suspended by me%s.",
                  f->scaling_read ? "" : " (I could not look whether it still is)");
    } else {
        card_line(c, "Autoscaling was suspended by me; somebody else resumed it.");
    }
}

static void tell_standing(const struct zero_facts *f, const char *name, const char *since, struct card *c)
{
    card_title(c, "🔻 %s stands at 0 since %s", name, since);
    if (f->trouble[0] != '\0') {
        card_served(c, "Users: not known now. I left it at 0, and I cannot see it: %s.", f->trouble);
    } else if (f->running > 0) {
        card_served(c, "Users: %d of its tasks still running, 0 wanted: ECS stops them.", f->running);
    } else {
        card_served(c, "Users: NOT SERVED by %s; 0 tasks run.", f->memo->service_key);
    }
    tell_scaling(f, c);
    card_line(c, "To bring it back with %d: %s start %s %s", f->memo->before, f->command, f->memo->target,
              f->memo->service_key);
}

static void tell_raised(const struct zero_facts *f, const char *name, const char *since, struct card *c)
{
    c->tone = TONE_BACK;
    card_title(c, "🔺 %s was brought back elsewhere: %d %s wanted", name, f->desired,
               f->desired == 1 ? "task is" : "tasks are");
    card_served(c,
                f->running > 0 ? "Users: %d of %d tasks run." : "Users: NOT SERVED yet, %d of %d tasks run.",
                f->running, f->desired);
    card_line(c,
              "It stood at 0 since %s. Autoscaling, a stack update or somebody else raised the count; I "
              "remind of it no more.",
              since);
    tell_scaling(f, c);
    if (zero_still_suspended(f)) {
        card_line(c, "To resume autoscaling: %s start %s %s", f->command, f->memo->target,
                  f->memo->service_key);
    }
}

void zero_tell(const struct zero_facts *f, enum zero_news news, struct card *ret)
{
    char name[160], since[480];
    name_of(f, name, sizeof(name));
    since_of(f, since, sizeof(since));
    card_init(ret, TONE_WARNING);
    ret->rehearsal = f->rehearsal;
    if (news == ZERO_RAISED) {
        tell_raised(f, name, since, ret);
    } else if (news == ZERO_LOST) {
        card_title(ret, "🔻 %s was left at 0 since %s", name, since);
        card_served(ret, "Users: not known. It is not in my settings any more, so I do not look.");
        tell_scaling(f, ret);
        card_line(ret, "I forget it. Bring it back in the AWS console%s.",
                  count_memo_suspends(f->memo) ? ", and resume autoscaling there" : "");
    } else {
        tell_standing(f, name, since, ret);
    }
    if (f->memo->reason[0] != '\0' && !is_plain(f->memo->reason)) {
        card_line(ret, "Reason as %s wrote it:", f->memo->who);
        card_quote(ret, f->memo->reason);
    }
    card_footer(ret, "How it is now: %s status %s %s", f->command, f->memo->target, f->memo->service_key);
}
