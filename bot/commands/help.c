/* help: from the rows only, so that it cannot disagree with what the parser and the rights do. */
#include "base/text.h"
#include "rows.h"

static void run(struct command_call *call);

const struct command command_help = {
    .name = "help",
    .usage = "help [COMMAND]",
    .summary = "this list, or what one command does",
    .detail = "Example: help restart",
    .right = RIGHT_NONE,
    .needs = NEEDS_NOTHING,
    .flags = COMMAND_EXTRA,
    .run = run,
};

/* unknown: what help was asked for, "" = nothing. */
static void list(const struct command_call *call, struct card *card, const char *unknown)
{
    if (*unknown)
        card_title(card, "There is no command \"%s\". What I can do:", unknown);
    else
        card_title(card, "What I can do, each behind %s", call->word);
    for (size_t i = 0; call->table[i]; i++) {
        const struct command *c = call->table[i];
        card_line(card, "%s: %s", c->usage, c->summary);
    }
    card_footer(card, "More on one: %s help restart · what you may do where: %s targets", call->word,
                call->word);
}

static void describe(const struct command_call *call, const struct command *c, struct card *card)
{
    card_title(card, "%s: %s", c->name, c->summary);
    card_line(card, "Usage: %s", c->usage);
    card_line(card, "%s", c->detail);
    if (c->right != RIGHT_NONE)
        card_line(card, "Needs the right \"%s\" for the target%s.", right_word(c->right),
                  c->changes ? ", in a channel that is listed for it" : "");
    card_footer(card, "What you may do where: %s targets", call->word);
}

static void run(struct command_call *call)
{
    struct card card;
    const char *word = call->parsed.extra;

    card_init(&card, TONE_NEUTRAL);
    card.rehearsal = call->config->rehearsal;
    for (size_t i = 0; *word && call->table[i]; i++) {
        if (text_equal(call->table[i]->name, word)) {
            describe(call, call->table[i], &card);
            command_reply(call, &card);
            return;
        }
    }
    list(call, &card, word);
    command_reply(call, &card);
}
