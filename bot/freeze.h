#ifndef BOT_FREEZE_H
#define BOT_FREEZE_H
/* The real freeze: a file of this host. */
#include "core/freeze.h"

struct config;

/* freeze_file of the settings, else "freeze" beside the store. */
struct freeze *freeze_file_create(const struct config *config);
void freeze_file_destroy(struct freeze *f); /* accepts NULL */

#endif
