#ifndef SCENARIO_COUNTS_H
#define SCENARIO_COUNTS_H
/* What scenarios of counts ask of the simulated world, and do in it as somebody else would. */
#include "fake_ecs.h"
#include "lib_rig.h"

/* If it was killed: begun again after so long. Returns whether it was. */
bool counts_revive(struct rig *r, int64_t away);
/* Asks, waits for the question, confirms it as this user. */
void counts_confirm(struct rig *r, const char *text);
/* Presses the danger button of the newest question. */
void counts_yes(struct rig *r, const char *user);
int counts_desired(struct rig *r, const char *service);
/* Of this service, begun since the world's beginning. */
int counts_deployments(struct rig *r, const char *service);
/* in, out and scheduled: "111", "000"; "-" = not registered */
const char *counts_switches(struct rig *r, const char *service);
/* As somebody else would, in the AWS console. */
void counts_set(struct rig *r, const char *service, int desired);
void counts_suspend(struct rig *r, const char *service, bool in, bool out, bool scheduled);
/* How many memos of counts the store has. */
size_t counts_memos(struct rig *r);

#define API    "tak-cloudtak-cotak-prod"
#define HUB    "tak-cloudtak-cotak-prod-stateful"
#define EVENTS "tak-cloudtak-cotak-prod-events"

#endif
