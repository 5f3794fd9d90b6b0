/* Whole messages from parts of every size, up to a ceiling and beyond. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "bot/net/ws_private.h"

#define LONGEST 20000

static void fill(char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)('a' + i % 23);
}

/* One message of len bytes in parts of part bytes each, judged as its reader does. */
static void add_and_check(struct ws_message *m, const char *bytes, size_t len, size_t part)
{
    size_t kept = len < WS_OVERSIZE_KEEP ? len : WS_OVERSIZE_KEEP;

    for (size_t at = 0; at < len; at += part)
        ws_message_add(m, bytes + at, part < len - at ? part : len - at);
    assert_int_equal(m->total, len);
    assert_int_equal(m->oversize, len > m->max);
    if (m->oversize) {
        assert_int_equal(m->whole.len, 0);
        assert_memory_equal(m->head, bytes, kept);
        assert_int_equal(m->tail_len, kept);
        assert_memory_equal(m->tail, bytes + len - kept, kept);
    } else {
        assert_int_equal(m->whole.len, len);
        assert_memory_equal(m->whole.data, bytes, len);
    }
}

static void test_parts(void **state)
{
    static const size_t ceilings[] = {1, 10, WS_OVERSIZE_KEEP - 1, WS_OVERSIZE_KEEP, 6000, 12000, LONGEST};
    static const size_t lengths[] = {0, 1, 2, 10, 11, 4095, 4096, 4097, 6000, 6001, 8192, LONGEST};
    static const size_t parts[] = {1, 7, 1000, 4095, 4096, 4097, LONGEST};
    char *bytes = mem_alloc(LONGEST);

    (void)state;
    fill(bytes, LONGEST);
    for (size_t c = 0; c < CHECK_COUNT(ceilings); c++) {
        struct ws_message m; /* one for all: what one message leaves behind must not reach the next */
        ws_message_init(&m, ceilings[c]);
        for (size_t p = 0; p < CHECK_COUNT(parts); p++)
            for (size_t l = 0; l < CHECK_COUNT(lengths); l++) {
                add_and_check(&m, bytes, lengths[l], parts[p]);
                ws_message_clear(&m);
            }
        ws_message_finish(&m);
    }
    mem_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
