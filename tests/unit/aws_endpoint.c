/* The formula against AWS's own rules as botocore prints them (vectors/endpoints.tsv). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aws/endpoint.h"
#include "base/text.h"

#define ROWS_MIN 1200

static enum aws_service service_by_word(const char *word)
{
    for (int i = 0; i < AWS_SERVICES; i++) {
        if (strcmp(endpoint_service((enum aws_service)i)->word, word) == 0)
            return (enum aws_service)i;
    }
    fail_msg("no service %s", word);
    return AWS_SERVICES;
}

/* The printed rules say api.ecr-fips; the host that AWS lists as the registry's FIPS API is ecr-fips. */
static const char *listed_host(const char *url, char *to, size_t size)
{
    static const char rule[] = "https://api.ecr-fips.";
    if (!text_starts(url, rule))
        return url;
    text_format(to, size, "https://ecr-fips.%s", url + strlen(rule));
    return to;
}

static void check_row(char *row)
{
    char *column[6], *save = row;
    for (int i = 0; i < 6; i++) {
        column[i] = strsep(&save, "\t\n");
        assert_non_null(column[i]);
    }
    enum aws_service service = service_by_word(column[0]);
    char url[256], other[256];
    struct err err;
    assert_true(
        endpoint_url(service, column[1], column[2][0] == '1', column[3][0] == '1', url, sizeof url, &err));
    assert_string_equal(url, listed_host(column[4], other, sizeof other));
    assert_string_equal(endpoint_service(service)->signing_name, column[5]);
}

static void agrees_with_every_printed_row(void **state)
{
    (void)state;
    FILE *f = fopen("vectors/endpoints.tsv", "re");
    assert_non_null(f);
    char row[512];
    int rows = 0;
    while (fgets(row, sizeof row, f) != NULL) {
        if (row[0] == '#')
            continue;
        check_row(row);
        rows++;
    }
    fclose(f);
    assert_true(rows >= ROWS_MIN);
}

static void partitions_and_their_usual_regions(void **state)
{
    (void)state;
    assert_string_equal(endpoint_partition("us-gov-west-1"), "aws-us-gov");
    assert_string_equal(endpoint_partition("us-west-2"), "aws");
    assert_string_equal(endpoint_partition("us-iso-east-1"), "aws-iso");
    assert_string_equal(endpoint_partition("us-isob-east-1"), "aws-iso-b");
    assert_string_equal(endpoint_partition("cn-north-1"), "aws-cn");
    assert_string_equal(endpoint_partition("mx-central-1"), "aws");
    assert_string_equal(endpoint_default_region("aws-us-gov"), "us-gov-east-1");
    assert_string_equal(endpoint_default_region("aws"), "us-east-1");
    assert_null(endpoint_default_region("aws-mars"));
}

static void what_is_no_region_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "us",
                                        "us-east",
                                        "us-east-",
                                        "us-east-1a",
                                        "US-EAST-1",
                                        "xx-east-1",

                                        "us-east-1/",
                                        "us-east-1.evil.example",
                                        "us-east-1-2",
                                        " us-east-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char url[256] = "kept";
        struct err err = {0};
        assert_null(endpoint_partition(wrong[i]));
        assert_false(endpoint_url(AWS_ECS, wrong[i], false, false, url, sizeof url, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_string_equal(url, "kept");
    }
    assert_null(endpoint_partition(NULL));
}

static void a_short_buffer_is_left_alone(void **state)
{
    (void)state;
    char url[8] = "kept";
    struct err err = {0};
    assert_false(endpoint_url(AWS_ECS, "us-east-1", false, false, url, sizeof url, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_string_equal(url, "kept");
}

static void console_pages_of_the_partitions(void **state)
{
    (void)state;
    char url[256];
    assert_true(endpoint_console_url("us-gov-east-1", "c", "s", url, sizeof url));
    assert_string_equal(
        url, "https://console.amazonaws-us-gov.com/ecs/v2/clusters/c/services/s/health?region=us-gov-east-1");
    assert_true(endpoint_console_url("us-east-1", "c", "s", url, sizeof url));
    assert_true(text_starts(url, "https://console.aws.amazon.com/"));
    assert_false(endpoint_console_url("us-iso-east-1", "c", "s", url, sizeof url));
    assert_false(endpoint_console_url("us-east-1", "c/../d", "s", url, sizeof url));
    assert_false(endpoint_console_url("us-east-1", "c", "s?x", url, sizeof url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_every_printed_row),
        cmocka_unit_test(partitions_and_their_usual_regions),
        cmocka_unit_test(what_is_no_region_is_refused),
        cmocka_unit_test(a_short_buffer_is_left_alone),
        cmocka_unit_test(console_pages_of_the_partitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
