/* cloudtak-sim: the simulated AWS, Slack and CloudTAK page on loopback, controlled by lines on standard
 * input, telling what happens on standard output. It ends at the end of its input. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "sim/wire.h"
#include "sim/world_ecs.h"
#include "sim/world_slack.h"

struct settings {
    const char *scenario;
    double speed;
    int64_t epoch_ms;
    uint64_t seed;
    int slack_port, aws_port, map_port;
    bool list;
};

struct sim {
    struct clock clock;
    struct loop *loop;
    struct world_ecs *ecs;
    struct world_slack *slack;
    struct wire_out out;
    struct wire_ecs *wire_ecs;
    struct wire_slack *wire_slack;
    struct wire_map *wire_map;
    struct wire_control *control;
    struct lines *input;
    int open; /* listeners that are not closed yet */
    bool ending;
};

/* ---- command line */

enum { KEY_SLACK_PORT = 256, KEY_AWS_PORT, KEY_MAP_PORT, KEY_EPOCH, KEY_SEED, KEY_LIST };
static const struct argp_option options[] = {
    {"scenario", 's', "NAME", 0, "What becomes of deployments (default: ok)", 0},
    {"speed", 'x', "N", 0, "The world runs N times as fast as the clock on the wall (default: 1)", 0},
    {"epoch", KEY_EPOCH, "MS", 0, "When the world and the wall had the same time (default: now)", 0},
    {"seed", KEY_SEED, "N", 0, "Of identifiers and small delays (default: random)", 0},
    {"slack-port", KEY_SLACK_PORT, "PORT", 0, "Default: any free one", 0},
    {"aws-port", KEY_AWS_PORT, "PORT", 0, "Default: any free one", 0},
    {"map-port", KEY_MAP_PORT, "PORT", 0, "Of CloudTAK's own page (default: any free one)", 0},
    {"list", KEY_LIST, NULL, 0, "Print the scenarios", 0},
    {0},
};

static int64_t number(struct argp_state *state, const char *text, int64_t least, int64_t most)
{
    char *end;
    int64_t value = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < least || value > most) {
        argp_error(state, "%s: a number between %lld and %lld is needed", text, (long long)least,
                   (long long)most);
    }
    return value;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct settings *s = state->input;
    switch (key) {
    case 's': s->scenario = text; break;
    case 'x': s->speed = (double)number(state, text, 1, 100000); break;
    case KEY_EPOCH: s->epoch_ms = number(state, text, 1, INT64_C(4102444800000)); break;
    case KEY_SEED: s->seed = (uint64_t)number(state, text, 0, INT64_MAX); break;
    case KEY_SLACK_PORT: s->slack_port = (int)number(state, text, 0, 65535); break;
    case KEY_AWS_PORT: s->aws_port = (int)number(state, text, 0, 65535); break;
    case KEY_MAP_PORT: s->map_port = (int)number(state, text, 0, 65535); break;
    case KEY_LIST: s->list = true; break;
    case ARGP_KEY_ARG: argp_usage(state); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void print_scenarios(void)
{
    size_t count;
    const struct world_scenario *rows = world_scenarios(&count);
    for (size_t i = 0; i < count; i++) {
        printf("%-28s %s\n", rows[i].name, rows[i].sentence);
    }
}

/* ---- events, in order of happening */

static void on_out(void *user, const char *text, size_t len)
{
    (void)user;
    fwrite(text, 1, len, stdout);
    fflush(stdout);
}

static void on_change(void *user, const json_t *change)
{
    struct sim *s = user;
    wire_tell(&s->out, change);
}

static void on_listener_closed(void *user)
{
    struct sim *s = user;
    if (--s->open == 0) {
        loop_stop(s->loop);
    }
}

static void begin_end(void *user)
{
    struct sim *s = user;
    if (s->ending) {
        return;
    }
    s->ending = true;
    s->open = 3;
    wire_slack_close(s->wire_slack, on_listener_closed, s);
    wire_ecs_close(s->wire_ecs, on_listener_closed, s);
    wire_map_close(s->wire_map, on_listener_closed, s);
}

static void on_line(void *user, char *line, size_t len)
{
    struct sim *s = user;
    if (!s->ending && len > 0) {
        wire_control_line(s->control, line, len);
    }
}

static void on_signal(void *user, int signum)
{
    (void)signum;
    begin_end(user);
}

static void tell_ready(struct sim *s)
{
    char slack[64], aws[64], map[64];
    TEXT_FORMAT(slack, "http://127.0.0.1:%d/api/", wire_slack_port(s->wire_slack));
    TEXT_FORMAT(aws, "http://127.0.0.1:%d", wire_ecs_port(s->wire_ecs));
    TEXT_FORMAT(map, "http://127.0.0.1:%d", wire_map_port(s->wire_map));
    json_t *o = json_pack("{s:b,s:s,s:s,s:s}", "ready", 1, "slack_api", slack, "aws", aws, "map", map);
    wire_answer(&s->out, o);
    json_decref(o);
}

static bool open_worlds(struct sim *s, const struct settings *settings, const struct world_scenario *scenario,
                        struct err *err)
{
    size_t count;
    const struct world_service *services = world_services(&count);
    struct world_slack_options slack = {
        .start_wall_ms = clock_wall(&s->clock), .seed = settings->seed, .on_change = on_change, .user = s};
    s->ecs = world_ecs_create(scenario, services, count, settings->seed, clock_world(&s->clock));
    s->slack = world_slack_create(&slack);
    s->wire_slack = wire_slack_create(s->loop, s->slack, &s->out, wire_now_us(), settings->slack_port, err);
    s->wire_ecs = wire_ecs_create(s->loop, s->ecs, &s->out, settings->aws_port, err);
    if (s->wire_slack != NULL && s->wire_ecs != NULL) {
        s->wire_map = wire_map_create(s->loop, s->ecs, settings->map_port, err);
    }
    return s->wire_map != NULL;
}

int main(int argc, char **argv)
{
    struct settings settings = {.scenario = "ok", .speed = 1, .seed = crypto_random_u32()};
    const struct argp argp = {options, parse, NULL, "A simulated AWS and Slack for rehearsals and tests.",
                              NULL,    NULL,  NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &settings);
    if (settings.list) {
        print_scenarios();
        return 0;
    }
    const struct world_scenario *scenario = world_scenario_find(settings.scenario);
    if (scenario == NULL) {
        fprintf(stderr, "cloudtak-sim: there is no scenario \"%s\"; cloudtak-sim --list prints them\n",
                settings.scenario);
        return 2;
    }
    struct sim s = {.out = {.line = on_out}};
    s.clock = clock_real(1, 0);
    s.clock = clock_real(settings.speed, settings.epoch_ms != 0 ? settings.epoch_ms : clock_wall(&s.clock));
    s.loop = loop_create(&s.clock);
    struct err err = {0};
    bool open = open_worlds(&s, &settings, scenario, &err);
    if (open) {
        s.control = wire_control_create(s.loop, s.slack, s.wire_slack, s.wire_ecs, &s.out, begin_end, &s);
        s.input = lines_create(s.loop, STDIN_FILENO, on_line, begin_end, &s);
        loop_on_signal(s.loop, SIGTERM, on_signal, &s);
        loop_on_signal(s.loop, SIGINT, on_signal, &s);
        tell_ready(&s);
    } else {
        fprintf(stderr, "cloudtak-sim: %s\n", err.text);
        begin_end(&s);
    }
    if (s.open > 0 || open) {
        loop_run(s.loop);
    }
    wire_control_destroy(s.control);
    lines_destroy(s.input);
    world_slack_destroy(s.slack);
    world_ecs_destroy(s.ecs);
    int left = loop_destroy(s.loop);
    return open && left == 0 ? 0 : 1;
}
