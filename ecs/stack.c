/* DescribeStacks: the form, and the status out of its XML. Parameters and outputs are passed over unread. */
#include "stack.h"

#include <string.h>

#include "aws/xml.h"
#include "base/buf.h"
#include "base/text.h"
#include "net/http.h"

#define FORM_MAX 1024
#define MEMBER   "DescribeStacksResponse/DescribeStacksResult/Stacks/member/"

struct stack_reader {
    char status[sizeof(((struct ecs_around *)NULL)->stack.status)];
    int64_t created_ms, updated_ms;
};

char *stack_ask(const char *name)
{
    struct buf form;

    buf_init(&form, FORM_MAX);
    http_form_add(&form, "StackName", name);
    return buf_take(&form);
}

static void visit(void *user, const char *path, const char *text)
{
    struct stack_reader *r = user;
    const char *part = text_starts(path, MEMBER) ? path + strlen(MEMBER) : "";

    if (text_equal(part, "StackStatus"))
        text_clean(r->status, sizeof r->status, text, false);
    else if (text_equal(part, "CreationTime"))
        text_parse_iso(text, &r->created_ms);
    else if (text_equal(part, "LastUpdatedTime"))
        text_parse_iso(text, &r->updated_ms);
}

bool stack_read(const char *xml, size_t len, struct ecs_around *r, struct err *err)
{
    struct stack_reader reader = {.created_ms = 0};

    if (!xml_read(xml, len, visit, &reader, err))
        return false;
    if (!reader.status[0])
        return err_set(err, ERR_PROTOCOL, "CloudFormation's answer names no status: check the endpoint");
    TEXT_COPY(r->stack.status, reader.status);
    r->stack.running = text_ends(reader.status, "_IN_PROGRESS");
    r->stack.since_ms = reader.updated_ms ? reader.updated_ms : reader.created_ms;
    return true;
}

/* CloudFormation has no code of its own for it. */
bool stack_says_none(const char *code, const char *message)
{
    return text_equal(code, "ValidationError") && strstr(message, "does not exist");
}
