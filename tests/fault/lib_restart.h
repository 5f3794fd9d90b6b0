#ifndef FAULT_RESTART_H
#define FAULT_RESTART_H
/* A whole restart in the simulated world with one fault in it, and what must hold whatever the fault was. */
#include "lib_faults.h"

struct play {
    const char *name;
    const char *scenario; /* of the world */
    bool asks;            /* the target always wants a confirmation */
    bool may_succeed;     /* else nothing may ever say DONE */
};
extern const struct play plays[];
extern const size_t play_count;

struct run {
    const struct play *play;
    struct rig *rig;
    struct faults faults;
    int clicks; /* of confirm, by the person who asked */
    int64_t clicked_ms;
    bool quick; /* no second restart at the end */
};

/* Sets a run up and asks for the restart. faults holds the plan already. */
void run_begin(struct run *r, const struct play *play);
/* Plays it to its end, pressing the buttons that a person would; at most ms of virtual time. False when the
 * plan stopped the loop. */
bool run_on(struct run *r, int64_t ms);
/* To the end, then everything that must hold is checked, a second restart included. */
void run_judge(struct run *r);
void run_end(struct run *r);

/* Calls play(context, p, at) for at = 1, 2, … until it returns false: the run was over before its Nth call.
 * With CLOUDTAK_FAULT_ALL in the environment for every play and every call, else for three of the five plays
 * (which ones depends on `salt`), the first calls, and a sample of the others that thins out: a deployment is
 * polled a hundred times, each time alike. Returns the number of runs. */
int run_sweep(bool (*play)(const void *context, const struct play *p, int at), const void *context, int salt);

#endif
