/* What people type -> what is meant, and the exact sentence when nothing can be meant. */
#include "bot/core/fold.h"
#include "core/command.h"
#include "core_fixture.h"
#include "lib/check.h"

#define COMMAND(NAME, NEEDS, FLAGS, CHANGES)                                                                 \
    static const struct command cmd_##NAME = {                                                               \
        .name = #NAME, .usage = #NAME " USAGE", .needs = NEEDS, .flags = FLAGS, .changes = CHANGES}
COMMAND(restart, NEEDS_SERVICE_OR_ALL, COMMAND_REASON, true);
COMMAND(status, NEEDS_SERVICE, 0, false);
COMMAND(help, NEEDS_NOTHING, COMMAND_EXTRA, false);
COMMAND(targets, NEEDS_NOTHING, 0, false);
COMMAND(scale, NEEDS_SERVICE, COMMAND_REASON | COMMAND_EXTRA, true);
COMMAND(drain, NEEDS_SERVICE, COMMAND_REASON | COMMAND_BREAK_GLASS, true);
COMMAND(clusters, NEEDS_TARGET, 0, false);
COMMAND(history, NEEDS_TARGET, COMMAND_OPTIONAL, false);
static const struct command *const table[] = {&cmd_restart,  &cmd_status,  &cmd_help,
                                              &cmd_targets,  &cmd_scale,   &cmd_drain,
                                              &cmd_clusters, &cmd_history, NULL};

static struct config *config;

static int set_up(void **state)
{
    (void)state;
    config = make_config();
    add_service(add_target(config, "cotak prod east", "cotak-prod-east"), "api", "api-east", true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    config_destroy(config);
    return 0;
}

#define API "api (default)"

/* "restart | cotak prod | api | reason | extra", so that a row shows everything that was understood. */
static void describe(const struct parsed *p, char *to, size_t size)
{
    char service[80] = "-";
    if (p->all) {
        TEXT_COPY(service, "ALL");
    } else if (p->service != NULL) {
        TEXT_FORMAT(service, "%s%s", p->service->key, p->service_named ? "" : " (default)");
    }
    text_format(to, size, "%s | %s | %s | %s | %s", p->command->name, p->target ? p->target->name : "-",
                service, p->reason, p->extra);
}

static void understands(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } rows[] = {
        /* empty, case, spaces */
        {"", "help | - | - |  | "},
        {"   ", "help | - | - |  | "},
        {"RESTART CoTAK Prod", "restart | cotak prod | " API " |  | "},
        {"  restart   cotak  prod  ", "restart | cotak prod | " API " |  | "},
        {"restart\u00a0cotak\u00a0prod", "restart | cotak prod | " API " |  | "},
        {"restart cotak\tprod\n", "restart | cotak prod | " API " |  | "},
        {"restart cotak\u2060 prod\u200b", "restart | cotak prod | " API " |  | "},
        {"\"restart\" \"cotak\" prod", "restart | cotak prod | " API " |  | "},
        {"HELP Restart", "help | - | - |  | restart"},
        /* the longest target wins */
        {"status cotak prod", "status | cotak prod | " API " |  | "},
        {"status cotak prod east", "status | cotak prod east | " API " |  | "},
        {"status cotak prod events", "status | cotak prod | events |  | "},
        {"status cotak prod east api", "status | cotak prod east | api |  | "},
        /* services */
        {"restart cotak prod api", "restart | cotak prod | api |  | "},
        {"restart cotak prod HUB", "restart | cotak prod | hub |  | "},
        {"restart cotak prod all", "restart | cotak prod | ALL |  | "},
        {"clusters wftak test", "clusters | wftak test | - |  | "},
        {"history", "history | - | - |  | "},
        {"history wftak test", "history | wftak test | - |  | "},
        {"scale cotak prod api 3", "scale | cotak prod | api |  | 3"},
        {"scale cotak prod 3", "scale | cotak prod | " API " |  | 3"},
        /* reasons */
        {"restart cotak prod --reason \"map slow\"", "restart | cotak prod | " API " | map slow | "},
        {"restart cotak prod --reason=\"map slow\"", "restart | cotak prod | " API " | map slow | "},
        {"restart cotak prod --reason \u201cmap slow\u201d", "restart | cotak prod | " API " | map slow | "},
        {"restart cotak prod --reason 'it's slow'", "restart | cotak prod | " API " | it's slow | "},
        {"restart cotak prod --reason \u2018it\u2019s slow\u2019",
         "restart | cotak prod | " API " | it's slow | "},
        {"restart cotak prod --reason map is SLOW again",
         "restart | cotak prod | " API " | map is SLOW again | "},
        {"restart cotak prod --reason=slow", "restart | cotak prod | " API " | slow | "},
        {"restart cotak prod --reason \"never closed", "restart | cotak prod | " API " | never closed | "},
        {"restart cotak prod \u2014reason map slow", "restart | cotak prod | " API " | map slow | "},
        {"restart cotak prod\u00a0\u2014reason map slow", "restart | cotak prod | " API " | map slow | "},
        {"restart cotak prod \u2013Reason \u201cmap slow\u201d",
         "restart | cotak prod | " API " | map slow | "},
        {"restart --reason \"map slow\" cotak prod api", "restart | cotak prod | api | map slow | "},
        {"restart cotak prod --reason slow \u2014 very", "restart | cotak prod | " API " | slow - very | "},
        {"restart cotak prod --reason \"a\x1b[31mb\"", "restart | cotak prod | " API " | a [31mb | "},
        /* our own name in front */
        {"/cloudtak restart cotak prod", "restart | cotak prod | " API " |  | "},
        {"!cloudtak status wftak test", "status | wftak test | " API " |  | "},
        {"/cloudtak", "help | - | - |  | "},
        {"/restart cotak prod", "restart | cotak prod | " API " |  | "},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct parsed p = {0};
        struct err err = {0};
        char got[1200];
        if (!parse_request(table, config, rows[i].text, &p, &err)) {
            fail_msg("row \"%s\": refused: %s", rows[i].text, err.text);
        }
        describe(&p, got, sizeof(got));
        if (strcmp(got, rows[i].expected) != 0) {
            fail_msg("row \"%s\": %s", rows[i].text, got);
        }
    }
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"restrat cotak prod", "There is no command \"restrat\". Did you mean: restart? All commands: help"},
        {"make coffee", "There is no command \"make\". All commands: help"},
        {"/nonsense rstart", "There is no command \"rstart\". Did you mean: restart? All commands: help"},
        {"restart cotak prdo", "There is no target \"cotak prdo\". Did you mean: restart cotak prod?"},
        {"restart cotak prdo api --reason x",
         "There is no target \"cotak prdo api\". Did you mean: restart cotak prod api?"},
        {"restart nowhere",
         "There is no target \"nowhere\". Known targets: cotak prod, wftak test, cotak prod east. "
         "Usage: restart USAGE"},
        {"restart", "restart needs a target. Known targets: cotak prod, wftak test, cotak prod east. Usage: "
                    "restart USAGE"},
        {"status", "status needs a target. Known targets: cotak prod, wftak test, cotak prod east. Usage: "
                   "status USAGE"},
        {"status hub", "\"hub\" is a service, and its target stands before it: status cotak prod hub"},
        {"restart cotak prod ap", "cotak prod has no service \"ap\". Did you mean: restart cotak prod api?"},
        {"restart cotak prod database",
         "cotak prod has no service \"database\". Its services: hub, api, events"},
        {"status cotak prod all",
         "status takes one service of cotak prod at a time. Its services: hub, api, events"},
        {"restart cotak prod api now please",
         "I do not understand \"now please\" after \"restart cotak prod api\". Usage: restart USAGE"},
        {"restart cotak prod api --force",
         "I do not understand \"--force\" after \"restart cotak prod api\". Usage: restart USAGE"},
        {"targets all", "I do not understand \"all\" after \"targets\". Usage: targets USAGE"},
        {"status cotak prod --reason x", "status takes no --reason. Usage: status USAGE"},
        {"restart cotak prod --reason", "--reason has no text. Example: --reason \"map slow\""},
        {"restart cotak prod --reason \"  \"", "--reason has no text. Example: --reason \"map slow\""},
        {"restart cotak prod --break-glass x", "restart takes no --break-glass. Usage: restart USAGE"},
        {"drain cotak prod --break-glass",
         "--break-glass has no text. Example: --break-glass \"the registry is "
         "down\""},
        {"restart cotak prod --reasonable",
         "I do not understand \"--reasonable\" after \"restart cotak prod\". Usage: restart USAGE"},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct parsed p = {.reason = "untouched"};
        struct err err = {0};
        CHECK_ROW(rows[i].text, !parse_request(table, config, rows[i].text, &p, &err));
        CHECK_ROW(rows[i].text, err.code == ERR_USAGE);
        if (strcmp(err.text, rows[i].expected) != 0) {
            fail_msg("row \"%s\": %s", rows[i].text, err.text);
        }
        CHECK_ROW(rows[i].text, strcmp(p.reason, "untouched") == 0);
    }
}

static void the_only_target_goes_without_saying_for_reading(void **state)
{
    (void)state;
    struct parsed p;
    struct err err;
    config->target_count = 1;
    assert_true(parse_request(table, config, "status", &p, &err));
    assert_string_equal(p.target->name, "cotak prod");
    assert_false(parse_request(table, config, "restart", &p, &err));
    assert_string_equal(err.text, "restart needs a target. Known targets: cotak prod. Usage: restart USAGE");
}

static void many_words(void **state)
{
    (void)state;
    char text[400] = "help";
    struct parsed p;
    struct err err;
    for (int i = 1; i < 64; i++) {
        char more[400];
        TEXT_FORMAT(more, "%s w", text);
        TEXT_COPY(text, more);
    }
    assert_true(parse_request(table, config, text, &p, &err));
    assert_int_equal(strlen(p.extra), 63 * 2 - 1);
    text[strlen(text)] = ' ';
    text[strlen(text)] = 'w';
    assert_false(parse_request(table, config, text, &p, &err));
    assert_string_equal(err.text, "That is more than 64 words. What I understand: help");
}

static void very_long_texts(void **state)
{
    (void)state;
    char *text = mem_alloc(100001);
    struct parsed p;
    struct err err;
    memset(text, 'x', 100000);
    assert_false(parse_request(table, config, text, &p, &err));
    assert_true(text_starts(err.text, "There is no command \"xxx"));
    assert_true(text_ends(err.text, "x\". All commands: help"));
    memcpy(text, "restart cotak prod --reason=", 28);
    assert_true(parse_request(table, config, text, &p, &err));
    assert_int_equal(strlen(p.reason), sizeof(p.reason) - 1);
    assert_string_equal(p.target->name, "cotak prod");
    memcpy(text, "restart cotak prod xxxxxxxxx", 28);
    assert_false(parse_request(table, config, text, &p, &err));
    assert_true(text_starts(err.text, "cotak prod has no service \"xxx"));
    mem_free(text);
}

static void many_targets_are_not_all_listed(void **state)
{
    (void)state;
    struct parsed p;
    struct err err;
    for (int i = 3; i < 8; i++) {
        char name[CONFIG_NAME];
        TEXT_FORMAT(name, "place number%d", i);
        add_target(config, name, "x");
    }
    struct config bigger = *config;
    bigger.targets = mem_array(9, sizeof(*bigger.targets));
    memcpy(bigger.targets, config->targets, 8 * sizeof(*bigger.targets));
    add_target(&bigger, "the ninth", "x");
    assert_false(parse_request(table, &bigger, "restart nowhere", &p, &err));
    assert_non_null(strstr(err.text, "place number7, … (all: targets). Usage"));
    mem_free(bigger.targets);
}

static void folding(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        size_t size;
    } rows[] = {
        {"plain --x \"y\"", "plain --x \"y\"", 99},
        {"\u201ca\u201d \u201eb\u201c \u00abc\u00bb", "\"a\" \"b\" \"c\"", 99},
        {"\u2018a\u2019 it\u2019s", "'a' it's", 99},
        {"a\u00a0b\u202fc\u3000d", "a b c d", 99},
        {"\u2014x a\u2014b \u2014 c \u2014-d", "--x a-b - c --d", 99},
        {"no\u2011break \u2212minus", "no-break -minus", 99},
        {"zero\u200bwidth\ufeff", "zerowidth", 99},
        {"half \xe2\x80\ufeff\x9d no", "half     no", 99}, /* what goes may not join the halves of a quote */
        {"émoji 🔄 stay", "émoji 🔄 stay", 99},
        {"cut here", "cut", 4},
        {"", "", 1},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        char to[100];
        fold_text(to, rows[i].size, rows[i].from);
        if (strcmp(to, rows[i].to) != 0) {
            fail_msg("row \"%s\": %s", rows[i].from, to);
        }
    }
}

static void glass_is_broken_for_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason, *glass;
    } rows[] = {
        {"drain cotak prod --break-glass \"image gone\"", "", "image gone"},
        {"drain cotak prod --break-glass image gone", "", "image gone"},
        {"drain cotak prod --reason api hung --break-glass image gone", "api hung", "image gone"},
        {"drain cotak prod --break-glass=gone --reason=\"api hung\"", "api hung", "gone"},
        {"drain cotak prod \u2014break-glass image gone api", "", "image gone api"},
        {"drain --break-glass 'it\u2019s gone' cotak prod", "", "it's gone"},
        {"drain cotak prod --reason x --reason y", "x --reason y", ""},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct parsed p = {0};
        struct err err = {0};
        CHECK_ROW(rows[i].text, parse_request(table, config, rows[i].text, &p, &err));
        assert_string_equal(p.reason, rows[i].reason);
        assert_string_equal(p.break_glass, rows[i].glass);
    }
}

int main(void)
{
#define WITH_CONFIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_CONFIG(understands),
        WITH_CONFIG(says_what_is_wrong),
        WITH_CONFIG(the_only_target_goes_without_saying_for_reading),
        WITH_CONFIG(glass_is_broken_for_a_reason),
        WITH_CONFIG(many_words),
        WITH_CONFIG(very_long_texts),
        WITH_CONFIG(many_targets_are_not_all_listed),
        cmocka_unit_test(folding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
