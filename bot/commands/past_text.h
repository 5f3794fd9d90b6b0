#ifndef COMMANDS_PAST_TEXT_H
#define COMMANDS_PAST_TEXT_H
/* What was done, in words, for history and timeline. Pure. */
#include "base/buf.h"
#include "store/store.h"

/* "restart cotak prod api" */
void past_what(const struct store_operation *row, char *to, size_t size);
/* "@ana" */
void past_who(const struct store_operation *row, char *to, size_t size);
/* "succeeded after 2 min 11 s", "goes on: following" */
void past_end(const struct store_operation *row, char *to, size_t size);

/* The timeline as Markdown, in parts that fit a card's quote; part from 1. Returns how many parts there are;
 * in ret_told how many of the records are in this one. */
unsigned past_markdown(const struct store_timeline *t, unsigned part, struct buf *to, size_t *ret_told);

#endif
