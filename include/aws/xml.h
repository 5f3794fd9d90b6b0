#ifndef AWS_XML_H
#define AWS_XML_H
/* Reading of AWS's XML answers (STS, ELBv2, CloudFormation) by expat: no DOCTYPE, bounded depth and size. */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Calls visit(path, text) at the end of each element, path as
 * "GetCallerIdentityResponse/GetCallerIdentityResult/Account" (namespaces dropped), text trimmed. */
bool xml_read(const char *bytes, size_t len, void (*visit)(void *user, const char *path, const char *text),
              void *user, struct err *err);

#endif
