#include "health_report.h"

#include "aws/call.h"
#include "base/buf.h"
#include "base/text.h"
#include "chat/slack.h"
#include "store/watch.h"

/* ---- the parts */

void health_judge_chat(const struct slack_figures *f, int64_t mono_ms, struct health_part *ret)
{
    char age[TEXT_DURATION];
    int64_t last = 0;
    for (unsigned i = 0; i < f->wanted_connections; i++) {
        last = f->links[i].last_frame_ms > last ? f->links[i].last_frame_ms : last;
    }
    ret->ready = f->open_connections > 0 && !f->stopped;
    text_duration(age, mono_ms - last);
    if (ret->ready) {
        TEXT_FORMAT(ret->what, "%u of %u connections, last frame %s ago", f->open_connections,
                    f->wanted_connections, age);
    } else if (f->stopped) {
        TEXT_FORMAT(ret->what, "Slack refused a token for good; the log names it");
        ret->next = "put a valid token where the configuration takes it from and start the bot again";
    } else {
        TEXT_FORMAT(ret->what, "no connection%s%s", f->trouble[0] != '\0' ? ": " : " yet", f->trouble);
        ret->next = "see whether this host reaches Slack (curl -sI https://slack.com) and whether "
                    "https://status.slack.com tells of trouble; the bot goes on trying";
    }
}

void health_judge_aws(const struct health_identity *i, const struct aws_counters *n, int64_t wall_ms,
                      struct health_part *ret)
{
    char age[TEXT_DURATION];
    const bool wrong = i->verified && i->wanted[0] != '\0' && !text_equal(i->account, i->wanted);
    text_duration(age, wall_ms - n->answered_ms);
    ret->ready = false;
    if (wrong) {
        TEXT_FORMAT(ret->what, "the keys are of account %s, the target is in %s", i->account, i->wanted);
        ret->next = "give the bot the keys, or the profile, of the right account";
    } else if (n->failing_ms != 0 || (!i->verified && i->trouble[0] != '\0')) {
        TEXT_FORMAT(ret->what, "%s", n->failing_ms != 0 ? n->trouble : i->trouble);
        ret->next =
            "`aws sts get-caller-identity` with the same keys on this host says whether they are good";
    } else if (!i->verified) {
        ret->ready = true; /* nothing needed them so far; the answer is on its way */
        TEXT_FORMAT(ret->what, "not asked yet");
    } else {
        ret->ready = true;
        TEXT_FORMAT(ret->what, "account %s, %s, last answer %s ago", i->account, i->region, age);
    }
}

/* Empty when commits work. */
static void find_store_trouble(const struct store_figures *f, int64_t mono_ms, char *to, size_t size)
{
    char age[TEXT_DURATION];
    to[0] = '\0';
    if (f->failing_ms != 0) {
        text_format(to, size, "nothing can be recorded: %s", f->trouble);
    } else if (f->waiting_ms != 0 && mono_ms - f->waiting_ms > HEALTH_COMMIT_MOST_MS) {
        text_duration(age, mono_ms - f->waiting_ms);
        text_format(to, size, "a commit has waited for %s, %u are behind it", age, f->waiting - 1);
    }
}

void health_judge_store(const struct store_figures *f, bool loaded, int64_t mono_ms, int64_t wall_ms,
                        struct health_part *ret)
{
    char age[TEXT_DURATION];
    find_store_trouble(f, mono_ms, ret->what, sizeof(ret->what));
    ret->ready = ret->what[0] == '\0' && loaded;
    ret->next = "look for free space and errors of the disk (df -h, dmesg) where the store lies; changes are "
                "refused until it works";
    if (ret->what[0] == '\0' && !loaded) {
        TEXT_FORMAT(ret->what, "what was not over is being read");
        ret->next = "wait a few seconds";
    } else if (ret->ready && f->committed_ms != 0) {
        text_duration(age, wall_ms - f->committed_ms);
        TEXT_FORMAT(ret->what, "last commit %s ago", age);
    } else if (ret->ready) {
        TEXT_FORMAT(ret->what, "open, nothing to record yet");
    }
}

void health_judge_audit(const char *trouble, struct health_part *ret)
{
    if (ret->ready && trouble[0] != '\0') {
        ret->ready = false;
        TEXT_FORMAT(ret->what, "%s", trouble);
        ret->next = "find out who can write to the store, keep a copy of it, and compare the heads that the "
                    "verdicts show: cloudtak-bot audit verify --head SEQ:HASH; the bot goes on working";
    }
}

/* ---- the pages */

static void put_part(const struct health_part *p, int64_t wall_ms, struct buf *to)
{
    char since[TEXT_TIME], span[TEXT_DURATION];
    text_date_time(since, p->since_ms);
    text_duration(span, wall_ms - p->since_ms);
    buf_format(to, "%s: %s since %s UTC (%s): %s", p->name, p->ready ? "ready" : "NOT READY", since, span,
               p->what);
    if (!p->ready && p->next != NULL) {
        buf_format(to, ". Next: %s", p->next);
    }
    buf_char(to, '\n');
}

bool health_report(const struct health_part *parts, size_t count, int64_t wall_ms, struct buf *to)
{
    size_t ready = 0;
    for (size_t i = 0; i < count; i++) {
        ready += parts[i].ready;
    }
    if (ready == count) {
        buf_text(to, "ready\n");
    } else {
        buf_format(to, "NOT READY: %zu of %zu parts\n", count - ready, count);
    }
    for (size_t i = 0; i < count; i++) {
        put_part(&parts[i], wall_ms, to);
    }
    return ready == count;
}

bool health_alive(const struct store_figures *f, int64_t lag_ms, int64_t mono_ms, struct buf *to)
{
    char trouble[400], span[TEXT_DURATION];
    find_store_trouble(f, mono_ms, trouble, sizeof(trouble));
    if (lag_ms > HEALTH_LAG_MOST_MS) {
        text_duration(span, lag_ms);
        buf_format(to,
                   "The program stood still for %s a few seconds ago: see whether this machine is out "
                   "of memory or processor time.\n",
                   span);
        return false;
    }
    if (trouble[0] != '\0') {
        buf_format(to, "The store does not work, %s: look at the disk (df -h, dmesg).\n", trouble);
        return false;
    }
    buf_text(to, "ok\n");
    return true;
}
