#include <string.h>

#include "loop/process.h"
#include "loop_private.h"

void line_splitter_init(struct line_splitter *s, void (*on_line)(void *user, char *line, size_t len),
                        void *user)
{
    *s = (struct line_splitter){.on_line = on_line, .user = user};
    buf_init(&s->line, PROCESS_LINE_MAX); /* past it the buffer takes no more: the line is cut there */
}

void line_splitter_finish(struct line_splitter *s)
{
    buf_finish(&s->line);
}

static void deliver(struct line_splitter *s)
{
    char nothing[1] = "";
    s->on_line(s->user, s->line.len == 0 ? nothing : s->line.data, s->line.len);
    buf_clear(&s->line);
}

void line_splitter_put(struct line_splitter *s, const char *bytes, size_t len)
{
    /* on_line may be taken away by the very callback. */
    while (len > 0 && s->on_line != NULL) {
        const char *newline = memchr(bytes, '\n', len);
        const size_t part = newline == NULL ? len : (size_t)(newline - bytes);
        buf_put(&s->line, bytes, part);
        if (newline == NULL) {
            return;
        }
        deliver(s);
        bytes += part + 1;
        len -= part + 1;
    }
}

void line_splitter_end(struct line_splitter *s)
{
    if (s->line.len > 0 && s->on_line != NULL) {
        deliver(s);
    }
}
