#ifndef SCENARIO_CHAT_H
#define SCENARIO_CHAT_H
/* A chat platform that remembers what it was told. It outlives the engines that use it: a door is what one
 * engine holds, and a shut door answers nothing any more, as after kill -9. */
#include "core/chat.h"
#include "loop/loop.h"

#define CHAT_MESSAGES 400

struct chat_message {
    char id[64], key[160], channel[64], thread[64], private_to[64];
    char first[CARD_TEXT]; /* the title it was posted with */
    int64_t posted_ms, edited_ms;
    int edits;
    struct card card;
};

struct fake_chat {
    struct loop *loop;
    struct chat_message messages[CHAT_MESSAGES];
    size_t count;
    /* troubles */
    int throttle;     /* so many next sends are answered LATER */
    int lose;         /* so many next posts are made, and answered UNKNOWN */
    int lose_before;  /* so many next posts are not made, and answered UNKNOWN */
    int never;        /* so many next sends are refused for good */
    int64_t delay_ms; /* of each answer */
    enum chat_member member;
    int lookups, finds, fastest_edit_ms;
};

struct chat_door {
    struct chat chat; /* first */
    struct fake_chat *fake;
    bool shut;
};

/* c is zeroed memory. */
void fake_chat_init(struct fake_chat *c, struct loop *loop);
void chat_door_init(struct chat_door *d, struct fake_chat *c);
/* The message with this key, or NULL. */
struct chat_message *fake_chat_by_key(struct fake_chat *c, const char *key_end);
/* How many messages have `words` in their first title. */
size_t fake_chat_said(const struct fake_chat *c, const char *words);
struct chat_message *fake_chat_first(struct fake_chat *c, const char *words);
bool card_says(const struct card *card, const char *words);

#endif
