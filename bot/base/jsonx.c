#include "base/jsonx.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "utf8.h"

#define KEY_MAX   128
#define INDEX_MAX 1000000

/* Our own words: jansson's own would quote what it met, and that may be a secret. */
static const char *fault_word(enum json_error_code code)
{
    switch (code) {
    case json_error_stack_overflow: return "nested too deep";
    case json_error_premature_end_of_input: return "ends early";
    case json_error_end_of_input_expected: return "more behind the end";
    case json_error_invalid_utf8: return "not UTF-8";
    case json_error_duplicate_key: return "a key occurs twice";
    case json_error_numeric_overflow: return "a number is too large";
    case json_error_null_character:
    case json_error_null_byte_in_key: return "a NUL character";
    default: return "not well formed";
    }
}

json_t *jsonx_parse(const char *bytes, size_t len, struct err *err)
{
    json_error_t fault;
    json_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
    if (root == NULL) {
        err_set(err, ERR_PROTOCOL, "JSON, line %d, column %d: %s", fault.line, fault.column,
                fault_word(json_error_code(&fault)));
    }
    return root;
}

static const json_t *member(const json_t *value, const char *key, size_t len)
{
    if (json_is_object(value)) {
        char name[KEY_MAX];
        return text_copy_n(name, sizeof(name), key, len) ? json_object_get(value, name) : NULL;
    }
    if (!json_is_array(value) || len == 0) {
        return NULL;
    }
    size_t index = 0;
    for (size_t i = 0; i < len; i++) {
        if (key[i] < '0' || key[i] > '9' || index > INDEX_MAX) {
            return NULL;
        }
        index = index * 10 + (size_t)(key[i] - '0');
    }
    return json_array_get(value, index);
}

json_t *jsonx_at(const json_t *root, const char *path)
{
    const json_t *value = root;
    const char *key = path;
    while (value != NULL && *key != '\0') {
        const size_t len = strcspn(key, ".");
        value = member(value, key, len);
        key += len;
        key += *key == '.';
    }
    /* jansson's own getters take const and give a value that may be changed; so does this one. */
    return json_is_null(value) ? NULL : (json_t *)(uintptr_t)value;
}

const char *jsonx_text(const json_t *root, const char *path)
{
    const char *text = json_string_value(jsonx_at(root, path));
    return text == NULL ? "" : text;
}

/* A real as an integer; false when it has no place in one. */
static bool whole(double real, int64_t *ret)
{
    if (!(real > -9.2e18 && real < 9.2e18)) {
        return false;
    }
    *ret = (int64_t)real;
    return true;
}

int64_t jsonx_int(const json_t *root, const char *path, int64_t otherwise)
{
    const json_t *value = jsonx_at(root, path);
    int64_t number = otherwise;
    if (json_is_integer(value)) {
        number = json_integer_value(value);
    } else if (json_is_real(value)) {
        whole(json_real_value(value), &number);
    }
    return number;
}

bool jsonx_bool(const json_t *root, const char *path, bool otherwise)
{
    const json_t *value = jsonx_at(root, path);
    const char *text = json_string_value(value);
    if (json_is_true(value) || text_equal(text, "true")) {
        return true;
    }
    if (json_is_false(value) || text_equal(text, "false")) {
        return false;
    }
    return otherwise;
}

int64_t jsonx_seconds_to_ms(const json_t *root, const char *path, int64_t otherwise)
{
    const json_t *value = jsonx_at(root, path);
    int64_t ms = otherwise;
    if (json_is_integer(value)) {
        const json_int_t seconds = json_integer_value(value);
        if (seconds > -INT64_MAX / 1000 && seconds < INT64_MAX / 1000) {
            ms = seconds * 1000;
        }
    } else if (json_is_real(value)) {
        const double exact = json_real_value(value) * 1000;
        whole(exact + (exact < 0 ? -0.5 : 0.5), &ms);
    }
    return ms;
}

char *jsonx_print(const json_t *value)
{
    /* json_dumps would allocate with jansson's allocator; measured first, the text is ours to mem_free. */
    const size_t len = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    char *text = mem_alloc(len + 1);
    const size_t written = json_dumpb(value, text, len, JSON_COMPACT | JSON_ENCODE_ANY);
    assert(written == len);
    (void)written;
    return text;
}

static void quote_point(struct buf *b, uint32_t point, const char *bytes, size_t len)
{
    switch (point) {
    case '"': buf_text(b, "\\\""); break;
    case '\\': buf_text(b, "\\\\"); break;
    case '\n': buf_text(b, "\\n"); break;
    case '\r': buf_text(b, "\\r"); break;
    case '\t': buf_text(b, "\\t"); break;
    default:
        if (utf8_unwanted(point) && point <= 0xFFFF) {
            buf_format(b, "\\u%04x", point);
        } else {
            buf_put(b, bytes, len);
        }
    }
}

void jsonx_quote(struct buf *b, const char *text)
{
    const size_t len = text == NULL ? 0 : strlen(text);
    buf_char(b, '"');
    for (size_t at = 0; at < len;) {
        uint32_t point;
        const size_t n = utf8_decode(text + at, len - at, &point);
        if (n == 0) {
            buf_text(b, "\xEF\xBF\xBD");
            at++;
        } else {
            quote_point(b, point, text + at, n);
            at += n;
        }
    }
    buf_char(b, '"');
}
