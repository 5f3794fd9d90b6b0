#ifndef CORE_CARD_H
#define CORE_CARD_H
/* A platform-neutral message. Texts are plain: adapters escape them for their platform. Text from AWS or
 * users goes only into `quoted` or through card_quote, which adapters fence. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CARD_TEXT    300
#define CARD_LINE    700
#define CARD_LINES   32
#define CARD_FIELDS  10
#define CARD_BUTTONS 5
#define CARD_QUOTE   2400

enum card_tone { TONE_NEUTRAL, TONE_WORKING, TONE_GOOD, TONE_BAD, TONE_WARNING, TONE_BACK };

struct card_button {
    char text[60];
    char action[60]; /* what comes back in request.click_action */
    char value[400];
    char url[300]; /* a link instead of an action */
    bool danger;
    char dialog_title[90], dialog_text[290], dialog_yes[28]; /* "" = no dialog */
};

struct card_field {
    char name[60], value[CARD_TEXT];
};

struct card {
    enum card_tone tone;
    char title[CARD_TEXT];  /* with its leading emoji */
    char served[CARD_TEXT]; /* "Users: SERVED, 2 of 2 old tasks healthy. …": always the second line; "" for
                               cards that are no operation's */
    size_t field_count;
    struct card_field fields[CARD_FIELDS];
    size_t line_count;
    char lines[CARD_LINES][CARD_LINE];
    char quoted[CARD_QUOTE];       /* text from outside, fenced, several lines allowed */
    char link_text[60], link[600]; /* "AWS console" */
    size_t button_count;
    struct card_button buttons[CARD_BUTTONS];
    char mentions[4][100]; /* "slack:user:U1", "slack:group:S1": rendered live by the adapter of that server,
                              as plain text by others; the only way to mention */
    size_t mention_count;
    char footer[CARD_TEXT]; /* the next useful command */
    bool rehearsal;         /* REHEARSAL stands in every message */
};

void card_init(struct card *c, enum card_tone tone);
void card_title(struct card *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void card_served(struct card *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Past CARD_LINES the last line reads "… and more". */
void card_line(struct card *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void card_field(struct card *c, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void card_quote(struct card *c, const char *text); /* cleaned (controls, bidi) here; appended */
void card_link(struct card *c, const char *text, const char *url);
void card_mention(struct card *c, const char *principal);
void card_footer(struct card *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct card_button *card_button(struct card *c, const char *text, const char *action,
                                const char *value); /* NULL when full */

/* For the outbox. Caller decrefs / fills. */
json_t *card_save(const struct card *c);
bool card_load(const json_t *saved, struct card *ret, struct err *err);
/* Plain text for terminals, logs and notifications: lines of at most `width` columns (0 = unbounded). Caller
 * mem_frees. */
char *card_text(const struct card *c, int width);
/* Lines of card_text(c, 0), or some of them, wrapped in the same way. Caller mem_frees. */
char *card_wrap(const char *text, int width);
/* One line for notifications: title and served. */
void card_summary(const struct card *c, char *to, size_t size);

#endif
