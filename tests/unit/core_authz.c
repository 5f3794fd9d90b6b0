/* Who may do what, where: every kind of account, place and rule, and the exact sentence of each refusal. */
#include "core/authz.h"
#include "core_fixture.h"
#include "lib/check.h"

#define NOW 1000000000000

static struct config *config;
static struct config_target *prod;

static int set_up(void **state)
{
    (void)state;
    config = make_config();
    prod = &config->targets[0];
    add_channel(prod, "slack", "CINC");
    struct config_person *ana = add_person(config, "ana");
    add_person_id(ana, "slack", "UANA");
    add_person_id(ana, "mm", "ana9");
    add_person_id(ana, NULL, "ana");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    config_destroy(config);
    return 0;
}

static struct principals *rule_for(enum right right)
{
    struct principals *const rules[] = {NULL, &prod->view, &prod->logs, &prod->restart, &prod->downtime};
    return rules[right];
}

static struct request request_by(const char *user)
{
    struct request r = {.source = REQUEST_SLASH};
    TEXT_COPY(r.who.server, "slack");
    TEXT_COPY(r.who.user, user);
    TEXT_COPY(r.who.name, "Cy");
    TEXT_COPY(r.place.server, "slack");
    TEXT_COPY(r.place.channel, "CINC");
    return r;
}

static struct authz_facts known(enum chat_member member)
{
    return (struct authz_facts){
        .looked_up = true, .lookup_ok = true, .member = member, .groups_as_of_ms = NOW};
}

static struct authz_result decide(enum right right, const struct request *r, const struct authz_facts *f)
{
    const struct command c = {.name = "x", .usage = "x", .right = right, .changes = right >= RIGHT_RESTART};
    const struct authz_facts nothing = {0};
    struct authz_result result;
    memset(&result, 0x5a, sizeof(result));
    authz_decide(config, prod, &c, r, f != NULL ? f : &nothing, NOW, &result);
    return result;
}

static void expect(const struct authz_result *r, const char *name, enum authz_answer answer, const char *text)
{
    if (r->answer != answer || strcmp(r->text, text) != 0) {
        fail_msg("row \"%s\": answer %d: %s", name, (int)r->answer, r->text);
    }
}

/* ---- kinds of account */

enum { A = AUTHZ_ALLOWED, R = AUTHZ_REFUSED, L = AUTHZ_LOOKUP };

/* What each kind of account gets: full, guest, stranger, bot, deactivated, unknown, look-up failed, not
 * looked up. */
static void every_kind_of_account(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum right right;
        enum principal_kind kind;
        const char *id;
        int answers[8];
    } rows[] = {
        {"view, any", RIGHT_VIEW, PRINCIPAL_ANY, "", {A, R, R, R, R, R, R, L}},
        {"logs, any", RIGHT_LOGS, PRINCIPAL_ANY, "", {A, R, R, R, R, R, R, L}},
        {"restart, any", RIGHT_RESTART, PRINCIPAL_ANY, "", {A, R, R, R, R, R, R, L}},
        {"downtime, any", RIGHT_DOWNTIME, PRINCIPAL_ANY, "", {A, R, R, R, R, R, R, L}},
        {"view, everyone", RIGHT_VIEW, PRINCIPAL_EVERYONE, "", {A, A, A, A, A, A, A, A}},
        {"logs, everyone", RIGHT_LOGS, PRINCIPAL_EVERYONE, "", {A, A, A, A, A, A, A, A}},
        {"restart, everyone", RIGHT_RESTART, PRINCIPAL_EVERYONE, "", {A, R, R, R, R, A, A, A}},
        {"downtime, everyone", RIGHT_DOWNTIME, PRINCIPAL_EVERYONE, "", {A, R, R, R, R, A, A, A}},
        {"view, the user", RIGHT_VIEW, PRINCIPAL_USER, "UCY", {A, A, A, A, A, A, A, A}},
        {"logs, the user", RIGHT_LOGS, PRINCIPAL_USER, "UCY", {A, A, A, A, A, A, A, A}},
        {"restart, the user", RIGHT_RESTART, PRINCIPAL_USER, "UCY", {A, R, R, R, R, R, R, L}},
        {"downtime, the user", RIGHT_DOWNTIME, PRINCIPAL_USER, "UCY", {A, R, R, R, R, R, R, L}},
        {"view, another user", RIGHT_VIEW, PRINCIPAL_USER, "UANA", {R, R, R, R, R, R, R, R}},
        {"logs, another user", RIGHT_LOGS, PRINCIPAL_USER, "UANA", {R, R, R, R, R, R, R, R}},
        {"restart, another user", RIGHT_RESTART, PRINCIPAL_USER, "UANA", {R, R, R, R, R, R, R, L}},
        {"downtime, another user", RIGHT_DOWNTIME, PRINCIPAL_USER, "UANA", {R, R, R, R, R, R, R, L}},
        {"view, their group", RIGHT_VIEW, PRINCIPAL_GROUP, "SIN", {A, A, A, A, A, A, R, L}},
        {"restart, their group", RIGHT_RESTART, PRINCIPAL_GROUP, "SIN", {A, R, R, R, R, R, R, L}},
        {"view, another group", RIGHT_VIEW, PRINCIPAL_GROUP, "SOUT", {R, R, R, R, R, R, R, L}},
        {"restart, another group", RIGHT_RESTART, PRINCIPAL_GROUP, "SOUT", {R, R, R, R, R, R, R, L}},
        {"restart, a local name", RIGHT_RESTART, PRINCIPAL_LOCAL, "UCY", {R, R, R, R, R, R, R, L}},
        {"view, a local name", RIGHT_VIEW, PRINCIPAL_LOCAL, "UCY", {R, R, R, R, R, R, R, R}},
    };
    static const enum chat_member members[] = {MEMBER_FULL, MEMBER_GUEST,       MEMBER_STRANGER,
                                               MEMBER_BOT,  MEMBER_DEACTIVATED, MEMBER_UNKNOWN};
    const struct request r = request_by("UCY");
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct principals *rule = rule_for(rows[i].right);
        memset(rule, 0, sizeof(*rule));
        add_principal(rule, rows[i].kind, "slack", rows[i].id);
        for (size_t k = 0; k < 8; k++) {
            struct authz_facts f = known(k < 6 ? members[k] : MEMBER_FULL);
            f.lookup_ok = k != 6;
            f.looked_up = k != 7;
            f.group_count = 2;
            TEXT_COPY(f.groups[0], "SIN");
            f.in_group[0] = true;
            TEXT_COPY(f.groups[1], "SOUT");
            const struct authz_result got = decide(rows[i].right, &r, &f);
            if ((int)got.answer != rows[i].answers[k]) {
                fail_msg("row \"%s\", kind %zu: answer %d: %s", rows[i].name, k, (int)got.answer, got.text);
            }
            CHECK_ROW(rows[i].name, (got.answer == AUTHZ_REFUSED) == (got.text[0] != '\0'));
        }
    }
}

static void sentences_about_the_account(void **state)
{
    (void)state;
    add_principal(&prod->restart, PRINCIPAL_USER, "slack", "UANA");
    add_principal(&prod->restart, PRINCIPAL_USER, "mm", "ana9");
    add_principal(&prod->restart, PRINCIPAL_GROUP, "slack", "S1");
    static const struct {
        const char *name, *text;
        enum chat_member member;
    } rows[] = {
        {"guest",
         "Cy is a guest account, and only full members may change cotak prod. Ask somebody who holds the "
         "right "
         "\"restart\": @ana, members of slack:group:S1.",
         MEMBER_GUEST},
        {"stranger",
         "Cy is an account of another organisation, and only full members may change cotak prod. Ask "
         "somebody "
         "who holds the right \"restart\": @ana, members of slack:group:S1.",
         MEMBER_STRANGER},
        {"bot",
         "Cy is a bot, and only full members may change cotak prod. Ask somebody who holds the right "
         "\"restart\": @ana, members of slack:group:S1.",
         MEMBER_BOT},
        {"deactivated",
         "Cy is a deactivated account, and only full members may change cotak prod. Ask somebody who holds "
         "the "
         "right \"restart\": @ana, members of slack:group:S1.",
         MEMBER_DEACTIVATED},
        {"unknown",
         "The platform does not say whether you are a full member here. Ask an administrator to check your "
         "account.",
         MEMBER_UNKNOWN},
        {"full, not named",
         "You need the right \"restart\" for cotak prod, held by @ana, members of slack:group:S1. Ask them, "
         "or "
         "an administrator to add \"slack:user:UCY\" to allow.restart of cotak prod.",
         MEMBER_FULL},
    };
    const struct request r = request_by("UCY");
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        const struct authz_facts f = known(rows[i].member);
        const struct authz_result got = decide(RIGHT_RESTART, &r, &f);
        expect(&got, rows[i].name, AUTHZ_REFUSED, rows[i].text);
    }
    struct authz_facts failed = {.looked_up = true};
    TEXT_COPY(failed.lookup_trouble, "Slack answered ratelimited");
    struct authz_result got = decide(RIGHT_RESTART, &r, &failed);
    expect(&got, "look-up failed", AUTHZ_REFUSED,
           "I could not check that you are a full member here: Slack answered ratelimited. Try again in a "
           "minute.");
    add_principal(&prod->view, PRINCIPAL_ANY, "", "");
    got = decide(RIGHT_VIEW, &r, &failed);
    expect(&got, "reading, look-up failed", AUTHZ_REFUSED,
           "I could not look up your account and groups: Slack answered ratelimited. Try again in a minute.");
}

static void no_rule_is_nobody(void **state)
{
    (void)state;
    static const enum right rights[] = {RIGHT_VIEW, RIGHT_LOGS, RIGHT_RESTART, RIGHT_DOWNTIME};
    const struct request r = request_by("UCY");
    const struct authz_facts f = known(MEMBER_FULL);
    for (size_t i = 0; i < CHECK_COUNT(rights); i++) {
        const struct authz_result got = decide(rights[i], &r, &f);
        char text[300];
        TEXT_FORMAT(text,
                    "Nobody holds the right \"%s\" for cotak prod. Ask an administrator to add "
                    "\"slack:user:UCY\" to allow.%s of cotak prod.",
                    right_word(rights[i]), right_word(rights[i]));
        expect(&got, right_word(rights[i]), AUTHZ_REFUSED, text);
        /* and the platform need not be asked for that */
        const struct authz_result unasked = decide(rights[i], &r, NULL);
        expect(&unasked, right_word(rights[i]), AUTHZ_REFUSED, text);
    }
    const struct authz_result free = decide(RIGHT_NONE, &r, NULL);
    expect(&free, "no right needed", AUTHZ_ALLOWED, "");
}

/* ---- places */

static const struct {
    const char *name, *channel;
    bool direct, shared, any, list_it;
    const char *text; /* "" = allowed */
    const char *unsure;
} PLACES[] = {
    {"listed", "CINC", false, false, false, false, "", NULL},
    {"another channel", "COTHER", false, false, false, false,
     "cotak prod may not be changed from this channel. Ask in slack:CINC, or an administrator to add "
     "\"slack:COTHER\" to allow.channels of cotak prod.",
     NULL},
    {"another channel, any", "COTHER", false, false, true, false, "", NULL},
    {"DM", "D1", true, false, false, false,
     "cotak prod may not be changed from a direct message. Ask in a channel where others see it: "
     "slack:CINC.",
     NULL},
    {"DM, any", "D1", true, false, true, false,
     "cotak prod may not be changed from a direct message. Ask in a channel where others see it: "
     "slack:CINC, "
     "any channel of yours.",
     NULL},
    {"DM listed by id", "D1", true, false, false, true, "", NULL},
    {"shared", "CSH", false, true, false, false,
     "This channel is shared with another organisation, and cotak prod may be changed from such a "
     "channel "
     "only if it is listed by its id. Ask in slack:CINC, or an administrator to add \"slack:CSH\" to "
     "allow.channels of cotak prod.",
     NULL},
    {"shared, any", "CSH", false, true, true, false,
     "This channel is shared with another organisation, and cotak prod may be changed from such a "
     "channel "
     "only if it is listed by its id. Ask in slack:CINC, any channel of yours, or an administrator to "
     "add "
     "\"slack:CSH\" to allow.channels of cotak prod.",
     NULL},
    {"shared, listed by id", "CSH", false, true, false, true, "", NULL},
    {"unsure, any", "CSH", false, true, true, false,
     "I could not find out whether this channel is shared with another organisation: Slack hangs. Ask "
     "again in a minute, or an administrator to add \"slack:CSH\" to allow.channels of cotak prod.",
     "Slack hangs"},
    {"unsure, not listed", "CSH", false, true, false, false,
     "cotak prod may not be changed from this channel. Ask in slack:CINC, or an administrator to add "
     "\"slack:CSH\" to allow.channels of cotak prod.",
     "Slack hangs"},
    {"unsure, listed by id", "CSH", false, true, false, true, "", "Slack hangs"},
};

static void places(void **state)
{
    (void)state;
    add_principal(&prod->restart, PRINCIPAL_USER, "slack", "UCY");
    add_principal(&prod->downtime, PRINCIPAL_USER, "slack", "UCY");
    add_principal(&prod->view, PRINCIPAL_USER, "slack", "UCY");
    const struct authz_facts f = known(MEMBER_FULL);
    for (size_t i = 0; i < CHECK_COUNT(PLACES); i++) {
        struct request r = request_by("UCY");
        TEXT_COPY(r.place.channel, PLACES[i].channel);
        r.place.direct = PLACES[i].direct;
        r.place.shared = PLACES[i].shared;
        TEXT_COPY(r.place.unsure, PLACES[i].unsure != NULL ? PLACES[i].unsure : "");
        if (PLACES[i].any) {
            add_channel(prod, "", NULL);
        }
        if (PLACES[i].list_it) {
            add_channel(prod, "slack", PLACES[i].channel);
        }
        struct authz_result got = decide(RIGHT_RESTART, &r, &f);
        expect(&got, PLACES[i].name, PLACES[i].text[0] ? AUTHZ_REFUSED : AUTHZ_ALLOWED, PLACES[i].text);
        got = decide(RIGHT_DOWNTIME, &r, &f);
        expect(&got, PLACES[i].name, PLACES[i].text[0] ? AUTHZ_REFUSED : AUTHZ_ALLOWED, PLACES[i].text);
        got = decide(RIGHT_VIEW, &r, &f); /* reading works wherever the person may read */
        expect(&got, PLACES[i].name, AUTHZ_ALLOWED, "");
        prod->channel_count = 1;
    }
}

static void the_same_id_of_another_server_is_another_channel(void **state)
{
    (void)state;
    add_principal(&prod->restart, PRINCIPAL_EVERYONE, "", "");
    struct request r = request_by("UCY");
    TEXT_COPY(r.who.server, "mm");
    TEXT_COPY(r.place.server, "mm");
    const struct authz_result got = decide(RIGHT_RESTART, &r, NULL);
    expect(
        &got, "mm", AUTHZ_REFUSED,
        "cotak prod may not be changed from this channel. Ask in a listed channel (none is listed here yet), "
        "or an administrator to add \"mm:CINC\" to allow.channels of cotak prod.");
}

/* ---- groups and people */

static void groups_are_asked_about_and_must_be_fresh(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum right right;
        int64_t age_ms;
        bool in;
        const char *text;
    } rows[] = {
        {"change, in, now", RIGHT_RESTART, 0, true, ""},
        {"change, in, 60 s", RIGHT_RESTART, 60000, true, ""},
        {"change, in, too old", RIGHT_RESTART, 60001, true,
         "What I know of your groups is too old to decide on. Try again in a minute."},
        {"change, out, too old", RIGHT_RESTART, 60001, false,
         "You need the right \"restart\" for cotak prod, held by members of slack:group:S1, members of "
         "mm:group:g2. Ask them, or an administrator to add \"slack:user:UCY\" to allow.restart of cotak "
         "prod."},
        {"view, in, 10 min", RIGHT_VIEW, 600000, true, ""},
        {"view, in, too old", RIGHT_VIEW, 600001, true,
         "What I know of your groups is too old to decide on. Try again in a minute."},
    };
    for (size_t i = 0; i < 2; i++) {
        struct principals *rule = i ? &prod->view : &prod->restart;
        add_principal(rule, PRINCIPAL_GROUP, "slack", "S1");
        add_principal(rule, PRINCIPAL_GROUP, "mm", "g2");
    }
    const struct request r = request_by("UCY");
    const struct authz_result asks = decide(RIGHT_VIEW, &r, NULL);
    assert_int_equal(asks.answer, AUTHZ_LOOKUP);
    assert_int_equal(asks.group_count, 1); /* of the asker's server only */
    assert_string_equal(asks.groups[0], "S1");
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct authz_facts f = known(MEMBER_FULL);
        f.group_count = 1;
        TEXT_COPY(f.groups[0], "S1");
        f.in_group[0] = rows[i].in;
        f.groups_as_of_ms = NOW - rows[i].age_ms;
        const struct authz_result got = decide(rows[i].right, &r, &f);
        expect(&got, rows[i].name, rows[i].text[0] ? AUTHZ_REFUSED : AUTHZ_ALLOWED, rows[i].text);
    }
}

static void a_person_is_known_by_each_of_their_ids(void **state)
{
    (void)state;
    add_principal(&prod->restart, PRINCIPAL_USER, "slack", "UANA");
    add_principal(&prod->restart, PRINCIPAL_USER, "mm", "ana9");
    add_principal(&prod->restart, PRINCIPAL_LOCAL, "", "ana");
    add_channel(prod, "mm", "town");
    const struct authz_facts f = known(MEMBER_FULL);
    struct request r = request_by("UANA");
    assert_int_equal(decide(RIGHT_RESTART, &r, &f).answer, AUTHZ_ALLOWED);
    r = request_by("ana9");
    assert_int_equal(decide(RIGHT_RESTART, &r, &f).answer, AUTHZ_REFUSED);
    TEXT_COPY(r.who.server, "mm");
    TEXT_COPY(r.place.server, "mm");
    TEXT_COPY(r.place.channel, "town");
    assert_int_equal(decide(RIGHT_RESTART, &r, &f).answer, AUTHZ_ALLOWED);
}

static void local_people(void **state)
{
    (void)state;
    struct request r = request_by("ana");
    r.source = REQUEST_LOCAL;
    TEXT_COPY(r.who.server, "local");
    TEXT_COPY(r.place.channel, "");
    add_principal(&prod->restart, PRINCIPAL_LOCAL, "", "ana");
    add_principal(&prod->downtime, PRINCIPAL_ANY, "", "");
    add_principal(&prod->view, PRINCIPAL_EVERYONE, "", "");
    struct authz_result got = decide(RIGHT_RESTART, &r, NULL);
    expect(&got, "named", AUTHZ_ALLOWED, "");
    got = decide(RIGHT_VIEW, &r, NULL);
    expect(&got, "everyone", AUTHZ_ALLOWED, "");
    got = decide(RIGHT_DOWNTIME, &r, NULL);
    expect(&got, "any means members of a platform", AUTHZ_REFUSED,
           "You need the right \"downtime\" for cotak prod, held by every full member. Ask them, or an "
           "administrator to add \"local:ana\" to allow.downtime of cotak prod.");
    TEXT_COPY(r.who.user, "bo");
    got = decide(RIGHT_RESTART, &r, NULL);
    expect(&got, "another", AUTHZ_REFUSED,
           "You need the right \"restart\" for cotak prod, held by @ana. Ask them, or an administrator to "
           "add \"local:bo\" to allow.restart of cotak prod.");
}

/* A mapped person may do what the rules say; anybody else, and root, may look, whatever rules say of
 * everyone.
 */
static void unknown_local_people_look(void **state)
{
    (void)state;
    static const char *const unknown[] = {"nobody", "root"};
    struct request r = request_by("root");
    TEXT_COPY(r.who.server, "local");
    add_principal(&prod->view, PRINCIPAL_ANY, "", "");
    add_principal(&prod->restart, PRINCIPAL_EVERYONE, "", "");
    add_principal(&prod->restart, PRINCIPAL_LOCAL, "", "root");
    add_principal(&prod->downtime, PRINCIPAL_LOCAL, "", "bo");
    for (size_t i = 0; i < 2; i++) {
        for (enum request_source source = REQUEST_CLICK; source <= REQUEST_LOCAL; source++) {
            r.source = source;
            TEXT_COPY(r.who.user, unknown[i]);
            assert_int_equal(decide(RIGHT_VIEW, &r, NULL).answer, AUTHZ_ALLOWED);
            assert_int_equal(decide(RIGHT_RESTART, &r, NULL).answer, AUTHZ_REFUSED);
            assert_int_equal(decide(RIGHT_DOWNTIME, &r, NULL).answer, AUTHZ_REFUSED);
            TEXT_COPY(r.who.user, "bo");
            assert_int_equal(decide(RIGHT_RESTART, &r, NULL).answer, AUTHZ_ALLOWED);
            assert_int_equal(decide(RIGHT_DOWNTIME, &r, NULL).answer, AUTHZ_ALLOWED);
            assert_int_equal(decide(RIGHT_LOGS, &r, NULL).answer, AUTHZ_REFUSED);
        }
    }
}

static void holders(void **state)
{
    (void)state;
    char text[200], few[30];
    add_person_id(add_person(config, "an"), "slack", "UAN");
    authz_holders(config, prod, RIGHT_RESTART, text, sizeof(text));
    assert_string_equal(text, "");
    add_principal(&prod->restart, PRINCIPAL_USER, "slack", "UANA");
    add_principal(&prod->restart, PRINCIPAL_USER, "slack", "UAN");
    add_principal(&prod->restart, PRINCIPAL_USER, "mm", "ana9");
    add_principal(&prod->restart, PRINCIPAL_LOCAL, "", "ana");
    add_principal(&prod->restart, PRINCIPAL_LOCAL, "", "bo");
    add_principal(&prod->restart, PRINCIPAL_USER, "slack", "UX");
    add_principal(&prod->restart, PRINCIPAL_ANY, "", "");
    add_principal(&prod->restart, PRINCIPAL_EVERYONE, "", "");
    authz_holders(config, prod, RIGHT_RESTART, text, sizeof(text));
    assert_string_equal(text, "@ana, @an, local:bo, slack:user:UX, every full member, everyone");
    authz_holders(config, prod, RIGHT_RESTART, few, sizeof(few));
    assert_string_equal(few, "@ana, @an, local:bo, …");
}

static void the_next_step_of_a_refusal_is_never_cut(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) {
        char id[CONFIG_ID];
        TEXT_FORMAT(id, "USOMEBODYELSE%02d", i);
        add_principal(&prod->restart, PRINCIPAL_USER, "slack", id);
    }
    const struct request r = request_by("UCY");
    const struct authz_facts f = known(MEMBER_FULL);
    const struct authz_result got = decide(RIGHT_RESTART, &r, &f);
    assert_non_null(strstr(got.text, ", …. Ask them, or"));
    assert_true(text_ends(got.text, "to allow.restart of cotak prod."));
}

int main(void)
{
#define WITH_CONFIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_CONFIG(every_kind_of_account),
        WITH_CONFIG(sentences_about_the_account),
        WITH_CONFIG(no_rule_is_nobody),
        WITH_CONFIG(places),
        WITH_CONFIG(the_same_id_of_another_server_is_another_channel),
        WITH_CONFIG(groups_are_asked_about_and_must_be_fresh),
        WITH_CONFIG(a_person_is_known_by_each_of_their_ids),
        WITH_CONFIG(local_people),
        WITH_CONFIG(unknown_local_people_look),
        WITH_CONFIG(holders),
        WITH_CONFIG(the_next_step_of_a_refusal_is_never_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
