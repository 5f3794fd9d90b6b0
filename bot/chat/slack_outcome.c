/* What an answer means for a message: sent, later, unknown, or never, with what an operator can do. One
 * table. A post whose fate is unsure is looked up before it is posted again; an edit may simply be repeated.
 * A missing scope mends nothing by another way: the message waits until the app was installed again.
 *
 * A refusal goes on as plain text, then as a direct message to the one who asked; each once. */
#include "base/text.h"
#include "slack_private.h"

#define FATAL_WAIT_MS 60000
#define SCOPE_WAIT_MS 30000

/* How a refusal goes on. */
enum way { WAY_NEVER, WAY_PLAIN, WAY_DM };

static const struct refusal {
    const char *error;
    enum way way; /* PLAIN: once more as plain text, then as DM; DM: as a direct message */
    const char *sentence;
} REFUSALS[] = {
    {"invalid_blocks", WAY_PLAIN, "Slack takes neither the blocks nor the plain text"},
    {"invalid_blocks_format", WAY_PLAIN, "Slack takes neither the blocks nor the plain text"},
    {"msg_blocks_too_long", WAY_PLAIN, "the message is too long for Slack"},
    {"block_mismatch", WAY_PLAIN, "Slack takes neither the blocks nor the plain text"},
    {"invalid_attachments", WAY_PLAIN, "Slack takes neither the blocks nor the plain text"},
    {"msg_too_long", WAY_PLAIN, "the message is too long for Slack"},
    {"no_text", WAY_NEVER, "the message is empty"},
    {"metadata_too_large", WAY_NEVER, "the message's metadata is too large"},
    {"invalid_metadata_format", WAY_NEVER, "Slack does not take the message's metadata"},
    {"channel_not_found", WAY_DM,
     "there is no such channel, or the bot is not in it: type /invite in the channel and choose the bot"},
    {"not_in_channel", WAY_DM, "the bot is not in the channel: type /invite there and choose the bot"},
    {"user_not_in_channel", WAY_DM, "the user is not in the channel"},
    {"user_not_found", WAY_NEVER, "there is no such user"},
    {"is_archived", WAY_DM, "the channel is archived: unarchive it, or configure another channel"},
    {"is_inactive", WAY_DM, "the channel is closed: configure another channel"},
    {"restricted_action", WAY_DM,
     "the workspace's settings forbid it: ask a Slack administrator to let the bot post in this channel"},
    {"restricted_action_read_only_channel", WAY_DM,
     "the channel is read-only: ask a Slack administrator to let the bot post there"},
    {"restricted_action_thread_only_channel", WAY_DM, "the channel takes replies in threads only"},
    {"restricted_action_thread_locked", WAY_DM, "the thread is locked"},
    {"restricted_action_non_threadable_channel", WAY_DM, "the channel takes no threads"},
    {"thread_not_found", WAY_DM, "the thread is gone"},
    {"cannot_reply_to_message", WAY_DM, "the message takes no replies"},
    {"ekm_access_denied", WAY_NEVER,
     "the organization's key management forbids it: ask a Slack administrator"},
    {"access_denied", WAY_NEVER, "the workspace forbids it: ask a Slack administrator"},
    {"org_login_required", WAY_NEVER, "the workspace is being moved to an organization"},
    {"messages_tab_disabled", WAY_NEVER,
     "the app takes no direct messages: switch on the Messages tab in the app's settings (App Home)"},
    {"cannot_dm_bot", WAY_NEVER, "a bot takes no direct messages"},
    {"message_not_found", WAY_NEVER, "the message to be edited is gone"},
    {"cant_update_message", WAY_NEVER, "the message is not the bot's own"},
    {"edit_window_closed", WAY_NEVER, "the workspace's settings no longer allow the message to be edited"},
};

static const struct refusal *refusal_of(const char *error)
{
    for (size_t i = 0; i < sizeof(REFUSALS) / sizeof(REFUSALS[0]); i++) {
        if (text_equal(error, REFUSALS[i].error)) {
            return &REFUSALS[i];
        }
    }
    return NULL;
}

const char *slack_refusal_sentence(const char *error)
{
    const struct refusal *r = refusal_of(error);
    return r != NULL ? r->sentence : NULL;
}

/* Never an endless way: each detour is taken once. A word we do not know may be one of a new kind of channel:
 * a direct message may still arrive. */
static enum slack_next next_after(const struct slack_try *t, const struct refusal *r)
{
    const enum way way = r != NULL ? r->way : WAY_DM;
    if (way == WAY_PLAIN && !t->plain) {
        return SLACK_NEXT_PLAIN;
    }
    return way != WAY_NEVER && t->has_reader && t->kind != CHAT_UPDATE && !t->dm ? SLACK_NEXT_DM
                                                                                 : SLACK_NEXT_END;
}

enum slack_next slack_outcome(const struct slack_try *t, const struct slack_answer *answer,
                              enum chat_failure *ret_outcome, int64_t *ret_retry_ms, struct err *ret_err)
{
    switch (answer->fate) {
    case SLACK_FATE_OK: *ret_outcome = CHAT_SENT; return SLACK_NEXT_END;
    case SLACK_FATE_LATER:
    case SLACK_FATE_UNSURE:
        *ret_outcome = answer->fate == SLACK_FATE_UNSURE && t->kind == CHAT_POST ? CHAT_UNKNOWN : CHAT_LATER;
        *ret_retry_ms = answer->retry_ms;
        break;
    case SLACK_FATE_FATAL:
        *ret_outcome = CHAT_LATER; /* its row waits for the next start, with a new token */
        *ret_retry_ms = FATAL_WAIT_MS;
        break;
    case SLACK_FATE_REFUSED:
        if (text_equal(answer->error, "missing_scope")) {
            *ret_outcome = CHAT_LATER;
            *ret_retry_ms = SCOPE_WAIT_MS;
            break;
        }
        if (next_after(t, refusal_of(answer->error)) != SLACK_NEXT_END) {
            return next_after(t, refusal_of(answer->error));
        }
        *ret_outcome = CHAT_NEVER;
        break;
    }
    *ret_err = answer->err;
    return SLACK_NEXT_END;
}
