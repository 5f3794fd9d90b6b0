/* What looks like a secret in a log line. One pass over the cleaned line; at each place the shapes are tried
 * in turn, and what a shape calls secret is left out. In doubt it is left out: a line that says less is
 * better than a password in a channel. */
#include "ecs/redact.h"

#include <stdbool.h>
#include <string.h>

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

/* What stands between a name and its secret is kept, and looked at for tokens all the same. */
static void copy_without_secrets(struct buf *out, size_t most, const char *line)
{
    const char *secret = NULL, *behind = NULL; /* what was found, and not reached yet */

    for (const char *at = line; *at && out->len < most;) {
        struct redact_span span = {0, 0};
        size_t len = redact_token(line, at);

        if (!secret)
            span = redact_find(line, at);
        if (span.secret) {
            secret = at + span.keep;
            behind = secret + span.secret;
        }
        if (secret && at + len >= secret) {
            if (at == secret || len > 0)
                buf_text(out, MARK);
            at = at + len > behind ? at + len : behind;
            secret = NULL;
        } else if (len > 0) {
            buf_text(out, MARK);
            at += len;
        } else {
            buf_char(out, *at++);
        }
    }
}

void redact_line(char *to, size_t size, const char *from)
{
    char *line = mem_alloc(INPUT_MOST);
    struct buf out;

    text_copy(line, INPUT_MOST, from);
    drop_colours(line);
    text_clean(line, INPUT_MOST, line, false);
    buf_init(&out, INPUT_MOST * 2);
    copy_without_secrets(&out, size, line);
    text_copy(to, size, out.len ? out.data : "");
    buf_finish(&out);
    mem_free(line);
}
