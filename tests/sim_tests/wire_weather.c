/* Bad weather at the simulated AWS: which calls it hits (pure), and what then comes over the socket. */
#include "sim/wire_weather.h"

#include "wire_aws_rig.h"

/* ---- which calls */

static const char *take(struct weather *w, const char *line)
{
    json_t *o = jsonx_parse(line, strlen(line), NULL);
    assert_non_null(o);
    const char *why = weather_take(w, o);
    json_decref(o);
    return why;
}

static const char *decide(struct weather *w, const char *service, const char *action)
{
    int64_t delay_ms = -1;
    const struct weather_ask ask = {.service = service, .action = action, .date = ""};
    const struct weather_kind *kind = weather_decide(w, &ask, &delay_ms);
    return kind != NULL ? kind->name : "fine";
}

static void rules_hit_what_they_name(void **state)
{
    (void)state;
    struct weather w = {0};
    assert_null(
        take(&w, "{\"service\":\"ecs\",\"action\":\"UpdateService\",\"kind\":\"reset\",\"count\":2}"));
    assert_null(take(&w, "{\"action\":\"ListTasks\",\"kind\":\"throttle\",\"every\":2}"));
    assert_string_equal(decide(&w, "ecs", "DescribeServices"), "fine");
    assert_string_equal(decide(&w, "sts", "UpdateService"), "fine");
    assert_string_equal(decide(&w, "ecs", "UpdateService"), "reset");
    assert_string_equal(decide(&w, "ecs", "UpdateService"), "reset");
    assert_string_equal(decide(&w, "ecs", "UpdateService"), "fine"); /* two were asked for */
    for (int i = 0; i < 4; i++) {
        assert_string_equal(decide(&w, "ecs", "ListTasks"), i % 2 == 0 ? "fine" : "throttle");
    }
    assert_null(take(&w, "{\"action\":\"ListTasks\",\"kind\":\"clear\"}"));
    assert_string_equal(decide(&w, "ecs", "ListTasks"), "fine");
    assert_string_equal(decide(&w, "ecs", "ListTasks"), "fine");
    assert_null(take(&w, "{\"kind\":\"hang\"}"));
    assert_string_equal(decide(&w, "sts", "GetCallerIdentity"), "hang");
    assert_null(take(&w, "{\"kind\":\"clear\"}"));
    assert_int_equal(w.count, 0);
}

static void nonsense_is_told(void **state)
{
    (void)state;
    struct weather w = {0};
    assert_non_null(take(&w, "{\"kind\":\"frogs\"}"));
    assert_non_null(take(&w, "{\"kind\":\"reset\",\"every\":0}"));
    assert_non_null(take(&w, "{\"kind\":\"reset\",\"count\":-1}"));
    assert_non_null(take(&w, "{\"kind\":\"slow\",\"delay_ms\":99999999}"));
    assert_int_equal(w.count, 0);
    for (int i = 0; i < WEATHER_RULES; i++) {
        assert_null(take(&w, "{\"kind\":\"reset\"}"));
    }
    assert_non_null(take(&w, "{\"kind\":\"reset\"}"));
}

static void answers_are_mangled(void **state)
{
    (void)state;
    json_t *answer = json_pack("{s:[{s:s,s:i,s:b}]}", "services", "name", "api", "count", 2, "on", 1);
    json_t *types = weather_mangle(answer, WEATHER_TYPES), *shapes = weather_mangle(answer, WEATHER_SHAPES);
    char *text = jsonx_print(types), *other = jsonx_print(shapes);
    assert_string_equal(text, "{\"services\":[{\"name\":3,\"count\":\"many\",\"on\":[\"perhaps\"]}]}");
    assert_string_equal(other, "{\"services\":{\"0\":[\"api\",2,true]}}");
    mem_free(text);
    mem_free(other);
    json_decref(types);
    json_decref(shapes);
    json_decref(answer);
}

/* ---- over the socket */

static void weather(struct fixture *f, const char *kind, const char *more)
{
    char line[200];
    TEXT_FORMAT(line, "{\"kind\":\"%s\"%s}", kind, more);
    json_t *o = jsonx_parse(line, strlen(line), NULL);
    assert_null(wire_ecs_weather(f->wire, o));
    json_decref(o);
}

/* One changing call in that weather; the world executed `executed` of them so far. */
static void update_in(struct fixture *f, const char *kind, const char *more, bool ok, int executed)
{
    weather(f, kind, more);
    ask_ecs(f, "UpdateService", UPDATE);
    if (f->ok != ok || world_ecs_count(f->world, "UpdateService") != (uint64_t)executed) {
        fail_msg("%s: ok %d, executed %d", kind, f->ok, (int)world_ecs_count(f->world, "UpdateService"));
    }
    weather(f, "clear", "");
}

static void resets_come_before_or_after_execution(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    f.reuse = true;
    ask_ecs(&f, "DescribeServices", DESCRIBE); /* leaves a connection to be used again */
    ask_ecs(&f, "DescribeServices", DESCRIBE);
    f.reuse = false;
    update_in(&f, "reset", "", false, 0);
    update_in(&f, "execute-then-reset", "", false, 1);
    assert_true(f.sent);
    update_in(&f, "reset-then-execute", ",\"delay_ms\":300", false, 1);
    loop_run_for(f.loop, 600);
    assert_int_equal(world_ecs_count(f.world, "UpdateService"), 2);
    json_t *arrived = wire_ecs_arrived(f.wire);
    assert_int_equal(jsonx_int(arrived, "UpdateService", -1), 3);
    json_decref(arrived);
    end(&f);
}

/* What the simulator is there to show: libcurl repeats a POST by itself when a connection that it used before
 * is reset. */
static void a_reused_connection_is_reset_too(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    f.reuse = true;
    ask_ecs(&f, "DescribeServices", DESCRIBE);
    weather(&f, "execute-then-reset", ",\"count\":1");
    ask_ecs(&f, "UpdateService", UPDATE);
    assert_true(f.ok);
    assert_int_equal(world_ecs_count(f.world, "UpdateService"), 2);
    end(&f);
}

static void answers_are_lost_late_or_wrong(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    update_in(&f, "truncated", "", true, 1);
    assert_null(f.answer);
    update_in(&f, "truncated-short", "", false, 2);
    update_in(&f, "slow", ",\"delay_ms\":200", true, 3);
    assert_int_equal(f.status, 200);
    update_in(&f, "huge", "", false, 4);
    assert_int_equal(f.lost, ERR_LIMIT);
    update_in(&f, "empty", "", true, 4);
    assert_string_equal(f.text, "");
    update_in(&f, "html", "", true, 4);
    update_in(&f, "html-502", "", true, 4);
    assert_int_equal(f.status, 502);
    update_in(&f, "wrong-type", "", true, 5);
    assert_string_equal(jsonx_text(f.answer, "service.serviceName"), "");
    update_in(&f, "hang", "", false, 5);
    assert_int_equal(f.lost, ERR_TIMEOUT);
    end(&f);
}

static void refusals_are_worded_as_at_aws(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    update_in(&f, "access-denied", "", true, 0);
    assert_string_equal(jsonx_text(f.answer, "__type"), "AccessDeniedException");
    assert_non_null(strstr(f.text,
                           "is not authorized to perform: ecs:UpdateService on resource: "
                           "arn:aws-us-gov:ecs:us-gov-east-1:000000000000:service/" WORLD_CLUSTER "/" API));
    update_in(&f, "expired", "", true, 0);
    assert_string_equal(jsonx_text(f.answer, "__type"), "ExpiredTokenException");
    update_in(&f, "status-500", "", true, 0);
    assert_int_equal(f.status, 500);
    update_in(&f, "cluster-not-found", "", true, 0);
    assert_string_equal(jsonx_text(f.answer, "__type"), "ClusterNotFoundException");
    weather(&f, "other-account", "");
    ask(&f, NULL, "Action=GetCallerIdentity&Version=2011-06-15");
    assert_non_null(strstr(f.text, "<Account>111111111111</Account>"));
    weather(&f, "clear", "");
    weather(&f, "expired", "");
    ask(&f, NULL, "Action=GetCallerIdentity&Version=2011-06-15");
    assert_non_null(strstr(f.text, "<Code>ExpiredToken</Code>"));
    end(&f);
}

static void a_corrected_clock_gets_through(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "ok");
    update_in(&f, "skew", "", true, 0);
    assert_string_equal(jsonx_text(f.answer, "__type"), "InvalidSignatureException");
    int64_t theirs;
    assert_true(text_parse_http_date(f.date, &theirs));
    f.clock_off_ms = theirs - clock_wall(&f.clock);
    assert_in_range(f.clock_off_ms, 3590000, 3610000);
    update_in(&f, "skew", "", true, 1);
    update_in(&f, "skew-always", "", true, 1);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_hit_what_they_name),
        cmocka_unit_test(nonsense_is_told),
        cmocka_unit_test(answers_are_mangled),
        cmocka_unit_test(resets_come_before_or_after_execution),
        cmocka_unit_test(a_reused_connection_is_reset_too),
        cmocka_unit_test(answers_are_lost_late_or_wrong),
        cmocka_unit_test(refusals_are_worded_as_at_aws),
        cmocka_unit_test(a_corrected_clock_gets_through),
    };
    return cmocka_run_group_tests_name("sim wire_weather", tests, NULL, NULL);
}
