/* What people read when UpdateService got no answer: that it is looked for, the question whether it is sent
 * again, and the end in which nobody can know. Nothing here says "none" without the moment of the look. */
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "progress.h"

static void begin(const struct progress_facts *f, struct card *c)
{
    card_init(c, TONE_WARNING);
    progress_text_where(f, c);
    progress_text_footer(f, c);
}

static void served_now(const struct progress_doubt *d, struct card *c)
{
    if (d->seen_ms == 0 || d->missing) {
        card_served(c, "Users: not known whether they are served.");
    } else if (d->running > 0) {
        card_served(c, "Users: SERVED, %d of %d tasks run now.", d->running, d->wanted);
    } else {
        card_served(c, "Users: NOT SERVED, %d of %d tasks run now.", d->running, d->wanted);
    }
}

static void gap(const struct progress_facts *f, struct card *c)
{
    if (f->away[0] != '\0') {
        card_line(c, "%s", f->away);
    }
}

/* ---- looking */

void progress_doubt_searching(const struct progress_facts *f, const struct progress_doubt *d,
                              struct card *ret)
{
    char name[160], at[TEXT_TIME];
    begin(f, ret);
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(at, d->last_ms);
    card_title(ret, "❔ NO ANSWER FROM AWS: %s %s · asked by %s · op %s", progress_words(f)->of, name,
               f->asker, f->operation);
    card_served(ret, "Users: not known whether they are served; I look now.");
    card_line(ret, "%s of %s UTC got no answer; it may or may not have arrived. I do not send it again. %s",
              progress_words(f)->call, at, progress_words(f)->search);
    gap(f, ret);
}

void progress_doubt_unseen(const struct progress_facts *f, struct card *ret)
{
    char name[160];
    progress_text_name(f, name, sizeof(name));
    begin(f, ret);
    card_title(ret, "🙈 NOT KNOWN WHETHER IT RUNS: %s %s · op %s", progress_words(f)->of, name, f->operation);
    card_served(ret, "Users: not known whether they are served; I cannot see AWS.");
    card_line(ret,
              "I got no answer to %s and cannot look at the service since. I do not send it again "
              "and keep looking; the AWS console shows %s.",
              progress_words(f)->call, progress_words(f)->console);
    card_mention(ret, f->asker_mention);
}

/* ---- what is known */

static void sent_line(const struct progress_facts *f, const struct progress_doubt *d, struct card *c)
{
    const char *call = progress_words(f)->call;
    char at[TEXT_TIME];
    text_time_of_day(at, d->last_ms);
    if (d->cut_off) {
        card_line(c,
                  "I was restarted while I sent %s, %s UTC: I cannot know whether it left or what "
                  "became of it.",
                  call, at);
    } else if (d->sends > 1) {
        card_line(c, "I sent %s %d times, last at %s UTC, and got no answer.", call, d->sends, at);
    } else {
        card_line(c, "I sent %s at %s UTC and got no answer.", call, at);
    }
}

static void primary_text(const struct progress_doubt *d, char *to, size_t size)
{
    char since[TEXT_TIME];
    text_date_time(since, d->primary_created_ms);
    if (d->primary_id[0] == '\0') {
        text_copy(to, size, "ECS names no PRIMARY deployment");
    } else if (strcmp(d->primary_id, d->before_id) == 0) {
        text_format(to, size, "PRIMARY is %s as before, since %s UTC", d->primary_id, since);
    } else {
        text_format(
            to, size,
            "PRIMARY is %s, begun %s UTC; before I sent it was %s. By its time it is not mine, unless my "
            "clock is wrong",
            d->primary_id, since, d->before_id[0] != '\0' ? d->before_id : "none");
    }
}

static void seen_line(const struct progress_facts *f, const struct progress_doubt *d, struct card *c)
{
    char at[TEXT_TIME], primary[400];
    text_time_of_day(at, d->seen_ms);
    if (d->seen_ms == 0) {
        card_line(c, "I could not look at the service since.");
    } else if (d->missing) {
        card_line(c, "Last look %s UTC: ECS says that there is no such service (any more).", at);
    } else {
        primary_text(d, primary, sizeof(primary));
        card_line(c, "I looked %d time%s since, last at %s UTC: %s. %s; %d of %d tasks run.", d->looks,
                  d->looks == 1 ? "" : "s", at, progress_words(f)->unseen, primary, d->running, d->wanted);
    }
}

/* ---- asking */

void progress_doubt_question(const struct progress_facts *f, const struct progress_doubt *d,
                             int64_t expires_ms, const char *news, struct card *ret)
{
    char name[160], expires[TEXT_TIME];
    begin(f, ret);
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(expires, expires_ms);
    card_title(ret, "❔ SEND THE %s AGAIN? %s · asked by %s · op %s · expires %s UTC",
               progress_words(f)->again, name, f->asker, f->operation, expires);
    served_now(d, ret);
    if (news[0] != '\0') {
        card_line(ret, "%s", news);
    }
    sent_line(f, d, ret);
    seen_line(f, d, ret);
    card_line(ret, "%s", progress_words(f)->twice);
    card_line(ret, "%s", progress_words(f)->waits);
    gap(f, ret);
    card_mention(ret, f->asker_mention);
}

void progress_doubt_waiting(const struct progress_facts *f, const struct progress_doubt *d, struct card *ret)
{
    char name[160];
    begin(f, ret);
    progress_text_name(f, name, sizeof(name));
    card_title(ret, "❔ NO ANSWER FROM AWS: %s %s · asked by %s · op %s", progress_words(f)->of, name,
               f->asker, f->operation);
    served_now(d, ret);
    sent_line(f, d, ret);
    seen_line(f, d, ret);
    card_line(ret, "I asked whether to send it again or to leave it: see my question in this channel.");
    gap(f, ret);
}

/* ---- the end */

void progress_doubt_end(const struct progress_facts *f, const struct progress_doubt *d, const char *why,
                        struct card *ret)
{
    char name[160], at[TEXT_TIME];
    begin(f, ret);
    progress_text_name(f, name, sizeof(name));
    text_time_of_day(at, d->seen_ms);
    card_title(ret, "❔ NOT KNOWN WHETHER IT %s: %s · op %s", progress_words(f)->not_done, name, f->operation);
    if (d->seen_ms == 0 || d->missing) {
        card_served(ret, "Users: not known whether they are served; look with status.");
    } else {
        card_served(ret, "Users: %s at %s UTC, %d of %d tasks ran; I do not look any more.",
                    d->running > 0 ? "SERVED" : "NOT SERVED", at, d->running, d->wanted);
    }
    card_line(ret, "%s", why);
    sent_line(f, d, ret);
    seen_line(f, d, ret);
    card_line(ret, "%s: %s status %s %s", progress_words(f)->look, f->command, f->target, f->key);
    gap(f, ret);
}

/* ---- kept in the operation's row */

json_t *progress_doubt_save(const struct progress_doubt *d)
{
    return json_pack("{s:i, s:b, s:I, s:I, s:I, s:i, s:I, s:b, s:s, s:s, s:I, s:i, s:i}", "sends", d->sends,
                     "cut_off", d->cut_off, "first_ms", (json_int_t)d->first_ms, "last_ms",
                     (json_int_t)d->last_ms, "until_ms", (json_int_t)d->until_ms, "looks", d->looks,
                     "seen_ms", (json_int_t)d->seen_ms, "missing", d->missing, "primary_id", d->primary_id,
                     "before_id", d->before_id, "primary_created_ms", (json_int_t)d->primary_created_ms,
                     "running", d->running, "wanted", d->wanted);
}

void progress_doubt_load(const json_t *saved, struct progress_doubt *ret)
{
    *ret = (struct progress_doubt){.sends = (int)jsonx_int(saved, "sends", 0),
                                   .cut_off = jsonx_bool(saved, "cut_off", false),
                                   .first_ms = jsonx_int(saved, "first_ms", 0),
                                   .last_ms = jsonx_int(saved, "last_ms", 0),
                                   .until_ms = jsonx_int(saved, "until_ms", 0),
                                   .looks = (int)jsonx_int(saved, "looks", 0),
                                   .seen_ms = jsonx_int(saved, "seen_ms", 0),
                                   .missing = jsonx_bool(saved, "missing", false),
                                   .primary_created_ms = jsonx_int(saved, "primary_created_ms", 0),
                                   .running = (int)jsonx_int(saved, "running", 0),
                                   .wanted = (int)jsonx_int(saved, "wanted", 0)};
    TEXT_COPY(ret->primary_id, jsonx_text(saved, "primary_id"));
    TEXT_COPY(ret->before_id, jsonx_text(saved, "before_id"));
}
