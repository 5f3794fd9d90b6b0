#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H
/* What an adapter makes of a platform's bytes: who, where, what. Nothing in it is trusted but server, user
 * and channel, which the platform vouches for. */
#include <stdbool.h>
#include <stdint.h>

enum request_source { REQUEST_SLASH, REQUEST_MENTION, REQUEST_CLICK, REQUEST_LOCAL };

#define REQUEST_TEXT 2000

struct place {
    char server[32];
    char channel[64];
    char channel_name[80]; /* display only */
    char thread[64];       /* the message whose thread it is, "" */
    bool direct;           /* a DM with the bot */
    bool shared;           /* externally shared channel, or it could not be found out whether it is: */
    char unsure[240];      /* why it could not; then "shared" is only assumed */
};

struct who {
    char server[32];
    char user[64];
    char name[80]; /* display only */
    char team[64], enterprise[64];
};

struct request {
    enum request_source source;
    char delivery[160]; /* unique for this act of this person: a redelivery has the same; "" = none */
    int64_t
        origin_ms; /* wall time of the act by its origin's clock; receipt where the platform says nothing */
    int64_t received_ms; /* wall */
    struct who who;
    struct place place;
    char text[REQUEST_TEXT]; /* the words behind the command's name or the mention */
    bool text_cut;
    bool yes; /* LOCAL: what a target asks before every change is answered with it, and no other question */
    /* CLICK */
    char click_action[64], click_value[420], click_message[64];
};

#endif
