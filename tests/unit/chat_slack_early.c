/* What is asked of the adapter before auth.test has said who it is, and what reaches it after its end. */
#include "chat_slack_fake.h"

static bool knows_who; /* auth.test answers */

static bool early(struct fake *f, struct server_call *c, const char *method)
{
    (void)f;
    if (text_equal(method, "auth.test") && !knows_who) {
        fake_json(c, 503, NULL, "{}");
        return true;
    }
    if (text_equal(method, "users.info")) {
        fake_json(c, 200, NULL,
                  "{\"ok\":true,\"user\":{\"id\":\"U0ANA\",\"team_id\":\"T0OPS\",\"name\":\"ana\"}}");
        return true;
    }
    if (text_equal(method, "conversations.history")) {
        fake_json(
            c, 200, NULL,
            "{\"ok\":true,\"messages\":[{\"bot_id\":\"B0BOT\",\"ts\":\"1700000000.000100\",\"metadata\":"
            "{\"event_type\":\"cloudtak_message\",\"event_payload\":{\"key\":\"7F3K/card\"}}}]}");
        return true;
    }
    return false;
}

/* Started, and auth.test does not answer yet. */
static struct fake *begin(void)
{
    struct fake *f = fake_create();
    knows_who = false;
    f->answer = early;
    f->slack->times.first_wait_ms = 20;
    f->slack->times.wait_most_ms = 20;
    slack_start(f->slack);
    return f;
}

static void count(struct chat_lookup *l)
{
    (*(int *)l->user_data)++;
}

static void count_find(struct chat_find *find)
{
    (*(int *)find->user)++;
}

static void looking_waits_for_the_team(void **state)
{
    (void)state;
    struct fake *f = begin();
    struct chat *chat = slack_chat(f->slack);
    int done = 0;
    struct chat_lookup l = {.user = "U0ANA", .done = count, .user_data = &done};
    struct chat_find find = {.channel = "C0",
                             .thread = "",
                             .key = "7F3K/card",
                             .since_ms = 1700000000000,
                             .done = count_find,
                             .user = &done};
    chat->ops->lookup(chat, &l);
    chat->ops->find(chat, &find);
    UNTIL(f, fake_count_calls(f, "auth.test") >= 2, 2000);
    assert_int_equal(done, 0);
    assert_int_equal(fake_count_calls(f, "users.info"), 0);
    knows_who = true;
    UNTIL(f, done == 2, 2000);
    assert_true(l.ok);
    assert_int_equal(l.member, MEMBER_FULL);
    assert_true(find.ok && find.found);
    assert_string_equal(find.message, "1700000000.000100");
    assert_int_equal(f->slack->awaiting_who, 0);
    fake_destroy(f);
}

static void patience_ends(void **state)
{
    (void)state;
    assert_int_equal(SLACK_TIMES.who_ms, 8000);
    struct fake *f = begin();
    struct chat *chat = slack_chat(f->slack);
    int done = 0;
    struct chat_lookup l = {.user = "U0ANA", .done = count, .user_data = &done};
    f->slack->times.who_ms = 150;
    chat->ops->lookup(chat, &l);
    fake_run(f, 75);
    assert_int_equal(done, 0);
    UNTIL(f, done == 1, 2000);
    assert_false(l.ok);
    assert_int_equal(l.err.code, ERR_UNREACHABLE);
    assert_non_null(strstr(l.err.text, "auth.test"));
    fake_destroy(f);
}

static void not_too_many_wait(void **state)
{
    (void)state;
    struct fake *f = begin();
    struct chat *chat = slack_chat(f->slack);
    static struct chat_lookup l[SLACK_AWAITING_MAX + 1];
    int done = 0;
    for (int i = 0; i <= SLACK_AWAITING_MAX; i++) {
        l[i] = (struct chat_lookup){.user = "U0ANA", .done = count, .user_data = &done};
        chat->ops->lookup(chat, &l[i]);
    }
    UNTIL(f, done == 1, 2000);
    assert_false(l[SLACK_AWAITING_MAX].ok);
    assert_int_equal(l[SLACK_AWAITING_MAX].err.code, ERR_LIMIT);
    /* Closing ends the others, each once. */
    fake_destroy(f);
    assert_int_equal(done, SLACK_AWAITING_MAX + 1);
    assert_false(l[0].ok);
    assert_string_equal(l[0].err.text, "Slack is not connected");
}

static void close_at_once(void *user, const struct request *request, struct request_taken *taken)
{
    struct fake *f = user;
    f->last = *request;
    f->waiting[f->requests++] = taken;
    if (f->requests == 1) {
        slack_close(f->slack, fake_on_closed, &f->closed);
    }
}

/* Two frames in one packet, and the first ends the adapter: the second is neither taken nor acked. */
static void nothing_is_taken_after_the_end(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    fake_start(f);
    f->slack->options.on_request = close_at_once;
    fake_slash(f, 0, "E-first", "status");
    fake_slash(f, 0, "E-second", "status");
    fake_say(f, 0, "{\"type\":\"hello\"}");
    UNTIL(f, f->closed, 3000);
    assert_int_equal(f->requests, 1);
    assert_false(fake_acked(f, "E-second"));
    f->waiting[0]->done(f->waiting[0], true, "");
    f->closed = false;
    f->slack->stage = SLACK_STOPPED; /* so that it can be closed like any other */
    fake_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looking_waits_for_the_team),
        cmocka_unit_test(patience_ends),
        cmocka_unit_test(not_too_many_wait),
        cmocka_unit_test(nothing_is_taken_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
