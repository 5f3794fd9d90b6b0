#include "call_answer.h"

#include <string.h>

#include "aws/xml.h"
#include "base/jsonx.h"
#include "base/text.h"

/* "com.amazonaws.ecs#ServiceNotFoundException:http://…" -> "ServiceNotFoundException" */
static void copy_code(char *to, size_t size, const char *type)
{
    const char *hash = strchr(type, '#');
    const char *start = hash == NULL ? type : hash + 1;
    char plain[128];
    text_copy_n(plain, sizeof plain, start, strcspn(start, ": \t\r\n"));
    text_clean(to, size, plain, false);
}

/* ---- JSON services */

static void read_json_error(struct aws_call *c, const struct answer_bytes *bytes)
{
    json_t *body = jsonx_parse(bytes->body, bytes->len, NULL);
    const char *type = jsonx_text(body, "__type");
    if (type[0] == '\0')
        type = jsonx_text(body, "code");
    if (type[0] == '\0' && bytes->error_type != NULL)
        type = bytes->error_type;
    copy_code(c->code, sizeof c->code, type);
    const char *message = jsonx_text(body, "message");
    text_clean(c->message, sizeof c->message, message[0] != '\0' ? message : jsonx_text(body, "Message"),
               false);
    json_decref(body);
}

static bool read_json_success(struct aws_call *c, const struct answer_bytes *bytes, struct err *err)
{
    /* No action that we use answers with nothing: an empty success is a proxy's. */
    json_t *body = jsonx_parse(bytes->body, bytes->len, err);
    if (body == NULL)
        return false;
    if (!json_is_object(body)) {
        json_decref(body);
        return err_set(err, ERR_PROTOCOL, "the answer is no JSON object");
    }
    c->answer = body;
    return true;
}

/* ---- query services */

struct xml_notes {
    struct aws_call *call;
    char root[128]; /* the last element to end */
};

static void note_element(void *user, const char *path, const char *text)
{
    struct xml_notes *n = user;
    if (text_ends(path, "Error/Code"))
        copy_code(n->call->code, sizeof n->call->code, text);
    else if (text_ends(path, "Error/Message"))
        text_clean(n->call->message, sizeof n->call->message, text, false);
    else if ((text_ends(path, "/RequestId") || text_ends(path, "/RequestID")) &&
             n->call->request_id[0] == '\0')
        text_clean(n->call->request_id, sizeof n->call->request_id, text, false);
    TEXT_COPY(n->root, path);
}

static void read_xml_error(struct aws_call *c, const struct answer_bytes *bytes)
{
    struct xml_notes notes = {.call = c};
    xml_read(bytes->body, bytes->len, note_element, &notes, NULL);
    if (c->code[0] == '\0' && bytes->error_type != NULL)
        copy_code(c->code, sizeof c->code, bytes->error_type);
}

static bool read_xml_success(struct aws_call *c, const struct answer_bytes *bytes, struct err *err)
{
    struct xml_notes notes = {.call = c};
    char wanted[128];
    if (!xml_read(bytes->body, bytes->len, note_element, &notes, err))
        return false;
    c->code[0] = c->message[0] = '\0'; /* a success may carry elements of these names */
    TEXT_FORMAT(wanted, "%sResponse", c->action);
    if (!text_equal(notes.root, wanted))
        return err_set(err, ERR_PROTOCOL, "the answer is no %s", wanted);
    return true;
}

enum retry_class answer_read(struct aws_call *c, const struct answer_bytes *bytes, struct err *err)
{
    bool json = endpoint_service(c->service)->target != NULL;
    c->status = bytes->status;
    c->code[0] = c->message[0] = c->request_id[0] = '\0';
    if (bytes->request_id != NULL)
        text_clean(c->request_id, sizeof c->request_id, bytes->request_id, false);
    if (retry_classify(bytes->status, "") == RETRY_OK) {
        bool ok = json ? read_json_success(c, bytes, err) : read_xml_success(c, bytes, err);
        return ok ? RETRY_OK : RETRY_TRANSIENT;
    }
    /* Some gateways in front of JSON services refuse in XML. */
    if (json && bytes->body[0] != '<')
        read_json_error(c, bytes);
    else
        read_xml_error(c, bytes);
    return retry_classify(bytes->status, c->code);
}

/* ---- sentences */

/* As IAM policies and people spell it: CloudWatch alone signs under another name. */
static const char *policy_prefix(enum aws_service service)
{
    return service == AWS_CLOUDWATCH ? "cloudwatch" : endpoint_service(service)->signing_name;
}

static bool is_denied(const char *code)
{
    return text_starts(code, "AccessDenied") || text_starts(code, "NotAuthorized") ||
           text_starts(code, "Unauthorized");
}

/* "… on resource: arn:aws:ecs:…" -> " on arn:aws:ecs:…". Only characters that ARNs have. */
static void copy_resource(char *to, size_t size, const char *message)
{
    static const char mark[] = "on resource: ";
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/_-.*";
    const char *at = strstr(message, mark);
    to[0] = '\0';
    if (at == NULL || !text_starts(at + strlen(mark), "arn:"))
        return;
    char arn[256];
    at += strlen(mark);
    text_copy_n(arn, sizeof arn, at, strspn(at, allowed));
    text_format(to, size, " on %s", arn);
}

static void explain_refused(struct aws_call *c, const struct answer_scene *s)
{
    const char *service = policy_prefix(c->service);
    const char *who = s->source[0] == '\0' ? "these keys" : s->source;
    if (is_denied(c->code)) {
        char resource[280];
        copy_resource(resource, sizeof resource, c->message);
        err_set(&c->err, ERR_DENIED,
                "%s: the AWS identity of %s may not %s:%s%s in %s: ask the AWS administrator to allow it",
                c->code, who, service, c->action, resource, s->region);
    } else if (retry_classify(c->status, c->code) == RETRY_SKEW) {
        err_set(&c->err, ERR_DENIED,
                "%s: AWS refuses the signature of %s %s in %s: check the secret key (from: %s) and this "
                "machine's "
                "clock (corrected by %lld s)",
                c->code, service, c->action, s->region, who, (long long)(s->skew_ms / 1000));
    } else if (strstr(c->code, "NotFound") != NULL) {
        err_set(&c->err, ERR_MISSING,
                "%s: %s %s in %s: check the names in the configuration, the region and the account", c->code,
                service, c->action, s->region);
    } else if (c->code[0] != '\0') {
        err_set(&c->err, ERR_REMOTE, "%s: AWS refuses %s %s in %s: a repetition would not help", c->code,
                service, c->action, s->region);
    } else {
        err_set(&c->err, ERR_PROTOCOL,
                "%s answered %d without an AWS error to %s %s in %s: check proxy and endpoint", s->host,
                c->status, service, c->action, s->region);
    }
}

static void explain_unreachable(struct aws_call *c, const struct answer_scene *s, const struct err *cause)
{
    const char *service = policy_prefix(c->service);
    const char *next = !c->changes    ? "it will be asked again"
                       : c->uncertain ? "it may or may not have been executed: look before it is repeated"
                                      : "nothing was changed: it may be repeated";
    char what[256];
    if (cause != NULL)
        TEXT_COPY(what, cause->text);
    else
        TEXT_FORMAT(what, "answer %d%s%s", c->status, c->code[0] == '\0' ? "" : " ", c->code);
    err_set(&c->err, cause == NULL ? ERR_REMOTE : cause->code,
            "%s %s in %s failed at %s after %d %s (%s): %s", service, c->action, s->region, s->host, s->tries,
            s->tries == 1 ? "try" : "tries", what, next);
}

void answer_explain(struct aws_call *c, const struct answer_scene *scene, const struct err *cause)
{
    const char *service = policy_prefix(c->service);
    c->err = (struct err){0};
    switch (c->outcome) {
    case AWS_OK: break;
    case AWS_REFUSED: explain_refused(c, scene); break;
    case AWS_THROTTLED:
        if (cause != NULL)
            c->err = *cause;
        else
            err_set(&c->err, ERR_THROTTLED,
                    "%s: AWS slows this account down (%s %s in %s): wait a minute and ask again",
                    c->code[0] == '\0' ? "Throttled" : c->code, service, c->action, scene->region);
        break;
    case AWS_EXPIRED:
        if (cause != NULL)
            c->err = *cause;
        else
            err_set(&c->err, ERR_DENIED,
                    "%s: AWS does not accept the keys of %s for %s %s in %s (expired, deleted or of another "
                    "partition): renew them",
                    c->code, scene->source, service, c->action, scene->region);
        break;
    case AWS_UNREACHABLE: explain_unreachable(c, scene, cause); break;
    case AWS_CANCELLED:
        err_set(&c->err, ERR_CANCELLED, "%s %s in %s was cancelled%s", service, c->action, scene->region,
                c->uncertain ? "; it may or may not have been executed" : "");
        break;
    }
}
