/* XML of AWS's query services -> elements, and STS's answer or error. Input: a letter for the status, then
 * the bytes. */
#include <string.h>

#include "aws/xml.h"
#include "base/mem.h"
#include "base/text.h"
#include "ecs/aws/call_answer.h"
#include "judge.h"

#define DEPTH 32

static void visit(void *user, const char *path, const char *text)
{
    size_t *elements = user, depth = 1;
    for (const char *at = path; *at != '\0'; at++) {
        depth += *at == '/';
    }
    PROMISE(path[0] != '\0' && path[0] != '/' && depth <= DEPTH, "an element called %s", path);
    PROMISE(text_utf8_valid(text, strlen(text)), "text that is not UTF-8 in %s", path);
    PROMISE(text[0] == '\0' || strchr(" \t\r\n", text[0]) == NULL, "text that is not trimmed in %s", path);
    (*elements)++;
}

/* What could hide a document type from a search for it. */
static bool hides(const char *text)
{
    return strstr(text, "<!--") != NULL || strstr(text, "<![CDATA[") != NULL || strstr(text, "<?") != NULL;
}

static void judge_xml(const char *text, size_t len)
{
    struct err err = {0};
    size_t elements = 0;
    if (!xml_read(text, len, visit, &elements, &err)) {
        judge_err("broken XML", &err);
        return;
    }
    PROMISE(elements > 0, "XML without an element");
    PROMISE(strstr(text, "<!DOCTYPE") == NULL || hides(text), "a document type was read: %s", text);
    PROMISE(strstr(text, "<!ENTITY") == NULL || hides(text), "an entity was read: %s", text);
}

static void judge_sts(int status, const char *text, size_t len)
{
    static const struct answer_scene scene = {.region = "us-gov-east-1",
                                              .source = "profile coegc",
                                              .host = "sts.us-gov-east-1.amazonaws.com",
                                              .tries = 3};
    struct aws_call *c = mem_alloc(sizeof(*c));
    struct err err = {0};
    c->service = AWS_STS;
    c->action = "GetCallerIdentity";
    const struct answer_bytes bytes = {.status = status, .body = text, .len = len};
    const enum retry_class class_ = answer_read(c, &bytes, &err);
    judge_text("code", c->code, false);
    judge_text("message", c->message, false);
    judge_text("request id", c->request_id, false);
    PROMISE((class_ == RETRY_OK) ==
                (status == 200 && strstr(text, "GetCallerIdentityResponse") != NULL && err.code == ERR_NONE),
            "an answer of %d is of class %d: %s", status, (int)class_, err.text);
    if (class_ != RETRY_OK) {
        c->outcome = class_ == RETRY_THROTTLE  ? AWS_THROTTLED
                     : class_ == RETRY_EXPIRED ? AWS_EXPIRED
                     : err.code != ERR_NONE    ? AWS_UNREACHABLE
                                               : AWS_REFUSED;
        answer_explain(c, &scene, err.code == ERR_NONE ? NULL : &err);
        judge_err("STS", &c->err);
    }
    mem_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int STATUSES[] = {200, 200, 400, 403, 500, 503};
    if (size < 1) {
        return 0;
    }
    char *text = judge_string(data + 1, size - 1);
    judge_xml(text, strlen(text));
    judge_sts(STATUSES[data[0] % 6], text, strlen(text));
    mem_free(text);
    return 0;
}
