#ifndef CORE_OPERATION_H
#define CORE_OPERATION_H
/* An operation is a row in the store first and a running thing second. One table of moves; one function
 * changes a state.
 *
 *   requested -> refused | asking | queued | following (`follow`: somebody else began it)
 *   asking    -> asking | expired | declined | cancelled | queued | refused
 *   queued    -> acting | asking (too late, or the facts changed) | refused | cancelled
 *   acting    -> following | uncertain | failed | queued (too late: nothing was sent)
 *   uncertain -> acting (a person said: again) | following | failed | cancelled
 *   following -> succeeded | failed | rolled_back | superseded | stopped_following | cancelled
 */
#include <jansson.h>
#include <stdbool.h>

#include "core/request.h"
#include "ecs/follow.h"
#include "store/store.h"

enum operation_state {
    OP_REQUESTED,
    OP_ASKING,
    OP_QUEUED,
    OP_ACTING,
    OP_UNCERTAIN,
    OP_FOLLOWING,
    OP_REFUSED,
    OP_EXPIRED,
    OP_DECLINED,
    OP_CANCELLED,
    OP_SUCCEEDED,
    OP_FAILED,
    OP_ROLLED_BACK,
    OP_SUPERSEDED,
    OP_STOPPED_FOLLOWING,
    OP_STATES
};
const char *operation_word(enum operation_state s);
bool operation_state_of(const char *word, enum operation_state *ret);
bool operation_may_move(enum operation_state from, enum operation_state to);
bool operation_ended(enum operation_state s);
/* Exit status of design 5.1 for `--exec`: 0 done, 1 failed…, 3 refused…, 4 superseded…. */
int operation_exit_status(enum operation_state s);

/* A new id: four characters of A-Z2-9 without look-alikes. random: any 32 bits. */
void operation_id(char to[STORE_ID], uint32_t random);

#endif
