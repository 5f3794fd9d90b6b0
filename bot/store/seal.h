#ifndef STORE_SEAL_H
#define STORE_SEAL_H
/* Seals: HMAC-SHA256 with the store's own key over what a row says. A record's covers the record before it
 * too, which makes a chain: one that is changed, missing or in another place is found. Whoever has the key
 * (the host's root) can make seals. */
#include <stdbool.h>
#include <stdint.h>

#include "columns.h"

#define SEAL_KEY 32

struct seal_link {
    int64_t sequence; /* 0 = before the first record */
    uint8_t mac[CRYPTO_SHA256];
};

void seal_operation(const uint8_t key[SEAL_KEY], struct sealed_operation *row);
bool seal_operation_fits(const uint8_t key[SEAL_KEY], const struct sealed_operation *row);

/* Gives the record its number behind last, its seal, and moves last on to it. */
void seal_audit(const uint8_t key[SEAL_KEY], struct seal_link *last, struct sealed_audit *record);
/* Is this the record behind last? Moves last on to it. False with a sentence: last stays. */
bool seal_audit_follows(const uint8_t key[SEAL_KEY], struct seal_link *last,
                        const struct sealed_audit *record, char ret_broken[STORE_BROKEN]);

/* Where the chain begins ("base": records before it were pruned) and ends ("head"), sealed themselves. */
void seal_end(const uint8_t key[SEAL_KEY], const char *which, const struct seal_link *end,
              uint8_t ret[CRYPTO_SHA256]);

void seal_show(const struct seal_link *link, struct store_head *ret);

#endif
