/* The commands that are answered with aws commands: every one can be pasted as it stands. */
#include "commands_fixture.h"

static struct config *config;

static int set_up(void **state)
{
    (void)state;
    config = make_config();
    TEXT_COPY(config->targets[0].profile, "coegc");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    config_destroy(config);
    forget_answer();
    return 0;
}

#define WHERE "--region us-gov-east-1 --profile coegc --cluster tak-vpc-cotak-prod"
#define LINE2 "   aws-us-gov 123456789012 us-gov-east-1 · tak-vpc-cotak-prod / "
#define CONSOLE                                                                                              \
    "   AWS console: https://console.amazonaws-us-gov.com/ecs/v2/clusters/tak-vpc-cotak-prod/services/"
#define API    "tak-cloudtak-cotak-prod"
#define HEALTH "/health?region=us-gov-east-1\n"
#define SCALABLE                                                                                             \
    "   | aws application-autoscaling register-scalable-target --region us-gov-east-1 --profile coegc "      \
    "--service-namespace ecs --resource-id service/tak-vpc-cotak-prod/" API                                  \
    " --scalable-dimension ecs:service:DesiredCount --suspended-state "
#define SUSPEND(YES)                                                                                         \
    SCALABLE "DynamicScalingInSuspended=" YES ",DynamicScalingOutSuspended=" YES                             \
             ",ScheduledScalingSuspended=" YES "\n"

static const struct {
    const char *text, *expected;
} exact_rows[] = {
    {"shutdown cotak prod",
     "Shut down cotak prod api (PRODUCTION): by hand in this version, nothing was changed\n" LINE2 API "\n"
     "   This ENDS service for users until somebody sets the count again. Where autoscaling is "
     "registered, "
     "the first command keeps it from raising the count; skip it where there is none.\n" SUSPEND(
         "true") "   | aws ecs update-service " WHERE " --service " API
                 " --desired-count 0\n" CONSOLE API HEALTH
                 "   Are users served now? /cloudtak status cotak prod api\n"},
    {"scale cotak prod api 3",
     "Scale cotak prod api (PRODUCTION): by hand in this version, nothing was changed\n" LINE2 API "\n"
     "   Autoscaling, where registered, may change the count again.\n"
     "   | aws ecs update-service " WHERE " --service " API " --desired-count 3\n" CONSOLE API HEALTH
     "   How it is now: /cloudtak status cotak prod api\n"},
    {"scale cotak prod 0",
     "Scale cotak prod api (PRODUCTION): by hand in this version, nothing was changed\n" LINE2 API "\n"
     "   A count of 0 ENDS service for users.\n"
     "   Autoscaling, where registered, may change the count again.\n"
     "   | aws ecs update-service " WHERE " --service " API " --desired-count 0\n" CONSOLE API HEALTH
     "   How it is now: /cloudtak status cotak prod api\n"},
    {"start cotak prod",
     "Start cotak prod api (PRODUCTION): by hand in this version, nothing was changed\n" LINE2 API "\n"
     "   No count is configured for api: put the usual one in place of 1 (today's CloudTAK API runs 2).\n"
     "   If autoscaling was suspended, resume it with the second command.\n"
     "   | aws ecs update-service " WHERE " --service " API " --desired-count 1\n" SUSPEND("false")
         CONSOLE API HEALTH "   Then: /cloudtak status cotak prod api\n"},
    {"tasks cotak prod hub",
     "The tasks of cotak prod hub (PRODUCTION): by hand in this version, nothing was changed\n" LINE2 API
     "-stateful\n"
     "   | aws ecs describe-tasks " WHERE " --tasks $(aws ecs list-tasks " WHERE " --service-name " API
     "-stateful --query 'taskArns[]' --output text)\n" CONSOLE API "-stateful" HEALTH
     "   Most of it at once: /cloudtak status cotak prod\n"},
    {"events cotak prod",
     "The events of cotak prod api (PRODUCTION): by hand in this version, nothing was changed\n" LINE2 API
     "\n"
     "   | aws ecs describe-services " WHERE " --services " API
     " --query 'services[0].events[:20].[createdAt,message]' --output text\n" CONSOLE API HEALTH
     "   Most of it at once: /cloudtak status cotak prod\n"},
    {"logs cotak prod",
     "The logs of cotak prod api (PRODUCTION): by hand in this version, nothing was changed\n" LINE2 API "\n"
     "   CloudTAK names the log group after the service. Log lines may hold personal data and tokens: do "
     "not "
     "paste them into a channel unread.\n"
     "   | aws logs tail " API " --region us-gov-east-1 --profile coegc --since 15m\n" CONSOLE API HEALTH
     "   Most of it at once: /cloudtak status cotak prod\n"},
    {"clusters wftak test",
     "The clusters around wftak test: by hand in this version, nothing was changed\n"
     "   aws-us-gov 123456789012 us-gov-east-1 · tak-vpc-wftak-test\n"
     "   An empty list means: likely the wrong region. Usual: us-gov-east-1 (GovCloud), us-east-1 "
     "(Commercial).\n"
     "   | aws ecs list-clusters --region us-gov-east-1\n"
     "   Most of it at once: /cloudtak status wftak test\n"},
    {"services cotak prod",
     "The services of cotak prod (PRODUCTION): by hand in this version, nothing was changed\n"
     "   aws-us-gov 123456789012 us-gov-east-1 · tak-vpc-cotak-prod\n"
     "   | aws ecs list-services " WHERE "\n"
     "   Most of it at once: /cloudtak status cotak prod\n"},
};

static void exact_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(exact_rows); i++) {
        struct command_call call = call_of(config);
        forget_answer();
        run_text(&call, exact_rows[i].text);
        expect_answer(exact_rows[i].text, exact_rows[i].expected);
        CHECK_ROW(exact_rows[i].text, !answer.refused);
    }
}

static void counts_that_are_none(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "scale cotak prod",    "scale cotak prod api", "scale cotak prod api x", "scale cotak prod api 101",
        "scale cotak prod -1", "scale cotak prod 1 2", "scale cotak prod 0001",  "scale cotak prod 3x"};
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct command_call call = call_of(config);
        forget_answer();
        run_text(&call, rows[i]);
        CHECK_ROW(rows[i], answer.refused);
        expect_answer(rows[i], "scale needs a number of tasks from 0 to 100. Usage: scale TARGET [SERVICE] N "
                               "[--reason TEXT]");
    }
}

static void a_configured_count_is_used_and_a_rehearsal_says_so(void **state)
{
    (void)state;
    struct command_call call = call_of(config);
    config->targets[0].services[1].desired = 2;
    config->rehearsal = true;
    run_text(&call, "start cotak prod");
    assert_non_null(strstr(answer.text, "--desired-count 2\n"));
    assert_null(strstr(answer.text, "No count is configured"));
    assert_true(text_starts(answer.text, "REHEARSAL · Start cotak prod api"));
}

int main(void)
{
#define WITH_CONFIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_CONFIG(exact_answers),
        WITH_CONFIG(counts_that_are_none),
        WITH_CONFIG(a_configured_count_is_used_and_a_rehearsal_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
