/* More commands than may wait for their commit: each further one is refused, and its user is told. */
#include "chat_slack_fake.h"

static void mention(struct fake *f, int number)
{
    char frame[512];
    TEXT_FORMAT(
        frame,
        "{\"envelope_id\":\"E%d\",\"type\":\"events_api\",\"accepts_response_payload\":false,"
        "\"payload\":{\"team_id\":\"T0OPS\",\"event_id\":\"Ev%d\",\"event\":{\"type\":\"app_mention\","
        "\"user\":\"U0ANA\",\"channel\":\"C0\",\"ts\":\"1700000000.000100\","
        "\"text\":\"<@U0BOT> restart api staging\"}}}",
        number, number);
    fake_say(f, 0, frame);
}

static void who_is_refused_is_told(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    f->wait_with_taken = true;
    fake_start(f);
    for (int i = 0; i < SLACK_PENDING_MAX; i++) {
        mention(f, i);
    }
    UNTIL(f, f->requests == SLACK_PENDING_MAX, 10000);
    assert_int_equal(f->ack_count, 0);
    mention(f, SLACK_PENDING_MAX);
    UNTIL(f, fake_last_call(f, "chat.postEphemeral") != NULL, 3000);
    const struct fake_call *told = fake_last_call(f, "chat.postEphemeral");
    assert_string_equal(jsonx_text(told->body, "user"), "U0ANA");
    assert_string_equal(jsonx_text(told->body, "channel"), "C0");
    assert_non_null(strstr(jsonx_text(told->body, "text"), "Not accepted, nothing was done"));
    UNTIL(f, f->ack_count == 1, 3000);
    assert_true(fake_acked(f, "E1000"));
    assert_int_equal(f->requests, SLACK_PENDING_MAX);
    /* Refusals do not pile up either. */
    UNTIL(f, f->slack->telling == 0, 3000);
    const int before = fake_count_calls(f, "chat.postEphemeral");
    f->slack->telling = SLACK_TELLING_MAX;
    mention(f, SLACK_PENDING_MAX + 1);
    UNTIL(f, f->ack_count == 2, 3000);
    fake_run(f, 50);
    assert_int_equal(fake_count_calls(f, "chat.postEphemeral"), before);
    f->slack->telling = 0;
    for (int i = 0; i < SLACK_PENDING_MAX; i++) {
        f->waiting[i]->done(f->waiting[i], true, "");
    }
    fake_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_is_refused_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
