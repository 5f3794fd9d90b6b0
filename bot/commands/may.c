#include "may.h"

#include "base/buf.h"
#include "base/text.h"
#include "core/authz.h"

/* Asks the real decision with a row of that right, so that this never promises what the engine refuses. */
static enum authz_answer ask(const struct command_call *call, const struct config_target *target,
                             enum right right)
{
    const struct command probe = {.name = "", .usage = "", .right = right, .changes = right >= RIGHT_RESTART};
    const struct authz_facts nothing = {0};
    struct authz_result result;

    authz_decide(call->config, target, &probe, &call->request, &nothing, call->now_ms, &result);
    return result.answer;
}

static void list(const struct command_call *call, const struct config_target *target,
                 enum authz_answer wanted, struct buf *b)
{
    static const enum right rights[] = {RIGHT_VIEW, RIGHT_LOGS, RIGHT_RESTART, RIGHT_DOWNTIME};

    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        if (ask(call, target, rights[i]) == wanted)
            buf_format(b, "%s%s", b->len ? ", " : "", right_word(rights[i]));
    }
}

void may_text(const struct command_call *call, const struct config_target *target, char *to, size_t size)
{
    struct buf yes, perhaps;

    buf_init(&yes, 200);
    buf_init(&perhaps, 200);
    list(call, target, AUTHZ_ALLOWED, &yes);
    list(call, target, AUTHZ_LOOKUP, &perhaps);
    if (!yes.len && !perhaps.len)
        text_copy(to, size, "nothing here");
    else if (!perhaps.len)
        text_copy(to, size, yes.data);
    else
        text_format(to, size, "%s%s%s once your membership is checked", yes.data, yes.len ? "; " : "",
                    perhaps.data);
    buf_finish(&yes);
    buf_finish(&perhaps);
}
