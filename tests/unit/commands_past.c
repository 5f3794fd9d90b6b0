/* history and timeline: what was done, in words that go into a report. */
#include "commands_fixture.h"
#include "store/store.h"

static struct store_operation row_of(const char *id)
{
    struct store_operation o = {
        .created_ms = NOW, .acting_ms = NOW + 12000, .ended = true, .detail = "", .follow = ""};
    TEXT_COPY(o.id, id);
    TEXT_COPY(o.verb, "restart");
    TEXT_COPY(o.target, "cotak prod");
    TEXT_COPY(o.service_key, "api");
    TEXT_COPY(o.server, "slack");
    TEXT_COPY(o.user, "UANA");
    TEXT_COPY(o.user_name, "ana");
    TEXT_COPY(o.verdict, "succeeded");
    o.ended_ms = NOW + 143000;
    o.duration_ms = 131000;
    return o;
}

static void begin(struct config **config, struct command_call *call, const char *text)
{
    forget_answer();
    asked_past = NULL;
    asked_records = NULL;
    *config = make_config();
    *call = call_of(*config);
    run_text(call, text);
}

static void end(struct config *config)
{
    forget_answer();
    config_destroy(config);
}

/* ---- history */

static void history_has_a_line_for_each(void **state)
{
    struct config *config;
    struct command_call call;
    (void)state;
    begin(&config, &call, "history cotak prod");
    assert_ptr_equal(asked_past->target, call.parsed.target);
    struct store_operation one = row_of("7F3K"), two = row_of("8G4L");
    two.ended = false;
    TEXT_COPY(two.state, "following");
    TEXT_COPY(two.parent, "7F3J");
    two.user_name[0] = '\0';
    const struct store_operation *const rows[] = {&two, &one};
    asked_past->ok = true;
    asked_past->rows = rows;
    asked_past->count = 2;
    asked_past->done(asked_past);
    expect_answer(
        "history",
        "History of cotak prod\n"
        "   2026-11-22 14:02:08 UTC · 8G4L · restart cotak prod api · @UANA · goes on: following · part "
        "of 7F3J\n"
        "   2026-11-22 14:02:08 UTC · 7F3K · restart cotak prod api · @ana · succeeded after 2 min 11 s\n"
        "   One of them step by step: /cloudtak timeline 8G4L\n");
    end(config);
}

static void history_says_what_it_leaves_out(void **state)
{
    struct config *config;
    struct command_call call;
    (void)state;
    begin(&config, &call, "history");
    assert_null(asked_past->target);
    asked_past->ok = asked_past->hidden = true;
    asked_past->altered = 1;
    asked_past->done(asked_past);
    assert_non_null(strstr(answer.text, "Nothing was done in the last 400 days where you may look."));
    assert_non_null(strstr(answer.text, "Targets that you may not view are left out."));
    assert_non_null(
        strstr(answer.text, "1 operation was changed in my store by somebody else and is left out."));
    end(config);

    begin(&config, &call, "history");
    const struct store_operation one = row_of("7F3K");
    const struct store_operation *rows[21];
    for (size_t i = 0; i < 21; i++) {
        rows[i] = &one;
    }
    asked_past->ok = true;
    asked_past->rows = rows;
    asked_past->count = 21;
    asked_past->done(asked_past);
    assert_non_null(strstr(answer.text, "Older ones are left out; name a target to see more of it."));
    end(config);
}

static void a_store_that_cannot_be_read_is_told(void **state)
{
    struct config *config;
    struct command_call call;
    (void)state;
    begin(&config, &call, "history");
    err_set(&asked_past->err, ERR_IO, "The store failed.");
    asked_past->done(asked_past);
    assert_true(answer.refused);
    assert_string_equal(answer.text, "What was done could not be read: The store failed.");
    end(config);
}

/* ---- timeline */

static struct store_record record(int64_t sequence, int64_t at_ms, const char *who, const char *what,
                                  const char *detail)
{
    struct store_record r = {.sequence = sequence, .audit = {.at_ms = at_ms, .detail = detail}};
    TEXT_COPY(r.audit.operation, "7F3K");
    TEXT_COPY(r.audit.who, who);
    TEXT_COPY(r.audit.what, what);
    return r;
}

static void timeline_is_markdown(void **state)
{
    struct config *config;
    struct command_call call;
    (void)state;
    begin(&config, &call, "timeline op 7f3k");
    assert_string_equal(asked_records->operation, "7F3K");
    struct store_record records[] = {
        record(4, NOW, "slack:user:UANA", "asked", "{\"text\":\"restart cotak prod\"}"),
        record(5, NOW + 12000, "slack:user:UANA", "UpdateService",
               "{\"text\":\"ecs-svc/2, AWS request 0b1c\"}"),
        record(6, NOW + 15000, "slack:user:UBO", "click refused",
               "{\"asked\":\"cancel\",\"answer\":\"It runs.\\n\"}"),
        record(9, NOW + 86400000, "cloudtak-bot", "succeeded", "{\"text\":\"\"}"),
        record(10, NOW + 86400000, "cloudtak-bot", "odd", "no JSON"),
    };
    TEXT_COPY(records[3].audit.operation, "8G4L");
    const struct store_timeline t = {
        .ok = true, .found = true, .row = row_of("7F3K"), .count = 5, .records = records};
    asked_records->timeline = &t;
    asked_records->done(asked_records);
    assert_false(answer.refused);
    static const char *const EXPECTED[] = {
        "Timeline of 7F3K: restart cotak prod api, succeeded after 2 min 11 s\n",
        "# 7F3K: restart cotak prod api",
        "Asked by @ana at 2026-11-22 14:02:08 UTC. Ended: succeeded after 2 min 11 s, ",
        ", at 2026-11-22 14:04:31 UTC.",
        "- 14:02:08 @ana, **asked**: restart cotak prod\n",
        "- 14:02:20 @ana, **UpdateService**: ecs-svc/2, AWS request 0b1c\n",
        "- 14:02:23 slack:user:UBO, **click refused**: \"cancel\": It runs.",
        "- 2026-11-23 14:02:08 8G4L, cloudtak-bot, **succeeded**\n",
        "- 14:02:08 cloudtak-bot, **odd**: no JSON",
        "Are the records whole? On the host: cloudtak-bot audit verify",
    };
    for (size_t i = 0; i < sizeof(EXPECTED) / sizeof(EXPECTED[0]); i++) {
        if (strstr(answer.text, EXPECTED[i]) == NULL) {
            fail_msg("missing: %s\nin: %s", EXPECTED[i], answer.text);
        }
    }
    end(config);
}

#define MANY 60

/* Every record is in exactly one part, none is cut, and each part says what it leaves out. */
static void a_long_timeline_comes_in_parts(void **state)
{
    struct store_record records[MANY];
    char texts[MANY][200];
    struct store_timeline t = {
        .ok = true, .found = true, .row = row_of("7F3K"), .count = MANY, .cut = true, .records = records};
    size_t seen = 0;
    unsigned parts = 99;
    (void)state;
    for (int i = 0; i < MANY; i++) {
        TEXT_FORMAT(texts[i], "{\"text\":\"number %d of many %0150d.\"}", i, i);
        records[i] = record(i, NOW + i, "slack:user:UANA", "noted", texts[i]);
    }
    for (unsigned part = 1; part <= parts; part++) {
        struct config *config;
        struct command_call call;
        char words[40], says[80];
        TEXT_FORMAT(words, "timeline 7F3K %u", part);
        begin(&config, &call, words);
        asked_records->timeline = &t;
        asked_records->done(asked_records);
        assert_false(answer.refused);
        TEXT_FORMAT(says, "Part %u of ", part);
        const char *of = strstr(answer.text, says);
        assert_non_null(of);
        parts = (unsigned)strtol(of + strlen(says), NULL, 10);
        assert_in_range(parts, 3, 20);
        for (int i = 0; i < MANY; i++) {
            char text[200];
            TEXT_FORMAT(text, "number %d of many %0150d.", i, i);
            seen += strstr(answer.text, text) != NULL ? 1 : 0;
        }
        assert_non_null(strstr(answer.text, "It has more than 500 records: the later ones are left out."));
        end(config);
    }
    assert_int_equal(seen, MANY);
    struct config *config;
    struct command_call call;
    begin(&config, &call, "timeline 7F3K 77");
    asked_records->timeline = &t;
    asked_records->done(asked_records);
    assert_true(answer.refused);
    assert_non_null(strstr(answer.text, "Next: /cloudtak timeline 7F3K"));
    end(config);
}

static void what_cannot_be_told_is_refused_with_the_next_step(void **state)
{
    struct config *config;
    struct command_call call;
    struct store_timeline t = {.ok = true};
    (void)state;
    begin(&config, &call, "timeline");
    assert_true(answer.refused);
    assert_null(asked_records);
    assert_non_null(strstr(answer.text, "Which operation?"));
    end(config);

    begin(&config, &call, "timeline ZZZZ");
    asked_records->timeline = &t;
    asked_records->done(asked_records);
    assert_string_equal(answer.text, "I know no operation ZZZZ. The newest ones: /cloudtak history");
    end(config);

    begin(&config, &call, "timeline ZZZZ");
    asked_records->timeline = &t;
    TEXT_COPY(asked_records->refusal, "You need the right \"view\".");
    asked_records->done(asked_records);
    assert_true(answer.refused);
    assert_string_equal(answer.text, "You need the right \"view\".");
    end(config);
}

static void a_row_that_was_changed_is_told(void **state)
{
    struct config *config;
    struct command_call call;
    const struct store_timeline t = {.ok = true, .found = true, .altered = true, .row = row_of("7F3K")};
    (void)state;
    begin(&config, &call, "timeline 7F3K");
    asked_records->timeline = &t;
    asked_records->done(asked_records);
    assert_non_null(strstr(answer.text, "was changed in my store by somebody else"));
    end(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_has_a_line_for_each),
        cmocka_unit_test(history_says_what_it_leaves_out),
        cmocka_unit_test(a_store_that_cannot_be_read_is_told),
        cmocka_unit_test(timeline_is_markdown),
        cmocka_unit_test(a_long_timeline_comes_in_parts),
        cmocka_unit_test(what_cannot_be_told_is_refused_with_the_next_step),
        cmocka_unit_test(a_row_that_was_changed_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
