/* Log lines -> lines without secrets. Input: a letter for the secret that is planted, what stands before it,
 * a newline, and what stands behind it. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "ecs/redact.h"
#include "judge.h"

#define CANARY "Zq7Canary0Zq7Canary0"
#define TOKEN  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.="

/* "x;" parts it from what stands before: else that could be its name, or it the name of a name. */
static const char *const planted[] = {
    ", x; password=" CANARY " ",
    ", x; \"password\":\"" CANARY "\" ",
    ", x; \\\"token\\\":\\\"" CANARY "\\\" ",
    ", x; postgres://u:" CANARY "@h/db ",
    ", x; https://u:" CANARY "@h/db ",
    ", x; Authorization: Bearer " CANARY " ",
    ", x; (Bearer " CANARY ") ",
    ", x; etl.eyJ" CANARY " ",
    ", x; eyJ" CANARY ".x.y ",
    ", x; GET /api?a=1&token=" CANARY "&b ",
    ", x; --password " CANARY " ",
    ", x; AKIAZQ7CANARY0ZQ7CANARY0 ",
};
#define PLANTED (sizeof(planted) / sizeof(planted[0]))

static void judge_tokens(const char *line)
{
    for (const char *at = strstr(line, "eyJ"); at != NULL; at = strstr(at + 1, "eyJ")) {
        PROMISE(strspn(at, TOKEN) < 11, "a token stays: %s", line);
    }
    for (const char *at = strstr(line, "AKIA"); at != NULL; at = strstr(at + 1, "AKIA")) {
        PROMISE(strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") < 20, "a key id stays: %s", line);
    }
}

static void judge_line_of(const char *from)
{
    static char to[65536], again[65536];
    char small[32];
    memset(small, 'x', sizeof(small));
    redact_line(to, sizeof(to), from);
    judge_text("line", to, false);
    judge_tokens(to);
    redact_line(again, sizeof(again), to);
    judge_text("line, again", again, false);
    redact_line(small, sizeof(small) - 1, from);
    PROMISE(small[sizeof(small) - 1] == 'x', "written behind the end");
    PROMISE(strncmp(small, to, strlen(small)) == 0, "cut, it says something else: %s | %s", small, to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char to[65536];
    if (size < 1) {
        return 0;
    }
    char *text = judge_string(data + 1, size - 1), *rest = text;
    judge_line_of(text);
    const bool known = strstr(text, "Canary") != NULL || strstr(text, "ZQ7CANARY") != NULL; /* it learns */
    const char *front = judge_line(&rest);
    const char *secret = planted[data[0] % PLANTED];
    const size_t most = strlen(front) + strlen(secret) + strlen(rest) + 1;
    char *line = mem_alloc(most);
    text_format(line, most, "%s%s%s", front, secret, rest);
    redact_line(to, sizeof(to), line);
    PROMISE(known || (strstr(to, "Canary") == NULL && strstr(to, "ZQ7CANARY") == NULL),
            "the secret stays: %s", to);
    mem_free(line);
    mem_free(text);
    return 0;
}
