#ifndef FUZZ_JUDGE_H
#define FUZZ_JUDGE_H
/* What the fuzz targets judge by. A target is one function that libFuzzer calls with any bytes; a promise
 * that is not kept is told and aborts, so that libFuzzer saves the bytes. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/card.h"

/* libFuzzer's own name for it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* PROMISE(condition, what): what is a sentence, with arguments as of printf. */
#define PROMISE(condition, ...)                                                                              \
    ((condition) ? (void)0 : judge_broken(__FILE__, __LINE__, #condition, __VA_ARGS__))
_Noreturn void judge_broken(const char *file, int line, const char *condition, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The bytes up to the first NUL. Caller mem_frees. */
char *judge_string(const uint8_t *data, size_t size);
/* Cuts *rest at the first newline: the line without it (borrowed), *rest behind it. */
char *judge_line(char **rest);

/* Text that people read: UTF-8, no controls, nothing that changes its direction. lines: newline and tab may
 * be. */
void judge_text(const char *what, const char *text, bool lines);
/* An error: a code, and one sentence that is such a text and not empty. */
void judge_err(const char *what, const struct err *err);
/* What Slack is given for this card: nothing live in it but the card's mentions and link, within Slack's
 * limits. */
void judge_slack(const struct card *card, const char *server);
/* The same for one text in Slack's mark-up. */
void judge_markup(const char *markup, const struct card *card, const char *server);
/* UTF-16 units. */
size_t judge_units(const char *text);

#endif
