/* Who somebody is and in which groups, asked of a small Slack on loopback. */
#include "chat_slack_fake.h"

/* ---- pure */

static void members(void **state)
{
    (void)state;
    static const struct {
        const char *user;
        enum chat_member member;
    } CASES[] = {
        {"{\"id\":\"U1\",\"team_id\":\"T0OPS\"}", MEMBER_FULL},
        {"{\"id\":\"U1\",\"team_id\":\"T0OPS\",\"is_restricted\":true}", MEMBER_GUEST},
        {"{\"id\":\"U1\",\"team_id\":\"T0OPS\",\"is_ultra_restricted\":true}", MEMBER_GUEST},
        {"{\"id\":\"U1\",\"team_id\":\"T0OPS\",\"is_stranger\":true}", MEMBER_STRANGER},
        {"{\"id\":\"U1\",\"team_id\":\"T0OTHER\"}", MEMBER_STRANGER},
        {"{\"id\":\"U1\",\"team_id\":\"T0OTHER\",\"is_restricted\":true}", MEMBER_STRANGER},
        {"{\"id\":\"U1\",\"team_id\":\"T0SISTER\",\"enterprise_user\":{\"enterprise_id\":\"E0GOV\"}}",
         MEMBER_FULL},
        {"{\"id\":\"U1\",\"team_id\":\"T0OPS\",\"is_bot\":true}", MEMBER_BOT},
        {"{\"id\":\"USLACKBOT\",\"team_id\":\"T0OPS\"}", MEMBER_BOT},
        {"{\"id\":\"U1\",\"team_id\":\"T0OPS\",\"deleted\":true,\"is_bot\":true}", MEMBER_DEACTIVATED},
        {"{\"id\":\"U1\"}", MEMBER_UNKNOWN},
        {"{\"team_id\":\"T0OPS\"}", MEMBER_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        json_t *user = jsonx_parse(CASES[i].user, strlen(CASES[i].user), NULL);
        assert_int_equal(slack_member_of(user, "T0OPS", "E0GOV"), CASES[i].member);
        json_decref(user);
    }
}

/* ---- with a Slack */

static bool directory(struct fake *f, struct server_call *c, const char *method)
{
    const char *query = server_query(c);
    if (text_equal(method, "users.info")) {
        fake_json(c, 200, NULL,
                  "{\"ok\":true,\"user\":{\"id\":\"U0ANA\",\"team_id\":\"T0OPS\",\"name\":\"ana\","
                  "\"profile\":{\"display_name\":\"Ana\"}}}");
        return true;
    }
    if (!text_equal(method, "usergroups.users.list")) {
        return false;
    }
    if (f->answers++ >= 2) {
        fake_json(c, 200, NULL, "{\"ok\":false,\"error\":\"internal_error\"}");
    } else {
        fake_json(c, 200, NULL,
                  strstr(query, "S0OPS") != NULL ? "{\"ok\":true,\"users\":[\"U0BO\",\"U0ANA\"]}"
                                                 : "{\"ok\":true,\"users\":[\"U0BO\"]}");
    }
    return true;
}

static void lookup_done(struct chat_lookup *l)
{
    (*(int *)l->user_data)++;
}

static void lookups_share_and_remember(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    struct chat *chat = slack_chat(f->slack);
    struct chat_lookup l[4];
    int done = 0;
    f->answer = directory;
    f->slack->times.group_fresh_ms = 300;
    f->slack->times.group_usable_ms = 900;
    fake_start(f);
    for (int i = 0; i < 4; i++) {
        l[i] = (struct chat_lookup){.user = "U0ANA",
                                    .group_count = 2,
                                    .groups = {"S0OPS", "S0ASE"},
                                    .done = lookup_done,
                                    .user_data = &done};
    }
    for (int i = 0; i < 3; i++) {
        chat->ops->lookup(chat, &l[i]);
    }
    assert_int_equal(done, 0);
    UNTIL(f, done == 3, 2000);
    for (int i = 0; i < 3; i++) {
        assert_true(l[i].ok);
        assert_int_equal(l[i].member, MEMBER_FULL);
        assert_string_equal(l[i].name, "Ana");
        assert_true(l[i].in_group[0]);
        assert_false(l[i].in_group[1]);
        assert_true(l[i].as_of_ms > 0);
    }
    assert_int_equal(fake_count_calls(f, "users.info"), 1);
    assert_int_equal(fake_count_calls(f, "usergroups.users.list"), 2);
    /* Stale, and Slack does not answer: the old list, as old as it is. */
    fake_run(f, 350);
    chat->ops->lookup(chat, &l[3]);
    UNTIL(f, done == 4, 2000);
    assert_true(l[3].ok && l[3].in_group[0]);
    assert_int_equal(l[3].as_of_ms <= l[0].as_of_ms + 100, true);
    assert_int_equal(fake_count_calls(f, "usergroups.users.list"), 4);
    /* Too old: a lookup that fails is a refusal that says so. */
    fake_run(f, 900);
    chat->ops->lookup(chat, &l[3]);
    UNTIL(f, done == 5, 2000);
    assert_false(l[3].ok);
    assert_non_null(strstr(l[3].err.text, "S0OPS: Slack answers usergroups.users.list with internal_error"));
    assert_false(l[3].in_group[0]);
    fake_destroy(f);
}

static bool no_scope(struct fake *f, struct server_call *c, const char *method)
{
    if (!text_equal(method, "usergroups.users.list")) {
        return directory(f, c, method);
    }
    fake_json(c, 200, NULL, "{\"ok\":false,\"error\":\"missing_scope\",\"needed\":\"usergroups:read\"}");
    return true;
}

static void a_group_without_the_scope_is_a_refusal_that_says_so(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    struct chat *chat = slack_chat(f->slack);
    int done = 0;
    struct chat_lookup l = {
        .user = "U0ANA", .group_count = 1, .groups = {"S0OPS"}, .done = lookup_done, .user_data = &done};
    f->answer = no_scope;
    fake_start(f);
    chat->ops->lookup(chat, &l);
    UNTIL(f, done == 1, 2000);
    assert_false(l.ok);
    assert_false(l.in_group[0]);
    assert_non_null(
        strstr(l.err.text, "S0OPS: usergroups.users.list needs the scope usergroups:read: add it"));
    assert_int_equal(f->fatals, 0);
    fake_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members),
        cmocka_unit_test(lookups_share_and_remember),
        cmocka_unit_test(a_group_without_the_scope_is_a_refusal_that_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
