#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "utf8.h"

#define MESSAGE_MAX  (16 * 1024)        /* bytes of one message before it is cut */
#define LINE_CEILING (16 * MESSAGE_MAX) /* subject and message, every byte escaped */
/* What a cut drops besides: a secret that the cut went through is no longer recognised, so as many bytes go
 * as the longest encoded secret has. */
#define CUT_MARGIN (4 * 1024)

static atomic_int lowest = LOG_INFO;
static void (*line_sink)(void *user, const char *line);
static void *line_user;

void log_set_level(enum log_level level)
{
    atomic_store(&lowest, (int)level);
}

void log_set_sink(void (*sink)(void *user, const char *line), void *user)
{
    line_sink = sink;
    line_user = user;
}

static const char *level_word(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG: return "debug";
    case LOG_INFO: return "info";
    case LOG_WARNING: return "warning";
    case LOG_ERROR: return "error";
    }
    return "error";
}

/* Standard error. One write for the whole line, so that lines of two threads never mix. */
static void write_line(struct buf *line)
{
    buf_char(line, '\n');
    size_t at = 0;
    while (at < line->len) {
        const ssize_t written = write(STDERR_FILENO, line->data + at, line->len - at);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return; /* nobody reads our log: there is no place left to say so */
        }
        at += (size_t)written;
    }
}

static void gate(struct buf *text)
{
    secret_gate_buf(text);
    if (!buf_overflowed(text)) {
        return;
    }
    const size_t wanted = text->len > CUT_MARGIN ? text->len - CUT_MARGIN : 0;
    const size_t kept = utf8_cut(text->data, text->len, wanted);
    char *whole = buf_take(text);
    buf_put(text, whole, kept);
    buf_text(text, "…");
    mem_free(whole);
}

static void put_time(struct buf *line)
{
    const struct clock clock = clock_real(1, 0);
    const int64_t now = clock_wall(&clock);
    char time[TEXT_TIME];
    text_time_iso(time, now);
    buf_format(line, "{\"time\":\"%.19s.%03dZ\"", time, (int)(now % 1000));
}

void log_line(enum log_level level, const char *area, const char *subject, const char *format, ...)
{
    if ((int)level < atomic_load(&lowest)) {
        return;
    }
    const int saved_errno = errno;
    struct buf message, line;
    buf_init(&message, MESSAGE_MAX);
    buf_init(&line, LINE_CEILING);
    va_list args;
    va_start(args, format);
    buf_vformat(&message, format, args);
    va_end(args);
    gate(&message);

    put_time(&line);
    buf_format(&line, ",\"level\":\"%s\",\"area\":", level_word(level));
    jsonx_quote(&line, area);
    if (subject != NULL) {
        struct buf about;
        buf_init(&about, MESSAGE_MAX);
        buf_text(&about, subject);
        gate(&about);
        buf_text(&line, ",\"subject\":");
        jsonx_quote(&line, about.data);
        buf_finish(&about);
    }
    buf_text(&line, ",\"message\":");
    jsonx_quote(&line, message.data);
    buf_char(&line, '}');
    if (line_sink != NULL) {
        line_sink(line_user, line.data);
    } else {
        write_line(&line);
    }
    buf_finish(&message);
    buf_finish(&line);
    errno = saved_errno;
}
