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

static const struct {
    const char *text, *expected;
} exact_rows[] = {
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

static void a_rehearsal_says_so(void **state)
{
    (void)state;
    struct command_call call = call_of(config);
    config->rehearsal = true;
    run_text(&call, "logs cotak prod");
    assert_true(text_starts(answer.text, "REHEARSAL · The logs of cotak prod api"));
}

int main(void)
{
#define WITH_CONFIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_CONFIG(exact_answers),
        WITH_CONFIG(a_rehearsal_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
