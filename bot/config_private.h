#ifndef BOT_CONFIG_PRIVATE_H
#define BOT_CONFIG_PRIVATE_H
/* What the files of the reader share. A file goes through them in this order:
 *   config_yaml       bytes -> tree with lines
 *   config_table      which keys there are, their types, limits and defaults
 *   config_value      one scalar -> one member of the struct
 *   config_principals names of people, roles, ids -> flat lists
 *   config_presets    names of clusters and services
 *   config_check      what only the whole can tell */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

/* ---- tree */

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };
struct node {
    enum node_kind kind;
    int line;
    char *key;  /* of a child of a map */
    char *text; /* of a scalar */
    struct node *first, *last, *next;
    size_t count; /* children */
};
struct reading;

/* NULL when an error was noted. An empty file is an empty map. */
struct node *config_yaml_parse(struct reading *r, const char *text, size_t len);
void config_yaml_destroy(struct node *n); /* Accepts NULL. */
const struct node *config_yaml_child(const struct node *map, const char *key);

/* ---- table */

enum setting_type {
    SETTING_MAP,        /* keys below */
    SETTING_LIST,       /* of maps */
    SETTING_ROLES,      /* map of lists of principals; not kept */
    SETTING_PRINCIPALS, /* list of who */
    SETTING_IDS,        /* list of ids of one person */
    SETTING_CHANNELS,
    SETTING_TEXT,
    SETTING_WORD,   /* [a-z][a-z0-9-]* */
    SETTING_TARGET, /* one to four words [a-z0-9-]+ */
    SETTING_PART,   /* [A-Za-z0-9][A-Za-z0-9_-]*: of names in AWS */
    SETTING_PATH,   /* absolute */
    SETTING_URL,
    SETTING_COMMAND,
    SETTING_ACCOUNT,
    SETTING_REGION,
    SETTING_ROLE_ARN,
    SETTING_MENTION,
    SETTING_LISTEN,
    SETTING_SOCKET,
    SETTING_SECRET,
    SETTING_BOOL,
    SETTING_DURATION,
    SETTING_RATE,
    SETTING_DESIRED,
    SETTING_CHOICE, /* of words, kept as their number */
    SETTING_PRESET, /* of words, kept as text */
};

struct setting {
    const char *path; /* "targets[].confirm.expires" */
    enum setting_type type;
    const char *standard; /* default, as it would be written; NULL = none */
    int64_t least, most;  /* DURATION in ms, RATE in thousandths a second, LIST in elements */
    size_t offset, size;  /* of the member in the struct of its list, or in struct config */
    const char *words;    /* CHOICE, PRESET: "slack|mattermost" */
    const char *text;     /* what it is for */
    bool needed;          /* it has no default and may not be left out */
    const char *only;     /* for chats of this kind; NULL = of every kind */
    void *(*element)(void *owner, size_t count); /* LIST: the next element, of count in all */
};

extern const struct setting CONFIG_TABLE[]; /* ends with path NULL */
/* The key below prefix ("", "poll.", "targets[].") that the row stands for; NULL when it is of another place.
 */
const char *config_table_key(const struct setting *s, const char *prefix);
/* "a duration from 1 s to 5 min, such as 5s": what may stand there. */
void config_table_allowed(const struct setting *s, struct buf *b);
int config_table_word(const char *words, const char *word); /* its number, -1 when it is none of them */

/* ---- reading */

#define READING_ERRORS 20
struct reading {
    const char *name;
    const char *(*environment)(const char *name);
    struct config *config;
    const struct node *root;  /* the whole file */
    const struct node *roles; /* the map, NULL when there is none */
    int inline_secret_line;   /* where a secret stands in the file itself; 0 = nowhere */
    bool no_secrets;          /* are read: who asks connects to no chat */
    bool quiet;               /* errors were noted elsewhere already */
    size_t error_count;       /* all of them; kept are the first READING_ERRORS */
    struct {
        int line;
        struct err err;
    } errors[READING_ERRORS];
    int chat_lines[CONFIG_CHATS], target_lines[CONFIG_TARGETS]; /* where each of them begins */
};

/* Notes "NAME:LINE: KEY: …" (line 0 = it stands in no line). Returns false. */
bool config_note(struct reading *r, int line, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Notes what was found and what is allowed; quotes the scalar unless it could be a secret. */
bool config_note_value(struct reading *r, const struct node *n, const struct setting *s);

/* ---- values */

#define CONFIG_VALUE_MAX 4096 /* bytes of a value with everything put in */

/* The scalar with ${NAME} and file:PATH replaced. False when an error was noted. */
bool config_value_expand(struct reading *r, const struct node *n, const char *key, struct buf *to);

/* Reads a scalar into its member. */
void config_value_read(struct reading *r, const struct node *n, const struct setting *s, void *owner);
/* The default of a setting that is not in the file. */
void config_value_standard(const struct setting *s, void *owner);
bool config_value_is_word(const char *text);
bool config_value_is_target(const char *text);
/* The host of a URL is 127.0.0.0/8, ::1 or localhost. */
bool config_value_is_loopback(const char *url);

/* ---- principals */

void config_principals_read(struct reading *r, const struct node *n, const struct setting *s,
                            struct principals *to);
void config_principals_read_ids(struct reading *r, const struct node *n, const struct setting *s,
                                struct config_person *to);
void config_principals_read_channels(struct reading *r, const struct node *n, const struct setting *s,
                                     struct config_target *to);
/* Every role once, so that an error in one that nobody uses is found. */
void config_principals_check_roles(struct reading *r, const struct node *n);
bool config_principals_is_mention(const struct config *c, const char *text);
void config_principals_write(const struct principal *p, struct buf *b);

/* ---- presets, whole */

/* Fills env, stage, cluster and services where the file gives none. */
void config_presets_apply(struct config_target *t);
/* After an element of a list was read: what it lacks, what contradicts itself. */
void config_check_element(struct reading *r, const struct setting *list, const struct node *n, void *element);
/* After everything was read. */
void config_check_whole(struct reading *r);

#endif
