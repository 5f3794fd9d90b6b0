/* Envelopes and their acks, against a small Slack on loopback. */
#include "chat_slack_fake.h"

/* ---- pure */

static void an_ack_is_one_small_frame(void **state)
{
    (void)state;
    struct buf frame;
    char text[40000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    slack_ack_frame(&frame, "e-1", NULL);
    assert_string_equal(frame.data, "{\"envelope_id\":\"e-1\"}");
    buf_finish(&frame);
    slack_ack_frame(&frame, "e-1", "No <!here>.");
    assert_string_equal(frame.data, "{\"envelope_id\":\"e-1\",\"payload\":{\"response_type\":\"ephemeral\","
                                    "\"text\":\"No &lt;!here&gt;.\"}}");
    buf_finish(&frame);
    slack_ack_frame(&frame, "e-1", text);
    assert_true(frame.len < 20480);
    assert_non_null(strstr(frame.data, "…"));
    buf_finish(&frame);
}

/* Neither as it is nor behind the escapes of Slack and of JSON. */
static void an_ack_has_no_secret(void **state)
{
    (void)state;
    static const char value[] = "cnry&7Q\"x<9";
    struct secret *s = secret_create(value, strlen(value));
    struct buf frame;
    slack_ack_frame(&frame, "e-1", "Not accepted: cnry&7Q\"x<9 is no target.");
    assert_string_equal(frame.data, "{\"envelope_id\":\"e-1\",\"payload\":{\"response_type\":\"ephemeral\","
                                    "\"text\":\"Not accepted: [secret] is no target.\"}}");
    buf_finish(&frame);
    secret_destroy(s);
}

/* ---- with a Slack */

static void reading_is_acked_at_once(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    f->wait_with_taken = true;
    fake_start(f);
    assert_string_equal(fake_last_call(f, "auth.test")->authorization, "Bearer xoxb-canary-0002");
    assert_string_equal(fake_last_call(f, "apps.connections.open")->authorization, "Bearer xapp-canary-0001");
    assert_int_equal(f->socket_count, 2);
    assert_int_equal(f->connected_changes, 1);
    fake_slash(f, 1, "e-1", "status cotak prod");
    UNTIL(f, fake_acked(f, "e-1"), 1000);
    assert_int_equal(f->ack_sockets[0], 1);
    assert_null(f->ack_payload);
    assert_int_equal(f->requests, 1);
    assert_string_equal(f->last.text, "status cotak prod");
    f->waiting[0]->done(f->waiting[0], true, "");
    fake_run(f, 20);
    assert_int_equal(f->ack_count, 1);
    fake_destroy(f);
}

static void changing_is_acked_when_taken(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    f->wait_with_taken = true;
    fake_start(f);
    fake_slash(f, 0, "e-1", "restart cotak prod");
    UNTIL(f, f->requests == 1, 1000);
    fake_run(f, 50);
    assert_int_equal(f->ack_count, 0);
    f->waiting[0]->done(f->waiting[0], true, "");
    UNTIL(f, fake_acked(f, "e-1"), 1000);
    assert_int_equal(f->ack_sockets[0], 0);
    /* Refused: the ack says so. */
    fake_slash(f, 0, "e-2", "restart cotak prod");
    UNTIL(f, f->requests == 2, 1000);
    f->waiting[1]->done(f->waiting[1], false, "Not accepted, nothing was done.");
    UNTIL(f, fake_acked(f, "e-2"), 1000);
    assert_string_equal(jsonx_text(f->ack_payload, "text"), "Not accepted, nothing was done.");
    assert_string_equal(jsonx_text(f->ack_payload, "response_type"), "ephemeral");
    /* Its connection is gone meanwhile: the other one carries the ack. */
    fake_slash(f, 1, "e-3", "restart cotak prod");
    UNTIL(f, f->requests == 3, 1000);
    server_ws_drop(f->sockets[1]);
    UNTIL(f, fake_open_connections(f) == 1, 1000);
    f->waiting[2]->done(f->waiting[2], true, "");
    UNTIL(f, fake_acked(f, "e-3"), 1000);
    assert_int_equal(f->ack_sockets[2], 0);
    fake_destroy(f);
}

/* No place for a text in the ack: the user is told by a message of their own. */
static void a_refusal_is_never_silent(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    f->refuse = true;
    fake_start(f);
    fake_slash(f, 0, "e-1", "status");
    UNTIL(f, fake_last_call(f, "chat.postEphemeral") != NULL, 1000);
    const json_t *body = fake_last_call(f, "chat.postEphemeral")->body;
    assert_string_equal(jsonx_text(body, "user"), "U0ANA");
    assert_string_equal(jsonx_text(body, "channel"), "C0");
    assert_string_equal(jsonx_text(body, "text"), "Not accepted, nothing was done.");
    fake_destroy(f);
}

static void too_many_waiting(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    char id[32];
    f->wait_with_taken = true;
    fake_start(f);
    for (int i = 0; i <= SLACK_PENDING_MAX; i++) {
        TEXT_FORMAT(id, "e-%d", i);
        fake_slash(f, 0, id, "restart cotak prod");
        if (i % 50 == 0) {
            fake_run(f, 4);
        }
    }
    TEXT_FORMAT(id, "e-%d", SLACK_PENDING_MAX);
    UNTIL(f, fake_acked(f, id), 3000);
    assert_true(text_starts(jsonx_text(f->ack_payload, "text"), "Not accepted, nothing was done"));
    assert_int_equal(f->ack_count, 1);
    assert_int_equal(f->requests, SLACK_PENDING_MAX);
    /* Half are answered before the adapter goes, half after. */
    for (int i = 0; i < SLACK_PENDING_MAX / 2; i++) {
        f->waiting[i]->done(f->waiting[i], true, "");
    }
    UNTIL(f, f->ack_count == 1 + SLACK_PENDING_MAX / 2, 3000);
    struct request_taken *rest[SLACK_PENDING_MAX / 2];
    memcpy(rest, f->waiting + SLACK_PENDING_MAX / 2, sizeof(rest));
    fake_destroy(f);
    for (int i = 0; i < SLACK_PENDING_MAX / 2; i++) {
        rest[i]->done(rest[i], true, "");
    }
}

static void what_cannot_be_read_is_acked(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    fake_start(f);
    fake_say(f, 0, "{\"envelope_id\":\"e-bad\",\"type\":");
    fake_say(f, 0, "not JSON");
    fake_say(f, 0, "{\"envelope_id\":\"e-new\",\"type\":\"new_thing\"}");
    UNTIL(f, fake_acked(f, "e-bad") && fake_acked(f, "e-new"), 1000);
    struct slack_figures figures;
    slack_read_figures(f->slack, &figures);
    assert_int_equal(figures.unparsable, 2);
    assert_int_equal(figures.acks, 2);
    assert_int_equal(f->requests, 0);
    assert_int_equal(f->open_sockets, 2);
    fake_destroy(f);
}

static void oversize(struct fake *f, bool id_first, const char *id)
{
    const size_t filling = 2 * 1024 * 1024;
    struct buf frame;
    buf_init(&frame, filling + 1024);
    buf_char(&frame, '{');
    if (id_first) {
        buf_format(&frame, "\"envelope_id\":\"%s\",", id);
    }
    buf_text(&frame, "\"type\":\"interactive\",\"payload\":\"");
    while (frame.len < filling) {
        buf_text(&frame, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    }
    buf_format(&frame, id_first ? "\"}" : "\",\"envelope_id\":\"%s\"}", id);
    fake_say(f, 0, frame.data);
    buf_finish(&frame);
    UNTIL(f, fake_acked(f, id), 5000);
}

static void what_is_too_large_is_acked(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    fake_start(f);
    oversize(f, true, "e-head");
    oversize(f, false, "e-tail");
    fake_slash(f, 0, "e-after", "status");
    UNTIL(f, fake_acked(f, "e-after"), 1000);
    assert_int_equal(f->ack_sockets[2], 0); /* the connection stays */
    fake_destroy(f);
}

/* An ack that was on its way when its connection ended goes out again on another one. */
static void an_ack_is_not_lost_with_its_connection(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    fake_start(f);
    fake_slash(f, 1, "e-1", "status");
    server_ws_close(f->sockets[1], 1000); /* arrives with the command */
    UNTIL(f, fake_acked(f, "e-1"), 1000);
    assert_int_equal(f->requests, 1);
    fake_destroy(f);
}

static bool shared_channel(struct fake *f, struct server_call *c, const char *method)
{
    if (!text_equal(method, "conversations.info")) {
        return false;
    }
    f->answers++;
    fake_json(c, 200, NULL, "{\"ok\":true,\"channel\":{\"id\":\"C0\",\"is_ext_shared\":true}}");
    return true;
}

static bool no_channel(struct fake *f, struct server_call *c, const char *method)
{
    if (!text_equal(method, "conversations.info")) {
        return false;
    }
    f->answers++;
    fake_json(c, 200, NULL, "{\"ok\":false,\"error\":\"missing_scope\",\"needed\":\"channels:read\"}");
    return true;
}

/* Commands do not say that a channel is shared with another organisation: asked once, and in doubt it is. */
static void shared_channels_are_found_out(void **state)
{
    (void)state;
    struct fake *f = fake_create();
    fake_start(f);
    f->answer = shared_channel;
    fake_slash(f, 0, "e-1", "restart");
    UNTIL(f, fake_acked(f, "e-1"), 1000);
    assert_true(f->last.place.shared);
    fake_slash(f, 0, "e-2", "restart");
    UNTIL(f, fake_acked(f, "e-2"), 1000);
    assert_true(f->last.place.shared);
    assert_int_equal(f->answers, 1);
    fake_slash(f, 0, "e-3", "status"); /* reading does not wait for it */
    UNTIL(f, fake_acked(f, "e-3"), 1000);
    fake_destroy(f);

    f = fake_create();
    fake_start(f);
    fake_slash(f, 0, "e-1", "restart");
    UNTIL(f, fake_acked(f, "e-1"), 1000);
    assert_false(f->last.place.shared);
    assert_string_equal(f->last.place.unsure, "");
    fake_destroy(f);

    f = fake_create();
    fake_start(f);
    f->answer = no_channel;
    fake_slash(f, 0, "e-1", "restart");
    UNTIL(f, fake_acked(f, "e-1"), 1000);
    assert_true(f->last.place.shared);
    assert_non_null(strstr(f->last.place.unsure, "conversations.info needs the scope channels:read"));
    assert_int_equal(f->answers, 1);
    fake_destroy(f);

    f = fake_create(); /* a mention that does not say it either */
    fake_start(f);
    f->answer = shared_channel;
    fake_say(f, 0,
             "{\"type\":\"events_api\",\"envelope_id\":\"e-1\",\"payload\":{\"event_id\":\"Ev1\",\"team_id\":"
             "\"T0OPS\",\"event\":{\"type\":\"app_mention\",\"user\":\"U0ANA\",\"channel\":\"C0\",\"ts\":"
             "\"1700000000.1\",\"text\":\"<@U0BOT> restart\"}}}");
    UNTIL(f, fake_acked(f, "e-1"), 1000);
    assert_true(f->last.place.shared);
    assert_int_equal(f->answers, 1);
    assert_string_equal(f->last.place.unsure, "");
    fake_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ack_is_one_small_frame),
        cmocka_unit_test(an_ack_has_no_secret),
        cmocka_unit_test(reading_is_acked_at_once),
        cmocka_unit_test(changing_is_acked_when_taken),
        cmocka_unit_test(a_refusal_is_never_silent),
        cmocka_unit_test(too_many_waiting),
        cmocka_unit_test(what_cannot_be_read_is_acked),
        cmocka_unit_test(what_is_too_large_is_acked),
        cmocka_unit_test(an_ack_is_not_lost_with_its_connection),
        cmocka_unit_test(shared_channels_are_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
