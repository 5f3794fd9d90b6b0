#include "cli.h"

#include "audit_verify.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "config.h"
#include "core/config.h"
#include "daemon.h"
#include "exec.h"
#include "rehearse.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE    2
#define DEFAULT_FILE  "/etc/cloudtak-bot/config.yaml"
#define DEFAULT_SPEED 20.0
#define SPEED_MAX     100.0
#define FAULTS_MAX    (64 * 1024)
#define EXEC_WORDS    64

struct options {
    const char *file, *head;
    bool file_named; /* by -c */
    bool debug, yes, takes_words;
    struct rehearse_options rehearse;
    size_t word_count;
    const char *words[EXEC_WORDS]; /* exec */
};

enum { KEY_YES = 255, KEY_SPEED, KEY_SCENARIO, KEY_EXEC, KEY_CHAT, KEY_HEAD };

static const struct argp_option file_options[] = {
    {"config", 'c', "FILE", 0, "Configuration (default: $CLOUDTAK_BOT_CONFIG, else " DEFAULT_FILE ")", 0},
    {"debug", 'd', NULL, 0, "Log more", 0},
    {0},
};
static const struct argp_option exec_options[] = {
    {"config", 'c', "FILE", 0, "Configuration (default: $CLOUDTAK_BOT_CONFIG, else " DEFAULT_FILE ")", 0},
    {"yes", KEY_YES, NULL, 0,
     "Answer what the target asks before every change (confirm.always), and no other question", 0},
    {"debug", 'd', NULL, 0, "Show the log on standard error", 0},
    {0},
};
static const struct argp_option rehearse_options[] = {
    {"scenario", KEY_SCENARIO, "NAME", 0,
     "What happens to the deployment (default: ok; all: cloudtak-sim --list)", 0},
    {"speed", KEY_SPEED, "N", 0, "How fast the simulated world runs (default: 20)", 0},
    {"exec", KEY_EXEC, "COMMAND", 0,
     "Say COMMAND, wait for its last word, end with its status; may be repeated", 0},
    {"chat", KEY_CHAT, "KIND", 0, "The chat to simulate: slack (default)", 0},
    {"debug", 'd', NULL, 0, "Show the bot's log on standard error", 0},
    {0},
};

static const struct argp_option verify_options[] = {
    {"config", 'c', "FILE", 0, "Configuration (default: $CLOUDTAK_BOT_CONFIG, else " DEFAULT_FILE ")", 0},
    {"head", KEY_HEAD, "SEQ:HASH", 0,
     "What a verdict in the chat shows behind \"audit\": must still be there", 0},
    {0},
};

static error_t parse_speed(const char *text, double *ret, struct argp_state *state)
{
    char *end;
    double v = strtod(text, &end);

    if (*end || !(v >= 1.0 && v <= SPEED_MAX)) {
        argp_error(state, "--speed takes a number from 1 to 100, not \"%s\"", text);
        return EINVAL;
    }
    *ret = v;
    return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'c':
        o->file = arg;
        o->file_named = true;
        return 0;
    case KEY_YES: o->yes = true; return 0;
    case KEY_HEAD: o->head = arg; return 0;
    case 'd': o->debug = true; return 0;
    case KEY_SPEED: return parse_speed(arg, &o->rehearse.speed, state);
    case KEY_SCENARIO: o->rehearse.scenario = arg; return 0;
    case KEY_EXEC:
        if (o->rehearse.command_count == REHEARSE_COMMANDS)
            argp_error(state, "at most %d times --exec", REHEARSE_COMMANDS);
        o->rehearse.commands[o->rehearse.command_count++] = arg;
        return 0;
    case KEY_CHAT:
        if (!text_equal(arg, "slack"))
            argp_error(state, "--chat: this version simulates slack only, not \"%s\"", arg);
        return 0;
    case ARGP_KEY_ARG:
        if (o->takes_words && o->word_count < EXEC_WORDS) {
            o->words[o->word_count++] = arg;
            return 0;
        }
        argp_error(state, "\"%s\" is one word too many", arg);
        return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the sub-commands */

/* Every fault is printed, one line each. NULL: the program does not start. */
static struct config *read_file(const struct options *o)
{
    struct err err = {0};
    struct buf faults;

    buf_init(&faults, FAULTS_MAX);
    struct config *c = config_read_all(o->file, config_environment, &err, &faults);
    if (!c)
        fprintf(stderr, "%s", faults.data);
    buf_finish(&faults);
    return c;
}

/* As read_file, and what the daemon needs beyond a file that reads. */
static struct config *read_file_to_run(const struct options *o)
{
    struct err err = {0};
    struct config *c = read_file(o);

    if (c && !config_check_run(c, &err)) {
        fprintf(stderr, "%s: %s\n", o->file, err.text);
        config_destroy(c);
        return NULL;
    }
    return c;
}

static int run(const struct options *o)
{
    struct config *c = read_file_to_run(o);
    int status = c ? daemon_run(c) : EXIT_USAGE;

    config_destroy(c);
    return status;
}

static int config_check(const struct options *o)
{
    struct config *c = read_file_to_run(o);

    if (!c)
        return EXIT_USAGE;
    printf("%s: fine. %zu chat%s, %zu target%s.\n", o->file, c->chat_count, c->chat_count == 1 ? "" : "s",
           c->target_count, c->target_count == 1 ? "" : "s");
    config_destroy(c);
    return 0;
}

static int config_print(const struct options *o)
{
    struct config *c = read_file(o);
    struct buf b;

    if (!c)
        return EXIT_USAGE;
    buf_init(&b, 256 * 1024);
    config_show(c, &b);
    fputs(b.data, stdout);
    buf_finish(&b);
    config_destroy(c);
    return 0;
}

static int config_settings(const struct options *o)
{
    struct buf b;

    (void)o;
    buf_init(&b, 256 * 1024);
    config_help(&b);
    fputs(b.data, stdout);
    buf_finish(&b);
    return 0;
}

static int rehearse(const struct options *o)
{
    if (!o->debug)
        log_set_level(LOG_ERROR);
    return rehearse_run(&o->rehearse);
}

static int exec(const struct options *o)
{
    char command[4096];
    const struct exec_options x = {
        .file = o->file, .file_named = o->file_named, .command = command, .yes = o->yes};

    if (!o->word_count || !exec_join(o->words, o->word_count, command, sizeof command)) {
        fprintf(stderr, o->word_count
                            ? "cloudtak-bot exec: that is too long for a command\n"
                            : "cloudtak-bot exec: what shall be said? For example: cloudtak-bot exec -- "
                              "status cotak prod\n");
        return EXIT_USAGE;
    }
    if (!o->debug)
        log_set_level(LOG_ERROR);
    return exec_run(&x);
}

static int console(const struct options *o)
{
    const struct exec_options x = {.file = o->file, .file_named = o->file_named};

    if (!o->debug)
        log_set_level(LOG_ERROR);
    return exec_run(&x);
}

static int verify(const struct options *o)
{
    struct config *c = read_file(o);
    const int status = c ? audit_verify(c, o->head) : EXIT_USAGE;

    config_destroy(c);
    return status;
}

static const struct subcommand {
    const char *name, *second; /* "config" "check" */
    const char *summary;
    const struct argp_option *options;
    int (*run)(const struct options *o);
    const char *words; /* what else it takes; NULL = nothing */
} subcommands[] = {
    {"run", NULL, "The daemon: Slack in, AWS out", file_options, run, NULL},
    {"exec", NULL, "One command from this host, when chat is down: same rights and audit", exec_options, exec,
     "[--] COMMAND…"},
    {"console", NULL, "The same, interactive", file_options, console, NULL},
    {"rehearse", NULL, "Try it: the real bot against a simulated Slack and AWS, nothing real is touched",
     rehearse_options, rehearse, NULL},
    {"config", "check", "Is the configuration right? One line for each fault", file_options, config_check,
     NULL},
    {"config", "show", "The configuration in force, with defaults; secrets are not shown", file_options,
     config_print, NULL},
    {"audit", "verify", "Are the records of what was done whole? Reads the store, also while the daemon runs",
     verify_options, verify, NULL},
    {"config", "help", "Every setting: type, default, limits, meaning", file_options, config_settings, NULL},
};
#define SUBCOMMANDS (sizeof subcommands / sizeof subcommands[0])

static void usage(FILE *to)
{
    fputs("Usage: cloudtak-bot COMMAND [OPTION…]\n\n", to);
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        const struct subcommand *s = &subcommands[i];
        fprintf(to, "  %-8s %-6s %s\n", s->name, s->second ? s->second : "", s->summary);
    }
    fputs("\nOptions of a command: cloudtak-bot COMMAND --help. Version: cloudtak-bot --version\n", to);
}

static const struct subcommand *find(int argc, char **argv)
{
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        const struct subcommand *s = &subcommands[i];
        if (text_equal(argv[1], s->name) && (!s->second || (argc > 2 && text_equal(argv[2], s->second))))
            return s;
    }
    return NULL;
}

int cli_main(int argc, char **argv)
{
    const char *file = getenv("CLOUDTAK_BOT_CONFIG");
    struct options o = {.file = file && *file ? file : DEFAULT_FILE, .rehearse = {.speed = DEFAULT_SPEED}};

    if (argc > 1 && (text_equal(argv[1], "--help") || text_equal(argv[1], "help"))) {
        usage(stdout);
        return 0;
    }
    if (argc > 1 && text_equal(argv[1], "--version")) {
        puts("cloudtak-bot " CLOUDTAK_VERSION);
        return 0;
    }
    const struct subcommand *s = argc > 1 ? find(argc, argv) : NULL;
    if (!s) {
        if (argc > 1)
            fprintf(stderr, "cloudtak-bot: there is no command \"%s\".\n", argv[1]);
        usage(stderr);
        return EXIT_USAGE;
    }
    /* argp sees the sub-command's own words, under a name that reads right in its messages. */
    int skip = s->second ? 2 : 1;
    char name[64];
    TEXT_FORMAT(name, "cloudtak-bot %s%s%s", s->name, s->second ? " " : "", s->second ? s->second : "");
    argv[skip] = name;
    o.takes_words = s->words != NULL;
    struct argp argp = {
        .options = s->options, .parser = parse_option, .args_doc = s->words, .doc = s->summary};
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc - skip, argv + skip, 0, NULL, &o))
        return EXIT_USAGE;
    if (o.debug)
        log_set_level(LOG_DEBUG);
    return s->run(&o);
}
