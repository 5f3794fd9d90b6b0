#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Out of memory: nothing here may allocate, so the line is a constant. */
static _Noreturn void out_of_memory(void)
{
    static const char line[] = "{\"level\":\"error\",\"area\":\"memory\",\"message\":\"out of memory\"}\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)written;
    abort();
}

void *mem_alloc(size_t size)
{
    return mem_array(1, size);
}

void *mem_array(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        out_of_memory();
    }
    size_t total = count * size;
    void *p = calloc(1, total == 0 ? 1 : total);
    if (p == NULL) {
        out_of_memory();
    }
    return p;
}

void *mem_resize(void *old, size_t size)
{
    void *p = realloc(old, size == 0 ? 1 : size);
    if (p == NULL) {
        out_of_memory();
    }
    return p;
}

char *mem_text(const char *text)
{
    return text == NULL ? NULL : mem_text_n(text, strlen(text));
}

char *mem_text_n(const char *bytes, size_t len)
{
    if (len == SIZE_MAX) {
        out_of_memory();
    }
    char *copy = mem_alloc(len + 1);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

void mem_free(void *p)
{
    free(p);
}
