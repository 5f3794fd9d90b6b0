#ifndef CORE_FOLD_H
#define CORE_FOLD_H
/* Phones turn what people type into typography: dashes, quotes and spaces of every kind become the plain
 * ones, "—reason" becomes "--reason". Pure. */
#include <stddef.h>

/* Always NUL-terminated; cut at size. Quotes become ", no-break and other spaces become ' '. */
void fold_text(char *to, size_t size, const char *from);

#endif
