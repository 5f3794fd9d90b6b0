#include "gate.h"

#include "base/buf.h"
#include "base/jsonx.h"
#include "base/secret.h"

#define TEXT_MAX 65536 /* of one text: more than any row of ours has */

static void clean(struct buf *to, const char *text)
{
    buf_init(to, TEXT_MAX);
    buf_text(to, text);
    secret_gate_buf(to);
    if (buf_overflowed(to)) {
        buf_clear(to);
        buf_text(to, SECRET_SHOWN);
    }
}

static void gate_text(json_t *text)
{
    struct buf shown;
    if (secret_gate_would_change(json_string_value(text))) {
        clean(&shown, json_string_value(text));
        json_string_set(text, shown.data);
        buf_finish(&shown);
    }
}

/* Core's rows are a few levels deep; none is made of what others nested. */
static void gate_value(json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_string(value)) {
        gate_text(value);
    }
    json_object_foreach(value, key, member)
    {
        gate_value(member);
    }
    json_array_foreach(value, i, member)
    {
        gate_value(member);
    }
}

void gate_quote(struct buf *to, const char *text)
{
    struct buf shown;
    clean(&shown, text);
    jsonx_quote(to, shown.data);
    buf_finish(&shown);
}

char *gate_print(json_t *saved)
{
    gate_value(saved);
    char *text = jsonx_print(saved);
    json_decref(saved);
    return text;
}
