/* The words, the moves and the ends of an operation. Pure. */
#include "core/operation.h"

#include <assert.h>
#include <string.h>

static const char *const WORDS[OP_STATES] = {
    [OP_REQUESTED] = "requested",
    [OP_ASKING] = "asking",
    [OP_QUEUED] = "queued",
    [OP_ACTING] = "acting",
    [OP_UNCERTAIN] = "uncertain",
    [OP_FOLLOWING] = "following",
    [OP_REFUSED] = "refused",
    [OP_EXPIRED] = "expired",
    [OP_DECLINED] = "declined",
    [OP_CANCELLED] = "cancelled",
    [OP_SUCCEEDED] = "succeeded",
    [OP_FAILED] = "failed",
    [OP_ROLLED_BACK] = "rolled_back",
    [OP_SUPERSEDED] = "superseded",
    [OP_STOPPED_FOLLOWING] = "stopped_following",
};

#define TO(state) (1u << (state))

/* The drawing of include/core/operation.h as a table: bit set = the move is allowed. */
static const unsigned MOVES[OP_STATES] = {
    [OP_REQUESTED] = TO(OP_REFUSED) | TO(OP_ASKING) | TO(OP_QUEUED) | TO(OP_FOLLOWING),
    [OP_ASKING] =
        TO(OP_ASKING) | TO(OP_EXPIRED) | TO(OP_DECLINED) | TO(OP_CANCELLED) | TO(OP_QUEUED) | TO(OP_REFUSED),
    [OP_QUEUED] = TO(OP_ACTING) | TO(OP_ASKING) | TO(OP_REFUSED) | TO(OP_CANCELLED),
    [OP_ACTING] = TO(OP_FOLLOWING) | TO(OP_UNCERTAIN) | TO(OP_FAILED) | TO(OP_QUEUED),
    [OP_UNCERTAIN] = TO(OP_ACTING) | TO(OP_FOLLOWING) | TO(OP_FAILED) | TO(OP_CANCELLED),
    [OP_FOLLOWING] = TO(OP_SUCCEEDED) | TO(OP_FAILED) | TO(OP_ROLLED_BACK) | TO(OP_SUPERSEDED) |
                     TO(OP_STOPPED_FOLLOWING) | TO(OP_CANCELLED),
};

const char *operation_word(enum operation_state s)
{
    assert(s < OP_STATES);
    return WORDS[s];
}

bool operation_state_of(const char *word, enum operation_state *ret)
{
    for (unsigned s = 0; s < OP_STATES; s++) {
        if (strcmp(WORDS[s], word) == 0) {
            *ret = (enum operation_state)s;
            return true;
        }
    }
    return false;
}

bool operation_may_move(enum operation_state from, enum operation_state to)
{
    return from < OP_STATES && to < OP_STATES && (MOVES[from] & TO(to)) != 0;
}

bool operation_ended(enum operation_state s)
{
    return MOVES[s] == 0;
}

int operation_exit_status(enum operation_state s)
{
    switch (s) {
    case OP_SUCCEEDED: return 0;
    case OP_FAILED:
    case OP_ROLLED_BACK: return 1;
    case OP_REFUSED:
    case OP_EXPIRED:
    case OP_DECLINED:
    case OP_ASKING: return 3;
    default: return 4;
    }
}

/* Without 0 O 1 I L and the vowels that make words of four letters. */
static const char ID_LETTERS[] = "BCDFGHJKMNPQRSTVWXYZ23456789";

void operation_id(char to[STORE_ID], uint32_t random)
{
    const uint32_t base = (uint32_t)(sizeof(ID_LETTERS) - 1);
    for (int i = 0; i < 4; i++) {
        to[i] = ID_LETTERS[random % base];
        random /= base;
    }
    to[4] = '\0';
}
