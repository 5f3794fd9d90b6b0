#ifndef CORE_LOCAL_H
#define CORE_LOCAL_H
/* The second door: people of this host, at a terminal (`exec`, `console`). Their server is "local", which no
 * chat may be called; a button that they press is a click like any other. */
#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"
#include "core/request.h"

#define LOCAL_SERVER  "local"
#define LOCAL_OFFLINE "offline"              /* in who.team: nobody but the program itself ran */
#define LOCAL_COMMAND "cloudtak-bot exec --" /* how they call us */

/* From a terminal of this host, typed or pressed. */
bool local_request(const struct request *r);
/* Does the configuration name local:USER, in `people` or in a rule? Nobody else may do more than look, and
 * root never may: whoever becomes root is no person. */
bool local_known(const struct config *c, const char *user);
/* Who asked, as rules name them: "slack:user:U1", "local:ana". */
void request_principal(const struct who *who, char *to, size_t size);
/* The same for audit lines: "local:ana offline" when the daemon was down. */
void request_audited(const struct who *who, char *to, size_t size);
/* Asked by a program that ran by itself, because no daemon did. */
bool local_offline(const struct who *who);

#endif
