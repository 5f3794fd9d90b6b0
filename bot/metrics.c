/* The page for Prometheus: what the layers counted, behind figures that are read at this moment. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "aws/call.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"
#include "chat/slack.h"
#include "core/config.h"
#include "core/engine.h"
#include "door.h"
#include "health.h"
#include "loop/loop.h"
#include "store/watch.h"

#define LINKS_MOST (CONFIG_CHATS * SLACK_LINKS)

/* A ceiling n leaves room for n - 1 combinations of labels. */
#define ROW(variable, word, sort, n, text, ...)                                                              \
    static struct metric variable = {                                                                        \
        .name = (word), .kind = (sort), .help = (text), .labels = {__VA_ARGS__}, METRIC_SERIES(n)}

ROW(build, "cloudtak_build_info", METRIC_GAUGE, 2, "Which version runs.", "version");
ROW(started, "process_start_time_seconds", METRIC_GAUGE, 1, "When this process began, since 1970.", NULL);
ROW(resident, "process_resident_memory_bytes", METRIC_GAUGE, 1, "Resident memory.", NULL);
ROW(processor, "process_cpu_seconds_total", METRIC_COUNTER, 1, "Processor time used.", NULL);
ROW(most_files, "process_max_fds", METRIC_GAUGE, 1, "How many descriptors may be open.", NULL);
ROW(ready, "cloudtak_ready", METRIC_GAUGE, CONFIG_CHATS + CONFIG_TARGETS + 2,
    "1 when this part of /readyz is ready.", "part");
ROW(lag_max, "cloudtak_loop_lag_max_seconds", METRIC_GAUGE, 1,
    "The longest that the loop stood still in the last minute.", NULL);
ROW(requests, "cloudtak_requests_total", METRIC_COUNTER, 1, "Commands and clicks that came to the engine.",
    NULL);
ROW(duplicates, "cloudtak_duplicates_total", METRIC_COUNTER, 1,
    "Deliveries that had been taken before; nothing ran twice.", NULL);
ROW(operations, "cloudtak_operations", METRIC_GAUGE, OP_STATES + 1, "Operations that are not over.", "state");
ROW(outbox, "cloudtak_outbox_messages", METRIC_GAUGE, 1, "Messages and edits not yet delivered.", NULL);
ROW(outbox_age, "cloudtak_outbox_oldest_seconds", METRIC_GAUGE, 1, "For how long the oldest of them waits.",
    NULL);
ROW(waiting, "cloudtak_store_commits_waiting", METRIC_GAUGE, 1, "Commits asked for and not yet on disk.",
    NULL);
ROW(connections, "cloudtak_slack_connections", METRIC_GAUGE, CONFIG_CHATS + 1,
    "Connections over which commands may come.", "chat");
ROW(link_up, "cloudtak_slack_connection_up", METRIC_GAUGE, LINKS_MOST + 1,
    "1 when this connection has said hello and is open.", "chat", "connection");
ROW(frame_age, "cloudtak_slack_last_frame_age_seconds", METRIC_GAUGE, LINKS_MOST + 1,
    "How long ago this connection brought anything, pings too.", "chat", "connection");
ROW(reconnects, "cloudtak_slack_reconnects_total", METRIC_COUNTER, CONFIG_CHATS + 1,
    "Connections made anew, after a loss or because Slack asked.", "chat");

ROW(terminals, "cloudtak_door_terminals", METRIC_GAUGE, 1, "Terminals of this host that are connected.",
    NULL);
ROW(opened, "cloudtak_door_opened_total", METRIC_COUNTER, 1, "Terminals that came in by the door's socket.",
    NULL);
ROW(broken, "cloudtak_door_broken_total", METRIC_COUNTER, 1,
    "Connections that the bot ended: no line of ours, too long, unread, silent.", NULL);

static struct metric lag = {.name = "cloudtak_loop_lag_seconds",
                            .kind = METRIC_HISTOGRAM,
                            .help = "How long the loop stood still at most, observed once a second.",
                            .bounds = METRIC_SECONDS,
                            METRIC_SERIES(1)};

void metrics_note_lag(int64_t ms)
{
    metric_observe(&lag, NULL, (double)ms / 1000);
}

void metrics_note_part(const char *name, bool is_ready)
{
    metric_set(&ready, METRIC_VALUES(name), is_ready);
}

static double seconds(int64_t ms)
{
    return (double)ms / 1000;
}

/* ---- this process */

static int64_t resident_bytes(void)
{
    char text[128], *rest = text;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL) {
        return 0;
    }
    if (fgets(text, sizeof(text), f) == NULL) {
        text[0] = '\0';
    }
    fclose(f);
    (void)strtoll(text, &rest, 10); /* the size of the address space comes first */
    const long long pages = strtoll(rest, NULL, 10);
    return pages * sysconf(_SC_PAGESIZE);
}

static void read_process(const struct health_lag *l)
{
    struct timespec used = {0};
    struct rlimit files = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    getrlimit(RLIMIT_NOFILE, &files);
    metric_set(&build, METRIC_VALUES(CLOUDTAK_VERSION), 1);
    metric_set(&started, NULL, seconds(l->start_ms));
    metric_set(&resident, NULL, (double)resident_bytes());
    metric_set(&processor, NULL, (double)used.tv_sec + (double)used.tv_nsec / 1e9);
    metric_set(&most_files, NULL, (double)files.rlim_cur);
    metric_set(&lag_max, NULL, seconds(l->max_ms));
}

/* ---- the engine and the store */

static void read_engine(const struct health_view *v)
{
    struct engine_figures e;
    struct store_figures s;
    const int64_t wall = clock_wall(loop_clock(v->loop));
    engine_read_figures(v->engine, &e);
    metric_set(&requests, NULL, (double)e.submitted);
    metric_set(&duplicates, NULL, (double)e.duplicates);
    for (unsigned state = 0; state < OP_STATES; state++) {
        if (!operation_ended((enum operation_state)state)) {
            metric_set(&operations, METRIC_VALUES(operation_word((enum operation_state)state)),
                       e.in_state[state]);
        }
    }
    metric_set(&outbox, NULL, e.outbox);
    metric_set(&outbox_age, NULL,
               e.outbox_since_ms != 0 && wall > e.outbox_since_ms ? seconds(wall - e.outbox_since_ms) : 0);
    store_watch_figures(v->store, &s);
    metric_set(&waiting, NULL, s.waiting);
}

/* ---- chat */

static void read_chats(const struct health_view *v)
{
    const int64_t now = loop_now(v->loop);
    metric_clear(&frame_age);
    for (size_t i = 0; i < v->config->chat_count; i++) {
        const char *name = v->config->chats[i].name;
        struct slack_figures f;
        slack_read_figures(v->slack[i], &f);
        metric_set(&connections, METRIC_VALUES(name), f.open_connections);
        metric_set(&reconnects, METRIC_VALUES(name), (double)f.reconnects);
        for (unsigned n = 0; n < f.wanted_connections; n++) {
            char number[8];
            TEXT_FORMAT(number, "%u", n + 1);
            metric_set(&link_up, METRIC_VALUES(name, number), text_equal(f.links[n].state, "serving"));
            if (f.links[n].last_frame_ms != 0) {
                metric_set(&frame_age, METRIC_VALUES(name, number), seconds(now - f.links[n].last_frame_ms));
            }
        }
    }
}

static void read_door(const struct health_view *v)
{
    struct door_figures f = {0};
    if (v->door != NULL) {
        door_read_figures(v->door, &f);
    }
    metric_set(&terminals, NULL, f.open);
    metric_set(&opened, NULL, (double)f.opened);
    metric_set(&broken, NULL, (double)f.broken);
}

void metrics_write(const struct health_view *view, const struct health_lag *l, struct buf *to)
{
    static struct metric *const own[] = {
        &build,     &started,    &resident,   &processor, &most_files, &ready,   &lag_max,     &lag,
        &requests,  &duplicates, &operations, &outbox,    &outbox_age, &waiting, &connections, &link_up,
        &frame_age, &reconnects, &terminals,  &opened,    &broken,     NULL,
    };
    read_process(l);
    read_engine(view);
    read_chats(view);
    read_door(view);
    metric_write_all(own, to);
    metric_write_all(ENGINE_METRICS, to);
    metric_write_all(SLACK_METRICS, to);
    metric_write_all(AWS_METRICS, to);
    metric_write_all(STORE_METRICS, to);
}
