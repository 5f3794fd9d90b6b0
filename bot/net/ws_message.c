/* Whole messages from parts, up to a ceiling. Of a larger one the first and the last bytes are kept, so that
 * its reader can still tell which delivery it was. Pure. */
#include <string.h>

#include "ws_private.h"

#define KEEP_BUFFER (64 * 1024) /* a buffer that grew beyond this is given back after its message */

void ws_message_init(struct ws_message *m, size_t max)
{
    memset(m, 0, sizeof(*m));
    m->max = max;
    buf_init(&m->whole, max);
}

void ws_message_finish(struct ws_message *m)
{
    buf_finish(&m->whole);
}

static void add_to_tail(struct ws_message *m, const char *bytes, size_t len)
{
    if (len >= sizeof(m->tail)) {
        memcpy(m->tail, bytes + len - sizeof(m->tail), sizeof(m->tail));
        m->tail_len = sizeof(m->tail);
        return;
    }
    size_t room = sizeof(m->tail) - m->tail_len;
    if (len > room) {
        size_t drop = len - room;
        memmove(m->tail, m->tail + drop, m->tail_len - drop);
        m->tail_len -= drop;
    }
    memcpy(m->tail + m->tail_len, bytes, len);
    m->tail_len += len;
}

/* The head is what was at the front so far, filled up from the new bytes when that was little. */
static void become_oversize(struct ws_message *m, const char *bytes, size_t len)
{
    size_t kept = m->whole.len < sizeof(m->head) ? m->whole.len : sizeof(m->head);
    size_t more = sizeof(m->head) - kept < len ? sizeof(m->head) - kept : len;

    memcpy(m->head, m->whole.data, kept);
    memcpy(m->head + kept, bytes, more);
    m->tail_len = 0;
    add_to_tail(m, m->whole.data, m->whole.len);
    buf_finish(&m->whole);
    buf_init(&m->whole, m->max);
    m->oversize = true;
}

void ws_message_add(struct ws_message *m, const char *bytes, size_t len)
{
    if (!m->oversize && m->total + len > m->max)
        become_oversize(m, bytes, len);
    else if (m->oversize && m->total < sizeof(m->head)) /* a tiny ceiling: the head is not full yet */
        memcpy(m->head + m->total, bytes,
               len < sizeof(m->head) - (size_t)m->total ? len : sizeof(m->head) - (size_t)m->total);
    if (m->oversize)
        add_to_tail(m, bytes, len);
    else
        buf_put(&m->whole, bytes, len);
    m->total += len;
}

void ws_message_clear(struct ws_message *m)
{
    if (m->whole.cap > KEEP_BUFFER) {
        buf_finish(&m->whole);
        buf_init(&m->whole, m->max);
    }
    buf_clear(&m->whole);
    m->total = 0;
    m->tail_len = 0;
    m->oversize = false;
}
