/* How a rehearsal goes:
 *
 *   temporary folder -> cloudtak-sim started -> its first line tells the ports -> configuration made -> the
 * bot is built and started
 *   -> its sockets are up -> commands are said, each by a simulated person -> the last word of the last one
 * -> stop -> exit status
 *
 * The simulator may be missing, fail to start or die: each ends the rehearsal with a sentence and status 2.
 * Everything a person sees comes from the simulator's side of the wire, not from inside the bot. */
#include "rehearse.h"

#include "app.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config.h"
#include "core/card.h"
#include "core/config.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "rehearse_config.h"
#include "rehearse_view.h"
#include "terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHANNEL    REHEARSE_CHANNEL
#define START_MS   (20 * 1000)
#define ANSWER_MS  500
#define EXIT_USAGE 2

enum stage { STARTING, READY, ENDING };

struct rehearsal {
    const struct rehearse_options *o;
    struct clock clock;
    struct loop *loop;
    struct process *sim;
    struct lines *input;
    struct config *config;
    struct app *app;
    struct rehearse_view *view;
    json_t *names;
    struct loop_timer patience, answer;
    char folder[64], store[96], slack_api[200], map[200];
    char speaker[40]; /* who says what is typed */
    enum stage stage;
    size_t said;  /* commands given so far */
    bool settled; /* the one given last had its last word; its output is being flushed */
    int status;
};

static char aws_url[200];

/* The only environment the bot sees. */
static const char *environment(const char *name)
{
    if (text_equal(name, "AWS_ACCESS_KEY_ID"))
        return "AKIAREHEARSAL0000000";
    if (text_equal(name, "AWS_SECRET_ACCESS_KEY"))
        return "rehearsal-secret-key-of-nobody";
    return text_equal(name, "AWS_ENDPOINT_URL") ? aws_url : NULL;
}

static void print(void *user, const char *text)
{
    (void)user;
    fputs(text, stdout);
    fflush(stdout);
}

static void begin_end(struct rehearsal *r, int status);

static void give_up(struct rehearsal *r, const char *why)
{
    if (r->stage == ENDING)
        return;
    fprintf(stderr, "cloudtak-bot: the rehearsal cannot go on: %s\n", why);
    begin_end(r, EXIT_USAGE);
}

/* ---- talking to the simulator */

static void tell_sim(struct rehearsal *r, json_t *message)
{
    char *line = jsonx_print(message);

    process_send(r->sim, line);
    mem_free(line);
    json_decref(message);
}

static void say(struct rehearsal *r, const char *text)
{
    char at[TEXT_TIME];

    text_time_of_day(at, clock_world(&r->clock));
    while (*text == ' ')
        text++;
    if (text_starts(text, "@cloudtak")) {
        text +=
            strlen("@cloudtak"); /* the channel shows it: a mention is a message, a slash command is none */
        text += strspn(text, " ");
        tell_sim(r, json_pack("{s:s,s:s,s:s,s:s}", "do", "mention", "user", r->speaker, "channel", CHANNEL,
                              "text", text));
    } else {
        if (text_starts(text, "/cloudtak"))
            text += strlen("/cloudtak");
        text += strspn(text, " ");
        printf("%s @%s: /cloudtak %s\n", at, r->speaker, text);
        tell_sim(r, json_pack("{s:s,s:s,s:s,s:s}", "do", "slash", "user", r->speaker, "channel", CHANNEL,
                              "text", text));
    }
    fflush(stdout);
}

/* `as NAME`: who speaks from now on. */
static bool speaks_as(struct rehearsal *r, const char *text)
{
    if (!text_starts(text, "as "))
        return false;
    TEXT_COPY(r->speaker, text + strlen("as "));
    printf("You are @%s now.\n", r->speaker);
    fflush(stdout);
    return true;
}

static void say_next(struct rehearsal *r)
{
    r->settled = false;
    while (r->said + 1 < r->o->command_count && speaks_as(r, r->o->commands[r->said]))
        r->said++;
    say(r, r->o->commands[r->said++]);
}

/* ---- buttons */

static bool press(struct rehearsal *r, int number, const char *wanted)
{
    const char *message, *action, *value;

    if (!rehearse_view_button(r->view, number, &message, &action, &value) ||
        (wanted && !text_equal(action, wanted)))
        return false;
    tell_sim(r, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "do", "click", "user", r->speaker, "channel", CHANNEL,
                          "message_ts", message, "action_id", action, "value", value));
    return true;
}

/* The --exec that comes next answers a question of the one before, which has not had its last word yet. */
static const char *next_answer(const struct rehearsal *r)
{
    const size_t n = r->o->command_count;
    size_t at = r->said;

    while (at + 1 < n && text_starts(r->o->commands[at], "as "))
        at++;
    if (r->settled || r->stage != READY || r->said == 0 || at >= n)
        return NULL;
    const char *text = r->o->commands[at];
    return text_equal(text, "confirm")                                 ? "confirm"
           : text_equal(text, "cancel") || text_equal(text, "decline") ? "cancel"
                                                                       : NULL;
}

static void answer(struct loop_timer *t)
{
    struct rehearsal *r = t->user;
    const char *wanted = next_answer(r);

    if (!wanted)
        return;
    while (speaks_as(r, r->o->commands[r->said]))
        r->said++;
    for (int n = 1; n <= CARD_BUTTONS; n++) {
        if (press(r, n, wanted)) {
            r->said++;
            printf("@%s presses the button: %s\n", r->speaker, wanted);
            fflush(stdout);
            return;
        }
    }
}

/* A question shows its buttons a moment before the bot knows that it was posted. */
static void answer_soon(struct rehearsal *r)
{
    const char *wanted = next_answer(r), *message, *action, *value;

    for (int n = 1; wanted && n <= CARD_BUTTONS && !loop_timer_armed(&r->answer); n++) {
        if (rehearse_view_button(r->view, n, &message, &action, &value) && text_equal(action, wanted))
            loop_timer_start(r->loop, &r->answer, ANSWER_MS);
    }
}

/* ---- what a person types */

static void on_typed(void *user, char *line, size_t len)
{
    struct rehearsal *r = user;

    (void)len;
    if (r->stage != READY || !line[strspn(line, " \r")])
        return;
    if (text_equal(line, "quit") || text_equal(line, "exit")) {
        begin_end(r, 0);
    } else if (text_starts(line, "press ")) {
        if (!press(r, (int)strtol(line + strlen("press "), NULL, 10), NULL))
            print(NULL, "There is no such button. Buttons are shown as [1: Text].\n");
    } else if (!speaks_as(r, line)) {
        say(r, line);
    }
}

static void on_input_end(void *user)
{
    struct rehearsal *r = user;

    if (r->stage != ENDING)
        begin_end(r, 0);
}

/* ---- the bot's side */

static void welcome(const struct rehearsal *r)
{
    printf("REHEARSAL: a simulated Slack channel #incident and a simulated AWS; nothing real is touched.\n"
           "Scenario \"%s\", the world runs %g times as fast as the clock on the wall.\n",
           r->o->scenario ? r->o->scenario : "ok", r->o->speed);
    if (!r->o->command_count)
        printf("Health and figures: curl -s http://%s/readyz (also /healthz, /metrics)\n",
               app_health_address(r->app));
    if (!r->o->command_count)
        printf("Type as in Slack, for example:  /cloudtak restart cotak prod\n"
               "Also: /cloudtak help · press 1 (a button) · as bo (be somebody else) · quit\n");
    putchar('\n');
    fflush(stdout);
}

static void on_ready(void *user)
{
    struct rehearsal *r = user;

    loop_timer_stop(r->loop, &r->patience);
    r->stage = READY;
    welcome(r);
    if (r->o->command_count)
        say_next(r);
    else
        r->input = lines_create(r->loop, STDIN_FILENO, on_typed, on_input_end, r);
}

static void on_settled(void *user, const struct request *request, enum settled how,
                       enum operation_state operation)
{
    struct rehearsal *r = user;

    (void)request;
    if (!r->o->command_count || r->settled || r->stage != READY)
        return;
    r->settled = true;
    r->status = terminal_status(how, operation);
    /* The last message may still be on its way through the simulator's pipe: its answer to this comes after
     * it. */
    tell_sim(r, json_pack("{s:s}", "do", "stats"));
}

static void on_fatal(void *user, const struct err *err)
{
    give_up(user, err->text);
}

static bool read_config(struct rehearsal *r, struct err *err)
{
    struct buf yaml;

    buf_init(&yaml, 8192);
    rehearse_config(&yaml, r->slack_api, r->store, r->map);
    r->config = config_read_text("rehearsal", yaml.data, environment, err);
    buf_finish(&yaml);
    if (r->config)
        r->config->rehearsal = true;
    return r->config != NULL;
}

static void build_bot(struct rehearsal *r)
{
    struct err err = {0};
    struct app_options o = {.loop = r->loop,
                            .environment = environment,
                            .world = "rehearsal",
                            .proxy = "",
                            .on_ready = on_ready,
                            .on_settled = on_settled,
                            .on_fatal = on_fatal,
                            .user = r};

    if (read_config(r, &err)) {
        o.config = r->config;
        r->app = app_create(&o, &err);
    }
    if (!r->app) {
        give_up(r, err.text);
        return;
    }
    app_start(r->app);
}

/* ---- the simulator's side */

static void on_sim_line(void *user, char *line, size_t len)
{
    struct rehearsal *r = user;
    struct err err;
    json_t *event = jsonx_parse(line, len, &err);

    if (!event)
        return;
    if (jsonx_bool(event, "ready", false) && r->stage == STARTING && !r->app) {
        TEXT_COPY(r->slack_api, jsonx_text(event, "slack_api"));
        TEXT_COPY(aws_url, jsonx_text(event, "aws"));
        TEXT_COPY(r->map, jsonx_text(event, "map"));
        build_bot(r);
    } else if (text_equal(jsonx_text(event, "event"), "stats")) {
        if (r->settled && r->said < r->o->command_count)
            say_next(r);
        else if (r->settled)
            begin_end(r, r->status);
    } else {
        rehearse_view_event(r->view, event, clock_world(&r->clock));
        answer_soon(r);
    }
    json_decref(event);
}

static void on_sim_exit(void *user, int status, int signum)
{
    struct rehearsal *r = user;
    char why[120];

    TEXT_FORMAT(why, "the simulator ended by itself (status %d, signal %d)", status, signum);
    give_up(r, why);
}

/* Beside our own program, wherever that was installed. */
static bool sim_path(char *to, size_t size)
{
    char self[400];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

    if (len <= 0)
        return false;
    self[len] = '\0';
    char *slash = strrchr(self, '/');
    if (!slash)
        return false;
    *slash = '\0';
    text_format(to, size, "%s/cloudtak-sim", self);
    return access(to, X_OK) == 0;
}

static bool start_sim(struct rehearsal *r, struct err *err)
{
    char path[500], speed[32], epoch[32];
    static const char *const nothing[] = {NULL};

    if (!sim_path(path, sizeof path))
        return err_set(err, ERR_CONFIG,
                       "the program cloudtak-sim is not beside cloudtak-bot; build or install it");
    TEXT_FORMAT(speed, "%g", r->o->speed);
    TEXT_FORMAT(epoch, "%lld", (long long)r->clock.epoch_ms);
    const char *argv[] = {
        path, "--scenario", r->o->scenario ? r->o->scenario : "ok", "--speed", speed, "--epoch", epoch, NULL};
    struct process_options o = {.argv = argv,
                                .environment = nothing,
                                .inherit_stderr = true,
                                .on_line = on_sim_line,
                                .on_exit = on_sim_exit,
                                .user = r};
    r->sim = process_start(r->loop, &o, err);
    return r->sim != NULL;
}

/* ---- the end */

static void on_stopped(void *user)
{
    struct rehearsal *r = user;

    lines_destroy(r->input);
    process_destroy(r->sim);
    r->input = NULL;
    r->sim = NULL;
    loop_stop(r->loop);
}

static void begin_end(struct rehearsal *r, int status)
{
    if (r->stage == ENDING)
        return;
    r->stage = ENDING;
    r->status = status;
    loop_timer_stop(r->loop, &r->patience);
    loop_timer_stop(r->loop, &r->answer);
    app_stop(r->app, on_stopped, r);
}

static void on_impatient(struct loop_timer *t)
{
    give_up(t->user, "the bot and the simulator did not find each other within 20 s");
}

static void on_signal(void *user, int signum)
{
    struct rehearsal *r = user;

    if (r->stage == ENDING)
        _exit(128 + signum);
    begin_end(r, r->o->command_count ? 128 + signum : 0);
}

static void remove_folder(const struct rehearsal *r)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    char path[128];

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        TEXT_FORMAT(path, "%s%s", r->store, suffixes[i]);
        unlink(path);
    }
    rmdir(r->folder);
}

static bool prepare(struct rehearsal *r, struct err *err)
{
    const char *tmp = getenv("TMPDIR");

    r->clock = clock_real(1, 0);
    r->clock = clock_real(r->o->speed, clock_wall(&r->clock));
    TEXT_FORMAT(r->folder, "%s/cloudtak-rehearsal-XXXXXX", tmp && strlen(tmp) < 30 ? tmp : "/tmp");
    if (!mkdtemp(r->folder))
        return err_set(
            err, ERR_IO,
            "no temporary folder for the rehearsal's memory; set TMPDIR to one that can be written");
    TEXT_FORMAT(r->store, "%s/state.db", r->folder);
    TEXT_COPY(r->speaker, "ana");
    r->names = json_pack("{s:s,s:s,s:s,s:s,s:s}", "U0BOT", "cloudtak", "U0ANA", "ana", "U0BO", "bo", "U0GUS",
                         "gus", "S0ASE", "ase-oncall");
    r->view = rehearse_view_create(r->names, "U0BOT", print, NULL);
    r->loop = loop_create(&r->clock);
    r->patience = (struct loop_timer){.fire = on_impatient, .user = r};
    r->answer = (struct loop_timer){.fire = answer, .user = r};
    return true;
}

int rehearse_run(const struct rehearse_options *options)
{
    struct rehearsal *r = mem_alloc(sizeof *r);
    struct err err = {0};

    r->o = options;
    r->status = EXIT_USAGE;
    if (!prepare(r, &err)) {
        fprintf(stderr, "cloudtak-bot: %s\n", err.text);
        mem_free(r);
        return EXIT_USAGE;
    }
    loop_on_signal(r->loop, SIGINT, on_signal, r);
    loop_on_signal(r->loop, SIGTERM, on_signal, r);
    if (start_sim(r, &err)) {
        loop_timer_start(r->loop, &r->patience, START_MS);
        loop_run(r->loop);
    } else {
        fprintf(stderr, "cloudtak-bot: %s\n", err.text);
    }
    int status = r->status;
    app_destroy(r->app);
    config_destroy(r->config);
    rehearse_view_destroy(r->view);
    json_decref(r->names);
    if (loop_destroy(r->loop) != 0)
        log_error("rehearse", NULL, "something was left open on the loop");
    remove_folder(r);
    mem_free(r);
    return status;
}
