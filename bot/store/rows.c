#include "rows.h"

#include <stdint.h>

#include "base/mem.h"

static char *copy_text(const char *text)
{
    return mem_text(text == NULL ? "" : text);
}

static void free_text(const char **text)
{
    mem_free((void *)(uintptr_t)*text); /* const for readers, owned by the copy */
    *text = NULL;
}

void rows_copy_operation(struct store_operation *to, const struct store_operation *from)
{
    *to = *from;
    to->detail = copy_text(from->detail);
    to->follow = copy_text(from->follow);
}

void rows_free_operation(struct store_operation *row)
{
    free_text(&row->detail);
    free_text(&row->follow);
}

void rows_copy_outbox(struct store_outbox *to, const struct store_outbox *from)
{
    *to = *from;
    to->card = copy_text(from->card);
}

void rows_free_outbox(struct store_outbox *row)
{
    free_text(&row->card);
}

void rows_copy_audit(struct store_audit *to, const struct store_audit *from)
{
    *to = *from;
    to->detail = copy_text(from->detail);
}

void rows_free_audit(struct store_audit *row)
{
    free_text(&row->detail);
}

void rows_copy_memo(struct store_memo *to, const struct store_memo *from)
{
    *to = *from;
    to->json = copy_text(from->json);
}

void rows_free_memo(struct store_memo *row)
{
    free_text(&row->json);
}

bool rows_operation_open(const struct store_operation *row)
{
    return !row->ended || row->watch_until_ms > 0;
}

bool rows_outbox_waits(const struct store_outbox *row)
{
    return row->state == OUTBOX_PENDING || row->state == OUTBOX_SENDING ||
           (row->state == OUTBOX_SENT && row->sent_version < row->version);
}
