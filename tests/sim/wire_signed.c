/* Is a request signed as AWS wants it? Signatures by the rehearsal's key are checked, so that a wrong one
 * fails as it would at AWS. */
#include <string.h>

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/server.h"
#include "sim/wire.h"
#include "sim/wire_aws.h"
#include "sim/world_ecs.h"

#define SIGNED_MOST (SIGV4_HEADERS - 1)

/* "Credential=AKIA…/20261122/us-gov-east-1/ecs/aws4_request, SignedHeaders=host;x-amz-date, Signature=…" */
struct authorization {
    char access_key[64], day[16], region[32], service[32], headers[512], signature[80];
};

static bool part_of(const char *value, const char *name, char *to, size_t size)
{
    const char *at = strstr(value, name);
    if (at == NULL) {
        return false;
    }
    at += strlen(name);
    return text_copy_n(to, size, at, strcspn(at, ", "));
}

static bool next_field(const char **at, char *to, size_t size)
{
    size_t len = strcspn(*at, "/");
    bool good = len > 0 && text_copy_n(to, size, *at, len);
    *at += len + ((*at)[len] == '/');
    return good;
}

static bool read_authorization(const char *value, struct authorization *ret)
{
    char credential[256];
    if (value == NULL || !text_starts(value, "AWS4-HMAC-SHA256 ") ||
        !part_of(value, "Credential=", credential, sizeof(credential)) ||
        !part_of(value, "SignedHeaders=", ret->headers, sizeof(ret->headers)) ||
        !part_of(value, "Signature=", ret->signature, sizeof(ret->signature))) {
        return false;
    }
    const char *at = credential;
    return next_field(&at, ret->access_key, sizeof(ret->access_key)) &&
           next_field(&at, ret->day, sizeof(ret->day)) && next_field(&at, ret->region, sizeof(ret->region)) &&
           next_field(&at, ret->service, sizeof(ret->service)) && text_equal(at, "aws4_request");
}

/* Signs what arrived with the known key: the same signature must come out. */
static bool signature_right(const struct server_call *call, const struct authorization *a)
{
    const char *date = server_header(call, "x-amz-date");
    size_t len;
    const char *body = server_body(call, &len);
    struct sigv4_input in = {.method = server_method(call),
                             .path = server_path(call),
                             .query = server_query(call),
                             .region = a->region,
                             .service = a->service,
                             .access_key = WIRE_ACCESS_KEY,
                             .secret_key = WIRE_SECRET_KEY,
                             .date = date,
                             .body = body,
                             .body_len = len};
    char names[sizeof(a->headers)];
    TEXT_COPY(names, a->headers);
    size_t count = 0;
    for (char *name = names; *name != '\0' && count < SIGNED_MOST; count++) {
        char *end = name + strcspn(name, ";");
        bool last = *end == '\0';
        *end = '\0';
        const char *value = server_header(call, name);
        if (value == NULL) {
            return false;
        }
        /* owned copies: a later look at a header may use the place of an earlier one */
        in.headers[count] = (struct sigv4_header){name, mem_text(value)};
        name = last ? end : end + 1;
    }
    struct buf wanted;
    buf_init(&wanted, 4096);
    struct authorization mine;
    bool right = date != NULL && sigv4_sign(&in, &wanted) && read_authorization(wanted.data, &mine) &&
                 text_equal(mine.signature, a->signature);
    for (size_t i = 0; i < count; i++) {
        mem_free((void *)(uintptr_t)in.headers[i].value);
    }
    buf_finish(&wanted);
    return right;
}

const struct wire_refusal *wire_aws_signed(const struct server_call *call, const struct wire_service *service)
{
    static const struct wire_refusal missing = {403, "MissingAuthenticationTokenException",
                                                "MissingAuthenticationToken", "Missing Authentication Token"};
    static const struct wire_refusal incomplete = {400, "IncompleteSignatureException", "IncompleteSignature",
                                                   "The Authorization header is not of Signature Version 4."};
    static const struct wire_refusal unknown = {400, "UnrecognizedClientException", "InvalidClientTokenId",
                                                "The security token included in the request is invalid."};
    static const struct wire_refusal scope = {403, "InvalidSignatureException", "SignatureDoesNotMatch",
                                              "Credential should be scoped to correct service."};
    static const struct wire_refusal wrong = {
        403, "InvalidSignatureException", "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided."};
    struct authorization a;
    const char *value = server_header(call, "authorization");
    if (value == NULL) {
        return &missing;
    }
    if (!read_authorization(value, &a)) {
        return &incomplete;
    }
    if (!text_equal(a.access_key, WIRE_ACCESS_KEY)) {
        return &unknown;
    }
    if (service != NULL && !text_equal(a.service, service->signs)) {
        return &scope;
    }
    return signature_right(call, &a) ? NULL : &wrong;
}

bool wire_aws_here(const struct server_call *call)
{
    struct authorization a;
    return read_authorization(server_header(call, "authorization"), &a) && text_equal(a.region, WORLD_REGION);
}
