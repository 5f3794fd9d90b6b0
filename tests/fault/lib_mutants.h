#ifndef FAULT_MUTANTS_H
#define FAULT_MUTANTS_H
/* A bot that is wrong: between the engine and the faults, so that what the judge of lib_restart.c would see
 * of such a bot is seen. One at a time, for the whole process. */
#include "core/engine.h"
#include "lib_rig.h"

enum mutant {
    MUTANT_NONE,
    MUTANT_TWICE, /* UpdateService is sent a second time by itself */
    MUTANT_ECHO,  /* a verdict is posted twice */
    MUTANT_LIAR,  /* a verdict says DONE, whatever happened */
    MUTANT_MUTE,  /* verdicts are taken for posted and are not */
    MUTANTS
};
extern enum mutant mutant_in_force;

/* As faults_between, which it calls. */
void mutants_between(struct rig *r, struct engine_options *options, struct chat **chat);

#endif
