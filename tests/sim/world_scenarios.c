/* The scenarios of the rehearsal and the services of CloudTAK in it: data only. */
#include "sim/world_ecs.h"

#include "base/text.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)

/* What CloudTAK's containers write before they die. */
static const char *const secret_log[] = {
    "AccessDeniedException: User is not authorized to perform: secretsmanager:GetSecretValue on resource: "
    "tak-cloudtak-cotak-prod/api/secret because no identity-based policy allows the action",
    "    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)", NULL};
static const char *const unhealthy_log[] = {
    "CpuWatchdog: host CPU 97% exceeded 80%",
    "[error] 31#31: *7 connect() failed (111: Connection refused) while connecting to upstream", NULL};
static const char *const heap_log[] = {
    "<--- Last few GCs --->",
    "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", NULL};
static const char *const memory_log[] = {"ok - http://localhost:5001", "Killed", NULL};
static const char *const crash_log[] = {"Error: Cannot find module './dist/index.js'", "npm error code 1",
                                        NULL};
static const char *const database_log[] = {"not ok - unable to get postgres connection",
                                           "ok - retrying... (1/5)",
                                           "not ok - unable to get postgres connection",
                                           "ok - retrying... (2/5)",
                                           "not ok - unable to get postgres connection",
                                           "ok - retrying... (3/5)",
                                           "not ok - unable to get postgres connection",
                                           "ok - retrying... (4/5)",
                                           "not ok - unable to get postgres connection",
                                           "ok - retrying... (5/5)",
                                           "not ok - terminating due to lack of postgres connection",
                                           NULL};
static const char *const migration_log[] = {
    "FATAL DrizzleQueryError: Failed query: ALTER TABLE \"profile\" ADD COLUMN \"menu_order\" json",
    "    at PostgresJsPreparedQuery.queryWithCache (./node_modules/drizzle-orm/session.js:41:15)",
    "  cause: PostgresError: column \"menu_order\" of relation \"profile\" already exists", NULL};

static const struct world_scenario scenarios[] = {
    {.name = "ok", .sentence = "Everything goes well: new tasks serve after 4 minutes, done after 10."},
    {.name = "slow",
     .sentence = "Image pulls take 4 minutes longer: slow, but it ends well.",
     .extra_pull_ms = 4 * MINUTE},
    {.name = "image-missing",
     .sentence = "The image is gone from the registry: new tasks cannot start, ECS retries for ever.",
     .fate = FATE_PULL_FAILS},
    {.name = "expired-image",
     .sentence = "The registry's clean-up took the image days ago: a restart cannot start anything.",
     .fate = FATE_PULL_FAILS,
     .image_expired = true},
    {.name = "crash-loop",
     .sentence = "New tasks exit with 1 at boot: they may not read their signing secret.",
     .fate = FATE_EXITS,
     .exit_code = 1,
     .container_reason = "AccessDeniedException: not authorized to perform secretsmanager:GetSecretValue on "
                         "tak-cloudtak-cotak-prod/api/secret",
     .log = secret_log},
    {.name = "unhealthy",
     .sentence = "New tasks run, but never pass the load balancer's health checks.",
     .fate = FATE_UNHEALTHY,
     .log = unhealthy_log},
    {.name = "out-of-memory",
     .sentence = "New tasks are killed for their memory use soon after they start.",
     .fate = FATE_EXITS,
     .exit_code = 137,
     .container_reason = "OutOfMemoryError: Container killed due to memory usage",
     .log = memory_log},
    {.name = "crash-after-running",
     .sentence = "The restart ends well; minutes later a container is restarted in place, and tasks crash.",
     .fate = FATE_CRASHES,
     .exit_code = 134,
     .log = heap_log,
     .restart_after_ms = 90 * SECOND,
     .crash_after_ms = 3 * MINUTE,
     .crash_every_ms = 150 * SECOND},
    {.name = "database-down",
     .sentence = "The database cannot be reached: old tasks go on running, new ones exit with 1 after 35 s.",
     .fate = FATE_EXITS,
     .exit_code = 1,
     .exit_after_ms = 35 * SECOND,
     .log = database_log,
     .alarm = "AlarmHTTPCodeBackend5XX",
     .database_down = true},
    {.name = "hub-migration-fails",
     .sentence = "The hub's database migration fails at boot; its circuit breaker rolls back.",
     .fate = FATE_EXITS,
     .only = "tak-cloudtak-cotak-prod-stateful",
     .exit_code = 1,
     .log = migration_log},
    {.name = "rolled-back",
     .sentence = "New tasks crash, and the circuit breaker rolls back to the deployment before.",
     .fate = FATE_EXITS,
     .exit_code = 1,
     .breaker = true,
     .log = crash_log},
    {.name = "rolled-back-by-alarm",
     .sentence = "New tasks serve, but an alarm goes off after 6 minutes, and ECS rolls back.",
     .alarm = "AlarmHTTPCodeBackend5XX",
     .alarm_after_ms = 6 * MINUTE,
     .alarm_rolls_back = true},
    {.name = "rolled-back-by-hand",
     .sentence = "Somebody stops the deployment with a rollback after 2 minutes.",
     .stopped_after_ms = 2 * MINUTE},
    {.name = "breaker-nothing-to-go-back-to",
     .sentence = "No deployment was ever completed: the breaker gives up, nothing runs, nothing is tried.",
     .fate = FATE_EXITS,
     .exit_code = 1,
     .breaker = true,
     .log = crash_log,
     .nothing_before = true},
    {.name = "superseded",
     .sentence = "Somebody else deploys the same service 90 seconds later.",
     .superseded_after_ms = 90 * SECOND},
    {.name = "no-breaker",
     .sentence =
         "New tasks crash after they ran; nothing counts it, the deployment stays IN_PROGRESS for ever.",
     .fate = FATE_EXITS,
     .exit_code = 134,
     .uncounted = true,
     .log = heap_log},
    {.name = "min-max-deadlock",
     .sentence = "Minimum and maximum are both 100 %: nothing can start, nothing may stop.",
     .minimum_percent = 100,
     .maximum_percent = 100},
    {.name = "placement",
     .sentence = "There is no capacity: not one new task can be placed.",
     .fate = FATE_UNPLACED,
     .placement_reason =
         "Capacity is unavailable at this time. Please try again later or in a different availability zone."},
    {.name = "hook-paused",
     .sentence =
         "A lifecycle hook holds the deployment up when new tasks run; somebody continues 5 min later.",
     .pause_ms = 5 * MINUTE,
     .pause_expires_ms = 24 * 60 * MINUTE,
     .bake_ms = 2 * MINUTE},
    {.name = "autoscaled",
     .sentence = "Autoscaling wants one task more while the restart runs.",
     .scaled_after_ms = 150 * SECOND},
    {.name = "stack-updating",
     .sentence = "Somebody else's CloudFormation update of the stack runs, for 15 minutes more.",
     .stack_update_ms = 15 * MINUTE},
    {.name = "autoscaled-from-zero",
     .sentence = "Autoscaling raises a count of 0 to its minimum after 4 minutes, where it is not suspended.",
     .raised_after_ms = 4 * MINUTE},
    {.name = "autoscaling-resumed",
     .sentence = "Somebody resumes suspended autoscaling after 10 minutes; then it raises a count of 0.",
     .raised_after_ms = 4 * MINUTE,
     .resumed_after_ms = 10 * MINUTE},
    {.name = "definition-inactive",
     .sentence = "New tasks crash, and ECS has de-registered the task definitions before: no way back there.",
     .fate = FATE_EXITS,
     .exit_code = 1,
     .log = crash_log,
     .older_inactive = true},
    {.name = "throttled",
     .sentence = "Nearly half of all reads are refused with ThrottlingException, never three in a row.",
     .throttled_read_percent = 50},
    {.name = "throttled-account",
     .sentence = "A minute after a change AWS throttles every call of the account, for four minutes.",
     .throttled_after_ms = MINUTE,
     .throttled_until_ms = 5 * MINUTE},
    {.name = "credentials-expire",
     .sentence = "The AWS credentials expire 3 minutes after the change; there are new ones after 8.",
     .expire_after_ms = 3 * MINUTE,
     .renew_after_ms = 8 * MINUTE},
    {.name = "stale",
     .sentence = "Reads show the old state for 20 seconds after a change.",
     .stale_ms = 20 * SECOND},
    {.name = "eventual-consistency",
     .sentence = "For 40 s after a change reads show the old state, the new one, or that nothing is there.",
     .stale_ms = 40 * SECOND,
     .missing_percent = 34},
    {.name = "lost-reply",
     .sentence = "The first change is executed, but its answer never arrives.",
     .first_reply_lost = true},
    {.name = "gone-zero",
     .sentence = "Somebody else sets the count to 0 a minute after the restart began.",
     .zero_after_ms = 60 * SECOND},
    {.name = "wanted-zero",
     .sentence = "The services stand at 0 tasks: a restart that keeps the count starts nothing.",
     .at_zero = true},
};

static const struct world_service services[] = {
    {.name = "tak-cloudtak-cotak-prod",
     .desired = 2,
     .target_group = "targetgroup/tak-c-Targe-1QW2E3R4T5Y6/0a1b2c3d4e5f6071",
     .autoscaled = true,
     .cpu = 1024,
     .memory = 8192,
     .port = 5000,
     .image_tag = "0f3c2b1a",
     .ready_line = "ok - http://localhost:5001",
     .proxied = true,
     .provision_ms = 15 * SECOND,
     .pull_ms = 45 * SECOND,
     .activate_ms = 10 * SECOND,
     .healthy_ms = (30 + 5 * 30) * SECOND,
     .drain_ms = 300 * SECOND,
     .kill_ms = 30 * SECOND,
     .unhealthy_ms = (300 + 2 * 30) * SECOND},
    {.name = "tak-cloudtak-cotak-prod-stateful",
     .desired = 1,
     .target_group = "targetgroup/tak-c-HubTa-7U8I9O0P1A2S/8192a3b4c5d6e7f8",
     .breaker = true,
     .cpu = 1024,
     .memory = 8192,
     .port = 5000,
     .image_tag = "0f3c2b1a",
     .ready_line = "ok - hub rpc - http://localhost:5002",
     .provision_ms = 15 * SECOND,
     .pull_ms = 40 * SECOND,
     .activate_ms = 5 * SECOND,
     .healthy_ms = (20 + 2 * 15) * SECOND,
     .drain_ms = 30 * SECOND,
     .kill_ms = 30 * SECOND,
     .unhealthy_ms = (300 + 3 * 15) * SECOND},
    {.name = "tak-cloudtak-cotak-prod-events",
     .desired = 1,
     .target_group = "",
     .autoscaled = true,
     .cpu = 1024,
     .memory = 4096,
     .port = 5000,
     .image_tag = "events-0f3c2b1a",
     .ready_line = "ok - Worker Pool started",
     .provision_ms = 15 * SECOND,
     .pull_ms = 35 * SECOND,
     .activate_ms = 5 * SECOND,
     .healthy_ms = 40 * SECOND,
     .kill_ms = 30 * SECOND,
     .unhealthy_ms = 300 * SECOND},
};

const struct world_scenario *world_scenarios(size_t *ret_count)
{
    *ret_count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}

const struct world_scenario *world_scenario_find(const char *name)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        if (text_equal(scenarios[i].name, name)) {
            return &scenarios[i];
        }
    }
    return NULL;
}

const struct world_service *world_services(size_t *ret_count)
{
    *ret_count = sizeof(services) / sizeof(services[0]);
    return services;
}
