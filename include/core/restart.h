#ifndef CORE_RESTART_H
#define CORE_RESTART_H
/* What the files of commands/ that change something call. */
struct command_call;
struct act; /* a kind of change: bot/core/act.h */
extern const struct act act_restart, act_rollback, act_stop;
extern const struct act act_scale, act_shutdown, act_start;

/* Takes over the call of a command with `changes`: preflight, question, first card, the AWS calls, following.
 * Ends it with command_started or command_refuse. */
void engine_change(struct command_call *call, const struct act *act);
/* `restart`, and the order of services that `all` means. */
void engine_restart(struct command_call *call);
/* `unfollow`: a step of its own, about an operation that is followed. */
void engine_unfollow(struct command_call *call);
/* `follow`: a deployment begun elsewhere is followed like a restart; nothing is changed in AWS. */
void engine_follow(struct command_call *call);

#endif
