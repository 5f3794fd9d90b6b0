/* Answers of AWS's JSON services and of the container's agent: what they mean, how they read. Input: a letter
 * each for status, service and lane, the two headers (a line each), the body. */
#include <string.h>

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "ecs/aws/call_answer.h"
#include "ecs/aws/credentials_source.h"
#include "judge.h"

static void judge_call(const struct aws_call *c, enum retry_class class_, const struct err *err)
{
    judge_text("code", c->code, false);
    judge_text("message", c->message, false);
    judge_text("request id", c->request_id, false);
    PROMISE(class_ != RETRY_OK || (c->status >= 200 && c->status < 300), "an answer of %d is fine",
            c->status);
    PROMISE(class_ != RETRY_OK || (json_is_object(c->answer) && c->code[0] == '\0'), "fine, but no answer");
    PROMISE(class_ == RETRY_OK || c->answer == NULL, "an answer that nobody frees");
    if (class_ == RETRY_TRANSIENT && c->status == 200) {
        judge_err("cut answer", err);
    }
}

static void judge_sentences(struct aws_call *c, const struct err *cause)
{
    static const struct answer_scene scene = {.region = "us-gov-east-1",
                                              .source = "ECS container",
                                              .host = "ecs.us-gov-east-1.amazonaws.com",
                                              .tries = 1};
    static const enum aws_outcome OUTCOMES[] = {AWS_REFUSED, AWS_THROTTLED, AWS_EXPIRED, AWS_UNREACHABLE,
                                                AWS_CANCELLED};
    for (size_t i = 0; i < sizeof(OUTCOMES) / sizeof(OUTCOMES[0]); i++) {
        c->outcome = OUTCOMES[i];
        answer_explain(c, &scene, cause->code == ERR_NONE ? NULL : cause);
        judge_err("AWS", &c->err);
    }
}

static void judge_keys(const char *body, size_t len)
{
    struct found_keys keys = {0};
    struct err err = {0};
    if (container_decode(body, len, &keys, &err)) {
        PROMISE(secret_length(keys.access_key) > 0 && secret_length(keys.secret_key) > 0,
                "keys without a key");
        judge_text("access key", secret_reveal(keys.access_key), false);
        found_keys_finish(&keys);
    } else {
        judge_err("keys", &err);
    }
}

static void judge_waits(enum retry_class class_, uint8_t random)
{
    struct retry_quota quota = {500};
    for (int tries = 1; tries < 5; tries++) {
        const int64_t wait = retry_wait(class_, tries, (int64_t)random * 1000, random * 16843009U);
        PROMISE(wait >= 0 && wait <= 25000, "to wait %lld ms", (long long)wait);
        PROMISE(!retry_allowed(&quota, class_, tries) || class_ == RETRY_THROTTLE ||
                    class_ == RETRY_TRANSIENT,
                "a refusal is tried again");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int STATUSES[] = {200, 400, 403, 429, 500, 503, 413, 302};
    if (size < 3) {
        return 0;
    }
    char *text = judge_string(data + 3, size - 3), *rest = text;
    const char *type = judge_line(&rest), *id = judge_line(&rest);
    struct aws_call *c = mem_alloc(sizeof(*c));
    struct err err = {0};
    c->service = (enum aws_service[]){AWS_ECS, AWS_ECS, AWS_LOGS, AWS_CLOUDWATCH}[data[1] % 4];
    c->action = "UpdateService";
    c->changes = data[2] % 2 != 0;
    c->uncertain = c->changes && data[2] % 4 == 3;
    const struct answer_bytes bytes = {.status = STATUSES[data[0] % 8],
                                       .error_type = type[0] == '\0' ? NULL : type,
                                       .request_id = id[0] == '\0' ? NULL : id,
                                       .body = rest,
                                       .len = strlen(rest)};
    const enum retry_class class_ = answer_read(c, &bytes, &err);
    judge_call(c, class_, &err);
    judge_sentences(c, &err);
    judge_waits(class_, data[2]);
    judge_keys(rest, strlen(rest));
    json_decref(c->answer);
    mem_free(c);
    mem_free(text);
    return 0;
}
