/* What the load balancer says, and which task it says it of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/text.h"
#include "ecs/decode.h"

#define HEAD                                                                                                 \
    "<DescribeTargetHealthResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">"     \
    "<DescribeTargetHealthResult><TargetHealthDescriptions>"
#define FOOT                                                                                                 \
    "</TargetHealthDescriptions></DescribeTargetHealthResult><ResponseMetadata><RequestId>q</RequestId>"     \
    "</ResponseMetadata></DescribeTargetHealthResponse>"
#define MEMBER(id, port, health)                                                                             \
    "<member><HealthCheckPort>5000</HealthCheckPort><Target><Id>" id "</Id><Port>" port                      \
    "</Port><AvailabilityZone>us-gov-east-1a</AvailabilityZone></Target><TargetHealth>" health               \
    "</TargetHealth></member>"

static struct ecs_target targets[ECS_TARGETS];
static size_t count;
static struct err err;

static bool read_text(const char *xml, int group)
{
    memset(&err, 0, sizeof err);
    return decode_targets(xml, strlen(xml), group, targets, ECS_TARGETS, &count, &err);
}

static void two_groups_stand_in_one_list(void **state)
{
    (void)state;
    count = 0;
    assert_true(read_text(HEAD MEMBER("10.0.1.7", "5000", "<State>healthy</State>") MEMBER(
                              "10.0.1.8", "5000",
                              "<State>unhealthy</State><Reason>Target.ResponseCodeMismatch</Reason>"
                              "<Description>Health checks failed with these codes: [502]</Description>") FOOT,
                          0));
    assert_int_equal(count, 2);
    assert_true(read_text(HEAD MEMBER("10.0.1.7", "5002", "<State>draining</State>") FOOT, 1));
    assert_int_equal(count, 3);
    assert_string_equal(targets[0].id, "10.0.1.7");
    assert_int_equal(targets[0].port, 5000);
    assert_int_equal(targets[0].state, ECS_TARGET_HEALTHY);
    assert_string_equal(targets[0].reason, "");
    assert_int_equal(targets[1].state, ECS_TARGET_UNHEALTHY);
    assert_string_equal(targets[1].reason, "Target.ResponseCodeMismatch");
    assert_string_equal(targets[1].description, "Health checks failed with these codes: [502]");
    assert_int_equal(targets[1].group, 0);
    assert_int_equal(targets[2].group, 1);
    assert_int_equal(targets[2].port, 5002);
}

static void each_state_has_its_word(void **state)
{
    static const struct {
        const char *xml;
        enum ecs_target_state state;
    } rows[] = {
        {HEAD MEMBER("a", "1", "<State>initial</State>") FOOT, ECS_TARGET_INITIAL},
        {HEAD MEMBER("a", "1", "<State>healthy</State>") FOOT, ECS_TARGET_HEALTHY},
        {HEAD MEMBER("a", "1", "<State>unhealthy</State>") FOOT, ECS_TARGET_UNHEALTHY},
        {HEAD MEMBER("a", "1", "<State>unhealthy.draining</State>") FOOT, ECS_TARGET_UNHEALTHY},
        {HEAD MEMBER("a", "1", "<State>draining</State>") FOOT, ECS_TARGET_DRAINING},
        {HEAD MEMBER("a", "1", "<State>unused</State>") FOOT, ECS_TARGET_UNUSED},
        {HEAD MEMBER("a", "1", "<State>unavailable</State>") FOOT, ECS_TARGET_UNAVAILABLE},
        {HEAD MEMBER("a", "1", "<State>HEALTHY</State>") FOOT, ECS_TARGET_UNAVAILABLE}, /* never by chance */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        count = 0;
        assert_true(read_text(rows[i].xml, 0));
        assert_int_equal(count, 1);
        assert_int_equal(targets[0].state, rows[i].state);
    }
}

static void nobody_is_an_answer(void **state)
{
    (void)state;
    count = 0;
    assert_true(read_text(HEAD FOOT, 0));
    assert_int_equal(count, 0);
}

static void odd_answers_are_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "<html><body>proxy</body></html>",
        "<DescribeTargetHealthResponse/>",
        HEAD,
        HEAD MEMBER("", "1", "<State>healthy</State>") FOOT,
        HEAD MEMBER("10.0.1.7", "1", "") FOOT,
        HEAD MEMBER("10.0.1.7", "1", "<State/>") FOOT,
        HEAD MEMBER("10.0.1.7", "1", "<State>healthy</State>") "<member/>" FOOT,
        "<!DOCTYPE a [<!ENTITY x \"healthy\">]>" HEAD MEMBER("a", "1", "<State>&x;</State>") FOOT,
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        count = 5; /* of another group; it stays */
        assert_false(read_text(rows[i], 0));
        assert_int_equal(count, 5);
        assert_true(err.text[0] != '\0');
    }
}

static void what_is_odd_inside_does_not_spoil_the_rest(void **state)
{
    (void)state;
    count = 0;
    assert_true(read_text(HEAD MEMBER("i-0a\x1b[31m", "many", "<State>healthy</State>") FOOT, 0) == false);
    assert_true(read_text(HEAD MEMBER("i-0a&#x9;b", "99999999999999999999",
                                      "<New><State>unhealthy</State></New><State>healthy</State>") FOOT,
                          0));
    assert_string_equal(targets[0].id, "i-0a b");
    assert_int_equal(targets[0].port, 0);
    assert_int_equal(targets[0].state, ECS_TARGET_HEALTHY);
}

/* Half of the targets would look like all of them. */
static void too_many_are_none(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 1 << 20);
    buf_text(&b, HEAD);
    for (int i = 0; i < ECS_TARGETS; i++)
        buf_format(&b, MEMBER("10.0.0.%d", "1", "<State>healthy</State>"), i);
    buf_text(&b, FOOT);
    count = 0;
    assert_true(read_text(b.data, 0));
    assert_int_equal(count, ECS_TARGETS);
    count = 1;
    assert_false(read_text(b.data, 1));
    assert_int_equal(count, 1);
    assert_non_null(strstr(err.text, "more targets"));
    buf_finish(&b);
}

/* ---- which task */

static struct snapshot s;

static void put(int group, const char *id, enum ecs_target_state state)
{
    struct ecs_target *t = &s.targets[s.target_count++];
    t->group = group;
    TEXT_COPY(t->id, id);
    t->state = state;
}

static void a_task_serves_where_all_groups_say_so(void **state)
{
    struct ecs_task here = {.address = "10.0.1.7"}, elsewhere = {.address = "10.0.1.70"},
                    bridge = {.id = "t"};
    (void)state;
    memset(&s, 0, sizeof s);
    s.targets_absence = ECS_SEEN;
    put(0, "10.0.1.7", ECS_TARGET_HEALTHY);
    put(0, "10.0.1.8", ECS_TARGET_UNHEALTHY);
    put(0, "", ECS_TARGET_HEALTHY);
    assert_true(model_task_is_target(&s, &here));
    assert_null(model_sick_target(&s, &here));
    assert_false(model_task_is_target(&s, &elsewhere));
    assert_null(model_sick_target(&s, &elsewhere)); /* nobody lists it */
    assert_false(model_task_is_target(&s, &bridge));
    put(1, "10.0.1.7", ECS_TARGET_INITIAL);
    assert_false(model_task_is_target(&s, &here));
    assert_int_equal(model_sick_target(&s, &here)->state, ECS_TARGET_INITIAL);
    put(2, "10.0.1.7", ECS_TARGET_UNHEALTHY); /* says more than that it begins */
    put(3, "10.0.1.7", ECS_TARGET_DRAINING);
    assert_int_equal(model_sick_target(&s, &here)->group, 2);
    s.targets_absence = ECS_THROTTLED; /* then nothing is known */
    assert_false(model_task_is_target(&s, &here));
    assert_null(model_sick_target(&s, &here));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_groups_stand_in_one_list),
        cmocka_unit_test(each_state_has_its_word),
        cmocka_unit_test(nobody_is_an_answer),
        cmocka_unit_test(odd_answers_are_refused),
        cmocka_unit_test(what_is_odd_inside_does_not_spoil_the_rest),
        cmocka_unit_test(too_many_are_none),
        cmocka_unit_test(a_task_serves_where_all_groups_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
