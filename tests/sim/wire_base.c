/* What the wires share: lines out, forms in. */
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/server.h"
#include "sim/wire.h"

#define NAME_MAX_LEN  128
#define VALUE_MAX_LEN (256 * 1024)

int64_t wire_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void wire_answer(struct wire_out *out, const json_t *answer)
{
    char *text = json_dumps(answer, JSON_COMPACT | JSON_REAL_PRECISION(10));
    size_t len = strlen(text);
    text = mem_resize(text, len + 2);
    text[len] = '\n';
    text[len + 1] = '\0';
    out->line(out->user, text, len + 1);
    mem_free(text);
}

void wire_tell(struct wire_out *out, const json_t *change)
{
    if (!out->quiet) {
        wire_answer(out, change);
    }
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static void decode(struct buf *to, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            buf_char(to, (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
            i += 2;
        } else {
            buf_char(to, text[i] == '+' ? ' ' : text[i]);
        }
    }
}

static void put_pair(json_t *form, const char *pair, size_t len)
{
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - pair) : len;
    struct buf name, value;
    buf_init(&name, NAME_MAX_LEN);
    buf_init(&value, VALUE_MAX_LEN);
    decode(&name, pair, name_len);
    if (equals != NULL) {
        decode(&value, equals + 1, len - name_len - 1);
    }
    bool good = name.len > 0 && !buf_overflowed(&name) && !buf_overflowed(&value) &&
                text_utf8_valid(name.data, name.len) && text_utf8_valid(value.data, value.len);
    if (good && json_object_get(form, name.data) == NULL) {
        json_object_set_new(form, name.data, json_stringn(value.data, value.len));
    }
    buf_finish(&name);
    buf_finish(&value);
}

json_t *wire_form(const char *text, size_t len)
{
    json_t *form = json_object();
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '&', len - at);
        size_t pair = end != NULL ? (size_t)(end - text) - at : len - at;
        put_pair(form, text + at, pair);
        at += pair + 1;
    }
    return form;
}

json_t *wire_body(const struct server_call *call)
{
    size_t len;
    const char *body = server_body(call, &len), *type = server_header(call, "content-type");
    if (type != NULL && strstr(type, "json") != NULL) {
        json_t *value = jsonx_parse(body, len, NULL);
        if (json_is_object(value)) {
            return value;
        }
        json_decref(value);
        return json_object();
    }
    return wire_form(body, len);
}
