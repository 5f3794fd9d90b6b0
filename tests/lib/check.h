#ifndef LIB_CHECK_H
#define LIB_CHECK_H
/* What every unit test needs. Include this instead of <cmocka.h>: it wants other headers before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CHECK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* For table tests: fails with the row's name in the report. */
#define CHECK_ROW(name, condition)                                                                           \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fail_msg("row \"%s\": %s", (name), #condition);                                                  \
        }                                                                                                    \
    } while (0)

#endif
