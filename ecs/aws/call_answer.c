#include "call_answer.h"

#include <string.h>

#include "aws/xml.h"
#include "base/jsonx.h"
#include "base/secret.h"
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

/* No action that we use answers with nothing, or with a page: that is a proxy's. */
static bool tell_unreadable(const struct answer_bytes *bytes, struct err *err)
{
    size_t blank = strspn(bytes->body, " \t\r\n");
    if (bytes->body[blank] == '\0')
        return err_set(err, ERR_PROTOCOL, "an empty answer: look at the proxy or the endpoint in between");
    if (bytes->body[blank] == '<')
        return err_set(err, ERR_PROTOCOL,
                       "a web page instead of an answer: a proxy or a sign-in page stands in between");
    char where[ERR_TEXT_MAX];
    TEXT_COPY(where, err->text);
    return err_set(err, ERR_PROTOCOL, "an answer that is cut off or no AWS answer (%.100s)", where);
}

static bool read_json_success(struct aws_call *c, const struct answer_bytes *bytes, struct err *err)
{
    json_t *body = jsonx_parse(bytes->body, bytes->len, err);
    if (body == NULL)
        return tell_unreadable(bytes, err);
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
        return err_set(err, ERR_PROTOCOL,
                       "an answer that is cut off or no AWS answer: look at the proxy or "
                       "the endpoint in between");
    c->code[0] = c->message[0] = '\0'; /* a success may carry elements of these names */
    TEXT_FORMAT(wanted, "%sResponse", c->action);
    if (!text_equal(notes.root, wanted))
        return err_set(err, ERR_PROTOCOL, "no AWS answer: look at the proxy or the endpoint in between");
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
    secret_gate_text(c->code, sizeof c->code); /* before others cut them or change their letters */
    secret_gate_text(c->message, sizeof c->message);
    return retry_classify(bytes->status, c->code);
}
