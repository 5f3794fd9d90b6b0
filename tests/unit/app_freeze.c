/* The freeze as a file of the host: there or not, with whatever in it. */
#include "bot/freeze.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "core/config.h"
#include "lib/check.h"

static char folder[] = "/tmp/cloudtak-freeze-XXXXXX";
static struct config *config;
static struct freeze *freeze;
static char reason[FREEZE_REASON];

static int set_up(void **state)
{
    (void)state;
    TEXT_COPY(folder, "/tmp/cloudtak-freeze-XXXXXX");
    assert_non_null(mkdtemp(folder));
    config = config_create();
    TEXT_FORMAT(config->store_path, "%s/state.db", folder);
    freeze = freeze_file_create(config);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(freeze->path);
    rmdir(folder);
    freeze_file_destroy(freeze);
    config_destroy(config);
    return 0;
}

static void put(const char *text)
{
    FILE *f = fopen(freeze->path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void beside_the_store_unless_told_otherwise(void **state)
{
    (void)state;
    char path[100];
    TEXT_FORMAT(path, "%s/freeze", folder);
    assert_string_equal(freeze->path, path);
    TEXT_COPY(config->freeze_path, "/run/other");
    struct freeze *other = freeze_file_create(config);
    assert_string_equal(other->path, "/run/other");
    freeze_file_destroy(other);
}

static void its_first_line_is_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } ROWS[] = {
        {"", ""},
        {"power works until 16:00\nsecond line\n", "power works until 16:00"},
        {"crlf\r\n", "crlf"},
        {"\n", ""},
        {"a\033[31mred\a", "a [31mred "},
        {"invalid \xff\xfe bytes", "invalid    bytes"},
    };
    assert_false(freeze->look(freeze, reason));
    for (size_t i = 0; i < CHECK_COUNT(ROWS); i++) {
        put(ROWS[i].text);
        CHECK_ROW(ROWS[i].reason, freeze->look(freeze, reason));
        CHECK_ROW(reason, strcmp(reason, ROWS[i].reason) == 0);
    }
    assert_int_equal(unlink(freeze->path), 0);
    assert_false(freeze->look(freeze, reason));
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    char text[4000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    put(text);
    assert_true(freeze->look(freeze, reason));
    assert_int_equal(strlen(reason), FREEZE_REASON - 1);
}

static void whatever_has_its_name_freezes_and_nothing_waits(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(freeze->path, 0600), 0); /* opened for reading, it would wait for a writer */
    assert_true(freeze->look(freeze, reason));
    assert_string_equal(reason, "");
    unlink(freeze->path);
    assert_int_equal(symlink("/nowhere/at/all", freeze->path), 0);
    assert_true(freeze->look(freeze, reason));
    unlink(freeze->path);
    assert_int_equal(mkdir(freeze->path, 0700), 0);
    assert_true(freeze->look(freeze, reason));
    rmdir(freeze->path);
}

static void what_cannot_be_looked_at_freezes(void **state)
{
    (void)state;
    char deep[sizeof(config->freeze_path)];
    memset(deep, 'n', sizeof(deep) - 1);
    deep[0] = '/';
    deep[sizeof(deep) - 1] = '\0';
    TEXT_COPY(config->freeze_path, deep); /* a name that no file system takes */
    struct freeze *other = freeze_file_create(config);
    assert_true(other->look(other, reason));
    assert_string_equal(reason, "whether it is there cannot be told: File name too long");
    freeze_file_destroy(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(beside_the_store_unless_told_otherwise),
        TEST(its_first_line_is_the_reason),
        TEST(a_long_line_is_cut),
        TEST(whatever_has_its_name_freezes_and_nothing_waits),
        TEST(what_cannot_be_looked_at_freezes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
