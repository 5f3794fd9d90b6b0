/* A message as a damaged store may hold it -> a card, and what Slack and a terminal are given of it. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/card.h"
#include "judge.h"

static void judge_again(const struct card *card)
{
    struct card *again = mem_alloc(sizeof(*again));
    struct err err = {0};
    json_t *saved = card_save(card);
    PROMISE(card_load(saved, again, &err), "what was saved cannot be read: %s", err.text);
    json_t *twice = card_save(again);
    PROMISE(json_equal(saved, twice), "the store changes it");
    json_decref(saved);
    json_decref(twice);
    mem_free(again);
}

static void judge_terminal(const struct card *card)
{
    static const int WIDTHS[] = {0, 40, 100};
    char line[CARD_TEXT * 2];
    for (size_t i = 0; i < sizeof(WIDTHS) / sizeof(WIDTHS[0]); i++) {
        char *text = card_text(card, WIDTHS[i]);
        judge_text("card on a terminal", text, true);
        mem_free(text);
    }
    card_summary(card, line, sizeof(line));
    judge_text("summary", line, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    json_t *saved = jsonx_parse((const char *)data, size, NULL);
    struct card *card = mem_alloc(sizeof(*card));
    if (saved != NULL && card_load(saved, card, &err)) {
        judge_again(card);
        judge_slack(card, "slack");
        judge_slack(card, "other");
        judge_terminal(card);
    } else if (saved != NULL) {
        judge_err("a message that cannot be read", &err);
    }
    json_decref(saved);
    mem_free(card);
    return 0;
}
