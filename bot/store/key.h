#ifndef STORE_KEY_H
#define STORE_KEY_H
/* The key of the store's seals: 32 random bytes in a file beside it that only its account reads. Never shown,
 * never logged; it leaves this folder as nothing but seals. */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "place.h"
#include "seal.h"

/* Makes it durably, or takes the one that lies there (of a first start that was cut short). */
bool key_make(const struct place *place, uint8_t ret[SEAL_KEY], struct err *err);
/* Its name is durable, too; of a new store that is seen to with the store's own. */
bool key_keep(const struct place *place, struct err *err);
bool key_read(const char *store_path, uint8_t ret[SEAL_KEY], struct err *err);

#endif
