#ifndef AWS_URI_H
#define AWS_URI_H
/* Canonical paths and queries as Signature Version 4 wants them. Pure. */
#include <stdbool.h>

struct buf;

/* Dot segments and doubled slashes removed (unless keep), then every byte but unreserved ones and "/" encoded
 * once more. False when the path has more segments than the ceiling. */
bool uri_canonical_path(const char *path, bool keep, struct buf *ret);
/* Pieces decoded, encoded again in upper case, sorted by name and value; a valueless name gets "=". False
 * when there are more pieces than the ceiling. */
bool uri_canonical_query(const char *query, struct buf *ret);

#endif
