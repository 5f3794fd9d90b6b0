/* Log lines lose what looks like a secret, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/text.h"
#include "ecs/redact.h"

#define R   "[redacted]"
#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoiYSJ9.sflKxwRJSMeKKF2QT4fwpM"
#define KEY "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" /* of AWS's own documentation */

static const struct row {
    const char *line, *wanted;
} rows[] = {
    /* passwords in URLs */
    {"connect postgres://cloudtak:s3cret@db.example:5432/tak_ps_etl failed",
     "connect postgres://cloudtak:" R "@db.example:5432/tak_ps_etl failed"},
    {"postgresql://u:p%40ss@h/db", "postgresql://u:" R "@h/db"},
    {"postgres://u:p@ss/w:rd?@h/db", "postgres://u:" R "@h/db"}, /* not escaped */
    {"postgres://u:pa'ss@h/db", "postgres://u:" R "@h/db"},
    {"{\"POSTGRES\":\"postgres://u:p@h/db\",\"mail\":\"a@b\"}",
     "{\"POSTGRES\":\"postgres://u:" R "@h/db\",\"mail\":\"a@b\"}"},
    {"POSTGRES://U:P@h/db", "POSTGRES://U:" R "@h/db"},
    {"https://bot:hunter2@proxy:3128/", "https://bot:" R "@proxy:3128/"},
    {"https://ghp_abc@github.com/x", "https://" R "@github.com/x"},
    {"mongodb+srv://a:b@c", "mongodb+srv://a:" R "@c"},
    /* bearers and the like */
    {"Authorization: Bearer abc.def", "Authorization: " R},
    {"sent Bearer abcdefgh to hub", "sent Bearer " R " to hub"},
    {"bearer%20abcdefgh", "bearer%20" R},
    {"auth Basic dXNlcjpwYXNz now", "auth Basic " R " now"},
    {"curl -H 'Authorization: Bearer abc' https://h/", "curl -H 'Authorization: " R "' https://h/"},
    {"{\"authorization\":\"Bearer abc\",\"a\":1}", "{\"authorization\":\"" R "\",\"a\":1}"},
    {"cookie: a=1; session=xyz", "cookie: " R},
    /* CloudTAK's tokens, and JWTs anywhere */
    {"token etl." JWT " used", "token etl." R " used"},
    {"GET /api?token=" JWT "&a=1 HTTP/1.1", "GET /api?token=" R "&a=1 HTTP/1.1"},
    {"GET /api?a=1&token=abc HTTP/1.1", "GET /api?a=1&token=" R " HTTP/1.1"},
    {"x=" JWT, "x=" R},
    {"token%3D" JWT, "token%3D" R},
    {"id " JWT ".", "id " R},
    /* parameters */
    {"password=hunter2 user=a", "password=" R " user=a"},
    {"PGPASSWORD=hunter2", "PGPASSWORD=" R},
    {"CLOUDTAK_Config_geofence_password: hunter2", "CLOUDTAK_Config_geofence_password: " R},
    {"SigningSecret=abc", "SigningSecret=" R},
    {"secret => 'abc def', x", "secret => '" R "', x"},
    {"psql --password hunter2 -h db", "psql --password " R " -h db"},
    {"{\"password\":\"a\\\"b\",\"user\":\"c\"}", "{\"password\":\"" R "\",\"user\":\"c\"}"},
    {"{ \"Password\" : \"abc\" }", "{ \"Password\" : \"" R "\" }"},
    {"\"{\\\"password\\\":\\\"a\\\\\\\"b\\\",\\\"x\\\":1}\"",
     "\"{\\\"password\\\":\\\"" R "\\\",\\\"x\\\":1}\""},
    {"{'api_key': 'abc'}", "{'api_key': '" R "'}"},
    {"env['password']='abc'", "env['password']='" R "'"},
    {"password=\"never ends", "password=\"" R},
    {"X-Amz-Security-Token=FwoG&X-Amz-Signature=0a1b&X-Amz-Date=20260101",
     "X-Amz-Security-Token=" R "&X-Amz-Signature=" R "&X-Amz-Date=20260101"},
    {"\x1b[33mpassword\x1b[0m=\x1b[31mhunter2\x1b[0m end", "password=" R " end"}, /* coloured */
    /* AWS */
    {"key AKIAIOSFODNN7EXAMPLE of", "key " R " of"},
    {"Credential=ASIAIOSFODNN7EXAMPLE/20260101/", "Credential=" R},
    {"secret " KEY " end", "secret " R " end"},
    {"aws_secret_access_key = " KEY, "aws_secret_access_key = " R},
    {"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj", R},
    {"k: -----BEGIN RSA PRIVATE KEY-----\\nabc\\n-----END RSA PRIVATE KEY----- x",
     "k: -----BEGIN RSA PRIVATE KEY-----" R "-----END RSA PRIVATE KEY----- x"},
    {"-----BEGIN x password=hunter2 PRIVATE KEY----- y", "-----BEGIN x password=" R " PRIVATE KEY----- y"},
    {"a_very_long_name_of_a_parameter_that_goes_on_and_on_and_on_and_then_says_password=hunter2",
     "a_very_long_name_of_a_parameter_that_goes_on_and_on_and_on_and_then_says_password=" R},
    {"-----BEGIN PRIVATE KEY----- abc", "-----BEGIN PRIVATE KEY-----" R},
};

#define REFUSED                                                                                              \
    ("User: arn:aws-us-gov:sts::123456789012:assumed-role/x/y is not authorized to perform: "                \
     "secretsmanager:GetSecretValue on resource: "                                                           \
     "arn:aws-us-gov:secretsmanager:us-gov-east-1:123456789012:secret:tak-cloudtak-cotak-prod/api/"          \
     "secret-a1b2c3")

/* What people need to read at 03:00 stays. */
static const char *const kept[] = {
    "",
    "ok - http://localhost:5001",
    "not ok - unable to get postgres connection",
    "ok - retrying... (3/5)",
    "postgres://db.example:5432/tak_ps_etl",
    "postgres://cloudtak@db.example/tak",
    "https://map.cotak.gov/api/user/a@b.example?x=1",
    "DrizzleQueryError: Failed query: ALTER TABLE layers ADD COLUMN secret text",
    "SyntaxError: Unexpected token } in JSON at position 7",
    "Error: Invalid token",
    "password authentication failed for user \"cloudtak\"",
    "password: null, token: undefined",
    "token=",
    "\"password\":\"\"",
    REFUSED,
    "tak-cloudtak-cotak-prod/api/secret: ResourceNotFoundException",
    "SecretId=tak-cloudtak-cotak-prod/api/secret",
    "image 0f3c2b1a9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "Bearer token is missing",
    "Basic authentication is off",
    "etl.cloudtak.example.com",
    "    at Object.<anonymous> (/app/api/node_modules/undici/lib/web/fetch/index.js:125:13)",
    "AKIA and ASIA begin key ids",
    "secrets: [ 'a', 'b' ]",
    "-----BEGIN CERTIFICATE----- abc",
    "-----BEGIN KEY-----",
};

static void each_shape_is_left_out(void **state)
{
    char to[500], again[500];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        redact_line(to, sizeof to, rows[i].line);
        assert_string_equal(to, rows[i].wanted);
        redact_line(again, sizeof again, to); /* once is enough, and twice does no harm */
        assert_string_equal(again, to);
    }
}

static void what_is_no_secret_stays(void **state)
{
    char to[500];
    (void)state;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        redact_line(to, sizeof to, kept[i]);
        assert_string_equal(to, kept[i]);
    }
    redact_line(to, sizeof to, NULL);
    assert_string_equal(to, "");
}

/* A secret that begins before the cut, or far behind it, leaves nothing behind. */
static void cutting_does_not_bring_it_back(void **state)
{
    char to[40];
    struct buf b;
    (void)state;
    for (size_t size = 1; size < sizeof to; size++) {
        memset(to, 'x', sizeof to);
        redact_line(to, size, "password=hunter2hunter2hunter2 end");
        assert_true(strlen(to) < size);
        assert_null(strstr(to, "hunter"));
        assert_int_equal(to[size], 'x');
    }
    buf_init(&b, 1 << 20);
    buf_text(&b, "postgres://u:");
    for (int i = 0; i < 500; i++)
        buf_text(&b, "hunter2");
    buf_text(&b, "@h/db");
    redact_line(to, sizeof to, b.data);
    assert_string_equal(to, "postgres://u:" R "@h/db");
    buf_clear(&b);
    for (int i = 0; i < 100000; i++) /* a long line of nothing but beginnings */
        buf_text(&b, "a://");
    redact_line(to, sizeof to, b.data);
    assert_int_equal(strlen(to), sizeof to - 1);
    buf_finish(&b);
}

static void it_is_clean(void **state)
{
    char to[100];
    (void)state;
    redact_line(to, sizeof to,
                "a\nb\x07"
                "c\xff"
                "d\u202e\u202c"
                "e\xc3\xa9");
    assert_string_equal(to, "a b c d  e\xc3\xa9");
    redact_line(to, sizeof to, "end \x1b[");
    assert_string_equal(to, "end ");
    redact_line(to, 6, "12345\xc3\xa9");
    assert_string_equal(to, "12345");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_shape_is_left_out),
        cmocka_unit_test(what_is_no_secret_stays),
        cmocka_unit_test(cutting_does_not_bring_it_back),
        cmocka_unit_test(it_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
