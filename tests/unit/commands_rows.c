/* help, targets and whoami; and what every row owes its reader. */
#include "commands_fixture.h"
#include "ecs/ecs.h"

static struct config *config;

static int set_up(void **state)
{
    (void)state;
    config = make_config();
    struct config_target *prod = &config->targets[0];
    add_channel(prod, "slack", "CINC");
    add_principal(&prod->view, PRINCIPAL_EVERYONE, "", "");
    add_principal(&prod->restart, PRINCIPAL_USER, "slack", "UANA");
    add_principal(&prod->logs, PRINCIPAL_USER, "slack", "UANA");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    config_destroy(config);
    forget_answer();
    return 0;
}

static void every_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        const struct command *c = commands_table[i];
        CHECK_ROW(c->name, text_starts(c->usage, c->name));
        CHECK_ROW(c->name, c->summary[0] != '\0' && c->detail[0] != '\0' && c->run != NULL);
        CHECK_ROW(c->name, (c->needs == NEEDS_NOTHING) == (strstr(c->usage, "TARGET") == NULL));
        CHECK_ROW(c->name, ((c->flags & COMMAND_REASON) != 0) == (strstr(c->usage, "--reason") != NULL));
        CHECK_ROW(c->name, (c->needs == NEEDS_SERVICE_OR_ALL) == (strstr(c->usage, "|all") != NULL));
        CHECK_ROW(c->name, !c->changes || c->right >= RIGHT_RESTART);
        CHECK_ROW(c->name, c->needs == NEEDS_NOTHING || c->right != RIGHT_NONE);
        for (size_t k = 0; k < i; k++) {
            CHECK_ROW(c->name, strcmp(commands_table[k]->name, c->name) != 0);
        }
    }
}

static void help_lists_every_row(void **state)
{
    (void)state;
    struct command_call call = call_of(config);
    run_text(&call, "");
    assert_true(text_starts(answer.text,
                            "What I can do, each behind /cloudtak\n"
                            "   restart TARGET [SERVICE|all] [--reason TEXT]: start new tasks, then "
                            "let the old ones go; no downtime\n"
                            "   status TARGET [SERVICE]: are users served, deployments, tasks, "
                            "targets, CPU and memory, alarms, last events\n"
                            "   follow TARGET [SERVICE]: follow a deployment that was begun elsewhere to its "
                            "end; changes nothing\n"
                            "   help [COMMAND]: this list, or what one command does\n"));
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        char line[CARD_LINE];
        TEXT_FORMAT(line, "   %s: %s\n", commands_table[i]->usage, commands_table[i]->summary);
        CHECK_ROW(commands_table[i]->name, strstr(answer.text, line) != NULL);
    }
    assert_true(text_ends(
        answer.text, "   More on one: /cloudtak help restart · what you may do where: /cloudtak targets\n"));
}

static void help_on_one(void **state)
{
    (void)state;
    struct command_call call = call_of(config);
    run_text(&call, "help Whoami");
    expect_answer("help whoami", "whoami: who you are to me, what you may do, and which AWS identity I use\n"
                                 "   Usage: whoami\n"
                                 "   Also prints the line an administrator has to add to give you a right.\n"
                                 "   What you may do where: /cloudtak targets\n");
    call = call_of(config);
    run_text(&call, "help restart");
    assert_non_null(strstr(
        answer.text, "   Needs the right \"restart\" for the target, in a channel that is listed for it.\n"));
    call = call_of(config);
    run_text(&call, "help status");
    assert_non_null(strstr(answer.text, "   Needs the right \"view\" for the target.\n"));
    call = call_of(config);
    run_text(&call, "help rstart");
    assert_true(
        text_starts(answer.text, "There is no command \"rstart\". What I can do:\n   restart TARGET"));
}

static void targets_say_what_i_may(void **state)
{
    (void)state;
    struct command_call call = call_of(config);
    add_principal(&config->targets[0].downtime, PRINCIPAL_ANY, "", "");
    config->targets[1].account[0] = '\0';
    run_text(&call, "targets");
    expect_answer(
        "targets",
        "Targets\n"
        "   cotak prod (PRODUCTION) · aws-us-gov 123456789012 us-gov-east-1 · cluster tak-vpc-cotak-prod · "
        "services hub, api (default), events · you may: view, logs; restart, downtime once your "
        "membership is checked\n"
        "   wftak test · aws-us-gov account unchecked us-gov-east-1 · cluster tak-vpc-wftak-test · "
        "services api (default) · you may: nothing here\n"
        "   Next: /cloudtak status cotak prod\n");
    config->target_count = 0;
    config->rehearsal = true;
    call = call_of(config);
    forget_answer();
    run_text(&call, "targets");
    expect_answer("no targets",
                  "REHEARSAL · Targets\n"
                  "   None. An administrator has to add one to /etc/cloudtak-bot/config.yaml.\n");
}

/* ---- whoami asks AWS once a target; the answers come in any order */

static struct ecs_identify *asked[8];
static size_t asked_count;

static void fake_identify(struct ecs *e, struct ecs_identify *r)
{
    (void)e;
    asked[asked_count++] = r;
}

static void answer_identities(void)
{
    for (size_t i = asked_count; i-- > 0;) {
        assert_null(answer.text);
        asked[i]->ok = i == 0;
        TEXT_COPY(asked[i]->arn, "arn:aws-us-gov:sts::123456789012:assumed-role/cloudtak-bot/i-1");
        err_set(&asked[i]->err, ERR_DENIED, "the sign-in of profile coegc ended at 03:20 UTC");
        asked[i]->done(asked[i]);
    }
}

static void whoami(void **state)
{
    (void)state;
    static const struct ecs_ops ops = {.identify = fake_identify};
    struct ecs ecs = {&ops};
    struct command_call call = call_of(config);
    call.ecs = &ecs;
    asked_count = 0;
    run_text(&call, "whoami");
    assert_int_equal(asked_count, 2);
    answer_identities();
    expect_answer(
        "unknown person",
        "You are slack:user:UANA\n"
        "   To be known by name, an administrator adds under people: - { name: ana, ids: "
        "[\"slack:user:UANA\"] }\n"
        "   To be given a right, an administrator adds \"slack:user:UANA\" to allow.restart of the target "
        "(or "
        "view, logs, downtime).\n"
        "   This channel is \"slack:CINC\"; changes work where allow.channels of the target lists it.\n"
        "   cotak prod: you may: view, logs; restart once your membership is checked. I act there as "
        "arn:aws-us-gov:sts::123456789012:assumed-role/cloudtak-bot/i-1.\n"
        "   wftak test: you may: nothing here. My AWS identity: not checked: the sign-in of profile coegc "
        "ended at "
        "03:20 UTC\n"
        "   What each right allows: /cloudtak help restart\n");

    add_person_id(add_person(config, "ana"), NULL, "ana");
    call = call_of(config);
    call.ecs = &ecs;
    call.request.source = REQUEST_LOCAL;
    TEXT_COPY(call.request.who.server, "local");
    TEXT_COPY(call.request.who.user, "ana");
    config->target_count = 0;
    forget_answer();
    run_text(&call, "whoami");
    expect_answer(
        "known, local, no targets",
        "You are local:ana, known as ana\n"
        "   To be given a right, an administrator adds \"local:ana\" to allow.restart of the target (or "
        "view, logs, downtime).\n"
        "   What each right allows: /cloudtak help restart\n");
}

int main(void)
{
#define WITH_CONFIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        WITH_CONFIG(help_lists_every_row),
        WITH_CONFIG(help_on_one),
        WITH_CONFIG(targets_say_what_i_may),
        WITH_CONFIG(whoami),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
