#ifndef INCIDENTS_TRANSCRIPT_H
#define INCIDENTS_TRANSCRIPT_H
/* What a channel shows, written down as it happens: between an engine and the chat that it talks to. What
 * differs from run to run (ids of operations, the number of a typed code) reads the same each time. */
#include "base/buf.h"
#include "core/chat.h"
#include "lib_rig.h"

#define TRANSCRIPT_IDS      8
#define TRANSCRIPT_MESSAGES 200

struct transcript {
    struct chat chat; /* first: what the engine sees */
    struct chat *inner;
    struct rig *rig;
    struct buf text;
    size_t id_count;
    char ids[TRANSCRIPT_IDS][STORE_ID];
    size_t message_count;
    struct shown {
        char message[64];
        char head[CARD_TEXT * 2]; /* title and users-served line, digits left out */
        bool asks;                /* it has buttons */
    } messages[TRANSCRIPT_MESSAGES];
};

/* rig->between with rig->user = the transcript. */
void transcript_between(struct rig *r, struct engine_options *options, struct chat **chat);
/* A line of its own: what people do. */
void transcript_line(struct transcript *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text so far, made alike. Caller mem_frees; t is empty afterwards. */
char *transcript_take(struct transcript *t);

#endif
