/* The bytes of one try: body, headers, signature. */
#include <string.h>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "session.h"

#define BODY_MAX          (1024 * 1024)
#define AUTHORIZATION_MAX (8 * 1024)
#define TIMEOUT_MS        10000

bool flight_take_body(struct flight *f)
{
    struct aws_call *c = f->call;
    const struct aws_service_row *row = endpoint_service(c->service);
    buf_init(&f->body, BODY_MAX);
    if (row->target == NULL) {
        http_form_add(&f->body, "Action", c->action);
        http_form_add(&f->body, "Version", row->api_version);
        if (c->body != NULL && c->body[0] != '\0') {
            buf_char(&f->body, '&');
            buf_text(&f->body, c->body);
        }
    } else {
        buf_text(&f->body, c->body == NULL || c->body[0] == '\0' ? "{}" : c->body);
    }
    mem_free(c->body);
    c->body = NULL;
    return !buf_overflowed(&f->body);
}

/* The headers that are signed; the same ones are sent. */
static void put_headers(struct sigv4_header *to, const struct session_endpoint *endpoint,
                        const struct aws_service_row *row, const char *date, const char *target,
                        const struct secret *token)
{
    size_t n = 0;
    to[n++] = (struct sigv4_header){"host", endpoint->host};
    to[n++] = (struct sigv4_header){"x-amz-date", date};
    to[n++] = (struct sigv4_header){"content-type", row->content_type};
    if (target[0] != '\0')
        to[n++] = (struct sigv4_header){"x-amz-target", target};
    if (token != NULL)
        to[n++] = (struct sigv4_header){"x-amz-security-token", secret_reveal(token)};
}

bool flight_send(struct flight *f, const struct credentials_keys *keys,
                 void (*on_answer)(struct http_request *r), struct err *err)
{
    struct aws_session *s = f->session;
    const struct aws_call *c = f->call;
    const struct aws_service_row *row = endpoint_service(c->service);
    const struct session_endpoint *endpoint = &s->endpoints[c->service];
    char date[TEXT_TIME], target[160] = "", url[sizeof endpoint->url + 1];
    f->skew_ms = s->skew_ms;
    text_time_basic(date, clock_wall(loop_clock(s->loop)) + s->skew_ms);
    if (row->target != NULL)
        TEXT_FORMAT(target, "%s.%s", row->target, c->action);
    TEXT_FORMAT(url, "%s/", endpoint->url);
    struct sigv4_input in = {
        .method = "POST",
        .path = endpoint->path,
        .query = "",
        .region = s->region,
        .service = row->signing_name,
        .access_key = keys->access_key,
        .secret_key = secret_reveal(keys->secret_key),
        .date = date,
        .body = f->body.data,
        .body_len = f->body.len,
    };
    put_headers(in.headers, endpoint, row, date, target, keys->session_token);
    struct buf authorization;
    buf_init(&authorization, AUTHORIZATION_MAX);
    if (!sigv4_sign(&in, &authorization)) {
        buf_finish(&authorization);
        return err_set(err, ERR_CONFIG, "the AWS keys of %s are too long to sign with", keys->source);
    }
    f->request = (struct http_request){
        .method = "POST",
        .url = url,
        .body = f->body.data,
        .body_len = f->body.len,
        .timeout_ms = c->timeout_ms > 0 ? c->timeout_ms : TIMEOUT_MS,
        .changes = c->changes,
        .done = on_answer,
        .user = f,
    };
    size_t n = 0;
    for (; in.headers[n].name != NULL; n++)
        f->request.headers[n] = (struct http_header){in.headers[n].name, in.headers[n].value};
    f->request.headers[n] = (struct http_header){"authorization", authorization.data};
    f->sends++;
    f->http_pending = true;
    http_start(s->http, &f->request);
    f->request.url = NULL; /* net/ has copies: nothing of this frame stays behind */
    memset(f->request.headers, 0, sizeof f->request.headers);
    buf_finish(&authorization);
    return true;
}
