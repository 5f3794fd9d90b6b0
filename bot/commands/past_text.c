#include "past_text.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "core/card.h"

#define PART     (CARD_QUOTE - 100) /* bytes of one part */
#define LINE_MAX 1200               /* of one record */
#define DAY      10                 /* "2026-11-22" */

void past_what(const struct store_operation *row, char *to, size_t size)
{
    text_format(to, size, "%s%s%s%s%s", row->verb, row->target[0] != '\0' ? " " : "", row->target,
                row->service_key[0] != '\0' ? " " : "", row->service_key);
}

void past_who(const struct store_operation *row, char *to, size_t size)
{
    text_format(to, size, "@%s", row->user_name[0] != '\0' ? row->user_name : row->user);
}

void past_end(const struct store_operation *row, char *to, size_t size)
{
    const int64_t ms = row->duration_ms > 0                      ? row->duration_ms
                       : row->acting_ms > 0 && row->ended_ms > 0 ? row->ended_ms - row->acting_ms
                                                                 : 0;
    char took[TEXT_DURATION];
    text_duration(took, ms);
    if (!row->ended) {
        text_format(to, size, "goes on: %s", row->state);
    } else if (ms > 0) {
        text_format(to, size, "%s after %s", row->verdict, took);
    } else {
        text_copy(to, size, row->verdict);
    }
}

/* ---- the timeline */

/* "slack:user:U1" is the asker, whose name is known; others stay as they were recorded. */
static void name_who(const struct store_timeline *t, const char *who, char *to, size_t size)
{
    char asker[160];
    TEXT_FORMAT(asker, "%s:user:%s", t->row.server, t->row.user);
    if (t->row.user_name[0] != '\0' && strcmp(who, asker) == 0) {
        past_who(&t->row, to, size);
    } else {
        text_copy(to, size, who);
    }
}

/* {"text":…}, or {"asked":…,"answer":…}; what is neither is told as it is. */
static void read_detail(const char *detail, char *to, size_t size)
{
    struct err err;
    json_t *saved = jsonx_parse(detail, strlen(detail), &err);
    const char *text = json_string_value(json_object_get(saved, "text"));
    const char *asked = json_string_value(json_object_get(saved, "asked"));
    const char *answer = json_string_value(json_object_get(saved, "answer"));
    char words[2 * LINE_MAX];
    if (text != NULL) {
        TEXT_COPY(words, text);
    } else if (asked != NULL && answer != NULL) {
        TEXT_FORMAT(words, "\"%s\": %s", asked, answer);
    } else {
        TEXT_COPY(words, detail);
    }
    text_clean(to, size, words, false);
    json_decref(saved);
}

static void head(const struct store_timeline *t, char *to, size_t size)
{
    char what[200], who[100], end[120], at[TEXT_TIME], last[TEXT_TIME + 120];
    past_what(&t->row, what, sizeof(what));
    past_who(&t->row, who, sizeof(who));
    past_end(&t->row, end, sizeof(end));
    text_date_time(at, t->row.ended_ms);
    if (t->row.ended) {
        TEXT_FORMAT(last, "Ended: %s, at %s UTC", end, at);
    } else {
        TEXT_FORMAT(last, "It %s", end);
    }
    text_date_time(at, t->row.created_ms);
    text_format(to, size, "# %s: %s\n\nAsked by %s at %s UTC. %s.\n", t->row.id, what, who, at, last);
}

/* "- 14:02:20 @ana, acting: UpdateService"; the date where it changes. */
static void record_line(const struct store_timeline *t, const struct store_record *r, const char *day,
                        char *to, size_t size)
{
    char at[TEXT_TIME], who[160], detail[LINE_MAX - 300], of[STORE_ID + 4] = "";
    text_date_time(at, r->audit.at_ms);
    name_who(t, r->audit.who, who, sizeof(who));
    read_detail(r->audit.detail, detail, sizeof(detail));
    if (strcmp(r->audit.operation, t->row.id) != 0) {
        TEXT_FORMAT(of, "%s, ", r->audit.operation); /* a child's */
    }
    text_format(to, size, "- %s %s%s, **%s**%s%s", strncmp(at, day, DAY) == 0 ? at + DAY + 1 : at, of, who,
                r->audit.what, detail[0] != '\0' ? ": " : "", detail);
}

unsigned past_markdown(const struct store_timeline *t, unsigned part, struct buf *to, size_t *ret_told)
{
    char line[LINE_MAX], day[TEXT_TIME];
    size_t used, told = 0;
    unsigned at = 1;
    head(t, line, sizeof(line));
    text_date_time(day, t->row.created_ms);
    used = strlen(line) + 1;
    if (part == 1) {
        buf_format(to, "%s\n", line);
    }
    for (size_t i = 0; i < t->count; i++) {
        record_line(t, &t->records[i], day, line, sizeof(line));
        text_date_time(day, t->records[i].audit.at_ms);
        if (used + strlen(line) + 1 > PART) {
            used = 0;
            at++;
        }
        used += strlen(line) + 1;
        if (at == part) {
            buf_format(to, "%s\n", line);
            told++;
        }
    }
    *ret_told = told;
    return at;
}
