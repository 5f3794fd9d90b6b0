/* Plain structs as JSON objects and back. */
#include "saved.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"

#define TIME_MOST INT64_C(253402300799999) /* the end of the year 9999 */

enum saved_any { SAVED_ANY };
_Static_assert(sizeof(enum saved_any) == sizeof(int), "enums are kept as int");

/* ---- out */

/* The bits of a hash as JSON's signed number. */
static json_t *write_bits(uint64_t bits)
{
    json_int_t number;

    memcpy(&number, &bits, sizeof number);
    return json_integer(number);
}

static json_t *write_field(const struct saved_field *f, const char *from)
{
    int n;
    int64_t wide;
    uint64_t bits;
    size_t size;
    bool truth;

    switch (f->kind) {
    case SAVED_TEXT: return json_string(from);
    case SAVED_INT:
    case SAVED_ENUM: memcpy(&n, from, sizeof n); return json_integer(n);
    case SAVED_I64: memcpy(&wide, from, sizeof wide); return json_integer(wide);
    case SAVED_SIZE: memcpy(&size, from, sizeof size); return json_integer((json_int_t)size);
    case SAVED_BOOL: memcpy(&truth, from, sizeof truth); return json_boolean(truth);
    case SAVED_BITS: memcpy(&bits, from, sizeof bits); return write_bits(bits);
    }
    return NULL;
}

json_t *saved_write(const struct saved_field *fields, size_t count, const void *from)
{
    json_t *object = json_object();

    for (size_t i = 0; i < count; i++)
        json_object_set_new(object, fields[i].name,
                            write_field(&fields[i], (const char *)from + fields[i].offset));
    return object;
}

json_t *saved_write_hashes(const uint64_t *hashes, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, write_bits(hashes[i]));
    return array;
}

json_t *saved_write_times(const int64_t *times, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_integer(times[i]));
    return array;
}

json_t *saved_write_texts(const char *texts, size_t pitch, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(texts + i * pitch));
    return array;
}

/* ---- in */

static bool read_number(const struct saved_field *f, const json_t *value, char *to, struct err *err)
{
    json_int_t wide = json_integer_value(value);
    json_int_t least = f->kind == SAVED_INT ? -SAVED_COUNT_MOST : f->kind == SAVED_I64 ? -TIME_MOST : 0;
    json_int_t most = f->kind == SAVED_ENUM ? f->last : f->kind == SAVED_I64 ? TIME_MOST : SAVED_COUNT_MOST;
    int n = (int)wide;
    size_t size = (size_t)wide;
    int64_t ms = wide;

    if (!json_is_integer(value))
        return err_set(err, ERR_PROTOCOL, "saved following: \"%s\" is no whole number", f->name);
    if (f->kind == SAVED_BITS) {
        memcpy(to, &ms, sizeof ms);
        return true;
    }
    if (wide < least || wide > most)
        return err_set(err, ERR_PROTOCOL, "saved following: \"%s\" is out of range", f->name);
    if (f->kind == SAVED_I64)
        memcpy(to, &ms, sizeof ms);
    else if (f->kind == SAVED_SIZE)
        memcpy(to, &size, sizeof size);
    else
        memcpy(to, &n, sizeof n);
    return true;
}

static bool read_field(const struct saved_field *f, const json_t *value, char *to, struct err *err)
{
    bool truth = json_is_true(value);

    switch (f->kind) {
    case SAVED_TEXT:
        if (!json_is_string(value))
            return err_set(err, ERR_PROTOCOL, "saved following: \"%s\" is no text", f->name);
        text_clean(to, f->size, json_string_value(value), false);
        return true;
    case SAVED_BOOL:
        if (!json_is_boolean(value))
            return err_set(err, ERR_PROTOCOL, "saved following: \"%s\" is neither true nor false", f->name);
        memcpy(to, &truth, sizeof truth);
        return true;
    default: return read_number(f, value, to, err);
    }
}

bool saved_read(const struct saved_field *fields, size_t count, const json_t *object, void *to,
                struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, fields[i].name);

        if (value && !read_field(&fields[i], value, (char *)to + fields[i].offset, err))
            return false;
    }
    return true;
}

size_t saved_read_hashes(const json_t *array, uint64_t *to, size_t most)
{
    size_t count = json_array_size(array) < most ? json_array_size(array) : most;

    for (size_t i = 0; i < count; i++) {
        json_int_t bits = json_integer_value(json_array_get(array, i));

        memcpy(&to[i], &bits, sizeof to[i]);
    }
    return count;
}

void saved_read_times(const json_t *array, int64_t *to, size_t count, int64_t otherwise)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(array, i);
        json_int_t time = json_is_integer(value) ? json_integer_value(value) : otherwise;

        to[i] = time < 0 ? 0 : time > TIME_MOST ? TIME_MOST : time;
    }
}

size_t saved_read_texts(const json_t *array, char *to, size_t pitch, size_t most)
{
    size_t count = json_array_size(array) < most ? json_array_size(array) : most;

    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(array, i));

        text_clean(to + i * pitch, pitch, text ? text : "", false);
    }
    return count;
}

bool saved_is_known(const json_t *saved, const char *what, int first, int last, struct err *err)
{
    int64_t version = jsonx_int(saved, "version", 0);

    if (version >= first && version <= last)
        return true;
    return err_set(
        err, ERR_STALE,
        "%s has version %lld, this program knows version %d: finish it with the program that began "
        "it",
        what, (long long)version, last);
}
