#ifndef CORE_RESTART_H
#define CORE_RESTART_H
/* `restart`: what commands/restart.c calls. */
struct command_call;

/* Takes over the call: preflight, first card, UpdateService, following. Ends it with command_started or
 * command_refuse. */
void engine_restart(struct command_call *call);
/* `follow`: a deployment begun elsewhere is followed like a restart; nothing is changed in AWS. */
void engine_follow(struct command_call *call);

#endif
