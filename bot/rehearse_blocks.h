#ifndef BOT_REHEARSE_BLOCKS_H
#define BOT_REHEARSE_BLOCKS_H
/* A Slack message as a person sees it, for a terminal: Block Kit and mrkdwn -> lines of text. Pure. */
#include <jansson.h>

#include "base/buf.h"

/* names: {"U0ANA": "ana", …}, for mentions. Without blocks the message's text is shown. Appends lines, each
 * ended by a newline. */
void rehearse_blocks(const json_t *blocks, const char *text, const json_t *names, struct buf *ret);
/* The n-th button (from 1) of the blocks: its action_id and value, borrowed. False when there is none. */
bool rehearse_button(const json_t *blocks, int n, const char **ret_action, const char **ret_value);

#endif
