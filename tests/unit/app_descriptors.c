/* Chat, AWS and the store keep their descriptors whatever the limit is. */
#include <string.h>
#include <sys/resource.h>

#include "bot/descriptors.h"
#include "lib/check.h"

static void the_listener_takes_what_is_left(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int limit, listener; /* -1: it does not start */
    } rows[] = {
        {"Debian's", 1024, 64},     {"no end", 1000000, 64}, {"just enough", 186, 64}, {"one less", 185, 63},
        {"ulimit -n 128", 128, 25}, {"the least", 96, 4},    {"too few", 95, -1},      {"none", 0, -1},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct err err = {0};
        int listener = -1;
        CHECK_ROW(rows[i].name,
                  descriptors_share(rows[i].limit, 1, true, &listener, &err) == (rows[i].listener > 0));
        CHECK_ROW(rows[i].name, listener == rows[i].listener);
    }
    assert_int_equal(descriptors_wanted(1, true), 186);
}

static void each_chat_and_no_listener_count(void **state)
{
    (void)state;
    struct err err = {0};
    int listener = -1;
    assert_int_equal(descriptors_wanted(4, true) - descriptors_wanted(1, true), 24);
    assert_true(descriptors_share(descriptors_wanted(4, true), 4, true, &listener, &err));
    assert_int_equal(listener, 64);
    assert_true(descriptors_share(descriptors_wanted(2, false), 2, false, &listener, &err));
    assert_int_equal(listener, 0);
    assert_false(descriptors_share(descriptors_wanted(2, false) - 1, 2, false, &listener, &err));
}

static void too_few_is_a_sentence_with_the_remedy(void **state)
{
    (void)state;
    struct err err = {0};
    int listener = -1;
    assert_false(descriptors_share(40, 1, true, &listener, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.text, "only 40 files and sockets"));
    assert_non_null(strstr(err.text, "LimitNOFILE=186"));
    assert_non_null(strstr(err.text, "`ulimit -n 186`"));
}

static void the_soft_limit_is_raised_as_far_as_it_goes(void **state)
{
    (void)state;
    struct rlimit files, before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    files = before;
    files.rlim_cur = 50;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(descriptors_raise(40), 50); /* never lowered */
    assert_int_equal(descriptors_raise(90), 90);
    files.rlim_cur = 60;
    files.rlim_max = 100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(descriptors_raise(400), 100);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(files.rlim_cur, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_listener_takes_what_is_left),
        cmocka_unit_test(each_chat_and_no_listener_count),
        cmocka_unit_test(too_few_is_a_sentence_with_the_remedy),
        cmocka_unit_test(the_soft_limit_is_raised_as_far_as_it_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
