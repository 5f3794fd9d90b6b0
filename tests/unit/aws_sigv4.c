/* Walks tests/vectors/sigv4, a folder a case, and compares each stage with what botocore made of it. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/text.h"

#define FOLDER    "vectors/sigv4"
#define FILE_MAX  (64 * 1024)
#define CASES_MIN 25

struct vector {
    struct buf request, context;
    struct sigv4_input in;
};

static void read_file(const char *name, const char *file, struct buf *to)
{
    char path[512], chunk[4096];
    TEXT_FORMAT(path, FOLDER "/%s/%s", name, file);
    buf_init(to, FILE_MAX);
    FILE *f = fopen(path, "rbe");
    assert_non_null(f);
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_put(to, chunk, n);
    assert_int_equal(fclose(f), 0);
    assert_false(buf_overflowed(to));
}

/* Ends the line at *at and moves *at behind it. */
static char *next_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');
    assert_non_null(end);
    *end = '\0';
    *at = end + 1;
    return line;
}

static const char *context_value(struct vector *v, const char *name)
{
    size_t len = strlen(name);
    for (char *p = v->context.data; p < v->context.data + v->context.len; p += strlen(p) + 1) {
        if (strncmp(p, name, len) == 0 && p[len] == ' ')
            return p + len + 1;
    }
    fail_msg("no %s in the context", name);
    return NULL;
}

static void load(struct vector *v, const char *name)
{
    memset(v, 0, sizeof *v);
    read_file(name, "request", &v->request);
    read_file(name, "context", &v->context);
    for (char *at = v->context.data; *at != '\0';)
        next_line(&at);
    char *at = v->request.data;
    char *target = next_line(&at);
    char *path = strchr(target, ' ');
    assert_non_null(path);
    *path++ = '\0';
    v->in.method = target;
    v->in.path = path;
    char *query = strchr(path, '?');
    if (query != NULL)
        *query++ = '\0';
    v->in.query = query == NULL ? "" : query;
    size_t count = 0;
    for (char *line = next_line(&at); *line != '\0'; line = next_line(&at)) {
        char *value = strchr(line, ':');
        assert_non_null(value);
        *value++ = '\0';
        assert_true(count < SIGV4_HEADERS);
        v->in.headers[count++] = (struct sigv4_header){line, value};
    }
    v->in.body = at;
    v->in.body_len = v->request.len - (size_t)(at - v->request.data);
    v->in.region = context_value(v, "region");
    v->in.service = context_value(v, "service");
    v->in.access_key = context_value(v, "access_key");
    v->in.secret_key = context_value(v, "secret_key");
    v->in.date = context_value(v, "date");
    v->in.keep_path = strcmp(context_value(v, "keep_path"), "1") == 0;
}

static void finish(struct vector *v)
{
    buf_finish(&v->request);
    buf_finish(&v->context);
}

static void expect_stage(const char *name, const char *stage, const struct buf *got)
{
    struct buf wanted;
    read_file(name, stage, &wanted);
    if (wanted.len != got->len || memcmp(wanted.data, got->data, got->len) != 0)
        fail_msg("%s: %s\n--- wanted\n%s\n--- got\n%s", name, stage, wanted.data, got->data);
    buf_finish(&wanted);
}

static void check_case(const char *name)
{
    struct vector v;
    load(&v, name);
    struct buf request, to_sign, authorization, at_once;
    buf_init(&request, FILE_MAX);
    buf_init(&to_sign, FILE_MAX);
    buf_init(&authorization, FILE_MAX);
    buf_init(&at_once, FILE_MAX);
    assert_true(sigv4_canonical_request(&v.in, &request));
    expect_stage(name, "canonical_request", &request);
    assert_true(sigv4_string_to_sign(&v.in, request.data, &to_sign));
    expect_stage(name, "string_to_sign", &to_sign);
    assert_true(sigv4_authorization(&v.in, to_sign.data, &authorization));
    expect_stage(name, "authorization", &authorization);
    assert_true(sigv4_sign(&v.in, &at_once));
    assert_string_equal(at_once.data, authorization.data);
    buf_finish(&request);
    buf_finish(&to_sign);
    buf_finish(&authorization);
    buf_finish(&at_once);
    finish(&v);
}

static void agrees_with_every_vector(void **state)
{
    (void)state;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    int cases = 0;
    for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
        if (e->d_name[0] == '.')
            continue;
        check_case(e->d_name);
        cases++;
    }
    closedir(folder);
    assert_true(cases >= CASES_MIN);
}

static void a_given_payload_hash_replaces_the_body(void **state)
{
    (void)state;
    struct vector v;
    load(&v, "get-plain");
    v.in.payload_hash = "UNSIGNED-PAYLOAD";
    struct buf request;
    buf_init(&request, FILE_MAX);
    assert_true(sigv4_canonical_request(&v.in, &request));
    assert_true(text_ends(request.data, "\nUNSIGNED-PAYLOAD"));
    buf_finish(&request);
    finish(&v);
}

static void a_ceiling_is_an_answer_not_a_crash(void **state)
{
    (void)state;
    struct vector v;
    load(&v, "get-plain");
    struct buf small;
    buf_init(&small, 16);
    assert_false(sigv4_canonical_request(&v.in, &small));
    buf_finish(&small);
    char query[2048];
    for (size_t i = 0; i + 2 < sizeof query; i += 2)
        memcpy(query + i, "a&", 2);
    query[sizeof query - 2] = query[sizeof query - 1] = '\0';
    v.in.query = query;
    struct buf big;
    buf_init(&big, FILE_MAX);
    assert_false(sigv4_canonical_request(&v.in, &big));
    char secret[400];
    memset(secret, 's', sizeof secret);
    secret[sizeof secret - 1] = '\0';
    v.in.query = "";
    v.in.secret_key = secret;
    buf_clear(&big);
    assert_false(sigv4_sign(&v.in, &big));
    buf_finish(&big);
    finish(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_every_vector),
        cmocka_unit_test(a_given_payload_hash_replaces_the_body),
        cmocka_unit_test(a_ceiling_is_an_answer_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
