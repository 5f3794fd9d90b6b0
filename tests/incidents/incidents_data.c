/* The incidents themselves. */
#include "base/text.h"
#include "incidents.h"
#include "lib/check.h"
#include "lib_rig.h"

#define STEPS(list) .steps = (list), .step_count = CHECK_COUNT(list)

/* ---- the image has expired */

static const struct step image_steps[] = {
    {0, STEP_SAY, "ana", "restart cotak prod"},
    {30, STEP_CONFIRM, "ana", ""},
    {400, STEP_SAY, "ana", "tasks cotak prod"},
};
static const struct incident image_expired = {
    .name = "image-expired",
    .title = "The image has expired, and there is no circuit breaker",
    .story =
        "The registry's clean-up took the image days ago. The old tasks run on; no new one can ever start, "
        "and "
        "without a circuit breaker ECS tries for ever.\nThe bot sees it before it begins, and asks. Ana goes "
        "on all the same.",
    .rehearse = "deploy/try --scenario expired-image --exec \"restart cotak prod\"",
    .scenario = "expired-image",
    .until_s = 35 * 60,
    STEPS(image_steps),
    .must = {"GONE", "Users: SERVED, 2 of 2", "Do not stop them", "NOT STABILISING"},
    .lesson =
        "While the old tasks run, users are served: nothing may be stopped. The image has to be built again; "
        "then the same restart works.",
};

/* ---- the hub's migration */

static const struct step hub_steps[] = {
    {0, STEP_SAY, "ana", "restart cotak prod hub"},
    {20, STEP_CONFIRM, "ana", ""},
};
static const struct incident hub_migration = {
    .name = "hub-migration",
    .title = "The hub crash-loops on a failed database migration",
    .story = "A new version of the hub changes the database at boot, and fails. It has a circuit breaker: "
             "ECS goes "
             "back to what ran before. The bot never calls that a success.",
    .rehearse = "deploy/try --scenario hub-migration-fails --exec \"restart cotak prod hub\"",
    .scenario = "hub-migration-fails",
    .until_s = 20 * 60,
    STEPS(hub_steps),
    .must = {"migration", "ROLLED BACK by ECS's circuit breaker", "NOT mended"},
    .lesson = "The old hub serves again, the cause stays: whoever wrote the migration has to be called.",
};

/* ---- the database is down */

static const struct step database_steps[] = {
    {0, STEP_SAY, "ana", "status cotak prod"},
    {40, STEP_SAY, "ana", "restart cotak prod"},
    {60, STEP_CONFIRM, "ana", ""},
    {300, STEP_SAY, "ana", "logs cotak prod"},
};
static const struct incident database_down = {
    .name = "database-down",
    .title = "The database is down",
    .story =
        "CloudTAK answers errors since its database went away. A restart does not help: each new task ends "
        "because it cannot reach the database either, while the old ones run on.",
    .rehearse = "deploy/try --scenario database-down --exec \"restart cotak prod\"",
    .scenario = "database-down",
    .until_s = 35 * 60,
    STEPS(database_steps),
    .must = {"database FAILING", "In ALARM", "the database cannot be reached", "NOT STABILISING"},
    .lesson =
        "The alarm, the first dead task and its log say the same thing: mend the database, not CloudTAK.",
};

/* ---- the sign-in ends */

static const struct step sign_in_steps[] = {
    {0, STEP_SAY, "ana", "restart cotak prod"},
};
static const struct incident sign_in_ends = {
    .name = "sign-in-ends",
    .title = "The AWS sign-in ends midway",
    .story = "Three minutes into a restart the bot's AWS credentials expire; five minutes later there are "
             "new ones. "
             "ECS goes on by itself meanwhile.",
    .rehearse = "deploy/try --scenario credentials-expire --exec \"restart cotak prod\"",
    .scenario = "credentials-expire",
    .until_s = 25 * 60,
    STEPS(sign_in_steps),
    .must = {"My AWS sign-in for cotak prod has ended", "DONE"},
    .lesson = "What cannot be seen is neither failed nor served. The verdict waits until it is seen again.",
};

/* ---- the bot is redeployed */

static const struct step redeployed_steps[] = {
    {0, STEP_SAY, "ana", "restart cotak prod"},
    {120, STEP_STOP_BOT, "", "the bot itself is redeployed: it is stopped …"},
    {300, STEP_START_BOT, "", "… and starts again"},
};
static const struct incident bot_redeployed = {
    .name = "bot-redeployed",
    .title = "The bot is redeployed in the middle",
    .story = "Two minutes into a restart the bot itself is stopped, and is back three minutes later. The "
             "same card "
             "goes on, the gap is stated, and nothing is sent a second time.",
    .rehearse = "",
    .scenario = "ok",
    .until_s = 25 * 60,
    STEPS(redeployed_steps),
    .must = {"I was away", "DONE"},
    .lesson = "Nobody has to do anything. After `kill -9` it is the same (`tests/system/kill.py`).",
};

/* ---- the wrong region */

static void in_the_wrong_region(struct rig *r)
{
    r->ecs.missing = r->ecs.no_clusters = true;
    TEXT_COPY(r->config->targets[0].region, "us-gov-west-1");
}

static const struct step region_steps[] = {
    {0, STEP_SAY, "ana", "restart cotak prod"},
    {20, STEP_SAY, "ana", "clusters cotak prod"},
    {40, STEP_SAY, "ana", "status cotak prod"},
};
static const struct incident wrong_region = {
    .name = "wrong-region",
    .title = "The wrong region",
    .story =
        "The configuration names us-gov-west-1, and CloudTAK lives in us-gov-east-1. AWS shows no clusters "
        "there, as its console would.",
    .rehearse = "",
    .set_up = in_the_wrong_region,
    .until_s = 60,
    STEPS(region_steps),
    .must = {"No clusters in us-gov-west-1, account 123456789012: likely the wrong region",
             "nothing was changed"},
    .lesson = "Correct `region` of the target, then `cloudtak-bot config check`.",
};

/* ---- a throttled account */

static const struct step throttled_steps[] = {
    {0, STEP_SAY, "ana", "restart cotak prod"},
    {150, STEP_SAY, "bo", "status cotak prod"},
};
static const struct incident throttled = {
    .name = "throttled",
    .title = "AWS throttles the account",
    .story = "A minute into a restart AWS refuses every call, because something else in the account asks too "
             "much. "
             "Four minutes later it answers again.",
    .rehearse = "deploy/try --scenario throttled-account --exec \"restart cotak prod\"",
    .scenario = "throttled-account",
    .until_s = 25 * 60,
    STEPS(throttled_steps),
    .must = {"Users: UNKNOWN, AWS asked me to slow down", "DONE"},
    .lesson = "A refused read is no failed deployment: the first one that is answered tells.",
};

/* ---- two people at once, and the console */

static const struct step two_steps[] = {
    {0, STEP_SAY, "ana", "restart cotak prod"},
    {45, STEP_SAY, "bo", "restart cotak prod"},
    {60, STEP_CANCEL, "bo", ""},
    {90, STEP_NOTE, "", "a third person forces a new deployment in the AWS console"},
};
static const struct incident two_people = {
    .name = "two-people",
    .title = "Two people at once, and a third one in the console",
    .story = "Ana restarts; Bo asks for the same 45 seconds later; somebody who has not read the channel "
             "deploys in "
             "the AWS console.",
    .rehearse = "deploy/try --scenario superseded --exec \"restart cotak prod\"",
    .scenario = "superseded",
    .until_s = 26 * 60,
    STEPS(two_steps),
    .must = {"@ana", "SUPERSEDED", "I follow it now", "DONE: deployment of"},
    .lesson = "One deployment at a time is enough. Theirs is never called a success of ours, and nobody has "
              "to take "
              "it up by hand.",
};

/* ---- the wrong environment */

static void who_may_stop(struct rig *r)
{
    struct principals *p = &r->config->targets[0].downtime;
    p->list[p->count++].kind = PRINCIPAL_ANY;
    p->set = true;
}

static const struct step environment_steps[] = {
    {0, STEP_SAY, "bo", "stop-all cotak prod --reason \"INC-204 test hangs\""},
    {25, STEP_CANCEL, "dee", ""},
    {40, STEP_SAY, "bo", "status cotak prod"},
};
static const struct incident wrong_environment = {
    .name = "wrong-environment",
    .title = "The wrong environment, nearly stopped",
    .story =
        "Bo wants to stop the tasks of the test environment, and his phone's history offers production. The "
        "question says what would be cut off; Dee, who reads along, cancels it.",
    .rehearse = "deploy/try --exec \"stop-all cotak prod\"",
    .scenario = "ok",
    .set_up = who_may_stop,
    .until_s = 60,
    STEPS(environment_steps),
    .must = {"STOP ALL TASKS", "PRODUCTION", "CUT OFF", "Cancelled by @dee", "nothing was changed"},
    .lesson = "Anyone may cancel an open question; only Bo could have confirmed this one.",
};

/* ---- left at zero */

static const struct step zero_steps[] = {
    {0, STEP_SAY, "bo", "shutdown cotak prod --reason \"INC-204 crash loop\""},
    {25, STEP_CONFIRM, "bo", ""},
    {600, STEP_NOTE, "", "somebody resumes autoscaling in the AWS console"},
    {1200, STEP_SAY, "ana", "status cotak prod"},
};
static const struct incident left_at_zero = {
    .name = "left-at-zero",
    .title = "Left at zero, and brought back by autoscaling",
    .story = "Bo ends the service while it crash-loops, and the bot suspends autoscaling so that it stays "
             "ended. Ten "
             "minutes later somebody resumes autoscaling in the console; it raises the count again.",
    .rehearse = "deploy/try --scenario autoscaling-resumed --exec \"shutdown cotak prod\"",
    .scenario = "autoscaling-resumed",
    .set_up = who_may_stop,
    .until_s = 40 * 60,
    STEPS(zero_steps),
    .must = {"STANDS AT 0", "was brought back elsewhere", "somebody else resumed it"},
    .lesson =
        "Who ends a service hears of it until somebody starts it again, or until it is raised elsewhere.",
};

const struct incident *const incidents[] = {
    &image_expired,     &hub_migration, &database_down, &two_people, &sign_in_ends, &bot_redeployed,
    &wrong_environment, &left_at_zero,  &wrong_region,  &throttled,  NULL};
