/* Prometheus' text: names, escapes, buckets, and what happens past the ceiling. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/metric.h"
#include "base/secret.h"
#include "lib/check.h"

static const double BOUNDS[] = {0.1, 1, 2.5, 0};
static struct metric plain = {.name = "x_total", .kind = METRIC_COUNTER, .help = "Help.", METRIC_SERIES(1)};
static struct metric odd = {.name = "g",
                            .kind = METRIC_GAUGE,
                            .help = "A \\ and\na \"line\".",
                            .labels = {"a", "b"},
                            METRIC_SERIES(4)};
static struct metric timed = {.name = "t_seconds",
                              .kind = METRIC_HISTOGRAM,
                              .help = "Time.",
                              .labels = {"k"},
                              .bounds = BOUNDS,
                              METRIC_SERIES(2)};
static struct metric few = {
    .name = "c_total", .kind = METRIC_COUNTER, .help = "C.", .labels = {"a", "b"}, METRIC_SERIES(3)};
static struct metric named = {
    .name = "n_total", .kind = METRIC_COUNTER, .help = "N.", .labels = {"a"}, METRIC_SERIES(4)};

static struct metric said = {
    .name = "s_total", .kind = METRIC_COUNTER, .help = "S.", .labels = {"a"}, METRIC_SERIES(2)};

static const char *written(const struct metric *m)
{
    static struct buf text;
    buf_finish(&text);
    buf_init(&text, 64 * 1024);
    metric_write(m, &text);
    assert_false(buf_overflowed(&text));
    return text.data;
}

static void a_counter_without_labels_is_there_from_the_start(void **state)
{
    (void)state;
    assert_string_equal(written(&plain), "# HELP x_total Help.\n# TYPE x_total counter\nx_total 0\n");
    metric_add(&plain, NULL, 1);
    metric_add(&plain, NULL, 2);
    assert_string_equal(written(&plain), "# HELP x_total Help.\n# TYPE x_total counter\nx_total 3\n");
}

static void text_is_escaped(void **state)
{
    (void)state;
    assert_string_equal(written(&odd), "# HELP g A \\\\ and\\na \"line\".\n# TYPE g gauge\n");
    metric_set(&odd, METRIC_VALUES("q\"b\\s\nn", ""), -1.5);
    metric_set(&odd, METRIC_VALUES("\xff\x1b[1m", "\u20ac"), INFINITY);
    metric_set(&odd, METRIC_VALUES("nan", "x"), NAN);
    assert_string_equal(strchr(written(&odd) + 40, '\n') + 1, "g{a=\"q\\\"b\\\\s\\nn\",b=\"\"} -1.5\n"
                                                              "g{a=\"  [1m\",b=\"\u20ac\"} +Inf\n"
                                                              "g{a=\"nan\",b=\"x\"} NaN\n");
}

static void a_label_has_no_secret(void **state)
{
    (void)state;
    static const char value[] = "cnry\"7Q\\x9";
    struct secret *s = secret_create(value, strlen(value));
    metric_add(&said, METRIC_VALUES("by cnry\"7Q\\x9 said"), 1);
    assert_non_null(strstr(written(&said), "s_total{a=\"by [secret] said\"} 1\n"));
    secret_destroy(s);
}

static void buckets_are_cumulative_and_their_bounds_belong_to_them(void **state)
{
    (void)state;
    metric_observe(&timed, METRIC_VALUES("a"), 0.1);
    metric_observe(&timed, METRIC_VALUES("a"), 0.2);
    metric_observe(&timed, METRIC_VALUES("a"), 2.5);
    metric_observe(&timed, METRIC_VALUES("a"), 99);
    assert_string_equal(written(&timed), "# HELP t_seconds Time.\n# TYPE t_seconds histogram\n"
                                         "t_seconds_bucket{k=\"a\",le=\"0.1\"} 1\n"
                                         "t_seconds_bucket{k=\"a\",le=\"1\"} 2\n"
                                         "t_seconds_bucket{k=\"a\",le=\"2.5\"} 3\n"
                                         "t_seconds_bucket{k=\"a\",le=\"+Inf\"} 4\n"
                                         "t_seconds_sum{k=\"a\"} 101.8\n"
                                         "t_seconds_count{k=\"a\"} 4\n");
}

static void past_the_ceiling_all_is_other_and_nothing_is_lost(void **state)
{
    (void)state;
    static const char *const names[] = {"one", "two", "three", "four", "one"};
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        metric_add(&few, METRIC_VALUES(names[i], "x"), 1);
    }
    assert_string_equal(written(&few), "# HELP c_total C.\n# TYPE c_total counter\n"
                                       "c_total{a=\"one\",b=\"x\"} 2\n"
                                       "c_total{a=\"two\",b=\"x\"} 1\n"
                                       "c_total{a=\"other\",b=\"other\"} 2\n");
    metric_clear(&few);
    assert_string_equal(written(&few), "# HELP c_total C.\n# TYPE c_total counter\n");
}

static void a_long_value_is_cut_and_stays_one_series(void **state)
{
    (void)state;
    char value[2 * METRIC_VALUE];
    memset(value, 'v', sizeof(value));
    value[sizeof(value) - 1] = '\0';
    metric_add(&named, METRIC_VALUES(value), 1);
    metric_add(&named, METRIC_VALUES(value), 1);
    assert_int_equal(named.used, 1);
    assert_int_equal(strlen(named.series[0].values[0]), METRIC_VALUE - 1);
}

static void the_shared_bounds_fit(void **state)
{
    (void)state;
    size_t n = 0;
    for (; METRIC_SECONDS[n] > 0; n++) {
        assert_true(n == 0 || METRIC_SECONDS[n] > METRIC_SECONDS[n - 1]);
    }
    assert_in_range(n, 1, METRIC_BUCKETS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_without_labels_is_there_from_the_start),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(a_label_has_no_secret),
        cmocka_unit_test(buckets_are_cumulative_and_their_bounds_belong_to_them),
        cmocka_unit_test(past_the_ceiling_all_is_other_and_nothing_is_lost),
        cmocka_unit_test(a_long_value_is_cut_and_stays_one_series),
        cmocka_unit_test(the_shared_bounds_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
