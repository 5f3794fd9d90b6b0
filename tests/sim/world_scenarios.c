/* The scenarios of the rehearsal and the services of CloudTAK in it: data only. */
#include "sim/world_ecs.h"

#include "base/text.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)

static const struct world_scenario scenarios[] = {
    {.name = "ok", .sentence = "Everything goes well: new tasks serve after 4 minutes, done after 10."},
    {.name = "slow",
     .sentence = "Image pulls take 4 minutes longer: slow, but it ends well.",
     .extra_pull_ms = 4 * MINUTE},
    {.name = "image-missing",
     .sentence = "The image is gone from the registry: new tasks cannot start, ECS retries for ever.",
     .fate = FATE_PULL_FAILS},
    {.name = "crash-loop",
     .sentence = "New tasks exit with 1 at boot: they may not read their signing secret.",
     .fate = FATE_EXITS,
     .exit_code = 1,
     .container_reason = "AccessDeniedException: not authorized to perform secretsmanager:GetSecretValue on "
                         "tak-cloudtak-cotak-prod/api/secret"},
    {.name = "unhealthy",
     .sentence = "New tasks run, but never pass the load balancer's health checks.",
     .fate = FATE_UNHEALTHY},
    {.name = "out-of-memory",
     .sentence = "New tasks are killed for their memory use soon after they start.",
     .fate = FATE_EXITS,
     .exit_code = 137,
     .container_reason = "OutOfMemoryError: Container killed due to memory usage"},
    {.name = "rolled-back",
     .sentence = "New tasks crash, and the circuit breaker rolls back to the deployment before.",
     .fate = FATE_EXITS,
     .exit_code = 1,
     .breaker = true},
    {.name = "superseded",
     .sentence = "Somebody else deploys the same service 90 seconds later.",
     .superseded_after_ms = 90 * SECOND},
    {.name = "no-breaker",
     .sentence =
         "New tasks crash after they ran; nothing counts it, the deployment stays IN_PROGRESS for ever.",
     .fate = FATE_EXITS,
     .exit_code = 134,
     .uncounted = true},
    {.name = "throttled",
     .sentence = "Nearly half of all reads are refused with ThrottlingException, never three in a row.",
     .throttled_read_percent = 50},
    {.name = "stale",
     .sentence = "Reads show the old state for 20 seconds after a change.",
     .stale_ms = 20 * SECOND},
    {.name = "lost-reply",
     .sentence = "The first change is executed, but its answer never arrives.",
     .first_reply_lost = true},
    {.name = "gone-zero",
     .sentence = "Somebody else sets the count to 0 a minute after the restart began.",
     .zero_after_ms = 60 * SECOND},
};

static const struct world_service services[] = {
    {.name = "tak-cloudtak-cotak-prod",
     .desired = 2,
     .target_group = "targetgroup/tak-c-Targe-1QW2E3R4T5Y6/0a1b2c3d4e5f6071",
     .cpu = 1024,
     .memory = 8192,
     .port = 5000,
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
     .cpu = 1024,
     .memory = 4096,
     .port = 5000,
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
