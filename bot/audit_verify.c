#include "audit_verify.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/config.h"
#include "store/verify.h"

#define NOT_READ 2

/* "1234:89abcdef01234567", also with "audit " before it as it was copied from a message. */
static bool parse_head(const char *text, struct store_head *ret)
{
    char *end;
    const char *at = text_starts(text, "audit ") ? text + strlen("audit ") : text;
    struct store_head head = {.sequence = strtoll(at, &end, 10)};
    if (end == at || *end != ':' || head.sequence < 1 || !TEXT_COPY(head.hash, end + 1) ||
        strlen(head.hash) != sizeof(head.hash) - 1) {
        return false;
    }
    for (char *c = head.hash; *c != '\0'; c++) {
        if (!isxdigit((unsigned char)*c)) {
            return false;
        }
        *c = (char)tolower((unsigned char)*c);
    }
    *ret = head;
    return true;
}

static void print_limits(const struct store_head *seen)
{
    fputs("Whoever is root on this host has the key and can rewrite all of it. ", stderr);
    fputs(seen->sequence > 0 ? "The head that you gave is from outside: up to there they could not.\n"
                             : "A head from outside tells: take one of a verdict in the chat and give it as "
                               "--head SEQ:HASH.\n",
          stderr);
}

static int print_verified(const struct store_verified *v, const struct store_head *seen)
{
    if (!v->whole) {
        printf("NOT WHOLE: %s.\n", v->broken);
    }
    if (v->altered > 0) {
        printf("NOT WHOLE: the row of operation %s%s changed by somebody else.\n", v->altered_id,
               v->altered > 1 ? " and those of others were" : " was");
    }
    if (!v->whole || v->altered > 0) {
        fputs("Somebody changed the store behind the bot's back, or it was damaged. Keep a copy of it with "
              "its key "
              "before anything else.\n",
              stderr);
        return 1;
    }
    printf("%lld records, head %lld:%s, whole\n", (long long)v->count, (long long)v->head.sequence,
           v->head.sequence > 0 ? v->head.hash : "none");
    print_limits(seen);
    return 0;
}

int audit_verify(const struct config *config, const char *head)
{
    struct store_head seen = {0};
    struct store_verified verified;
    struct err err = {0};
    if (head != NULL && !parse_head(head, &seen)) {
        fprintf(stderr,
                "cloudtak-bot audit verify: --head takes what a verdict shows behind \"audit\", as in "
                "1234:89abcdef01234567, not \"%s\"\n",
                head);
        return NOT_READ;
    }
    if (!store_verify(config->store_path, &seen, &verified, &err)) {
        fprintf(stderr, "%s: %s\n", config->store_path, err.text);
        return NOT_READ;
    }
    return print_verified(&verified, &seen);
}
