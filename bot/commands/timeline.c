/* timeline: one operation step by step, as Markdown for whoever writes down what happened. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "past_text.h"
#include "rows.h"

static void run(struct command_call *call);

const struct command command_timeline = {
    .name = "timeline",
    .usage = "timeline OPERATION [PART]",
    .summary = "one operation step by step, as Markdown with times and AWS request ids",
    .detail = "For whoever writes down what happened: copy the block. A long one comes in parts. Example: "
              "timeline 7F3K",
    .right = RIGHT_VIEW,
    .needs = NEEDS_NOTHING,
    .flags = COMMAND_EXTRA,
    .run = run,
};

struct asked {
    struct command_call *call;
    struct command_records records;
    unsigned part;
    struct card card;
};

static void card_of(struct asked *a, const struct store_timeline *t)
{
    struct command_call *call = a->call;
    char what[200], end[120];
    struct buf text;
    size_t told;

    buf_init(&text, CARD_QUOTE);
    const unsigned parts = past_markdown(t, a->part, &text, &told);
    past_what(&t->row, what, sizeof what);
    past_end(&t->row, end, sizeof end);
    card_title(&a->card, "Timeline of %s: %s, %s", t->row.id, what, end);
    if (t->altered)
        card_line(&a->card,
                  "⚠️ The row of this operation was changed in my store by somebody else: believe its "
                  "records, not what stands above them. Tell who operates this bot.");
    card_quote(&a->card, text.data);
    buf_finish(&text);
    if (parts > 1)
        card_line(&a->card,
                  "Part %u of %u: %zu of %zu records; the others are left out here. %s: %s timeline %s %u",
                  a->part, parts, told, t->count, a->part < parts ? "Next part" : "First part", call->word,
                  t->row.id, a->part < parts ? a->part + 1 : 1);
    if (t->cut)
        card_line(&a->card, "It has more than %d records: the later ones are left out.", STORE_TIMELINE);
    card_footer(&a->card, "Are the records whole? On the host: cloudtak-bot audit verify");
    if (a->part > parts)
        command_refuse(call, "That timeline has %u part%s. Next: %s timeline %s", parts,
                       parts == 1 ? "" : "s", call->word, t->row.id);
    else
        command_reply(call, &a->card);
}

static void read(struct command_records *r)
{
    struct asked *a = r->user;
    const struct store_timeline *t = r->timeline;

    if (*r->refusal)
        command_refuse(a->call, "%s", r->refusal);
    else if (!t->ok)
        command_refuse(a->call, "The records could not be read: %s", t->err.text);
    else if (!t->found)
        command_refuse(a->call, "I know no operation %s. The newest ones: %s history", r->operation,
                       a->call->word);
    else
        card_of(a, t);
    mem_free(a);
}

/* "7f3k", "op 7F3K", "7F3K 2". */
static bool take_words(const char *words, struct asked *a)
{
    char id[40] = "";
    size_t len = 0;

    if (text_starts(words, "op "))
        words += 3;
    while (len < sizeof id - 1 && *words && *words != ' ') {
        const char c = *words++;
        id[len++] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    words += strspn(words, " ");
    const long part = *words ? strtol(words, NULL, 10) : 1;
    a->part = part >= 1 && part <= STORE_TIMELINE ? (unsigned)part : 1;
    return len > 0 && TEXT_COPY(a->records.operation, id);
}

static void run(struct command_call *call)
{
    struct asked *a = mem_alloc(sizeof *a);

    a->call = call;
    a->records.done = read;
    a->records.user = a;
    card_init(&a->card, TONE_NEUTRAL);
    a->card.rehearsal = call->config->rehearsal;
    if (!take_words(call->parsed.extra, a)) {
        command_refuse(call,
                       "Which operation? Its four characters stand in every message about it (op 7F3K). The "
                       "newest ones: %s history",
                       call->word);
        mem_free(a);
        return;
    }
    command_records(call, &a->records);
}
