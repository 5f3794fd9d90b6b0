/* Times as others write them: ISO, the HTTP Date header, durations, AWS's epoch seconds. */
#include <string.h>

#include "base/buf.h"
#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"
#include "judge.h"

#define LEAST (-62167219200000LL) /* the year 0 */
#define MOST  253402300799999LL   /* the end of 9999 */

static void judge_times(int64_t ms)
{
    char text[TEXT_TIME], span[TEXT_DURATION];
    int64_t again;
    text_time_of_day(text, ms);
    PROMISE(strlen(text) == 8, "no time of day: %s", text);
    text_date_time(text, ms);
    PROMISE(strlen(text) == 19, "no date and time: %s", text);
    text_time_basic(text, ms);
    PROMISE(strlen(text) == 16, "no basic time: %s", text);
    text_time_iso(text, ms);
    PROMISE(text_parse_iso(text, &again), "our own time cannot be read: %s", text);
    if (ms >= 0 && ms <= MOST) {
        PROMISE(again == ms - ms % 1000, "%lld is written as %s", (long long)ms, text);
    }
    text_duration(span, ms);
    PROMISE(span[0] != '\0' && span[0] != '-', "no span: %s", span);
    text_elapsed(span, ms);
    PROMISE(strchr(span, ':') != NULL && span[0] != '-', "no running time: %s", span);
}

/* A fraction's digits stand for a thousandth at least. */
static void judge_texts(const char *text)
{
    int64_t ms = 7;
    if (text_parse_iso(text, &ms)) {
        PROMISE(ms >= LEAST && ms <= MOST + 1000, "%s is %lld", text, (long long)ms);
        judge_times(ms);
    } else {
        PROMISE(ms == 7, "a failure changed the result");
    }
    if (text_parse_http_date(text, &ms)) {
        PROMISE(ms >= LEAST && ms <= MOST + 1000 && ms % 1000 == 0, "%s is %lld", text, (long long)ms);
        PROMISE(text_ends(text, " GMT"), "no GMT: %s", text);
        judge_times(ms);
    }
    ms = 7;
    if (text_parse_duration(text, &ms)) {
        PROMISE(ms >= 0, "a negative duration: %s", text);
        judge_times(ms);
    } else {
        PROMISE(ms == 7, "a failure changed the result");
    }
}

static void judge_json(const char *text)
{
    struct buf b;
    buf_init(&b, 64 * 1024);
    buf_format(&b, "{\"at\":%s}", text);
    json_t *root = buf_overflowed(&b) ? NULL : jsonx_parse(b.data, b.len, NULL);
    if (root != NULL) {
        judge_times(jsonx_seconds_to_ms(root, "at", 0));
        jsonx_int(root, "at", 0);
        char *printed = jsonx_print(root);
        json_t *again = jsonx_parse(printed, strlen(printed), NULL);
        PROMISE(again != NULL && json_equal(root, again), "printed JSON reads differently: %s", printed);
        json_decref(again);
        mem_free(printed);
    }
    json_decref(root);
    buf_finish(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = judge_string(data, size);
    judge_texts(text);
    judge_json(text);
    mem_free(text);
    return 0;
}
