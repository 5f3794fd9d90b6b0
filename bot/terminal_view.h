#ifndef BOT_TERMINAL_VIEW_H
#define BOT_TERMINAL_VIEW_H
/* Messages on a terminal: a new one whole, of an edit the lines that changed. Remembers the buttons. Pure. */
#include <stdbool.h>
#include <stddef.h>

#include "door_wire.h"

struct buf;
struct terminal_view; /* opaque */

/* own: what stands before commands here, instead of "cloudtak-bot exec --". bold: the first line of a message
 * is. width: columns; 0 = lines are not broken. */
struct terminal_view *terminal_view_create(const char *own, bool bold, int width);
void terminal_view_destroy(struct terminal_view *v); /* Accepts NULL. */
/* Appends what is to be printed; nothing when nothing changed. */
void terminal_view_message(struct terminal_view *v, const struct door_tell *t, struct buf *to);
/* The newest question that waits: its message and its button n (1…), or NULL. */
const struct door_button *terminal_view_button(const struct terminal_view *v, size_t n,
                                               const char **ret_message);
/* The lines of now that were not there before, indented. */
void terminal_view_changes(const char *before, const char *now, struct buf *to);

#endif
