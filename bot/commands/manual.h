#ifndef COMMANDS_MANUAL_H
#define COMMANDS_MANUAL_H
/* Commands that this release leaves to a person: it answers with the exact aws commands and the console page,
 * so that nobody has to search at 03:00. */
#include "core/command.h"

/* The place every aws command needs: "--region R [--profile P] --cluster C". */
void manual_where(const struct command_call *call, char *to, size_t size);
/* Starts the answer: title, where, the console link. what: "Stop all tasks of". */
void manual_begin(const struct command_call *call, const char *what, struct card *ret);
/* An aws command, fenced. */
void manual_command(struct card *card, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
