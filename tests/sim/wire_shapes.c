/* Answers in other shapes than JSON: the query protocol's XML, and CBOR; CBOR of requests. */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "sim/wire_aws.h"

#define SHAPE_MOST (4 * 1024 * 1024)
#define DEPTH_MOST 16

/* ---- XML */

static void xml_text(struct buf *to, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *entity = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : NULL;
        entity != NULL ? buf_text(to, entity) : buf_char(to, *text);
    }
}

static void xml_value(struct buf *to, const json_t *value)
{
    size_t i;
    const char *name;
    json_t *member;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        json_object_foreach((json_t *)(uintptr_t)value, name, member)
        {
            buf_format(to, "<%s>", name);
            xml_value(to, member);
            buf_format(to, "</%s>", name);
        }
        break;
    case JSON_ARRAY:
        json_array_foreach((json_t *)(uintptr_t)value, i, member)
        {
            buf_text(to, "<member>");
            xml_value(to, member);
            buf_text(to, "</member>");
        }
        break;
    case JSON_STRING: xml_text(to, json_string_value(value)); break;
    case JSON_INTEGER: buf_format(to, "%" PRId64, (int64_t)json_integer_value(value)); break;
    case JSON_REAL: buf_format(to, "%.15g", json_real_value(value)); break;
    case JSON_TRUE: buf_text(to, "true"); break;
    case JSON_FALSE: buf_text(to, "false"); break;
    case JSON_NULL: break;
    }
}

char *wire_xml(const json_t *value)
{
    struct buf to;
    buf_init(&to, SHAPE_MOST);
    xml_value(&to, value);
    return buf_take(&to);
}

/* ---- CBOR out (RFC 8949): the first byte has the kind in its upper three bits */

enum { CBOR_UNSIGNED, CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_TAG, CBOR_OTHER };
#define CBOR_FALSE  20
#define CBOR_NULL   22
#define CBOR_FLOAT  26
#define CBOR_DOUBLE 27
#define CBOR_OPEN   31 /* an indefinite length, or its end */

static void put_big_endian(struct buf *to, uint64_t value, int bytes)
{
    while (bytes-- > 0) {
        buf_char(to, (char)(value >> (8 * bytes) & 0xff));
    }
}

static void put_head(struct buf *to, int kind, uint64_t value)
{
    int bytes = value < 24 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
    int low = bytes == 0 ? (int)value : bytes == 1 ? 24 : bytes == 2 ? 25 : bytes == 4 ? 26 : 27;
    buf_char(to, (char)(kind << 5 | low));
    put_big_endian(to, value, bytes);
}

static void put_double(struct buf *to, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    buf_char(to, (char)(CBOR_OTHER << 5 | CBOR_DOUBLE));
    put_big_endian(to, bits, 8);
}

static void put_cbor_text(struct buf *to, const char *text)
{
    put_head(to, CBOR_TEXT, strlen(text));
    buf_text(to, text);
}

/* "Timestamps", "StateUpdatedTimestamp": epoch seconds */
static bool is_time(const char *name)
{
    return text_ends(name, "Timestamp") || text_ends(name, "Timestamps");
}

static void put_cbor(struct buf *to, const json_t *value, bool time)
{
    size_t i;
    const char *name;
    json_t *member;
    if (time && json_is_number(value)) {
        put_head(to, CBOR_TAG, 1);
        put_double(to, json_number_value(value));
        return;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_head(to, CBOR_MAP, json_object_size(value));
        json_object_foreach((json_t *)(uintptr_t)value, name, member)
        {
            put_cbor_text(to, name);
            put_cbor(to, member, is_time(name));
        }
        break;
    case JSON_ARRAY:
        put_head(to, CBOR_ARRAY, json_array_size(value));
        json_array_foreach((json_t *)(uintptr_t)value, i, member)
        {
            put_cbor(to, member, time);
        }
        break;
    case JSON_STRING: put_cbor_text(to, json_string_value(value)); break;
    case JSON_INTEGER:
        if (json_integer_value(value) < 0) {
            put_head(to, CBOR_NEGATIVE, (uint64_t)(-1 - json_integer_value(value)));
        } else {
            put_head(to, CBOR_UNSIGNED, (uint64_t)json_integer_value(value));
        }
        break;
    case JSON_REAL: put_double(to, json_real_value(value)); break;
    case JSON_TRUE: put_head(to, CBOR_OTHER, CBOR_FALSE + 1); break;
    case JSON_FALSE: put_head(to, CBOR_OTHER, CBOR_FALSE); break;
    case JSON_NULL: put_head(to, CBOR_OTHER, CBOR_NULL); break;
    }
}

char *wire_cbor_write(const json_t *value, size_t *ret_len)
{
    struct buf to;
    buf_init(&to, SHAPE_MOST);
    put_cbor(&to, value, false);
    *ret_len = to.len;
    return buf_take(&to);
}

/* ---- CBOR in */

struct cbor {
    const unsigned char *at, *end;
    int depth;
};

static json_t *read_cbor(struct cbor *c);

/* The argument of a head; false at the end of the bytes. */
static bool read_number(struct cbor *c, int low, uint64_t *ret)
{
    int bytes = low < 24 ? 0 : low == 24 ? 1 : low == 25 ? 2 : low == 26 ? 4 : low == 27 ? 8 : -1;
    if (bytes < 0 || c->end - c->at < bytes) {
        return false;
    }
    *ret = bytes == 0 ? (uint64_t)low : 0;
    for (int i = 0; i < bytes; i++) {
        *ret = *ret << 8 | *c->at++;
    }
    return true;
}

static bool ends_here(struct cbor *c)
{
    if (c->at < c->end && *c->at == (CBOR_OTHER << 5 | CBOR_OPEN)) {
        c->at++;
        return true;
    }
    return false;
}

static json_t *read_list(struct cbor *c, bool open, uint64_t count)
{
    json_t *list = json_array();
    for (uint64_t i = 0; open ? !ends_here(c) : i < count; i++) {
        json_t *one = read_cbor(c);
        if (one == NULL) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *read_map(struct cbor *c, bool open, uint64_t count)
{
    json_t *map = json_object();
    for (uint64_t i = 0; open ? !ends_here(c) : i < count; i++) {
        json_t *name = read_cbor(c), *value = json_is_string(name) ? read_cbor(c) : NULL;
        if (value != NULL) {
            json_object_set_new(map, json_string_value(name), value);
        }
        json_decref(name);
        if (value == NULL) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

static json_t *read_text(struct cbor *c, uint64_t len)
{
    if (len > (uint64_t)(c->end - c->at)) {
        return NULL;
    }
    const char *text = (const char *)c->at;
    c->at += len;
    return json_stringn(text, (size_t)len);
}

static json_t *read_other(int low, uint64_t number)
{
    double value;
    float single;
    uint32_t bits = (uint32_t)number;
    switch (low) {
    case CBOR_FALSE: return json_false();
    case CBOR_FALSE + 1: return json_true();
    case CBOR_NULL: return json_null();
    case CBOR_FLOAT: memcpy(&single, &bits, sizeof(single)); return json_real((double)single);
    case CBOR_DOUBLE: memcpy(&value, &number, sizeof(value)); return json_real(value);
    default: return NULL;
    }
}

static json_t *read_cbor(struct cbor *c)
{
    if (c->at == c->end || c->depth == DEPTH_MOST) {
        return NULL;
    }
    int head = *c->at++, kind = head >> 5, low = head & 31;
    uint64_t number = 0;
    bool open = low == CBOR_OPEN && (kind == CBOR_ARRAY || kind == CBOR_MAP);
    if (!open && !read_number(c, low, &number)) {
        return NULL;
    }
    json_t *value = NULL;
    c->depth++;
    switch (kind) {
    case CBOR_UNSIGNED: value = json_integer((json_int_t)number); break;
    case CBOR_NEGATIVE: value = json_integer(-1 - (json_int_t)number); break;
    case CBOR_TEXT: value = read_text(c, number); break;
    case CBOR_ARRAY: value = read_list(c, open, number); break;
    case CBOR_MAP: value = read_map(c, open, number); break;
    case CBOR_TAG: value = read_cbor(c); break;
    case CBOR_OTHER: value = read_other(low, number); break;
    default: break;
    }
    c->depth--;
    return value;
}

json_t *wire_cbor_read(const char *bytes, size_t len)
{
    struct cbor c = {(const unsigned char *)bytes, (const unsigned char *)bytes + len, 0};
    json_t *value = read_cbor(&c);
    if (value != NULL && c.at != c.end) {
        json_decref(value);
        return NULL;
    }
    return value;
}
