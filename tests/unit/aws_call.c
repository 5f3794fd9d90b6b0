/* What a call makes of AWS's answers: read, refused, throttled, broken, lost. */
#include "unit/aws_fake.h"

/* ---- answers */

static void a_json_call_is_signed_and_read(void **state)
{
    (void)state;
    static const struct step steps[] = {OK_ANSWER};
    struct aws_call c = reading_call();
    w.with_token = true;
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_OK);
    assert_int_equal(w.call.status, 200);
    assert_string_equal(w.answer, "{\"ok\":true}");
    assert_string_equal(w.call.request_id, "id-1");
    assert_int_equal(w.call.generation, 1);
    assert_null(w.call.body);
    assert_string_equal(w.target, "AmazonEC2ContainerServiceV20141113.DescribeServices");
    assert_string_equal(w.type, JSON);
    assert_string_equal(w.token, "session-token");
    assert_string_equal(w.body, "{\"cluster\":\"c\"}");
}

static void a_query_call_is_a_form_and_its_answer_xml(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {.status = 200,
         .body = "<GetCallerIdentityResponse xmlns=\"x\"><ResponseMetadata><RequestId>id-2</RequestId>"
                 "</ResponseMetadata></GetCallerIdentityResponse>"}};
    struct aws_call c = {.service = AWS_STS, .action = "GetCallerIdentity", .done = on_done};
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_OK);
    assert_string_equal(w.body, "Action=GetCallerIdentity&Version=2011-06-15");
    assert_string_equal(w.type, "application/x-www-form-urlencoded; charset=utf-8");
    assert_string_equal(w.call.request_id, "id-2");
    assert_true(text_starts(w.text, "<GetCallerIdentityResponse"));
}

static void an_xml_error_is_read(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {.status = 403,
         .body =
             "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error>"
             "<RequestId>id-3</RequestId></ErrorResponse>"}};
    struct aws_call c = {
        .service = AWS_STS, .action = "AssumeRole", .body = mem_text("RoleArn=a%2Fb"), .done = on_done};
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_REFUSED);
    assert_string_equal(w.call.code, "AccessDenied");
    assert_string_equal(w.call.message, "no");
    assert_string_equal(w.call.request_id, "id-3");
    assert_string_equal(w.body, "Action=AssumeRole&Version=2011-06-15&RoleArn=a%2Fb");
}

static void a_refusal_names_action_resource_region_and_next_step(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {.status = 400,
         .body = "{\"__type\":\"com.amazonaws.ecs#AccessDeniedException:http://x\",\"Message\":\"User: "
                 "arn:aws-us-gov:sts::1:assumed-role/bot/x is not "
                 "authorized to perform: ecs:UpdateService on resource: arn:aws-us-gov:ecs:r:1:service/c/s "
                 "because <!channel>\"}"}};
    struct aws_call c = changing_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_REFUSED);
    assert_false(w.call.uncertain);
    assert_string_equal(w.call.code, "AccessDeniedException");
    expect_sentence(
        "AWS does not let arn:aws-us-gov:sts::1:assumed-role/bot/x do ecs:UpdateService on "
        "arn:aws-us-gov:ecs:r:1:service/c/s in us-gov-east-1 (AccessDeniedException): ask the AWS "
        "administrator to allow it");
    assert_null(strstr(w.call.err.text, "<!channel>"));
    assert_int_equal(w.requests, 1);
}

static void a_json_service_may_refuse_in_xml(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {.status = 403, .body = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"}};
    struct aws_call c = {.service = AWS_CLOUDWATCH, .action = "DescribeAlarms", .done = on_done};
    run(&c, steps);
    assert_string_equal(w.call.code, "AccessDenied");
    assert_int_equal(w.call.err.code, ERR_DENIED);
    expect_sentence(
        "AWS does not let the identity of environment do cloudwatch:DescribeAlarms in us-gov-east-1");
}

static void a_missing_service_says_what_to_check(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {.status = 400, .body = "{}", "x-amzn-errortype: ServiceNotFoundException:\r\n", ANSWER}};
    struct aws_call c = reading_call();
    run(&c, steps);
    assert_string_equal(w.call.code, "ServiceNotFoundException");
    assert_int_equal(w.call.err.code, ERR_MISSING);
    expect_sentence("region");
}

/* ---- throttled and broken */

static void a_throttled_read_is_tried_again(void **state)
{
    (void)state;
    static const struct step steps[] = {THROTTLED, OK_ANSWER};
    struct aws_call c = reading_call();
    struct aws_counters counters;
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_OK);
    assert_int_equal(w.requests, 2);
    aws_session_counters(w.session, &counters);
    assert_int_equal(counters.calls, 1);
    assert_int_equal(counters.retries, 1);
    assert_int_equal(counters.throttles, 1);
}

static void a_throttled_change_was_not_executed_and_is_tried_again(void **state)
{
    (void)state;
    static const struct step steps[] = {THROTTLED, OK_ANSWER};
    struct aws_call c = changing_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_OK);
    assert_int_equal(w.requests, 2);
}

static void throttled_three_times_ends_as_throttled(void **state)
{
    (void)state;
    static const struct step steps[] = {THROTTLED, THROTTLED, THROTTLED};
    struct aws_call c = changing_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_THROTTLED);
    assert_false(w.call.uncertain);
    assert_int_equal(w.requests, 3);
}

static void a_500_is_tried_again_when_reading(void **state)
{
    (void)state;
    static const struct step steps[] = {{.status = 500, .body = "{\"__type\":\"ServerException\"}"},
                                        {.status = 503, .body = "<html>busy</html>"},
                                        OK_ANSWER};
    struct aws_call c = reading_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_OK);
    assert_int_equal(w.requests, 3);
}

static void a_500_of_a_change_is_uncertain_and_sent_once(void **state)
{
    (void)state;
    static const struct step rows[] = {{.status = 500, .body = "{\"__type\":\"ServerException\"}"},
                                       {.status = 503, .body = "{\"__type\":\"ThrottlingException\"}"},
                                       {.status = 502, .body = "<html>"},
                                       {.status = 501, .body = ""},
                                       {.status = 408, .body = ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct aws_call c = changing_call();
        w.requests = w.done = 0;
        run(&c, &rows[i]);
        assert_true(w.call.uncertain);
        assert_true(w.call.outcome == AWS_UNREACHABLE || w.call.outcome == AWS_THROTTLED);
        assert_int_equal(w.requests, 1);
    }
}

static void a_proxys_page_is_no_success(void **state)
{
    (void)state;
    static const struct step steps[] = {{.status = 200, .body = "<html>sign in</html>"},
                                        {.status = 200, .body = "<html>sign in</html>"},
                                        {.status = 200, .body = "<html>sign in</html>"}};
    struct aws_call c = reading_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_UNREACHABLE);
    assert_false(w.call.uncertain);
    assert_int_equal(w.requests, 3);
}

static void a_page_of_good_xml_is_no_success_either(void **state)
{
    (void)state;
    static const struct step page = {.status = 200, .body = "<html>sign in</html>"};
    const struct step steps[] = {page, page, page};
    struct aws_call c = {.service = AWS_STS, .action = "GetCallerIdentity", .done = on_done};
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_UNREACHABLE);
    expect_sentence("no AWS answer: look at the proxy or the endpoint in between");
}

static void a_cut_answer_is_read_again_but_a_change_is_uncertain(void **state)
{
    (void)state;
    static const struct step steps[] = {{.status = 200, .body = "{\"services\":[{\"a\":"}, OK_ANSWER};
    struct aws_call c = reading_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_OK);
    w.requests = w.done = 0;
    c = changing_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_UNREACHABLE);
    assert_true(w.call.uncertain);
    assert_int_equal(w.requests, 1);
    expect_sentence("may or may not have been executed");
}

static void an_oversize_answer_is_not_asked_for_again(void **state)
{
    (void)state;
    static const struct step steps[] = {{.weather = HUGE_ANSWER}, OK_ANSWER};
    struct aws_call c = reading_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_UNREACHABLE);
    assert_int_equal(w.call.err.code, ERR_LIMIT);
    assert_int_equal(w.requests, 1);
}

static void a_denying_proxy_is_named(void **state)
{
    (void)state;
    static const struct step steps[] = {{.status = 404, .body = "<html>"}};
    struct aws_call c = changing_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_REFUSED);
    assert_false(w.call.uncertain);
    expect_sentence("check proxy and endpoint");
}

/* ---- lost */

static void a_reset_read_is_tried_again(void **state)
{
    (void)state;
    static const struct step steps[] = {{.weather = RESET}, {.weather = CLOSE}, OK_ANSWER};
    struct aws_call c = reading_call();
    run(&c, steps);
    assert_int_equal(w.call.outcome, AWS_OK);
    assert_int_equal(w.requests, 3);
}

static void a_reset_change_is_uncertain_and_sent_once(void **state)
{
    (void)state;
    static const struct step warm[] = {OK_ANSWER};
    static const struct step rows[][2] = {{{.weather = RESET}, OK_ANSWER}, {{.weather = CLOSE}, OK_ANSWER}};
    for (size_t i = 0; i < 2; i++) {
        struct aws_call c = reading_call();
        w.requests = w.done = 0;
        run(&c, warm); /* leaves a connection that could be reused */
        w.requests = w.done = 0;
        c = changing_call();
        run(&c, rows[i]);
        assert_int_equal(w.call.outcome, AWS_UNREACHABLE);
        assert_true(w.call.uncertain);
        assert_int_equal(w.requests, 1);
    }
}

static void a_silent_change_is_uncertain(void **state)
{
    (void)state;
    static const struct step steps[] = {{.weather = SILENCE}, OK_ANSWER};
    struct aws_call c = changing_call();
    c.timeout_ms = 300;
    w.steps = steps;
    aws_call_start(w.session, &c);
    loop_run_for(w.loop, WAIT_MS); /* until it has arrived */
    loop_run_for(w.loop, WAIT_MS);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.call.err.code, ERR_TIMEOUT);
    assert_true(w.call.uncertain);
    assert_int_equal(w.requests, 1);
}

static void a_change_that_never_left_is_tried_again_and_certain(void **state)
{
    (void)state;
    struct aws_session_options options = {
        .loop = w.loop, .http = w.http, .credentials = w.credentials, .region = "us-gov-east-1"};
    struct err err;
    struct aws_counters counters;
    options.endpoint_override[AWS_ECS] = "http://127.0.0.1:1"; /* nobody listens */
    struct aws_session *closed = aws_session_create(&options, &err);
    assert_non_null(closed);
    struct aws_call c = changing_call();
    aws_call_start(closed, &c);
    loop_run_for(w.loop, WAIT_MS);
    assert_int_equal(w.done, 1);
    assert_int_equal(w.call.outcome, AWS_UNREACHABLE);
    assert_false(w.call.uncertain);
    expect_sentence("nothing was changed");
    aws_session_counters(closed, &counters);
    assert_int_equal(counters.retries, 2);
    assert_int_equal(counters.unreachable, 1);
    aws_session_destroy(closed);
}

/* A load balancer or CloudWatch out of reach does not make the bot blind; ECS does. */
static void only_what_is_vital_counts_as_failing(void **state)
{
    static const enum aws_service services[] = {AWS_LOGS, AWS_ECR, AWS_CLOUDWATCH, AWS_ECS};
    static const struct step steps[] = {
        {503, "no", NULL, ANSWER}, {503, "no", NULL, ANSWER}, {503, "no", NULL, ANSWER}};
    struct aws_counters counters;
    (void)state;
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        struct aws_call c = reading_call();
        c.service = services[i];
        w.requests = w.done = 0;
        run(&c, steps);
        assert_int_equal(w.call.outcome, AWS_UNREACHABLE);
        aws_session_counters(w.session, &counters);
        assert_int_equal(counters.unreachable, i + 1);
        assert_int_equal(counters.failing_ms != 0, services[i] == AWS_ECS);
        assert_int_equal(counters.trouble[0] != '\0', services[i] == AWS_ECS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_what_is_vital_counts_as_failing),
        TEST(a_json_call_is_signed_and_read),
        TEST(a_query_call_is_a_form_and_its_answer_xml),
        TEST(an_xml_error_is_read),
        TEST(a_refusal_names_action_resource_region_and_next_step),
        TEST(a_json_service_may_refuse_in_xml),
        TEST(a_missing_service_says_what_to_check),
        TEST(a_throttled_read_is_tried_again),
        TEST(a_throttled_change_was_not_executed_and_is_tried_again),
        TEST(throttled_three_times_ends_as_throttled),
        TEST(a_500_is_tried_again_when_reading),
        TEST(a_500_of_a_change_is_uncertain_and_sent_once),
        TEST(a_proxys_page_is_no_success),
        TEST(a_page_of_good_xml_is_no_success_either),
        TEST(a_cut_answer_is_read_again_but_a_change_is_uncertain),
        TEST(an_oversize_answer_is_not_asked_for_again),
        TEST(a_denying_proxy_is_named),
        TEST(a_reset_read_is_tried_again),
        TEST(a_reset_change_is_uncertain_and_sent_once),
        TEST(a_silent_change_is_uncertain),
        TEST(a_change_that_never_left_is_tried_again_and_certain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
