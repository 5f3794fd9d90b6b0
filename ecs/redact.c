/* What looks like a secret in a log line. One pass over the cleaned line; at each place the shapes are tried
 * in turn, and what a shape calls secret is left out. In doubt it is left out: a line that says less is
 * better than a password in a channel. */
#include "ecs/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "redact_shapes.h"

#define MARK       "[redacted]"
#define INPUT_MOST 16384 /* of a line: far more than is shown, so that shapes are seen to their end */
#define ESCAPE     '\x1b'

/* Colours ("ESC [ 31 m") go as a whole: text_clean would leave "[31m" in the middle of a word. */
static void drop_colours(char *text)
{
    char *to = text;

    for (const char *at = text; *at;) {
        if (at[0] == ESCAPE && at[1] == '[') {
            at += 2;
            at += strspn(at, "0123456789;:?");
            at += *at != '\0'; /* the letter that ends it */
        } else {
            *to++ = *at++;
        }
    }
    *to = '\0';
}

void redact_line(char *to, size_t size, const char *from)
{
    char *line = mem_alloc(INPUT_MOST);
    struct buf out;

    text_copy(line, INPUT_MOST, from);
    drop_colours(line);
    text_clean(line, INPUT_MOST, line, false);
    buf_init(&out, INPUT_MOST * 2);
    for (const char *at = line; *at && out.len < size;) {
        struct redact_span span = redact_find(line, at);

        if (span.secret == 0) {
            buf_char(&out, *at++);
            continue;
        }
        buf_put(&out, at, span.keep);
        buf_text(&out, MARK);
        at += span.keep + span.secret;
    }
    text_copy(to, size, out.len ? out.data : "");
    buf_finish(&out);
    mem_free(line);
}
