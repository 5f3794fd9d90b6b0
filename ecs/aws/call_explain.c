/* How a call's end reads to people: what failed, and what to do next. Pure. AWS's own words are shown only as
 * far as they cannot be taken for anything else. */
#include <string.h>

#include "base/text.h"
#include "call_answer.h"

#define SKEW_TOLD_MS 30000 /* a smaller difference is no reason for a refusal */
#define WORDS_SHOWN  160   /* of AWS's message */

#define ARN_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/_-.*+=,"

/* As IAM policies and people spell it: CloudWatch alone signs under another name. */
static const char *policy_prefix(enum aws_service service)
{
    return service == AWS_CLOUDWATCH ? "cloudwatch" : endpoint_service(service)->signing_name;
}

static bool is_denied(const char *code)
{
    return text_starts(code, "AccessDenied") || text_starts(code, "NotAuthorized") ||
           text_starts(code, "Unauthorized");
}

static const char *source_of(const struct answer_scene *s)
{
    return s->source[0] == '\0' ? "this bot" : s->source;
}

/* "… User: arn:aws:sts::1:assumed-role/bot/x is not …" -> "arn:aws:sts::1:assumed-role/bot/x". False when
 * there is no ARN behind the mark. */
static bool copy_arn(char *to, size_t size, const char *message, const char *mark)
{
    const char *at = strstr(message, mark);
    if (at == NULL || !text_starts(at + strlen(mark), "arn:"))
        return false;
    at += strlen(mark);
    text_copy_n(to, size, at, strspn(at, ARN_CHARACTERS));
    return true;
}

/* AWS's words without the characters that chat platforms read as more than words. */
static void copy_words(char *to, size_t size, const char *message)
{
    text_copy(to, size, message);
    for (char *p = to; *p != '\0'; p++) {
        if (strchr("<>&@*_~`|[]\"", *p) != NULL)
            *p = ' ';
    }
}

static void explain_denied(struct aws_call *c, const struct answer_scene *s)
{
    char who[256], resource[256] = "", on[260] = "";
    if (!copy_arn(who, sizeof who, c->message, "User: "))
        TEXT_FORMAT(who, "the identity of %s", source_of(s));
    if (copy_arn(resource, sizeof resource, c->message, "on resource: "))
        TEXT_FORMAT(on, " on %s", resource);
    err_set(&c->err, ERR_DENIED,
            "AWS does not let %s do %s:%s%s in %s (%s): ask the AWS administrator to allow it; "
            "deploy/iam-policy.json lists all I need",
            who, policy_prefix(c->service), c->action, on, s->region, c->code);
}

/* What to do about keys that AWS does not take. */
static const char *renewal(const char *source)
{
    if (text_starts(source, "environment"))
        return "put new AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN into the bot's "
               "environment and restart the bot";
    if (text_starts(source, "profile"))
        return "renew them in ~/.aws/credentials on the bot's host; I read the file again by myself";
    if (text_starts(source, "ECS container"))
        return "ECS hands out new ones by itself; if this stays, look at the bot's task role";
    return "renew them where the bot gets them";
}

static void explain_signature(struct aws_call *c, const struct answer_scene *s)
{
    int64_t off = s->skew_ms < 0 ? -s->skew_ms : s->skew_ms;
    if (off >= SKEW_TOLD_MS) {
        char span[TEXT_DURATION];
        text_duration(span, off);
        err_set(&c->err, ERR_DENIED,
                "the clock of the bot's host is %s %s AWS's, and AWS refuses %s:%s for it though I corrected "
                "for it (%s): set the clock: timedatectl set-ntp true",
                span, s->skew_ms > 0 ? "behind" : "ahead of", policy_prefix(c->service), c->action, c->code);
    } else {
        err_set(&c->err, ERR_DENIED,
                "AWS refuses the signature of %s:%s in %s (%s), and the clock is right: the secret key of %s "
                "is wrong: %s",
                policy_prefix(c->service), c->action, s->region, c->code, source_of(s), renewal(s->source));
    }
}

static void explain_refused(struct aws_call *c, const struct answer_scene *s)
{
    const char *service = policy_prefix(c->service);
    if (is_denied(c->code)) {
        explain_denied(c, s);
    } else if (retry_classify(c->status, c->code) == RETRY_SKEW) {
        explain_signature(c, s);
    } else if (strstr(c->code, "NotFound") != NULL) {
        err_set(&c->err, ERR_MISSING,
                "AWS does not find what %s:%s names in %s (%s): check names, region and account in the "
                "configuration",
                service, c->action, s->region, c->code);
    } else if (c->code[0] != '\0') {
        char words[WORDS_SHOWN];
        copy_words(words, sizeof words, c->message);
        err_set(&c->err, ERR_REMOTE,
                "AWS refuses %s:%s in %s (%s%s%s): asking again does not help before that is mended", service,
                c->action, s->region, c->code, words[0] == '\0' ? "" : ": ", words);
    } else {
        err_set(&c->err, ERR_PROTOCOL,
                "%s answered HTTP %d without an AWS error to %s:%s: check proxy and endpoint", s->host,
                c->status, service, c->action);
    }
}

static void explain_unreachable(struct aws_call *c, const struct answer_scene *s, const struct err *cause)
{
    const char *next = !c->changes    ? ""
                       : c->uncertain ? "; it may or may not have been executed: look before it is repeated"
                                      : "; nothing was changed: it may be repeated";
    char what[ERR_TEXT_MAX];
    if (cause != NULL)
        TEXT_COPY(what, cause->text);
    else
        TEXT_FORMAT(what,
                    "HTTP %d%s%s: look at https://health.aws.amazon.com, and at the proxy if there is one",
                    c->status, c->code[0] == '\0' ? "" : " ", c->code);
    err_set(&c->err, cause == NULL ? ERR_REMOTE : cause->code,
            "no good answer from %s to %s:%s after %d %s: %.260s%s", s->host, policy_prefix(c->service),
            c->action, s->tries, s->tries == 1 ? "try" : "tries", what, next);
}

static void explain_expired(struct aws_call *c, const struct answer_scene *s)
{
    err_set(&c->err, ERR_DENIED, "AWS does not accept the keys of %s any more (%s): %s", source_of(s),
            c->code, renewal(s->source));
}

void answer_explain(struct aws_call *c, const struct answer_scene *scene, const struct err *cause)
{
    const char *service = policy_prefix(c->service);
    c->err = (struct err){0};
    switch (c->outcome) {
    case AWS_OK: break;
    case AWS_REFUSED: explain_refused(c, scene); break;
    case AWS_THROTTLED:
        if (cause != NULL)
            c->err = *cause;
        else
            err_set(&c->err, ERR_THROTTLED,
                    "AWS slows this account down (%s for %s:%s in %s, %d %s): wait a minute and ask again",
                    c->code[0] == '\0' ? "Throttling" : c->code, service, c->action, scene->region,
                    scene->tries, scene->tries == 1 ? "try" : "tries");
        break;
    case AWS_EXPIRED:
        if (cause != NULL)
            c->err = *cause;
        else
            explain_expired(c, scene);
        break;
    case AWS_UNREACHABLE: explain_unreachable(c, scene, cause); break;
    case AWS_CANCELLED:
        err_set(&c->err, ERR_CANCELLED, "%s:%s in %s was cancelled%s", service, c->action, scene->region,
                c->uncertain ? "; it may or may not have been executed" : "");
        break;
    }
}
