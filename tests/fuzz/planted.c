/* Shows that the harness can fail: mark-up escaped as a careless program would do it, judged as the real one
 * is. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct card card;
    struct buf escaped;
    char *text = judge_string(data, size);
    char *clean = mem_alloc(size + 1);
    text_clean(clean, size + 1, text, true);
    buf_init(&escaped, 8 * size + 8);
    bool code = false;
    for (const char *at = clean; *at != '\0'; at++) {
        code = code || *at == '`';
        if (*at == '<') {
            buf_text(&escaped, code ? "<" : "&lt;"); /* the fault */
        } else {
            buf_text(&escaped, *at == '>' ? "&gt;" : *at == '&' ? "&amp;" : (char[2]){*at, '\0'});
        }
    }
    char *markup = buf_take(&escaped);
    judge_markup(markup, &card, "slack");
    mem_free(markup);
    mem_free(clean);
    mem_free(text);
    return 0;
}
