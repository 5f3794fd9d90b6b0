/* history: what was done, by whom, with what end. */
#include "base/mem.h"
#include "base/text.h"
#include "past_text.h"
#include "rows.h"

#define SHOWN 20

static void run(struct command_call *call);

const struct command command_history = {
    .name = "history",
    .usage = "history [TARGET]",
    .summary = "what was done, by whom, with what end",
    .detail =
        "The newest 20 operations of a target, or of all that you may view. Example: history cotak prod",
    .right = RIGHT_VIEW,
    .needs = NEEDS_TARGET,
    .flags = COMMAND_OPTIONAL,
    .run = run,
};

struct asked {
    struct command_call *call;
    struct command_past past;
    struct card card;
};

static void tell(const struct command_call *call, const struct store_operation *row, struct card *card)
{
    char at[TEXT_TIME], what[200], who[100], end[120];
    (void)call;
    text_date_time(at, row->created_ms);
    past_what(row, what, sizeof what);
    past_who(row, who, sizeof who);
    past_end(row, end, sizeof end);
    card_line(card, "%s UTC · %s · %s · %s · %s%s%s", at, row->id, what, who, end,
              *row->parent ? " · part of " : "", row->parent);
}

static void finish(struct asked *a, const struct command_past *r)
{
    struct command_call *call = a->call;
    size_t shown = r->count;

    if (shown > SHOWN)
        shown = SHOWN;
    for (size_t i = 0; i < shown; i++)
        tell(call, r->rows[i], &a->card);
    if (!shown)
        card_line(&a->card, "Nothing was done%s in the last 400 days%s.", r->target ? " there" : "",
                  r->hidden ? " where you may look" : "");
    if (r->count > SHOWN)
        card_line(&a->card, "Older ones are left out%s.",
                  r->target ? "" : "; name a target to see more of it");
    if (r->hidden)
        card_line(&a->card, "Targets that you may not view are left out. What you may: %s targets",
                  call->word);
    if (r->altered)
        card_line(
            &a->card,
            "⚠️ %zu operation%s changed in my store by somebody else and %s left out. Tell who operates "
            "this bot.",
            r->altered, r->altered == 1 ? " was" : "s were", r->altered == 1 ? "is" : "are");
    if (shown)
        card_footer(&a->card, "One of them step by step: %s timeline %s", call->word, r->rows[0]->id);
    else
        card_footer(&a->card, "Next: %s targets", call->word);
    command_reply(call, &a->card);
}

static void read(struct command_past *r)
{
    struct asked *a = r->user;

    if (r->ok)
        finish(a, r);
    else
        command_refuse(a->call, "What was done could not be read: %s", r->err.text);
    mem_free(a);
}

static void run(struct command_call *call)
{
    struct asked *a = mem_alloc(sizeof *a);
    const struct config_target *t = call->parsed.target;

    a->call = call;
    card_init(&a->card, TONE_NEUTRAL);
    a->card.rehearsal = call->config->rehearsal;
    card_title(&a->card, "History%s%s", t ? " of " : "", t ? t->name : "");
    a->past =
        (struct command_past){.target = t, .most = t ? SHOWN + 1 : STORE_RECENT, .done = read, .user = a};
    command_past(call, &a->past);
}
