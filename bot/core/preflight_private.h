#ifndef CORE_PREFLIGHT_PRIVATE_H
#define CORE_PREFLIGHT_PRIVATE_H
/* What the files of the preflight share. */
#include "preflight.h"

/* ---- what stands around the service (preflight_around.c) */
void preflight_can_start(const struct preflight_facts *f, struct preflight *p); /* image, database */
void preflight_serves(const struct preflight_facts *f, struct preflight *p);    /* targets, alarms */
void preflight_unchecked(const struct preflight_facts *f, struct preflight *p);

#endif
