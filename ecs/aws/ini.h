#ifndef AWS_INI_H
#define AWS_INI_H
/* The file format of ~/.aws/config and ~/.aws/credentials: sections, "name = value", comments, and indented
 * lines that belong to the setting above (skipped). Pure. */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* section as written without brackets and quotes: "default", "profile coegc", "sso-session main". name in
 * lower case; value trimmed, its comment dropped. err names the line, never its content. */
bool ini_read(const char *text, size_t len,
              void (*visit)(void *user, const char *section, const char *name, const char *value), void *user,
              struct err *err);

#endif
