#ifndef UNIT_COMMANDS_READING_H
#define UNIT_COMMANDS_READING_H
/* Reading commands between a test and an ECS that keeps what it is asked. */
#include "commands_fixture.h"
#include "ecs/ecs.h"

#define MINUTE INT64_C(60000)

static struct config *config;
static struct command_call call;
static struct snapshot *snapshot;

/* ---- an ECS that keeps what it is asked */

static struct {
    struct ecs_look *look;
    struct ecs_tail *tail;
    struct ecs_names *clusters, *services;
    struct ecs_identify *identify;
} asked;

static void fake_look(struct ecs *e, struct ecs_look *r)
{
    (void)e;
    asked.look = r;
}

static void fake_tail(struct ecs *e, struct ecs_tail *r)
{
    (void)e;
    asked.tail = r;
}

static void fake_names(struct ecs *e, struct ecs_names *r)
{
    (void)e;
    *(r->clusters ? &asked.clusters : &asked.services) = r;
}

static void fake_identify(struct ecs *e, struct ecs_identify *r)
{
    (void)e;
    asked.identify = r;
}

static const char *fake_note(struct ecs *e, int session)
{
    (void)e;
    (void)session;
    return "";
}

static const struct ecs_ops ops = {.look = fake_look,
                                   .tail = fake_tail,
                                   .names = fake_names,
                                   .identify = fake_identify,
                                   .endpoint_note = fake_note};
static struct ecs ecs = {&ops};

/* ---- what AWS shows */

static inline struct ecs_task *add_task(const char *id, const char *status, int64_t ago_ms)
{
    struct ecs_task *t = &snapshot->tasks[snapshot->task_count++];
    TEXT_COPY(t->id, id);
    TEXT_COPY(t->last_status, status);
    TEXT_COPY(t->desired_status, text_equal(status, "STOPPED") ? "STOPPED" : "RUNNING");
    TEXT_COPY(t->task_definition, "cloudtak:41");
    t->started_ms = NOW - ago_ms;
    return t;
}

static inline void add_event(const char *message, int64_t ago_ms)
{
    struct ecs_event *e = &snapshot->service.events[snapshot->service.event_count++];
    TEXT_COPY(e->message, message);
    e->created_ms = NOW - ago_ms;
}

static inline struct ecs_task *died(struct ecs_task *t, int64_t ago_ms, int code)
{
    t->stopped_ms = NOW - ago_ms;
    TEXT_COPY(t->stop_code, "EssentialContainerExited");
    TEXT_COPY(t->stopped_reason, "Essential container in task exited");
    t->container_count = 1;
    TEXT_COPY(t->containers[0].name, "api");
    t->containers[0].exited = true;
    t->containers[0].exit_code = code;
    return t;
}

static inline int set_up(void **state)
{
    (void)state;
    memset(&asked, 0, sizeof(asked));
    over = 0;
    forget_answer();
    config = make_config();
    snapshot = mem_alloc(sizeof(*snapshot));
    snapshot->service_as_of_ms = NOW;
    TEXT_COPY(snapshot->service.status, "ACTIVE");
    snapshot->service.desired = snapshot->service.running = 2;
    snapshot->targets_absence = ECS_NOT_READ;
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    config_destroy(config);
    mem_free(snapshot);
    forget_answer();
    return 0;
}

static inline void ask(const char *text)
{
    call = call_of(config);
    call.ecs = &ecs;
    run_text(&call, text);
}

static inline void look_comes(void)
{
    asked.look->snapshot = snapshot;
    asked.look->done(asked.look);
}

static inline void time_is_over(void)
{
    assert_non_null(asked_deadline);
    asked_deadline->fire(asked_deadline);
}

static inline void says(const char *words)
{
    if (answer.text == NULL || strstr(answer.text, words) == NULL) {
        fail_msg("does not say: %s\n%s", words, answer.text != NULL ? answer.text : "(nothing)");
    }
}

static inline void says_not(const char *words)
{
    if (answer.text != NULL && strstr(answer.text, words) != NULL) {
        fail_msg("says: %s\n%s", words, answer.text);
    }
}

#endif
