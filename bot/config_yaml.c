/* YAML as far as a settings file needs it: maps, lists and scalars with their lines. What YAML has beyond
 * that is refused, because it hides what a setting is: anchors, aliases, tags, several documents, a key
 * twice. */
#include "config_private.h"

#include <stdint.h>
#include <string.h>

#include <yaml.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/text.h"

#define DEPTH_MAX  8
#define NODES_MAX  10000
#define SCALAR_MAX 4096

struct yaml_reading {
    struct reading *r;
    yaml_parser_t parser;
    size_t nodes;
};

void config_yaml_destroy(struct node *n)
{
    if (n == NULL) {
        return;
    }
    for (struct node *child = n->first; child != NULL;) {
        struct node *sibling = child->next;
        config_yaml_destroy(child);
        child = sibling;
    }
    mem_free(n->key);
    if (n->text != NULL) {
        crypto_wipe(n->text, strlen(n->text)); /* it may be a token */
    }
    mem_free(n->text);
    mem_free(n);
}

const struct node *config_yaml_child(const struct node *map, const char *key)
{
    for (const struct node *n = map == NULL ? NULL : map->first; n != NULL; n = n->next) {
        if (n->key != NULL && strcmp(n->key, key) == 0) {
            return n;
        }
    }
    return NULL;
}

/* ---- events */

static int line_of(const yaml_mark_t *mark)
{
    return (int)mark->line + 1;
}

/* The next event; the caller deletes it. False when the text is no YAML. */
static bool next(struct yaml_reading *y, yaml_event_t *event)
{
    if (yaml_parser_parse(&y->parser, event) != 0) {
        return true;
    }
    const char *problem = y->parser.problem == NULL ? "it cannot be read" : y->parser.problem;
    return config_note(y->r, line_of(&y->parser.problem_mark), "YAML", "%s", problem);
}

static bool is_plain_yaml(struct yaml_reading *y, const yaml_event_t *e)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (e->type) {
    case YAML_ALIAS_EVENT: anchor = e->data.alias.anchor; break;
    case YAML_SCALAR_EVENT:
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
        break;
    default: break;
    }
    if (anchor != NULL || tag != NULL) {
        return config_note(y->r, line_of(&e->start_mark), "YAML",
                           "found %s; write the value itself: anchors, aliases and tags are not allowed",
                           anchor != NULL ? "an anchor or alias" : "a tag");
    }
    return true;
}

static struct node *add(struct yaml_reading *y, enum node_kind kind, const yaml_event_t *e)
{
    if (++y->nodes > NODES_MAX) {
        config_note(y->r, line_of(&e->start_mark), "YAML", "the file has more than %d values", NODES_MAX);
        return NULL;
    }
    struct node *n = mem_alloc(sizeof(*n));
    n->kind = kind;
    n->line = line_of(&e->start_mark);
    return n;
}

static struct node *read_scalar(struct yaml_reading *y, const yaml_event_t *e)
{
    const char *text = (const char *)e->data.scalar.value;
    const size_t len = e->data.scalar.length;
    if (len > SCALAR_MAX || memchr(text, '\0', len) != NULL) {
        config_note(y->r, line_of(&e->start_mark), "YAML",
                    "a value is longer than %d bytes, or has a zero byte", SCALAR_MAX);
        return NULL;
    }
    struct node *n = add(y, NODE_SCALAR, e);
    if (n != NULL) {
        n->text = mem_text_n(text, len);
    }
    return n;
}

static void append(struct node *parent, struct node *child)
{
    if (parent->last == NULL) {
        parent->first = child;
    } else {
        parent->last->next = child;
    }
    parent->last = child;
    parent->count++;
}

static struct node *read_node(struct yaml_reading *y, const yaml_event_t *e, int depth);

/* Reads the next value into *ret; *ret stays NULL at the end of the list or map. */
static bool read_next(struct yaml_reading *y, yaml_event_type_t end, int depth, struct node **ret)
{
    yaml_event_t e;
    if (!next(y, &e)) {
        return false;
    }
    const bool ended = e.type == end;
    if (!ended) {
        *ret = read_node(y, &e, depth);
    }
    yaml_event_delete(&e);
    return ended || *ret != NULL;
}

static bool read_list(struct yaml_reading *y, struct node *list, int depth)
{
    for (;;) {
        struct node *child = NULL;
        if (!read_next(y, YAML_SEQUENCE_END_EVENT, depth, &child)) {
            return false;
        }
        if (child == NULL) {
            return true;
        }
        append(list, child);
    }
}

/* Takes the key's text; destroys it. */
static char *take_key(struct yaml_reading *y, const struct node *map, struct node *key)
{
    char *text = NULL;
    char shown[80];
    text_clean(shown, sizeof(shown), key->kind == NODE_SCALAR ? key->text : "", false);
    if (key->kind != NODE_SCALAR) {
        config_note(y->r, key->line, "YAML", "a list or map stands where a key is expected");
    } else if (config_yaml_child(map, key->text) != NULL) {
        config_note(y->r, key->line, shown, "this key stands here twice; the first is in line %d",
                    config_yaml_child(map, key->text)->line);
    } else {
        text = key->text;
        key->text = NULL;
    }
    config_yaml_destroy(key);
    return text;
}

static bool read_map(struct yaml_reading *y, struct node *map, int depth)
{
    for (;;) {
        struct node *key = NULL, *value = NULL;
        if (!read_next(y, YAML_MAPPING_END_EVENT, depth, &key)) {
            return false;
        }
        if (key == NULL) {
            return true;
        }
        const int line = key->line;
        char *text = take_key(y, map, key);
        if (text == NULL || !read_next(y, YAML_NO_EVENT, depth, &value) || value == NULL) {
            mem_free(text);
            return false;
        }
        value->key = text;
        value->line = line; /* where the key stands: a map's own line is that of its first key */
        append(map, value);
    }
}

static struct node *read_node(struct yaml_reading *y, const yaml_event_t *e, int depth)
{
    if (!is_plain_yaml(y, e)) {
        return NULL;
    }
    if (e->type == YAML_SCALAR_EVENT) {
        return read_scalar(y, e);
    }
    if (depth == DEPTH_MAX) {
        config_note(y->r, line_of(&e->start_mark), "YAML", "lists and maps are nested deeper than %d",
                    DEPTH_MAX);
        return NULL;
    }
    const bool list = e->type == YAML_SEQUENCE_START_EVENT;
    struct node *n = add(y, list ? NODE_LIST : NODE_MAP, e);
    if (n != NULL && !(list ? read_list(y, n, depth + 1) : read_map(y, n, depth + 1))) {
        config_yaml_destroy(n);
        return NULL;
    }
    return n;
}

/* The start of the stream, one document, its end. */
static struct node *read_stream(struct yaml_reading *y)
{
    struct node *root = NULL;
    for (;;) {
        yaml_event_t e;
        if (!next(y, &e)) {
            config_yaml_destroy(root);
            return NULL;
        }
        const yaml_event_type_t type = e.type;
        bool ok = true;
        if (type == YAML_DOCUMENT_START_EVENT && root != NULL) {
            ok =
                config_note(y->r, line_of(&e.start_mark), "YAML", "a second document begins; one is allowed");
        } else if (type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT &&
                   type != YAML_DOCUMENT_START_EVENT && type != YAML_DOCUMENT_END_EVENT) {
            root = read_node(y, &e, 0);
            ok = root != NULL;
        }
        yaml_event_delete(&e);
        if (!ok) {
            config_yaml_destroy(root);
            return NULL;
        }
        if (type == YAML_STREAM_END_EVENT) {
            break;
        }
    }
    if (root == NULL) {
        root = mem_alloc(sizeof(*root));
        root->kind = NODE_MAP;
        root->line = 1;
    }
    return root;
}

struct node *config_yaml_parse(struct reading *r, const char *text, size_t len)
{
    struct yaml_reading y = {.r = r};
    if (yaml_parser_initialize(&y.parser) == 0) {
        config_note(r, 1, "YAML", "the parser cannot start");
        return NULL;
    }
    yaml_parser_set_encoding(&y.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&y.parser, (const unsigned char *)text, len);
    struct node *root = read_stream(&y);
    yaml_parser_delete(&y.parser);
    return root;
}
