/* hello -> welcome -> (exec: the command) -> taken -> messages -> settled -> end
 *
 * What can go wrong: a bot of another world or store, or of another version (nothing is said to it); a
 * request that is not accepted; a question that nobody here can answer (it stays open, and how to answer it
 * is told); the connection breaks, or the person leaves (what was begun goes on in the bot, unless it lives
 * in here). */
#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/local.h"
#include "terminal_view.h"

#define PRINTED (128 * 1024)

struct terminal {
    struct terminal_options o;
    struct terminal_view *view;
    unsigned long number; /* of what was said last; an exec's command is 1 */
    bool open;            /* the bot greeted us */
    bool listening;       /* somebody types */
    bool prompted;        /* a prompt stands on the last line */
    bool finished;
    char operation[16];                 /* of which was heard last, "" = none that runs */
    char over[16];                      /* that ended last: its after-care may still speak */
    bool settled;                       /* what was said last had its last word */
    const struct door_button *agreeing; /* the next line says whether it is pressed */
    struct door_button agreed;
    char agreed_message[64];
};

static void finish(struct terminal *t, int status)
{
    if (t->finished)
        return;
    t->finished = true;
    t->o.finish(t->o.user, status);
}

static void prompt(struct terminal *t)
{
    if (t->listening && t->o.prompts && !t->finished && !t->prompted) {
        t->prompted = true;
        t->o.print(t->o.user, t->agreeing ? "yes? " : "> ");
    }
}

/* Over a prompt that stands there. What was typed behind it is not lost: Ctrl-R shows it again. */
static void print(struct terminal *t, const char *text)
{
    if (t->prompted)
        t->o.print(t->o.user, "\r\033[K");
    t->prompted = false;
    t->o.print(t->o.user, text);
    prompt(t);
}

static void print_format(struct terminal *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void print_format(struct terminal *t, const char *format, ...)
{
    struct buf b;
    va_list args;

    buf_init(&b, PRINTED);
    va_start(args, format);
    buf_vformat(&b, format, args);
    va_end(args);
    print(t, b.data);
    buf_finish(&b);
}

/* ---- towards the bot */

static void ask(struct terminal *t, struct door_ask *a)
{
    if (a->kind != DOOR_ASK_HELLO)
        a->number = ++t->number;
    t->settled = false;
    t->o.ask(t->o.user, a);
}

void terminal_hello(struct terminal *t)
{
    struct door_ask a = {.kind = DOOR_ASK_HELLO, .protocol = DOOR_PROTOCOL, .stays = t->o.command == NULL};

    ask(t, &a);
}

static void say(struct terminal *t, const char *text)
{
    struct door_ask *a = mem_alloc(sizeof *a);

    a->kind = DOOR_ASK_SAY;
    a->yes = t->o.yes;
    text_clean(a->text, sizeof a->text, text, false);
    if (strlen(text) >= sizeof a->text) {
        print_format(t, "That is too long: a command has at most %zu bytes. Nothing was done.\n",
                     sizeof a->text - 1);
        if (t->o.command)
            finish(t, TERMINAL_USAGE);
    } else {
        ask(t, a);
    }
    mem_free(a);
}

static void click(struct terminal *t, const struct door_button *b, const char *message)
{
    struct door_ask *a = mem_alloc(sizeof *a);

    a->kind = DOOR_ASK_CLICK;
    TEXT_COPY(a->action, b->action);
    TEXT_COPY(a->value, b->value);
    TEXT_COPY(a->message, message);
    ask(t, a);
    mem_free(a);
}

/* ---- what is typed */

static void press(struct terminal *t, const char *number)
{
    const char *message = NULL;
    const struct door_button *b = terminal_view_button(t->view, strtoul(number, NULL, 10), &message);

    if (!b) {
        print(t,
              "There is no such button now. Buttons are shown as [1: Text]; the newest question counts.\n");
    } else if (*b->dialog) {
        t->agreed = *b;
        t->agreeing = &t->agreed;
        TEXT_COPY(t->agreed_message, message);
        print_format(t, "%s\n%s: type yes to do it, anything else to leave it.\n", b->dialog, b->text);
    } else {
        click(t, b, message);
    }
}

static void agree(struct terminal *t, const char *line)
{
    const struct door_button *b = t->agreeing;

    t->agreeing = NULL;
    if (text_equal(line, "yes"))
        click(t, b, t->agreed_message);
    else
        print(t, "Left as it is; the question stays open.\n");
}

/* "/cloudtak status …", "cloudtak-bot exec -- status …": as they stand in messages and in habits. */
static const char *bare(const char *line)
{
    static const char *const names[] = {LOCAL_COMMAND, "/cloudtak", "@cloudtak", ">"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const size_t len = strlen(names[i]);
        if (text_starts(line, names[i]) && (line[len] == ' ' || line[len] == '\0'))
            return line + len + strspn(line + len, " ");
    }
    return line;
}

void terminal_typed(struct terminal *t, const char *typed)
{
    char line[REQUEST_TEXT + 64];

    if (t->finished || !t->open)
        return;
    t->prompted = false;
    const bool fits = TEXT_COPY(line, typed + strspn(typed, " \t"));
    for (size_t len = strlen(line); len > 0 && strchr(" \t\r", line[len - 1]); len--)
        line[len - 1] = '\0';
    const char *words = bare(line);
    if (t->agreeing) {
        agree(t, words);
    } else if (text_equal(words, "quit") || text_equal(words, "exit")) {
        terminal_end_of_input(t);
        return;
    } else if (text_starts(words, "press ")) {
        press(t, words + strlen("press "));
    } else if (*words) {
        say(t, fits ? words : typed);
    }
    prompt(t);
}

/* ---- the end of a person's patience */

static void tell_what_goes_on(struct terminal *t)
{
    if (t->o.alone)
        print_format(
            t,
            "Nobody follows %s any more: no bot runs here. ECS goes on by itself; the bot looks at it "
            "again at its next start.\n",
            t->operation);
    else
        print_format(
            t,
            "%s goes on in the bot, which tells its end in the channel. Here: %s%sstatus shows how it "
            "stands.\n",
            t->operation, t->o.own, *t->o.own ? " " : "");
}

void terminal_interrupt(struct terminal *t)
{
    if (t->finished)
        return;
    if (!t->o.command) {
        t->agreeing = NULL;
        print(t, t->o.alone
                     ? "(quit, or Ctrl-D, ends the console, and the bot with it; ECS goes on by itself)\n"
                     : "(quit, or Ctrl-D, ends the console; what was begun goes on)\n");
        return;
    }
    t->listening = false;
    if (*t->operation)
        tell_what_goes_on(t);
    else
        print(t, "Left before the bot answered. If the command was taken, the bot goes on with it.\n");
    finish(t, *t->operation ? TERMINAL_LEFT : TERMINAL_INTERRUPT);
}

void terminal_end_of_input(struct terminal *t)
{
    if (t->finished)
        return;
    t->listening = false;
    if (!t->o.command) {
        if (*t->operation && t->o.alone)
            tell_what_goes_on(t);
        print(t, "The console is closed.\n");
        finish(t, 0);
    } else if (t->number > 0 && !t->settled) {
        print(t, "The question stays open until its time is over.\n");
        finish(t, TERMINAL_REFUSED);
    }
}

void terminal_lost(struct terminal *t, const char *why)
{
    char text[300];

    if (t->finished)
        return;
    t->listening = false;
    TEXT_FORMAT(text, "The connection to the bot ended%s%s. %s\n", *why ? ": " : "", why,
                *t->operation ? "What was begun goes on if the bot runs, and at its next start."
                : t->number ? "If the command was taken, the bot goes on with it: look before you ask again."
                            : "Nothing was asked of it.");
    t->o.complain(t->o.user, text);
    finish(t, *t->operation ? TERMINAL_LEFT : TERMINAL_USAGE);
}

/* ---- what the bot tells */

static void refuse_bot(struct terminal *t, const char *why)
{
    t->o.complain(t->o.user, why);
    finish(t, TERMINAL_USAGE);
}

static void on_hello(struct terminal *t, const struct door_tell *h)
{
    char text[2 * CONFIG_URL + 300];

    if (h->protocol != DOOR_PROTOCOL)
        return; /* its goodbye says so */
    if (!text_equal(h->world, "aws")) {
        TEXT_FORMAT(text,
                    "The bot at this door lives in another world (%s), nothing was asked of it. Is it a "
                    "rehearsal? Name the right door in door.socket.\n",
                    h->world);
        refuse_bot(t, text);
        return;
    }
    if (*t->o.store && !text_equal(h->store, t->o.store)) {
        TEXT_FORMAT(text,
                    "The bot at this door keeps its memory in %s, your configuration says %s: nothing was "
                    "asked of it. Name its own configuration with -c.\n",
                    h->store, t->o.store);
        refuse_bot(t, text);
        return;
    }
    t->open = true;
    if (!h->knows && t->o.prompts)
        print_format(t,
                     "You are %s, whom the configuration does not name: you may look. (whoami says how that "
                     "changes.)\n",
                     h->name);
    if (t->o.command) {
        say(t, t->o.command);
        return;
    }
    print_format(
        t,
        "cloudtak-bot %s, you are %s%s. Commands as in the chat, without its first word: help, status "
        "TARGET; press 1 (a button); quit. Ctrl-R shows again what you typed.\n",
        h->version, h->name, t->o.alone ? ", and no daemon runs: this program acts by itself" : "");
    t->listening = true;
    t->o.listen(t->o.user);
    prompt(t);
}

/* Nobody types here: how to answer it is told, and it is left. */
static void leave_question(struct terminal *t)
{
    if (t->o.alone)
        print(t,
              "A question is open, and nobody is here to answer it: nothing was changed. Run the same at a "
              "terminal, where it can be answered.\n");
    else
        print_format(
            t,
            "A question is open, and nobody is here to answer it: nothing was changed so far. Until its time "
            "is over: %s confirm, or %s decline.\n",
            t->o.own, t->o.own);
    finish(t, TERMINAL_REFUSED);
}

static void on_message(struct terminal *t, const struct door_tell *m)
{
    struct buf b;

    buf_init(&b, PRINTED);
    terminal_view_message(t->view, m, &b);
    if (*m->operation && !text_equal(m->operation, t->over))
        TEXT_COPY(t->operation, m->operation);
    if (b.len > 0)
        print(t, b.data);
    buf_finish(&b);
    if (!m->question || !t->o.command)
        return;
    if (!t->o.answers) {
        leave_question(t);
    } else if (!t->listening) {
        t->listening = true;
        t->o.listen(t->o.user);
        print(t, "Answer with press 1 or press 2, the numbers of its buttons.\n");
    }
}

static void on_taken(struct terminal *t, const struct door_tell *told)
{
    if (told->ok)
        return;
    print_format(t, "⛔ %s\n", told->text);
    if (t->o.command && told->number == 1)
        finish(t, TERMINAL_REFUSED);
}

void terminal_tell(struct terminal *t, const struct door_tell *told)
{
    if (t->finished)
        return;
    switch (told->kind) {
    case DOOR_TELL_HELLO: on_hello(t, told); return;
    case DOOR_TELL_MESSAGE: on_message(t, told); return;
    case DOOR_TELL_TAKEN: on_taken(t, told); return;
    case DOOR_TELL_SETTLED:
        t->settled = t->settled || told->number == t->number;
        if (told->how == SETTLED_OPERATION) {
            TEXT_COPY(t->over, t->operation);
            t->operation[0] = '\0';
        }
        if (t->o.command && told->number == 1)
            finish(t, terminal_status(told->how, told->state));
        return;
    case DOOR_TELL_BYE: break;
    }
    t->listening = false;
    print_format(t, "%s\n", told->text);
    finish(t, *t->operation ? TERMINAL_LEFT : TERMINAL_USAGE);
}

/* ---- life */

int terminal_status(enum settled how, enum operation_state state)
{
    switch (how) {
    case SETTLED_REPLY: return 0;
    case SETTLED_USAGE: return TERMINAL_USAGE;
    case SETTLED_REFUSED: return TERMINAL_REFUSED;
    case SETTLED_OPERATION: return operation_exit_status(state);
    }
    return TERMINAL_USAGE;
}

struct terminal *terminal_create(const struct terminal_options *options)
{
    struct terminal *t = mem_alloc(sizeof *t);

    t->o = *options;
    t->view = terminal_view_create(options->own, options->bold, options->width);
    return t;
}

void terminal_destroy(struct terminal *t)
{
    if (!t)
        return;
    terminal_view_destroy(t->view);
    mem_free(t);
}
