/* What Block Kit allows: kinds, counts and lengths, in characters. */
#include "sim/world_slack_private.h"

#include "base/jsonx.h"
#include "base/text.h"

#define BLOCKS_MOST   50
#define FIELDS_MOST   10
#define ELEMENTS_MOST 25
#define CONTEXT_MOST  10
#define ID_MOST       255

struct check {
    char *to;
    size_t size;
    size_t block;
};

size_t slack_characters(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        n += ((unsigned char)*text & 0xc0u) != 0x80u;
    }
    return n;
}

static bool wrong(const struct check *c, const char *what, const char *where)
{
    text_format(c->to, c->size, "[ERROR] %s [json-pointer:/blocks/%zu%s]", what, c->block, where);
    return false;
}

/* A text of at least one and at most `most` characters. */
static bool text_fits(const struct check *c, const json_t *holder, const char *path, size_t most,
                      const char *where)
{
    size_t n = slack_characters(jsonx_text(holder, path));
    char what[64];
    if (n == 0) {
        return wrong(c, "must be more than 0 characters", where);
    }
    if (n > most) {
        TEXT_FORMAT(what, "must be less than %zu characters", most + 1);
        return wrong(c, what, where);
    }
    return true;
}

static bool optional_fits(const struct check *c, const json_t *holder, const char *path, size_t most,
                          const char *where)
{
    return jsonx_at(holder, path) == NULL || text_fits(c, holder, path, most, where);
}

static bool text_kind(const struct check *c, const json_t *text, bool plain_only, const char *where)
{
    const char *kind = jsonx_text(text, "type");
    if (!text_equal(kind, "plain_text") && (plain_only || !text_equal(kind, "mrkdwn"))) {
        return wrong(c, "unsupported type of text object", where);
    }
    return true;
}

static bool confirm_fits(const struct check *c, const json_t *confirm)
{
    return confirm == NULL || (text_fits(c, confirm, "title.text", 100, "/confirm/title") &&
                               text_fits(c, confirm, "text.text", 300, "/confirm/text") &&
                               text_fits(c, confirm, "confirm.text", 30, "/confirm/confirm") &&
                               text_fits(c, confirm, "deny.text", 30, "/confirm/deny"));
}

static bool element_fits(const struct check *c, const json_t *e)
{
    const char *style = jsonx_text(e, "style");
    if (!text_equal(jsonx_text(e, "type"), "button")) {
        return optional_fits(c, e, "action_id", ID_MOST, "/elements/action_id");
    }
    if (style[0] != '\0' && !text_equal(style, "primary") && !text_equal(style, "danger")) {
        return wrong(c, "must be a valid enum value", "/elements/style");
    }
    return text_kind(c, jsonx_at(e, "text"), true, "/elements/text") &&
           text_fits(c, e, "text.text", 75, "/elements/text") &&
           optional_fits(c, e, "value", 2000, "/elements/value") &&
           optional_fits(c, e, "url", 3000, "/elements/url") &&
           optional_fits(c, e, "action_id", ID_MOST, "/elements/action_id") &&
           optional_fits(c, e, "accessibility_label", 75, "/elements/accessibility_label") &&
           confirm_fits(c, jsonx_at(e, "confirm"));
}

static bool section_fits(const struct check *c, const json_t *b)
{
    const json_t *text = jsonx_at(b, "text"), *fields = jsonx_at(b, "fields");
    if (text == NULL && json_array_size(fields) == 0) {
        return wrong(c, "must define either `text` or `fields`", "");
    }
    if (text != NULL && !(text_kind(c, text, false, "/text") && text_fits(c, text, "text", 3000, "/text"))) {
        return false;
    }
    if (json_array_size(fields) > FIELDS_MOST) {
        return wrong(c, "no more than 10 items allowed", "/fields");
    }
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *field = json_array_get(fields, i);
        if (!text_kind(c, field, false, "/fields") || !text_fits(c, field, "text", 2000, "/fields")) {
            return false;
        }
    }
    const json_t *accessory = jsonx_at(b, "accessory");
    return accessory == NULL || element_fits(c, accessory);
}

static bool header_fits(const struct check *c, const json_t *b)
{
    return text_kind(c, jsonx_at(b, "text"), true, "/text") && text_fits(c, b, "text.text", 150, "/text");
}

static bool context_fits(const struct check *c, const json_t *b)
{
    const json_t *elements = jsonx_at(b, "elements");
    if (json_array_size(elements) == 0 || json_array_size(elements) > CONTEXT_MOST) {
        return wrong(c, "between 1 and 10 items allowed", "/elements");
    }
    for (size_t i = 0; i < json_array_size(elements); i++) {
        const json_t *e = json_array_get(elements, i);
        bool image = text_equal(jsonx_text(e, "type"), "image");
        if (!image && (!text_kind(c, e, false, "/elements") || !text_fits(c, e, "text", 2000, "/elements"))) {
            return false;
        }
    }
    return true;
}

static bool actions_fit(const struct check *c, const json_t *b)
{
    const json_t *elements = jsonx_at(b, "elements");
    if (json_array_size(elements) == 0 || json_array_size(elements) > ELEMENTS_MOST) {
        return wrong(c, "between 1 and 25 items allowed", "/elements");
    }
    for (size_t i = 0; i < json_array_size(elements); i++) {
        const json_t *e = json_array_get(elements, i);
        if (!element_fits(c, e)) {
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            const char *id = jsonx_text(e, "action_id");
            if (id[0] != '\0' && text_equal(id, jsonx_text(json_array_get(elements, k), "action_id"))) {
                return wrong(c, "`action_id` already exists", "/elements/action_id");
            }
        }
    }
    return true;
}

static bool list_fits(const struct check *c, const json_t *b)
{
    return json_array_size(jsonx_at(b, "elements")) > 0 ||
           wrong(c, "must contain at least 1 element", "/elements");
}

static bool anything_fits(const struct check *c, const json_t *b)
{
    (void)c;
    (void)b;
    return true;
}

static bool image_fits(const struct check *c, const json_t *b)
{
    return text_fits(c, b, "image_url", 3000, "/image_url") && text_fits(c, b, "alt_text", 2000, "/alt_text");
}

static const struct {
    const char *type;
    bool (*fits)(const struct check *c, const json_t *block);
} kinds[] = {
    {"section", section_fits}, {"header", header_fits}, {"context", context_fits},
    {"actions", actions_fit},  {"image", image_fits},   {"divider", anything_fits},
    {"rich_text", list_fits},
};

static bool block_fits(const struct check *c, const json_t *b)
{
    const char *type = jsonx_text(b, "type");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (text_equal(kinds[i].type, type)) {
            return optional_fits(c, b, "block_id", ID_MOST, "/block_id") && kinds[i].fits(c, b);
        }
    }
    return wrong(c, "unsupported type", "/type");
}

bool slack_blocks_allowed(const json_t *blocks, char *to, size_t size)
{
    struct check c = {to, size, 0};
    if (json_array_size(blocks) > BLOCKS_MOST) {
        text_format(to, size, "[ERROR] no more than 50 items allowed [json-pointer:/blocks]");
        return false;
    }
    for (; c.block < json_array_size(blocks); c.block++) {
        if (!block_fits(&c, json_array_get(blocks, c.block))) {
            return false;
        }
    }
    return true;
}
