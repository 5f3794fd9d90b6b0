/* A call's keys and clock, its cancellation, and the session it belongs to. */
#include "unit/aws_fake.h"

/* ---- keys and clock */

#define EXPIRED                                                                                              \
    {                                                                                                        \
        400, "{\"__type\":\"ExpiredTokenException\"}", NULL, ANSWER                                          \
    }

static void expired_keys_are_renewed_once(void **state)
{
    (void)state;
    static const struct step steps[] = {EXPIRED, OK_ANSWER};
    struct aws_call c = changing_call();
    w.access_keys[1] = "AKIASECOND";
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_OK);
    assert_int_equal(w.call.generation, 2);
    assert_int_equal(w.requests, 2);
}

static void expired_keys_without_newer_ones_end_the_call(void **state)
{
    (void)state;
    static const struct step steps[] = {EXPIRED, OK_ANSWER};
    struct aws_call c = reading_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_EXPIRED);
    assert_int_equal(w.requests, 1);
    expect_sentence("AWS does not accept the keys of environment any more (ExpiredTokenException): put new "
                    "AWS_ACCESS_KEY_ID");
}

static void expired_twice_is_enough(void **state)
{
    (void)state;
    static const struct step steps[] = {EXPIRED, EXPIRED, OK_ANSWER};
    struct aws_call c = reading_call();
    w.access_keys[1] = "AKIASECOND";
    w.access_keys[2] = "AKIATHIRD";
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_EXPIRED);
    assert_int_equal(w.requests, 2);
}

static void no_keys_no_request(void **state)
{
    (void)state;
    static const struct step steps[] = {OK_ANSWER};
    struct aws_call c = reading_call();
    w.access_keys[0] = "";
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_EXPIRED);
    assert_int_equal(w.requests, 0);
    expect_sentence("AWS credentials");
}

static void a_wrong_clock_is_corrected_once(void **state)
{
    (void)state;
    static const struct step steps[] = {{.status = 400,
                                         .body = "{\"__type\":\"InvalidSignatureException\"}",
                                         "date: Tue, 01 Jan 2030 00:00:00 GMT\r\n",
                                         ANSWER},
                                        OK_ANSWER};
    struct aws_call c = changing_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_OK);
    assert_int_equal(w.requests, 2);
    assert_true(text_starts(w.date, "20300101T0000"));
}

/* "date: Sun, 22 Nov 2026 14:02:08 GMT" */
static void date_header(char *to, size_t size, int64_t at_ms)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    char day[TEXT_TIME];
    text_time_iso(day, at_ms); /* 2026-11-22T14:02:08Z */
    const int month = (day[5] - '0') * 10 + (day[6] - '0');
    text_format(to, size, "date: %s, %.2s %s %.4s %.8s GMT\r\n", days[at_ms / 86400000 % 7], day + 8,
                months[month - 1], day, day + 11);
}

/* AWS's clock is so far from ours: signed anew by AWS's, once. */
static void correct(int64_t ahead_ms, const char *word)
{
    char date[TEXT_TIME + 32], body[80], wanted[24], iso[TEXT_TIME];
    const int64_t aws_ms = clock_wall(&w.clock) + ahead_ms;
    date_header(date, sizeof(date), aws_ms);
    TEXT_FORMAT(body, "{\"__type\":\"%s\"}", word);
    text_time_iso(iso, aws_ms);
    TEXT_FORMAT(wanted, "%.4s%.2s%.2sT%.2s", iso, iso + 5, iso + 8, iso + 11); /* to the hour */
    const struct step steps[] = {{.status = 400, .body = body, date, ANSWER}, OK_ANSWER};
    struct aws_call c = changing_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_OK);
    assert_int_equal(w.requests, 2);
    assert_true(text_starts(w.date, wanted));
}

static void a_clock_an_hour_behind_awss_is_corrected_once(void **state)
{
    (void)state;
    correct(3600000, "InvalidSignatureException");
}

static void a_clock_an_hour_before_awss_is_corrected_once(void **state)
{
    (void)state;
    correct(-3600000, "InvalidSignatureException");
}

static void a_right_clock_means_a_wrong_key(void **state)
{
    (void)state;
    char date[TEXT_TIME + 32];
    date_header(date, sizeof(date), clock_wall(&w.clock));
    const struct step steps[] = {
        {.status = 403, .body = "{\"__type\":\"InvalidSignatureException\"}", date, ANSWER}, OK_ANSWER};
    struct aws_call c = reading_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_REFUSED);
    assert_int_equal(w.requests, 1);
    expect_sentence("the clock is right: the secret key of environment is wrong");
}

/* ---- cancel and destroy */

static void a_cancelled_change_that_was_sent_is_uncertain(void **state)
{
    (void)state;
    static const struct step steps[] = {{.weather = SILENCE}, OK_ANSWER};
    struct aws_call c = changing_call();
    w.steps = steps;
    aws_call_start(w.session, &c);
    loop_run_for(w.loop, WAIT_MS); /* until it has arrived */
    assert_int_equal(w.requests, 1);
    aws_call_cancel(w.session, &c);
    assert_int_equal(w.done, 0);
    loop_run_for(w.loop, WAIT_MS);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.call.outcome, AWS_CANCELLED);
    assert_true(w.call.uncertain);
}

static void a_call_cancelled_at_once_sends_nothing(void **state)
{
    (void)state;
    static const struct step steps[] = {OK_ANSWER};
    struct aws_call c = changing_call();
    w.steps = steps;
    aws_call_start(w.session, &c);
    aws_call_cancel(w.session, &c);
    assert_int_equal(w.done, 0);
    loop_run_for(w.loop, 100);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.call.outcome, AWS_CANCELLED);
    assert_false(w.call.uncertain);
    assert_int_equal(w.requests, 0);
}

static void a_call_cancelled_in_its_pause_ends(void **state)
{
    (void)state;
    static const struct step steps[] = {{.status = 400,
                                         .body = "{\"__type\":\"ThrottlingException\"}",
                                         "x-amz-retry-after: 5000\r\n",
                                         ANSWER},
                                        OK_ANSWER};
    struct aws_call c = changing_call();
    w.steps = steps;
    aws_call_start(w.session, &c);
    loop_run_for(w.loop, 500);
    assert_int_equal(w.requests, 1);
    aws_call_cancel(w.session, &c);
    loop_run_for(w.loop, 100);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.call.outcome, AWS_CANCELLED);
    assert_false(w.call.uncertain);
    assert_int_equal(w.requests, 1);
}

static void destroy_ends_calls_in_every_state(void **state)
{
    (void)state;
    static const struct step steps[] = {{.weather = SILENCE}, {.weather = SILENCE}};
    struct aws_call sent = changing_call(), asking = reading_call(), queued = reading_call();
    aws_session_destroy(w.session);
    create_session(0.2, ""); /* a burst of one */
    w.steps = steps;
    aws_call_start(w.session, &sent);
    loop_run_for(w.loop, WAIT_MS);
    assert_int_equal(w.requests, 1);
    aws_call_start(w.session, &queued);
    aws_session_destroy(w.session);
    assert_int_equal(w.done, 2);
    assert_int_equal(w.call.outcome, AWS_CANCELLED);
    create_session(100, "");
    aws_call_start(w.session, &asking); /* waits for its keys */
    aws_session_destroy(w.session);
    w.session = NULL;
    assert_int_equal(w.done, 3);
    loop_run_for(w.loop, 50);
    assert_int_equal(w.done, 3);
    assert_int_equal(w.requests, 1);
}

/* ---- session */

static int polls_before_change, polls_done, changes_done;

static void on_poll_done(struct aws_call *c)
{
    assert_int_equal(c->outcome, AWS_OK);
    polls_done++;
}

static void on_change_done(struct aws_call *c)
{
    assert_int_equal(c->outcome, AWS_OK);
    polls_before_change = polls_done;
    changes_done++;
}

static void changes_pass_by_waiting_polls(void **state)
{
    (void)state;
    enum { BURST = 20, POLLS = 3 }; /* at four a second */
    static struct step steps[BURST + POLLS + 1];
    static struct aws_call burst[BURST], polls[POLLS];
    struct aws_call change = changing_call();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        steps[i] = (struct step)OK_ANSWER;
    polls_before_change = polls_done = changes_done = 0;
    aws_session_destroy(w.session);
    create_session(4, "");
    w.steps = steps;
    assert_int_equal(aws_session_poll_delay(w.session), 0);
    for (int i = 0; i < BURST; i++) {
        burst[i] = reading_call();
        burst[i].lane = AWS_LANE_CHANGE;
        aws_call_start(w.session, &burst[i]);
    }
    assert_true(aws_session_poll_delay(w.session) > 500);
    for (int i = 0; i < POLLS; i++) {
        polls[i] = reading_call();
        polls[i].lane = AWS_LANE_POLL;
        polls[i].done = on_poll_done;
        aws_call_start(w.session, &polls[i]);
    }
    change.done = on_change_done;
    aws_call_start(w.session, &change);
    for (int i = 0; i < 100 && polls_done < POLLS; i++)
        loop_run_for(w.loop, 100);
    assert_int_equal(w.done, BURST);
    assert_int_equal(polls_done, POLLS);
    assert_int_equal(changes_done, 1);
    assert_int_equal(polls_before_change, 0);
}

static void an_endpoint_with_a_path_is_signed_with_it(void **state)
{
    (void)state;
    static const struct step steps[] = {OK_ANSWER};
    struct aws_call c = reading_call();
    bool overridden = false;
    aws_session_destroy(w.session);
    create_session(100, "/aws/");
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_OK);
    assert_true(text_ends(aws_session_endpoint(w.session, AWS_ECS, &overridden), "/aws"));
    assert_true(overridden);
}

static void wrong_regions_and_endpoints_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"ftp://x",     "127.0.0.1:80", "https://",
                                        "https://a@b", "https://a/?b", "https://a b"};
    struct aws_session_options options = {
        .loop = w.loop, .http = w.http, .credentials = w.credentials, .region = "us-gov-east-1"};
    struct err err;
    bool overridden = true;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        options.endpoint_override[AWS_LOGS] = wrong[i];
        assert_null(aws_session_create(&options, &err));
        assert_int_equal(err.code, ERR_CONFIG);
    }
    options.endpoint_override[AWS_LOGS] = NULL;
    options.fips = true;
    struct aws_session *s = aws_session_create(&options, &err);
    assert_non_null(s);
    assert_string_equal(aws_session_endpoint(s, AWS_ECS, &overridden),
                        "https://ecs-fips.us-gov-east-1.amazonaws.com");
    assert_false(overridden);
    assert_string_equal(aws_session_partition(s), "aws-us-gov");
    assert_string_equal(aws_session_region(s), "us-gov-east-1");
    aws_session_destroy(s);
    options.region = "us-gov";
    assert_null(aws_session_create(&options, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(expired_keys_are_renewed_once),
        TEST(expired_keys_without_newer_ones_end_the_call),
        TEST(expired_twice_is_enough),
        TEST(no_keys_no_request),
        TEST(a_wrong_clock_is_corrected_once),
        TEST(a_clock_an_hour_behind_awss_is_corrected_once),
        TEST(a_clock_an_hour_before_awss_is_corrected_once),
        TEST(a_right_clock_means_a_wrong_key),
        TEST(a_cancelled_change_that_was_sent_is_uncertain),
        TEST(a_call_cancelled_at_once_sends_nothing),
        TEST(a_call_cancelled_in_its_pause_ends),
        TEST(destroy_ends_calls_in_every_state),
        TEST(changes_pass_by_waiting_polls),
        TEST(an_endpoint_with_a_path_is_signed_with_it),
        TEST(wrong_regions_and_endpoints_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
