/* deploy/iam-policy.json "lists all I need", as refusals tell people: every action of this layer stands
 * there, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "ecs/client_private.h"

/* Beside the features. sts:GetCallerIdentity needs no permission. */
static const char *const others[] = {"application-autoscaling:RegisterScalableTarget",
                                     "ecs:DescribeServices",
                                     "ecs:DescribeTasks",
                                     "ecs:ListClusters",
                                     "ecs:ListServices",
                                     "ecs:ListTasks",
                                     "ecs:StopServiceDeployment",
                                     "ecs:StopTask",
                                     "ecs:UpdateService"};
#define OTHERS (sizeof others / sizeof others[0])

static json_t *policy;
static size_t listed;

static int count_in(const json_t *action, const char *name)
{
    int n = 0;

    if (json_is_string(action))
        return text_equal(json_string_value(action), name);
    for (size_t i = 0; i < json_array_size(action); i++)
        n += text_equal(json_string_value(json_array_get(action, i)), name);
    return n;
}

static int count_of(const char *name)
{
    const json_t *statements = jsonx_at(policy, "Statement");
    int n = 0;

    for (size_t i = 0; i < json_array_size(statements); i++)
        n += count_in(jsonx_at(json_array_get(statements, i), "Action"), name);
    return n;
}

static void every_action_is_listed_once(void **state)
{
    (void)state;
    for (int f = 0; f < CLIENT_FEATURES; f++) {
        const char *name = trouble_feature((enum client_feature)f);

        if (count_of(name) != 1)
            fail_msg("%s is listed %d times", name, count_of(name));
    }
    for (size_t i = 0; i < OTHERS; i++)
        if (count_of(others[i]) != 1)
            fail_msg("%s is listed %d times", others[i], count_of(others[i]));
}

static void nothing_else_is_listed(void **state)
{
    const json_t *statements = jsonx_at(policy, "Statement");
    (void)state;
    listed = 0;
    for (size_t i = 0; i < json_array_size(statements); i++) {
        const json_t *one = json_array_get(statements, i), *action = jsonx_at(one, "Action");

        assert_string_equal(jsonx_text(one, "Effect"), "Allow");
        listed += json_is_string(action) ? 1 : json_array_size(action);
    }
    assert_int_equal(listed, CLIENT_FEATURES + OTHERS);
}

static int read_policy(void **state)
{
    json_error_t error;
    (void)state;
    policy = json_load_file("../deploy/iam-policy.json", JSON_REJECT_DUPLICATES, &error);
    return policy ? 0 : -1;
}

static int drop_policy(void **state)
{
    (void)state;
    json_decref(policy);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_action_is_listed_once),
        cmocka_unit_test(nothing_else_is_listed),
    };
    return cmocka_run_group_tests(tests, read_policy, drop_policy);
}
