#include "base/err.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define CUT_MARK "…"

/* Puts text into err, with the mark at its end when it does not fit. */
static void keep(struct err *err, const char *text, bool already_cut)
{
    if (!already_cut && text_copy(err->text, sizeof(err->text), text)) {
        return;
    }
    char shorter[ERR_TEXT_MAX - (sizeof(CUT_MARK) - 1)];
    text_copy(shorter, sizeof(shorter), text);
    text_format(err->text, sizeof(err->text), "%s%s", shorter, CUT_MARK);
}

bool err_set(struct err *err, enum err_code code, const char *format, ...)
{
    if (err == NULL) {
        return false;
    }
    char text[2 * ERR_TEXT_MAX]; /* apart from err, whose own text may be an argument */
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assert(len >= 0);
    err->code = code;
    keep(err, text, (size_t)len >= sizeof(text));
    return false;
}

bool err_wrap(struct err *err, const char *format, ...)
{
    if (err == NULL) {
        return false;
    }
    char outer[ERR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(outer, sizeof(outer), format, args);
    va_end(args);
    assert(len >= 0);
    char text[2 * ERR_TEXT_MAX + 2];
    text_format(text, sizeof(text), "%s: %s", outer, err->text);
    keep(err, text, false);
    return false;
}

const char *err_word(enum err_code code)
{
    switch (code) {
    case ERR_NONE: return "none";
    case ERR_USAGE: return "usage";
    case ERR_CONFIG: return "config";
    case ERR_IO: return "io";
    case ERR_LIMIT: return "limit";
    case ERR_PROTOCOL: return "protocol";
    case ERR_UNREACHABLE: return "unreachable";
    case ERR_TIMEOUT: return "timeout";
    case ERR_CANCELLED: return "cancelled";
    case ERR_DENIED: return "denied";
    case ERR_THROTTLED: return "throttled";
    case ERR_MISSING: return "missing";
    case ERR_STALE: return "stale";
    case ERR_REMOTE: return "remote";
    case ERR_FULL: return "full";
    }
    return "unknown";
}
