#include "aws/xml.h"

#include <expat.h>
#include <string.h>

#include "base/buf.h"

#define DEPTH_MAX    32
#define PATH_MAX_LEN 1024
#define TEXT_MAX     (256 * 1024)       /* of one element */
#define BYTES_MAX    (16 * 1024 * 1024) /* of a whole answer */
#define NS_MARK      '\n'               /* between namespace and name; cannot be in either */

struct reader {
    XML_Parser parser;
    char path[PATH_MAX_LEN];
    size_t path_len;
    size_t starts[DEPTH_MAX]; /* length of path before each open element */
    size_t depth;
    struct buf text; /* of the innermost open element */
    const char *refusal;
    void (*visit)(void *user, const char *path, const char *text);
    void *user;
};

static void refuse(struct reader *r, const char *why)
{
    if (r->refusal != NULL)
        return;
    r->refusal = why;
    XML_StopParser(r->parser, XML_FALSE);
}

static void on_doctype(void *user, const char *name, const char *system, const char *public, int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    refuse(user, "it declares a document type");
}

static void on_start(void *user, const char *name, const char **attributes)
{
    struct reader *r = user;
    (void)attributes;
    if (r->refusal != NULL)
        return;
    const char *mark = strrchr(name, NS_MARK);
    const char *local = mark == NULL ? name : mark + 1;
    size_t len = strlen(local);
    if (r->depth == DEPTH_MAX || r->path_len + len + 2 > PATH_MAX_LEN) {
        refuse(r, "it is nested too deep");
        return;
    }
    r->starts[r->depth++] = r->path_len;
    if (r->path_len > 0)
        r->path[r->path_len++] = '/';
    memcpy(r->path + r->path_len, local, len + 1);
    r->path_len += len;
    buf_clear(&r->text);
}

static void on_text(void *user, const char *text, int len)
{
    struct reader *r = user;
    buf_put(&r->text, text, (size_t)len);
    if (buf_overflowed(&r->text))
        refuse(r, "an element is too long");
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char *trimmed(struct buf *text)
{
    size_t start = 0, end = text->len;
    while (end > 0 && is_blank(text->data[end - 1]))
        end--;
    text->data[end] = '\0';
    while (start < end && is_blank(text->data[start]))
        start++;
    return text->data + start;
}

static void on_end(void *user, const char *name)
{
    struct reader *r = user;
    (void)name;
    if (r->refusal != NULL)
        return;
    r->visit(r->user, r->path, r->text.len == 0 ? "" : trimmed(&r->text));
    buf_clear(&r->text); /* what a parent holds beside its children is layout */
    r->path_len = r->starts[--r->depth];
    r->path[r->path_len] = '\0';
}

bool xml_read(const char *bytes, size_t len, void (*visit)(void *user, const char *path, const char *text),
              void *user, struct err *err)
{
    if (len > BYTES_MAX)
        return err_set(err, ERR_LIMIT, "the XML answer is larger than %d MiB", BYTES_MAX / 1024 / 1024);
    struct reader r = {.parser = XML_ParserCreateNS("UTF-8", NS_MARK), .visit = visit, .user = user};
    if (r.parser == NULL)
        return err_set(err, ERR_LIMIT, "no memory to read an XML answer");
    buf_init(&r.text, TEXT_MAX);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    enum XML_Status status = XML_Parse(r.parser, bytes, (int)len, XML_TRUE);
    if (status != XML_STATUS_OK) {
        if (r.refusal != NULL)
            err_set(err, ERR_PROTOCOL, "the XML answer is refused: %s", r.refusal);
        else
            err_set(err, ERR_PROTOCOL, "the XML answer is broken at line %lu: %s",
                    (unsigned long)XML_GetCurrentLineNumber(r.parser),
                    XML_ErrorString(XML_GetErrorCode(r.parser)));
    }
    buf_finish(&r.text);
    XML_ParserFree(r.parser);
    return status == XML_STATUS_OK;
}
