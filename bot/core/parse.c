/* A text -> a command, its target and service. Pure; every failure is a sentence with the next step. */
#include "base/buf.h"
#include "base/text.h"
#include "core/command.h"
#include "fold.h"

#include <ctype.h>
#include <string.h>

#define WORDS        64
#define WORD         80
#define TARGET_WORDS 4

struct words {
    size_t count;
    char list[WORDS][WORD];
    char reason[300];
    bool has_reason;
};

/* The next word or "quoted text" of at, cut to size; NULL at the end. */
static const char *next_word(const char *at, char *to, size_t size)
{
    at += strspn(at, " ");
    if (!*at)
        return NULL;
    if (*at == '"') {
        const char *end = strchr(at + 1, '"');
        size_t len = end ? (size_t)(end - at - 1) : strlen(at + 1);
        text_copy_n(to, size, at + 1, len);
        return at + 1 + len + (end ? 1 : 0);
    }
    size_t len = strcspn(at, " ");
    text_copy_n(to, size, at, len);
    return at + len;
}

static void lower(char *word)
{
    for (; *word; word++)
        *word = (char)tolower((unsigned char)*word);
}

/* The reason: "quoted", or all that follows. */
static const char *take_reason(const char *at, struct words *w)
{
    at += strspn(at, " =");
    w->has_reason = true;
    if (*at == '"')
        return next_word(at, w->reason, sizeof w->reason);
    text_clean(w->reason, sizeof w->reason, at, false);
    return at + strlen(at);
}

static bool split(const char *text, struct words *w, struct err *err)
{
    char word[WORD];

    for (const char *at = next_word(text, word, sizeof word); at; at = next_word(at, word, sizeof word)) {
        if (text_starts(word, "--reason")) {
            const char *equals = strchr(word, '=');
            at = take_reason(equals ? at - strlen(equals) : at, w);
            if (!at)
                break;
            continue;
        }
        if (w->count == WORDS)
            return err_set(err, ERR_USAGE, "That is more than %d words. Try: help", WORDS);
        TEXT_COPY(w->list[w->count], word);
        w->count++;
    }
    return true;
}

static const struct command *find_command(const struct command *const *table, const char *word)
{
    for (; *table; table++) {
        if (text_equal((*table)->name, word))
            return *table;
    }
    return NULL;
}

/* Near enough to be a slip of the finger: a third of its letters at most. */
static bool near(const char *typed, const char *meant, size_t *best)
{
    size_t d = text_distance(typed, meant), most = strlen(meant) / 3 + 1;

    if (d > most || d >= *best)
        return false;
    *best = d;
    return true;
}

static bool unknown_command(const struct command *const *table, const char *word, struct err *err)
{
    size_t best = 99;
    const char *meant = NULL;

    for (; *table; table++) {
        if (near(word, (*table)->name, &best))
            meant = (*table)->name;
    }
    if (meant)
        return err_set(err, ERR_USAGE, "There is no command \"%s\". Did you mean: %s? All commands: help",
                       word, meant);
    return err_set(err, ERR_USAGE, "There is no command \"%s\". All commands: help", word);
}

static void join(const struct words *w, size_t from, size_t count, char *to, size_t size)
{
    struct buf b;

    buf_init(&b, WORDS * WORD);
    for (size_t i = from; i < from + count && i < w->count; i++)
        buf_format(&b, "%s%s", i > from ? " " : "", w->list[i]);
    text_copy(to, size, b.data);
    buf_finish(&b);
}

static void list_targets(const struct config *config, struct buf *b)
{
    for (size_t i = 0; i < config->target_count && i < 8; i++)
        buf_format(b, "%s%s", i ? ", " : "", config->targets[i].name);
    if (config->target_count > 8)
        buf_text(b, ", … (all: targets)");
}

static bool unknown_target(const struct config *config, const struct command *command, const struct words *w,
                           size_t at, struct err *err)
{
    char typed[200];
    size_t best = 99;
    const char *meant = NULL;
    struct buf known;

    join(w, at, TARGET_WORDS, typed, sizeof typed);
    for (size_t i = 0; i < config->target_count; i++) {
        char part[200];
        size_t words = 1;
        for (const char *s = config->targets[i].name; *s; s++)
            words += *s == ' ';
        join(w, at, words, part, sizeof part);
        if (near(part, config->targets[i].name, &best))
            meant = config->targets[i].name;
    }
    if (meant)
        return err_set(err, ERR_USAGE, "There is no target \"%s\". Did you mean: %s %s?", typed,
                       command->name, meant);
    buf_init(&known, ERR_TEXT_MAX);
    list_targets(config, &known);
    if (at >= w->count)
        err_set(err, ERR_USAGE, "%s needs a target. Known targets: %s. Usage: %s", command->name, known.data,
                command->usage);
    else
        err_set(err, ERR_USAGE, "There is no target \"%s\". Known targets: %s", typed, known.data);
    buf_finish(&known);
    return false;
}

/* The longest target whose name is the next words. */
static const struct config_target *match_target(const struct config *config, const struct words *w, size_t at,
                                                size_t *ret_words)
{
    for (size_t n = TARGET_WORDS; n > 0; n--) {
        char name[CONFIG_NAME];

        if (at + n > w->count)
            continue;
        join(w, at, n, name, sizeof name);
        const struct config_target *t = config_target(config, name);
        if (t) {
            *ret_words = n;
            return t;
        }
    }
    return NULL;
}

static bool unknown_service(const struct parsed *p, const char *word, struct err *err)
{
    size_t best = 99;
    const char *meant = NULL;
    struct buf keys;

    buf_init(&keys, ERR_TEXT_MAX);
    for (size_t i = 0; i < p->target->service_count; i++) {
        const char *key = p->target->services[i].key;
        buf_format(&keys, "%s%s", i ? ", " : "", key);
        if (near(word, key, &best))
            meant = key;
    }
    if (meant)
        err_set(err, ERR_USAGE, "%s has no service \"%s\". Did you mean: %s %s %s?", p->target->name, word,
                p->command->name, p->target->name, meant);
    else
        err_set(err, ERR_USAGE, "%s has no service \"%s\". Its services: %s", p->target->name, word,
                keys.data);
    buf_finish(&keys);
    return false;
}

static bool match_service(struct parsed *p, const struct words *w, size_t *at, struct err *err)
{
    p->service = config_default_service(p->target);
    if (*at >= w->count)
        return true;
    const char *word = w->list[*at];
    if (p->command->needs == NEEDS_SERVICE_OR_ALL && text_equal(word, "all")) {
        p->all = true;
        p->service = NULL;
        (*at)++;
        return true;
    }
    const struct config_service *s = config_service(p->target, word);
    if (s) {
        p->service = s;
        p->service_named = true;
        (*at)++;
        return true;
    }
    return p->command->flags & COMMAND_EXTRA ? true : unknown_service(p, word, err);
}

static bool match_place(const struct config *config, const struct words *w, size_t *at, struct parsed *p,
                        struct err *err)
{
    size_t used = 0;

    p->target = match_target(config, w, *at, &used);
    if (!p->target && *at >= w->count) {
        if (p->command->flags & COMMAND_OPTIONAL)
            return true;
        /* A reading command may mean the only target there is; a change never guesses. */
        if (!p->command->changes && config->target_count == 1)
            p->target = &config->targets[0];
    }
    if (!p->target)
        return unknown_target(config, p->command, w, *at, err);
    *at += used;
    return p->command->needs == NEEDS_TARGET ? true : match_service(p, w, at, err);
}

/* "/cloudtak", "!cloudtak" typed inside a mention: dropped. */
static size_t skip_own_name(const struct words *w)
{
    return w->count && (w->list[0][0] == '/' || w->list[0][0] == '!') ? 1 : 0;
}

bool parse_request(const struct command *const *table, const struct config *config, const char *text,
                   struct parsed *ret, struct err *err)
{
    char folded[REQUEST_TEXT];
    struct words w = {0};
    struct parsed p = {0};

    fold_text(folded, sizeof folded, text);
    if (!split(folded, &w, err))
        return false;
    size_t at = skip_own_name(&w);
    char name[WORD] = "help";
    if (at < w.count) {
        TEXT_COPY(name, w.list[at++]);
        lower(name);
    }
    p.command = find_command(table, name);
    if (!p.command)
        return unknown_command(table, name, err);
    if (w.has_reason && !(p.command->flags & COMMAND_REASON))
        return err_set(err, ERR_USAGE, "%s takes no --reason. Usage: %s", p.command->name, p.command->usage);
    TEXT_COPY(p.reason, w.reason);
    if (p.command->needs != NEEDS_NOTHING) {
        for (size_t i = at; i < w.count; i++)
            lower(w.list[i]);
        if (!match_place(config, &w, &at, &p, err))
            return false;
    }
    if (at < w.count && !(p.command->flags & COMMAND_EXTRA)) {
        char rest[200];
        join(&w, at, w.count - at, rest, sizeof rest);
        return err_set(err, ERR_USAGE, "I do not understand \"%s\" after \"%s\". Usage: %s", rest, name,
                       p.command->usage);
    }
    join(&w, at, w.count - at, p.extra, sizeof p.extra);
    *ret = p;
    return true;
}
