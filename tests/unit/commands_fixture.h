#ifndef UNIT_COMMANDS_FIXTURE_H
#define UNIT_COMMANDS_FIXTURE_H
/* A command as the engine would run it: what it answers is kept here as plain text. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "commands/table.h"
#include "core/answer.h"
#include "core/command.h"
#include "core/restart.h"
#include "core_fixture.h"
#include "lib/check.h"

#define NOW 1795356128000 /* 2026-11-22 14:02:08 UTC */

static struct answer {
    char *text;
    bool refused;
    int count;
} answer;

static inline void forget_answer(void)
{
    mem_free(answer.text);
    memset(&answer, 0, sizeof(answer));
}

void command_reply(struct command_call *call, const struct card *card)
{
    (void)call;
    forget_answer();
    answer.text = card_text(card, 0);
    answer.count++;
}

void command_refuse(struct command_call *call, const char *format, ...)
{
    struct buf b;
    va_list args;
    (void)call;
    buf_init(&b, 1000);
    va_start(args, format);
    buf_vformat(&b, format, args);
    va_end(args);
    forget_answer();
    answer.text = buf_take(&b);
    answer.refused = true;
    answer.count++;
}

void command_started(struct command_call *call)
{
    (void)call;
}

void engine_restart(struct command_call *call)
{
    (void)call;
}

void engine_unfollow(struct command_call *call)
{
    (void)call;
}

void engine_follow(struct command_call *call)
{
    (void)call;
}

#define IS_CORES(name)                                                                                       \
    void engine_##name(struct command_call *call)                                                            \
    {                                                                                                        \
        (void)call;                                                                                          \
    }
IS_CORES(confirm)
IS_CORES(decline)
IS_CORES(cancel)
IS_CORES(lock)
IS_CORES(unlock)
IS_CORES(locks)
#undef IS_CORES

void engine_change(struct command_call *call, const struct act *act)
{
    (void)call;
    (void)act;
}

/* The kinds of change themselves are core's. */
struct act {
    int nothing;
};
const struct act act_rollback = {0}, act_stop = {0}, act_scale = {0}, act_shutdown = {0}, act_start = {0};

/* Kept: a test says who began it, and calls done. */
static struct command_origin *asked_origin;

void command_origin(struct command_call *call, struct command_origin *r)
{
    (void)call;
    asked_origin = r;
}

/* Likewise: a test answers what was asked of the past. */
static struct command_past *asked_past;
static struct command_records *asked_records;

void command_past(struct command_call *call, struct command_past *r)
{
    (void)call;
    asked_past = r;
}

void command_records(struct command_call *call, struct command_records *r)
{
    (void)call;
    asked_records = r;
}

/* Kept: a test lets the time be over. over: how often a command that answered early has ended. */
static struct command_deadline *asked_deadline;
static int64_t asked_deadline_ms;
static int over;

void command_deadline_start(struct command_call *call, struct command_deadline *d, int64_t ms)
{
    (void)call;
    asked_deadline = d;
    asked_deadline_ms = ms;
}

void command_deadline_stop(struct command_call *call, struct command_deadline *d)
{
    (void)call;
    (void)d;
    asked_deadline = NULL;
}

void command_reply_early(struct command_call *call, const struct card *card)
{
    command_reply(call, card);
}

void command_over(struct command_call *call)
{
    (void)call;
    over++;
}

/* What runs now, for command_now. */
static struct command_now runs_now;

size_t command_now(const struct command_call *call, struct command_now *ret, size_t most)
{
    (void)call;
    assert_true(most > 0);
    ret[0] = runs_now;
    return runs_now.operation[0] != '\0' ? 1 : 0;
}

/* Ana in the incident's channel. */
static inline struct command_call call_of(const struct config *config)
{
    struct command_call call = {
        .config = config, .word = "/cloudtak", .table = commands_table, .now_ms = NOW};
    call.request.source = REQUEST_SLASH;
    TEXT_COPY(call.request.who.server, "slack");
    TEXT_COPY(call.request.who.user, "UANA");
    TEXT_COPY(call.request.who.name, "ana");
    TEXT_COPY(call.request.place.server, "slack");
    TEXT_COPY(call.request.place.channel, "CINC");
    return call;
}

/* Parses and runs text. */
static inline void run_text(struct command_call *call, const char *text)
{
    struct err err;
    if (!parse_request(commands_table, call->config, text, &call->parsed, &err)) {
        fail_msg("%s: %s", text, err.text);
    }
    call->parsed.command->run(call);
}

static inline void expect_answer(const char *name, const char *expected)
{
    if (answer.text == NULL || answer.count != 1 || strcmp(answer.text, expected) != 0) {
        fail_msg("%s, %d answers:\n%s", name, answer.count, answer.text ? answer.text : "(none)");
    }
}

#endif
