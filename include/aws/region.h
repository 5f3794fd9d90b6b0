#ifndef AWS_REGION_H
#define AWS_REGION_H
/* Which region a person meant when the configuration names none. */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The region that ~/.aws gives the profile (NULL = AWS_PROFILE, else "default"); to is "" when it gives none.
 * Never AWS_REGION: that is the machine's, not the target's. False with err when the files are broken.
 * Blocking. */
bool region_of_profile(const char *(*environment)(const char *name), const char *profile, char *to,
                       size_t size, struct err *err);

#endif
