/* The other services of AWS on the simulator's one port: each dispatched, signed for, spoken to in its own
 * protocol, and hit by bad weather; and expired credentials at all of them. */
#include "wire_aws_rig.h"

#include "sim/wire_aws.h"

#define GROUP                                                                                                \
    "arn%3Aaws-us-gov%3Aelasticloadbalancing%3Aus-gov-east-1%3A000000000000%3Atargetgroup%2F"                \
    "tak-c-Targe-1QW2E3R4T5Y6%2F0a1b2c3d4e5f6071"
#define HEALTH  "Action=DescribeTargetHealth&Version=2015-12-01&TargetGroupArn=" GROUP
#define ALARMS  "{\"AlarmNamePrefix\":\"" API "-\"}"
#define IMAGES  "{\"repositoryName\":\"" WORLD_REPOSITORY "\"}"
#define METRICS "GraniteServiceVersion20100801."
#define ECR     "AmazonEC2ContainerRegistry_V20150921."
#define SCALING "AnyScaleFrontendService."
#define TARGETS "{\"ServiceNamespace\":\"ecs\"}"

static void the_balancer_answers_in_xml(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    ask(&f, NULL, HEALTH);
    assert_int_equal(f.status, 200);
    assert_true(text_starts(f.text, "<DescribeTargetHealthResponse "
                                    "xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">"
                                    "<DescribeTargetHealthResult><TargetHealthDescriptions><member>"));
    assert_non_null(strstr(f.text, "<State>healthy</State>"));
    ask(&f, NULL, "Action=DescribeTargetHealth&Version=2015-12-01&TargetGroupArn=none");
    assert_int_equal(f.status, 400);
    assert_non_null(strstr(f.text, "<Code>TargetGroupNotFound</Code>"));
    ask(&f, NULL, "Action=DescribeStacks&Version=2010-05-15&StackName=" WORLD_STACK);
    assert_non_null(strstr(f.text, "<StackStatus>UPDATE_COMPLETE</StackStatus>"));
    ask(&f, NULL, "Action=DescribeStacks&Version=2010-05-15&StackName=nothing");
    assert_non_null(strstr(f.text, "<Code>ValidationError</Code>"));
    ask(&f, NULL, "Action=DescribeAlarms&Version=2015-12-01"); /* another service's action */
    assert_non_null(strstr(f.text, "<Code>InvalidAction</Code>"));
    end(&f);
}

static void json_services_answer(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    ask(&f, METRICS "DescribeAlarms", ALARMS);
    assert_int_equal(f.status, 200);
    assert_int_equal(json_array_size(jsonx_at(f.answer, "MetricAlarms")), 7);
    ask(&f, ECR "DescribeImages", IMAGES);
    assert_int_equal(json_array_size(jsonx_at(f.answer, "imageDetails")), 2);
    ask(&f, SCALING "DescribeScalableTargets", TARGETS);
    assert_int_equal(json_array_size(jsonx_at(f.answer, "ScalableTargets")), 2);
    ask(&f, SCALING "RegisterScalableTarget", TARGETS);
    assert_string_equal(jsonx_text(f.answer, "__type"), "ValidationException");
    ask(&f, "Logs_20140328.GetLogEvents", "{\"logGroupName\":\"nothing\",\"logStreamName\":\"x\"}");
    assert_int_equal(f.status, 400);
    assert_string_equal(jsonx_text(f.answer, "__type"), "ResourceNotFoundException");
    ask(&f, "Logs_20140328.DescribeImages", IMAGES); /* another service's action */
    assert_string_equal(jsonx_text(f.answer, "__type"), "UnknownOperationException");
    json_t *stats = wire_ecs_stats(f.wire);
    assert_int_equal(jsonx_int(stats, "DescribeAlarms", -1), 1);
    json_decref(stats);
    end(&f);
}

/* A signature counts for one service only, and is checked at each. */
static void signatures_name_their_service(void **state)
{
    (void)state;
    static const char *const calls[][2] = {{METRICS "DescribeAlarms", ALARMS},
                                           {ECR "DescribeImages", IMAGES},
                                           {SCALING "DescribeScalableTargets", TARGETS},
                                           {"Logs_20140328.GetLogEvents", "{}"},
                                           {"AmazonEC2ContainerServiceV20141113.ListClusters", "{}"},
                                           {NULL, HEALTH},
                                           {NULL, "Action=GetCallerIdentity&Version=2011-06-15"}};
    struct fixture f;
    begin(&f, "ok");
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        f.signs = "s3";
        ask(&f, calls[i][0], calls[i][1]);
        assert_int_equal(f.status, 403);
        assert_non_null(strstr(f.text, "Credential should be scoped to correct service."));
        f.signs = NULL;
        f.secret = "another-secret-key-altogether";
        ask(&f, calls[i][0], calls[i][1]);
        assert_int_equal(f.status, 403);
        assert_non_null(
            strstr(f.text, calls[i][0] != NULL ? "InvalidSignatureException" : "SignatureDoesNotMatch"));
        f.secret = WIRE_SECRET_KEY;
        ask(&f, calls[i][0], calls[i][1]);
        assert_int_not_equal(f.status, 403);
    }
    end(&f);
}

/* A wrong region is an account in which nothing stands, not an error. */
static void another_region_is_empty(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    f.region = "us-gov-west-1";
    ask_ecs(&f, "ListClusters", "{}");
    assert_int_equal(f.status, 200);
    assert_int_equal(json_array_size(jsonx_at(f.answer, "clusterArns")), 0);
    ask_ecs(&f, "DescribeServices", DESCRIBE);
    assert_string_equal(jsonx_text(f.answer, "__type"), "ClusterNotFoundException");
    ask_ecs(&f, "UpdateService", UPDATE);
    assert_string_equal(jsonx_text(f.answer, "__type"), "ClusterNotFoundException");
    ask(&f, SCALING "DescribeScalableTargets", TARGETS);
    assert_int_equal(json_array_size(jsonx_at(f.answer, "ScalableTargets")), 0);
    assert_int_equal(f.status, 200);
    ask(&f, ECR "DescribeImages", IMAGES);
    assert_string_equal(jsonx_text(f.answer, "__type"), "RepositoryNotFoundException");
    ask(&f, NULL, HEALTH);
    assert_non_null(strstr(f.text, "<Code>TargetGroupNotFound</Code>"));
    assert_int_equal(world_ecs_count(f.world, "UpdateService"), 0);
    f.region = NULL;
    ask_ecs(&f, "ListClusters", "{}");
    assert_int_equal(json_array_size(jsonx_at(f.answer, "clusterArns")), 1);
    end(&f);
}

static void rain(struct fixture *f, const char *service, const char *kind)
{
    json_t *line = json_pack("{s:s,s:s,s:i}", "service", service, "kind", kind, "count", 1);
    assert_null(wire_ecs_weather(f->wire, line));
    json_decref(line);
}

static void weather_hits_each_service(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    rain(&f, "elasticloadbalancing", "access-denied");
    ask(&f, METRICS "DescribeAlarms", ALARMS); /* of another service: dry */
    assert_int_equal(f.status, 200);
    ask(&f, NULL, HEALTH);
    assert_non_null(strstr(f.text, "<Code>AccessDenied</Code>"));
    assert_non_null(strstr(f.text, "not authorized to perform: elasticloadbalancing:DescribeTargetHealth"));
    ask(&f, NULL, HEALTH);
    assert_int_equal(f.status, 200);
    rain(&f, "cloudwatch", "throttle");
    ask(&f, METRICS "DescribeAlarms", ALARMS);
    assert_string_equal(jsonx_text(f.answer, "__type"), "ThrottlingException");
    rain(&f, "logs", "expired");
    ask(&f, "Logs_20140328.GetLogEvents", "{}");
    assert_string_equal(jsonx_text(f.answer, "__type"), "ExpiredTokenException");
    end(&f);
}

static void all_services_see_expired_credentials(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "credentials-expire");
    ask_ecs(&f, "UpdateService", UPDATE);
    assert_int_equal(f.status, 200);
    f.clock.speed = 2; /* the world is four minutes on */
    f.clock.epoch_ms = clock_wall(&f.clock) - 240000;
    ask_ecs(&f, "DescribeServices", DESCRIBE);
    assert_int_equal(f.status, 400);
    assert_string_equal(jsonx_text(f.answer, "__type"), "ExpiredTokenException");
    ask(&f, METRICS "DescribeAlarms", ALARMS);
    assert_string_equal(jsonx_text(f.answer, "__type"), "ExpiredTokenException");
    ask(&f, NULL, HEALTH);
    assert_non_null(strstr(f.text, "<Code>ExpiredToken</Code>"));
    ask(&f, NULL, "Action=GetCallerIdentity&Version=2011-06-15");
    assert_int_equal(f.status, 403);
    assert_non_null(strstr(f.text, "<Code>ExpiredToken</Code>"));
    f.clock.epoch_ms -= 5 * 60000; /* and now nine: there are new ones */
    ask(&f, NULL, "Action=GetCallerIdentity&Version=2011-06-15");
    assert_int_equal(f.status, 200);
    ask_ecs(&f, "DescribeServices", DESCRIBE);
    assert_int_equal(f.status, 200);
    end(&f);
}

static void cbor_goes_both_ways(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"a\":1,\"b\":[true,false,null,-7,300,70000,5000000000,\"x\"],\"c\":{\"d\":1.5}}", "[]", "{}",
        "{\"Timestamps\":[1790000000.5],\"StateUpdatedTimestamp\":1790000000.25}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *value = jsonx_parse(texts[i], strlen(texts[i]), NULL);
        size_t len;
        char *bytes = wire_cbor_write(value, &len);
        json_t *back = wire_cbor_read(bytes, len);
        assert_true(json_equal(value, back));
        json_decref(back);
        for (size_t cut = 0; cut < len; cut++) {
            assert_null(wire_cbor_read(bytes, cut));
        }
        mem_free(bytes);
        json_decref(value);
    }
    /* indefinite lengths, a tag, a half that is not known, text that ends too early */
    json_t *open = wire_cbor_read("\xbf\x61\x61\x9f\x01\xff\xff", 7);
    assert_int_equal(jsonx_int(open, "a.0", -1), 1);
    json_decref(open);
    assert_null(wire_cbor_read("\xf9\x3c\x00", 3));
    assert_null(wire_cbor_read("\x65short", 5));
    assert_null(
        wire_cbor_read("\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\x9f\xff", 19));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_balancer_answers_in_xml),
        cmocka_unit_test(json_services_answer),
        cmocka_unit_test(signatures_name_their_service),
        cmocka_unit_test(another_region_is_empty),
        cmocka_unit_test(weather_hits_each_service),
        cmocka_unit_test(all_services_see_expired_credentials),
        cmocka_unit_test(cbor_goes_both_ways),
    };
    return cmocka_run_group_tests_name("sim wire_services", tests, NULL, NULL);
}
