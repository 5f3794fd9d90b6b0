#ifndef CORE_ANSWER_H
#define CORE_ANSWER_H
/* What commands/{confirm,decline,cancel,lock,unlock,locks}.c call. Each takes over the call and ends it. */
struct command_call;

/* `confirm CODE`, `decline CODE`: an open question of this channel is answered by who may confirm it.
 * `cancel OPERATION`: anybody in the channel withdraws it. */
void engine_confirm(struct command_call *call);
void engine_decline(struct command_call *call);
void engine_cancel(struct command_call *call);

/* A target's lock is taken, given back, listed. Somebody else's is asked about first. */
void engine_lock(struct command_call *call);
void engine_unlock(struct command_call *call);
void engine_locks(struct command_call *call);

#endif
