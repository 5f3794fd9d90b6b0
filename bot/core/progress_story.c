/* The dead task's story: why it stopped in the words of ECS, what its own log says to that, and the last
 * lines of that log. Only the first stopped task and the first of each other reason is told so; more of the
 * same are counted. */
#include <string.h>

#include "base/text.h"
#include "ecs/diagnose.h"
#include "ecs/ecs.h"
#include "progress.h"

/* ---- which task */

/* One that ECS could not even start has no log. */
static bool may_have_written(const struct ecs_task *task)
{
    for (size_t i = 0; i < task->container_count; i++) {
        if (task->containers[i].exited) {
            return true;
        }
    }
    return task->started_ms != 0;
}

static int later_ones(const struct follow_output *output, size_t index)
{
    int count = 0;
    for (size_t i = index + 1; i < output->count; i++) {
        count += output->events[i].kind == FOLLOW_EVENT_TASK_STOPPED &&
                 strcmp(output->events[i].diagnosis.key, output->events[index].diagnosis.key) == 0;
    }
    return count;
}

bool progress_story_wanted(const struct follow_state *state, const struct follow_output *output,
                           size_t *ret_index)
{
    for (size_t i = 0; i < output->count; i++) {
        const struct follow_event *e = &output->events[i];
        if (e->kind == FOLLOW_EVENT_TASK_STOPPED && may_have_written(&e->task) &&
            (e->number == 1 || follow_same_reason(state, e->diagnosis.key) - later_ones(output, i) == 1)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* ---- what its log says */

static bool had_come_up(const struct ecs_tail *log)
{
    for (size_t i = 0; i < log->count; i++) {
        if (diagnose_log_booted(log->lines[i])) {
            return true;
        }
    }
    return false;
}

void progress_story_says(const struct ecs_tail *log, char *to, size_t size)
{
    const char *line = NULL, *meaning = NULL;
    text_copy(to, size, "");
    if (log != NULL && log->ok && log->count > 0) {
        /* lines are read only */
        meaning = diagnose_log(log->count, (char(*)[ECS_TAIL_LINE])(uintptr_t)log->lines, &line);
    }
    if (meaning != NULL) {
        text_copy(to, size, meaning);
    }
}

static void say_log(const struct ecs_tail *log, struct card *c)
{
    const char *line = NULL;
    if (!log->ok) {
        card_line(c, "Its log could not be read: %s", log->err.text);
        return;
    }
    if (log->count == 0) {
        card_line(c,
                  "Its log is empty so far: the program wrote nothing, or its lines have not arrived yet.");
        return;
    }
    (void)diagnose_log(log->count, (char(*)[ECS_TAIL_LINE])(uintptr_t)log->lines, &line);
    if (line != NULL) {
        card_quote(c, line);
    }
    card_line(c, "%s",
              had_come_up(log)
                  ? "Its log says that it had come up before. Last lines, redacted, in the thread."
                  : "Last lines of its log, redacted, in the thread.");
}

void progress_story_why(const struct diagnosis *diagnosis, const struct ecs_task *task,
                        const struct ecs_tail *log, struct card *c)
{
    char says[200];
    progress_story_says(log, says, sizeof(says));
    card_line(c, "Why: %s%s%s", diagnosis->why, says[0] != '\0' ? ": " : "", says);
    if (diagnosis->exit_code >= 0) {
        card_field(c, "Exit code", "%d", diagnosis->exit_code);
    }
    card_field(c, "Task", "%s", task->id);
    if (diagnosis->hint[0] != '\0' && says[0] == '\0') { /* the log knows better */
        card_line(c, "%s", diagnosis->hint);
    }
    if (task->stopped_reason[0] != '\0') {
        card_quote(c, task->stopped_reason);
    }
    if (log != NULL) {
        say_log(log, c);
    }
}

/* ---- the lines */

#define LOG_ROOM 2300 /* below CARD_QUOTE */
#define LINE_MIN 40

/* The longest that a line may be so that all of them fit. */
static size_t longest_line(const struct ecs_tail *log)
{
    for (size_t most = ECS_TAIL_LINE; most > LINE_MIN; most -= 20) {
        size_t sum = 0;
        for (size_t i = 0; i < log->count; i++) {
            const size_t len = strlen(log->lines[i]);
            sum += (len < most ? len : most) + sizeof("14:02:08 …");
        }
        if (sum <= LOG_ROOM) {
            return most;
        }
    }
    return LINE_MIN;
}

bool progress_story_log(const struct progress_facts *f, const struct ecs_tail *log, struct card *ret)
{
    char at[TEXT_TIME], cut[ECS_TAIL_LINE + 1], line[ECS_TAIL_LINE + TEXT_TIME + 8];
    if (log == NULL || !log->ok || log->count == 0) {
        return false;
    }
    const size_t most = longest_line(log);
    card_init(ret, TONE_NEUTRAL);
    ret->rehearsal = f->rehearsal;
    card_title(ret, "📜 Log of task %s%s%s, last %zu line%s · redacted, best effort · op %s", log->task_id,
               log->container[0] != '\0' ? ", " : "", log->container, log->count, log->count == 1 ? "" : "s",
               f->operation);
    for (size_t i = 0; i < log->count; i++) {
        const bool whole = text_copy(cut, most + 1 < sizeof(cut) ? most + 1 : sizeof(cut), log->lines[i]);
        text_time_of_day(at, log->at_ms[i]);
        TEXT_FORMAT(line, "%s %s%s", at, cut, whole ? "" : "…");
        card_quote(ret, line);
    }
    if (log->log_group[0] != '\0') {
        char profile[CONFIG_NAME + 16] = "";
        if (f->profile[0] != '\0') {
            TEXT_FORMAT(profile, " --profile %s", f->profile);
        }
        card_line(
            ret,
            "More of it, not redacted, in a shell: aws logs get-log-events%s --region %s --log-group-name "
            "%s --log-stream-name %s --limit 100 --output text",
            profile, f->region, log->log_group, log->log_stream);
    }
    return true;
}
