#ifndef BASE_MEM_H
#define BASE_MEM_H
/* Memory that does not fail: the program is supervised and its inputs are bounded, so running out ends it
 * with one log line instead of hundreds of branches that no test reaches. */
#include <stddef.h>

/* Zeroed memory. Never NULL. Free with mem_free. */
void *mem_alloc(size_t size);
/* Zeroed array; aborts when count * size overflows. */
void *mem_array(size_t count, size_t size);
/* As realloc; the grown part is not zeroed. Never NULL. */
void *mem_resize(void *old, size_t size);
/* A copy of a string (NULL gives NULL), or of len bytes with a NUL behind them. */
char *mem_text(const char *text);
char *mem_text_n(const char *bytes, size_t len);
/* Accepts NULL. */
void mem_free(void *p);

#endif
