#ifndef BOT_CONFIG_H
#define BOT_CONFIG_H
/* Reads the settings file into the plain struct of core/config.h, with presets resolved and every reference
 * checked; shows what was read. */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "core/config.h"

struct buf;

#define DOOR_SOCKET "/run/cloudtak-bot/door.sock" /* the default */

/* NULL with err: the first fault, one line "FILE:LINE: KEY: what was found; what is allowed". environment:
 * config_environment, or a test's. Never quotes a secret. */
struct config *config_read(const char *path, const char *(*environment)(const char *name), struct err *err);
/* The same for a text; name stands for the file. */
struct config *config_read_text(const char *name, const char *text,
                                const char *(*environment)(const char *name), struct err *err);
/* As config_read, and every fault that can be found, at most 20, one line each, goes to ret_all. */
struct config *config_read_all(const char *path, const char *(*environment)(const char *name),
                               struct err *err, struct buf *ret_all);
/* As config_read_all for somebody at a terminal, who has none of the secrets and connects to no chat: a
 * placeholder stands for each. */
struct config *config_read_terminal(const char *path, const char *(*environment)(const char *name),
                                    struct err *err, struct buf *ret_all);
/* getenv, as a parameter. */
const char *config_environment(const char *name);

/* What the daemon needs beyond a file that reads: a chat, nothing that this version lacks. */
bool config_check_run(const struct config *c, struct err *err);

/* As YAML, presets resolved, secrets as [secret]. */
void config_show(const struct config *c, struct buf *b);
/* Every setting: what it is, what is allowed, its default. */
void config_help(struct buf *b);

#endif
