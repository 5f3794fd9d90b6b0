/* Signs what it is told: a line of JSON a request in, its canonical request and Authorization out, a line of
 * JSON each, in this order. For the comparison with botocore in sigv4.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "base/mem.h"

#define TEXT_MOST ((size_t)64 * 1024)

/* The input borrows from json. */
static void read_input(const json_t *json, struct sigv4_input *ret)
{
    const json_t *body = jsonx_at(json, "body"), *headers = jsonx_at(json, "headers");
    *ret = (struct sigv4_input){.method = jsonx_text(json, "method"),
                                .path = jsonx_text(json, "path"),
                                .query = jsonx_text(json, "query"),
                                .region = jsonx_text(json, "region"),
                                .service = jsonx_text(json, "service"),
                                .access_key = jsonx_text(json, "access_key"),
                                .secret_key = jsonx_text(json, "secret_key"),
                                .date = jsonx_text(json, "date"),
                                .body = json_string_value(body),
                                .body_len = json_string_length(body)};
    for (size_t i = 0; i < json_array_size(headers) && i < SIGV4_HEADERS; i++) {
        const json_t *pair = json_array_get(headers, i);
        ret->headers[i] = (struct sigv4_header){json_string_value(json_array_get(pair, 0)),
                                                json_string_value(json_array_get(pair, 1))};
    }
}

static bool sign_line(const char *line, size_t len)
{
    struct err err;
    json_t *json = jsonx_parse(line, len, &err);
    if (json == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return false;
    }
    struct sigv4_input in;
    struct buf canonical, authorization;
    read_input(json, &in);
    buf_init(&canonical, TEXT_MOST);
    buf_init(&authorization, TEXT_MOST);
    bool good = sigv4_canonical_request(&in, &canonical) && sigv4_sign(&in, &authorization);
    if (good) {
        json_t *out =
            json_pack("{s:s,s:s}", "canonical", canonical.data, "authorization", authorization.data);
        char *text = jsonx_print(out);
        puts(text);
        mem_free(text);
        json_decref(out);
    }
    buf_finish(&canonical);
    buf_finish(&authorization);
    json_decref(json);
    return good;
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    int status = 0;
    while (status == 0 && (len = getline(&line, &size, stdin)) > 0) {
        status = sign_line(line, (size_t)len) ? 0 : 1;
    }
    free(line);
    return status;
}
