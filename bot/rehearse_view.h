#ifndef BOT_REHEARSE_VIEW_H
#define BOT_REHEARSE_VIEW_H
/* The rehearsal's channel in the terminal: keeps the messages that the simulated Slack shows, prints new ones
 * and what an edit changed. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct rehearse_view;

/* write gets whole lines. names as for rehearse_blocks; not owned. */
struct rehearse_view *rehearse_view_create(const json_t *names, const char *user_of_bot,
                                           void (*write)(void *user, const char *text), void *user);
void rehearse_view_destroy(struct rehearse_view *v); /* Accepts NULL. */
/* An event of the simulator: message, update, ephemeral; others are ignored. at: the world's time, printed
 * before it. */
void rehearse_view_event(struct rehearse_view *v, const json_t *event, int64_t at_ms);
/* The newest message with a button number n: its id, action and value; borrowed until the next event. */
bool rehearse_view_button(const struct rehearse_view *v, int n, const char **ret_message,
                          const char **ret_action, const char **ret_value);

#endif
