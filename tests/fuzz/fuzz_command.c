/* What a person types -> a command, or a sentence. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "commands/table.h"
#include "core/command.h"
#include "judge.h"
#include "unit/core_fixture.h"

static bool in_table(const struct command *command)
{
    for (const struct command *const *row = commands_table; *row != NULL; row++) {
        if (*row == command) {
            return true;
        }
    }
    return false;
}

static void judge_parsed(const struct config *config, const struct parsed *p)
{
    PROMISE(in_table(p->command), "a command that is in no table");
    PROMISE(p->target == NULL ||
                (p->target >= config->targets && p->target < config->targets + config->target_count),
            "a target that is not configured");
    if (p->service != NULL) {
        PROMISE(p->target != NULL, "a service without a target");
        PROMISE(config_service(p->target, p->service->key) == p->service, "a service of another target");
    }
    PROMISE(!p->all || (p->service == NULL && p->command->needs == NEEDS_SERVICE_OR_ALL),
            "all, and one of them");
    PROMISE(p->target != NULL || p->command->needs == NEEDS_NOTHING ||
                (p->command->flags & COMMAND_OPTIONAL) != 0,
            "%s without a target", p->command->name);
    PROMISE(!p->command->changes || p->target != NULL, "a change without a target");
    PROMISE(p->reason[0] == '\0' || (p->command->flags & COMMAND_REASON) != 0, "a reason nobody takes");
    PROMISE(p->extra[0] == '\0' || (p->command->flags & COMMAND_EXTRA) != 0, "words nobody takes");
    judge_text("reason", p->reason, false);
    judge_text("extra words", p->extra, false);
}

/* Written out in full, it means the same. */
static void judge_again(const struct config *config, const struct parsed *p)
{
    char text[REQUEST_TEXT];
    struct parsed again;
    struct err err;
    if (strpbrk(p->reason, "\"") != NULL || strpbrk(p->extra, "\"-") != NULL || text_starts(p->extra, "'") ||
        text_starts(p->extra, " ") || text_ends(p->extra, " ") || strstr(p->extra, "  ") != NULL) {
        return; /* quotes and options within words would have to be quoted */
    }
    TEXT_FORMAT(text, "%s %s %s %s%s%s%s", p->command->name, p->target != NULL ? p->target->name : "",
                p->all             ? "all"
                : p->service_named ? p->service->key
                                   : "",
                p->extra, p->reason[0] != '\0' ? " --reason \"" : "", p->reason,
                p->reason[0] != '\0' ? "\"" : "");
    PROMISE(parse_request(commands_table, config, text, &again, &err),
            "\"%s\" was made of what was understood, but: %s", text, err.text);
    PROMISE(again.command == p->command && again.target == p->target && again.service == p->service &&
                again.all == p->all && strcmp(again.reason, p->reason) == 0 &&
                strcmp(again.extra, p->extra) == 0,
            "\"%s\" means something else the second time", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config *config;
    struct parsed parsed, before;
    struct err err = {0};
    if (config == NULL) {
        config = make_config();
    }
    char *text = judge_string(data, size);
    memset(&parsed, 0x5A, sizeof(parsed));
    before = parsed;
    if (parse_request(commands_table, config, text, &parsed, &err)) {
        judge_parsed(config, &parsed);
        judge_again(config, &parsed);
    } else {
        judge_err("a command that is not understood", &err);
        PROMISE(err.code == ERR_USAGE, "a wrong word is told as %s", err_word(err.code));
        PROMISE(memcmp(&parsed, &before, sizeof(parsed)) == 0, "a failure changed the result");
    }
    mem_free(text);
    return 0;
}
