/* A text -> a command, its target and service. Pure; every failure is a sentence with the next step. */
#include "base/buf.h"
#include "base/text.h"
#include "core/command.h"
#include "fold.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define WORDS        64
#define WORD         80
#define TARGET_WORDS 4

enum option { OPTION_REASON, OPTION_BREAK_GLASS, OPTIONS };
static const struct {
    const char *name, *example;
    unsigned flag; /* of a command that takes it */
} options[OPTIONS] = {
    {"--reason", "map slow", COMMAND_REASON},
    {"--break-glass", "the registry is down", COMMAND_BREAK_GLASS},
};

struct words {
    size_t count;
    char list[WORDS][WORD];
    char text[OPTIONS][300]; /* of the options */
    bool has[OPTIONS];
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

/* The end of 'single quoted' text, which may hold apostrophes: its last quote; NULL when that ends no word.
 */
static const char *single_quoted_end(const char *at)
{
    const char *end = *at == '\'' ? strrchr(at + 1, '\'') : NULL;

    return end && (!end[1] || end[1] == ' ') ? end : NULL;
}

/* at begins with an option, "--reason" or "--reason=": what follows it, or NULL. */
static const char *option_at(const char *at, enum option *ret)
{
    at += strspn(at, " ");
    for (unsigned i = 0; i < OPTIONS; i++) {
        const size_t len = strlen(options[i].name);

        if (strncasecmp(at, options[i].name, len) != 0 || (at[len] && at[len] != ' ' && at[len] != '='))
            continue;
        *ret = (enum option)i;
        return at + len + (at[len] == '=');
    }
    return NULL;
}

/* Text without quotes ends where another option begins. */
static const char *unquoted_end(const char *at, enum option own)
{
    for (; *at; at++) {
        enum option other;

        if (*at == ' ' && option_at(at, &other) && other != own)
            return at;
    }
    return at;
}

/* An option's text: quoted, or all that follows. Returns what comes after it. */
static const char *take_text(const char *at, enum option option, struct words *w)
{
    char raw[REQUEST_TEXT];
    const char *rest;

    at += strspn(at, " ");
    const char *end = single_quoted_end(at);
    if (*at == '"') {
        rest = next_word(at, raw, sizeof raw);
    } else if (end) {
        text_copy_n(raw, sizeof raw, at + 1, (size_t)(end - at - 1));
        rest = end + 1;
    } else {
        rest = unquoted_end(at, option);
        text_copy_n(raw, sizeof raw, at, (size_t)(rest - at));
    }
    text_clean(w->text[option], sizeof w->text[option], raw, false);
    w->has[option] = true;
    return rest;
}

static bool split(const char *text, struct words *w, struct err *err)
{
    char word[WORD];

    for (const char *at = text; at;) {
        enum option option;
        const char *after = option_at(at, &option);
        if (after) {
            at = take_text(after, option, w);
            const char *said = w->text[option];
            if (said[strspn(said, " ")] == '\0')
                return err_set(err, ERR_USAGE, "%s has no text. Example: %s \"%s\"", options[option].name,
                               options[option].name, options[option].example);
            continue;
        }
        at = next_word(at, word, sizeof word);
        if (!at)
            break;
        if (w->count == WORDS)
            return err_set(err, ERR_USAGE, "That is more than %d words. What I understand: help", WORDS);
        lower(word);
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

static size_t words_in(const char *name)
{
    size_t n = 1;

    for (; *name; name++)
        n += *name == ' ';
    return n;
}

/* The target whose name the next words nearly are, with the words behind it: "cotak prod api". */
static bool nearly_target(const struct config *config, const struct words *w, size_t at, char *to,
                          size_t size)
{
    size_t best = 99;

    for (size_t i = 0; i < config->target_count; i++) {
        const char *name = config->targets[i].name;
        size_t words = words_in(name);
        char part[200], rest[200];

        join(w, at, words, part, sizeof part);
        if (!near(part, name, &best))
            continue;
        join(w, at + words, w->count, rest, sizeof rest);
        text_format(to, size, "%s%s%s", name, *rest ? " " : "", rest);
    }
    return best != 99;
}

static const struct config_target *target_with_service(const struct config *config, const char *key)
{
    for (size_t i = 0; i < config->target_count; i++) {
        if (config_service(&config->targets[i], key))
            return &config->targets[i];
    }
    return NULL;
}

static bool unknown_target(const struct config *config, const struct command *command, const struct words *w,
                           size_t at, struct err *err)
{
    char typed[200], meant[400];
    struct buf known;

    join(w, at, TARGET_WORDS, typed, sizeof typed);
    if (at < w->count && nearly_target(config, w, at, meant, sizeof meant))
        return err_set(err, ERR_USAGE, "There is no target \"%s\". Did you mean: %s %s?", typed,
                       command->name, meant);
    const struct config_target *owner = at < w->count ? target_with_service(config, w->list[at]) : NULL;
    if (owner && command->needs != NEEDS_TARGET)
        return err_set(err, ERR_USAGE, "\"%s\" is a service, and its target stands before it: %s %s %s",
                       w->list[at], command->name, owner->name, w->list[at]);
    buf_init(&known, ERR_TEXT_MAX);
    list_targets(config, &known);
    if (at >= w->count)
        err_set(err, ERR_USAGE, "%s needs a target. Known targets: %s. Usage: %s", command->name, known.data,
                command->usage);
    else
        err_set(err, ERR_USAGE, "There is no target \"%s\". Known targets: %s. Usage: %s", typed, known.data,
                command->usage);
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
    if (text_equal(word, "all"))
        err_set(err, ERR_USAGE, "%s takes one service of %s at a time. Its services: %s", p->command->name,
                p->target->name, keys.data);
    else if (meant)
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
    /* Left for the command, or for the sentence about words left over. */
    if (p->command->flags & COMMAND_EXTRA || word[0] == '-')
        return true;
    return unknown_service(p, word, err);
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

/* "/cloudtak" or "!cloudtak" typed inside a mention is dropped; "/restart" means restart. */
static size_t skip_own_name(const struct command *const *table, struct words *w)
{
    char *first = w->list[0];

    if (!w->count || (first[0] != '/' && first[0] != '!'))
        return 0;
    if (!find_command(table, first + 1))
        return 1;
    memmove(first, first + 1, strlen(first));
    return 0;
}

bool parse_request(const struct command *const *table, const struct config *config, const char *text,
                   struct parsed *ret, struct err *err)
{
    char folded[REQUEST_TEXT];
    struct words w = {0};
    struct parsed p = {0};

    fold_text(folded, sizeof folded, text);
    text_clean(folded, sizeof folded, folded, false); /* what is not understood is quoted */
    if (!split(folded, &w, err))
        return false;
    const size_t begin = skip_own_name(table, &w);
    size_t at = begin;
    char name[WORD] = "help";
    if (at < w.count)
        TEXT_COPY(name, w.list[at++]);
    p.command = find_command(table, name);
    if (!p.command)
        return unknown_command(table, name, err);
    for (unsigned i = 0; i < OPTIONS; i++) {
        if (w.has[i] && !(p.command->flags & options[i].flag))
            return err_set(err, ERR_USAGE, "%s takes no %s. Usage: %s", p.command->name, options[i].name,
                           p.command->usage);
    }
    TEXT_COPY(p.reason, w.text[OPTION_REASON]);
    TEXT_COPY(p.break_glass, w.text[OPTION_BREAK_GLASS]);
    if (p.command->needs != NEEDS_NOTHING && !match_place(config, &w, &at, &p, err))
        return false;
    if (at < w.count && !(p.command->flags & COMMAND_EXTRA)) {
        char rest[200], understood[200];
        join(&w, at, w.count - at, rest, sizeof rest);
        join(&w, begin, at - begin, understood, sizeof understood);
        return err_set(err, ERR_USAGE, "I do not understand \"%s\" after \"%s\". Usage: %s", rest, understood,
                       p.command->usage);
    }
    join(&w, at, w.count - at, p.extra, sizeof p.extra);
    *ret = p;
    return true;
}
