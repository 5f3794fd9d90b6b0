#include "reading.h"

#include "base/mem.h"
#include "page.h"

static void answer(struct reading *r)
{
    struct command_call *call = r->call;

    r->told = true;
    r->tell(r);
    r->card.rehearsal = call->config->rehearsal;
}

static void too_late(struct command_deadline *d)
{
    struct reading *r = d->user;

    answer(r);
    command_reply_early(r->call, &r->card);
}

void reading_begin(struct reading *r, struct command_call *call, int64_t ms)
{
    r->call = call;
    r->deadline = (struct command_deadline){.fire = too_late, .user = r};
    command_deadline_start(call, &r->deadline, ms);
}

void reading_owe(struct reading *r)
{
    r->waiting++;
}

void reading_came(struct reading *r)
{
    if (--r->waiting > 0)
        return;
    if (r->told) {
        command_over(r->call);
    } else {
        command_deadline_stop(r->call, &r->deadline);
        answer(r);
        command_reply(r->call, &r->card);
    }
    r->over(r);
}

/* ---- one look */

static void on_look(struct ecs_look *l)
{
    struct reading_look *r = l->user;

    if (!r->reading.told) {
        r->seen = mem_alloc(sizeof *r->seen);
        *r->seen = *l->snapshot;
        if (r->more && !r->seen->missing && r->seen->service_absence == ECS_SEEN)
            r->more(r);
    }
    reading_came(&r->reading);
}

void reading_look_begin(struct reading_look *r, struct command_call *call, int64_t look_ms)
{
    reading_begin(&r->reading, call, READING_MS);
    page_ref(call->parsed.target, call->parsed.service, &r->look.ref);
    r->look.within_ms = look_ms;
    r->look.done = on_look;
    r->look.user = r;
    reading_owe(&r->reading);
    call->ecs->ops->look(call->ecs, &r->look);
}

static void look_over(struct reading *reading)
{
    struct reading_look *r = (struct reading_look *)reading;

    mem_free(r->seen);
    mem_free(r);
}

void reading_look_only(struct command_call *call, void (*tell)(struct reading *r))
{
    struct reading_look *r = mem_alloc(sizeof *r);

    r->reading.tell = tell;
    r->reading.over = look_over;
    r->look.with_tasks = r->look.with_targets = true; /* are users served? */
    reading_look_begin(r, call, READING_LOOK_MS);
}

int64_t reading_look_now(const struct reading_look *r)
{
    return r->seen && r->seen->service_as_of_ms ? r->seen->service_as_of_ms : r->reading.call->now_ms;
}

bool reading_look_tell(struct reading_look *r, const char *what)
{
    const struct command_call *call = r->reading.call;
    const struct config_target *t = call->parsed.target;
    const struct config_service *service = call->parsed.service;
    const struct snapshot *s = r->seen;
    const char *note = call->ecs->ops->endpoint_note(call->ecs, t->session);
    struct card *card = &r->reading.card;

    page_title(what, t, service, reading_look_now(r), card);
    page_where(t, service, card);
    if (*note)
        card_field(card, "AWS", "%s", note);
    if (s && s->service_absence == ECS_SEEN && !s->missing)
        return true;
    if (s && s->missing)
        page_missing(call->word, t, service, s->trouble, card);
    else
        page_unseen(call->word, call->parsed.command->name, t, service,
                    s ? s->service_absence : ECS_UNREACHABLE,
                    s ? s->trouble : "AWS had not answered within 8 s.", card);
    return false;
}
