#include "manual.h"

#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/text.h"

#include <stdarg.h>

void manual_where(const struct command_call *call, char *to, size_t size)
{
    const struct config_target *t = call->parsed.target;

    text_format(to, size, "--region %s%s%s --cluster %s", t->region, *t->profile ? " --profile " : "",
                t->profile, t->cluster);
}

void manual_begin(const struct command_call *call, const char *what, struct card *ret)
{
    const struct config_target *t = call->parsed.target;
    const struct config_service *s = call->parsed.service;
    char url[600];

    card_init(ret, TONE_NEUTRAL);
    card_title(ret, "%s %s%s%s%s: by hand in this version, nothing was changed", what, t->name, s ? " " : "",
               s ? s->key : "", t->production ? " (PRODUCTION)" : "");
    card_line(ret, "%s %s %s · %s%s%s", t->partition, *t->account ? t->account : "account unchecked",
              t->region, t->cluster, s ? " / " : "", s ? s->name : "");
    if (endpoint_console_url(t->region, t->cluster, s ? s->name : "", url, sizeof url))
        card_link(ret, "AWS console", url);
    ret->rehearsal = call->config->rehearsal;
}

void manual_command(struct card *card, const char *format, ...)
{
    struct buf b;
    va_list args;

    buf_init(&b, CARD_QUOTE);
    va_start(args, format);
    buf_vformat(&b, format, args);
    va_end(args);
    card_quote(card, b.data);
    buf_finish(&b);
}
