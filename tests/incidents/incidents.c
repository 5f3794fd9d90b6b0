/* Each incident is played as its steps say, and what the channel showed is compared with its page. */
#include "incidents.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/check.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/probe.h"
#include "fake_ecs.h"
#include "sim/world_ecs.h"
#include "transcript.h"

#define SECOND 1000LL

/* ---- CloudTAK's own answers, as the simulated world's load balancer gives them */

static struct {
    struct probe probe;
    struct rig *rig;
    struct probe_look *asked;
    struct loop_timer timer;
} site;

static struct probe_answer http(int status, const char *body)
{
    return (struct probe_answer){
        .answered = true, .status = status, .body = body, .len = strlen(body), .trouble = ""};
}

static void site_answers(struct loop_timer *t)
{
    struct probe_look *r = site.asked;
    struct world_site now = {.api = 200, .database = 200, .hub = 101};
    (void)t;
    if (site.rig->world != NULL) {
        world_ecs_site(fake_ecs_world(site.rig->world), clock_world(&site.rig->clock), &now);
    }
    const struct probe_answer api = http(now.api, "{\"version\":\"" WORLD_VERSION "\"}"),
                              database = http(now.database, "{}"), hub = http(now.hub, "");
    if ((r->parts & PROBE_VERSION) != 0) {
        probe_read_version(&api, &r->result);
    }
    if ((r->parts & PROBE_DATABASE) != 0) {
        probe_read_database(&database, &r->result);
    }
    if ((r->parts & PROBE_WEBSOCKET) != 0) {
        probe_read_websocket(&hub, &r->result);
    }
    r->done(r);
}

static void site_look(struct probe *p, struct probe_look *r)
{
    (void)p;
    assert_false(loop_timer_armed(&site.timer)); /* one at a time */
    site.asked = r;
    r->result = (struct probe_result){0};
    site.timer = (struct loop_timer){.fire = site_answers};
    loop_timer_start(site.rig->loop, &site.timer, 30);
}

static void between(struct rig *r, struct engine_options *options, struct chat **chat)
{
    static const struct probe_ops ops = {.look = site_look};
    site.probe.ops = &ops;
    site.rig = r;
    options->probe = &site.probe;
    transcript_between(r, options, chat);
}

/* ---- played */

struct play {
    struct rig *rig;
    struct transcript *transcript;
    const struct incident *incident;
    size_t next; /* step */
};

/* The newest message with this button, as it stands. */
static const struct card_button *button_of(struct rig *r, const char *action, const char **ret_message)
{
    for (size_t i = r->chat->count; i > 0; i--) {
        const struct chat_message *m = &r->chat->messages[i - 1];
        for (size_t k = 0; k < m->card.button_count; k++) {
            if (strcmp(m->card.buttons[k].action, action) == 0) {
                *ret_message = m->id;
                return &m->card.buttons[k];
            }
        }
    }
    return NULL;
}

static void press(struct play *p, const struct step *s)
{
    const char *action = s->what == STEP_CONFIRM ? "confirm" : "cancel", *message;
    const struct card_button *b = button_of(p->rig, action, &message);
    if (b == NULL) {
        fail_msg("%s: no question has the button \"%s\"", p->incident->name, action);
    }
    transcript_line(p->transcript, "@%s presses [%s]", s->who, b->text);
    rig_click(p->rig, s->who, action, b->value, message);
}

static void say(struct play *p, const struct step *s)
{
    struct rig *r = p->rig;
    char delivery[40];
    transcript_line(p->transcript, "@%s: /cloudtak %s", s->who, s->text);
    TEXT_FORMAT(delivery, "slack/%d", ++r->asked);
    rig_ask_as(r, s->who, s->text, delivery, clock_wall(&r->clock));
}

static void take(struct play *p, const struct step *s)
{
    switch (s->what) {
    case STEP_SAY: say(p, s); break;
    case STEP_CONFIRM:
    case STEP_CANCEL: press(p, s); break;
    case STEP_STOP_BOT:
        transcript_line(p->transcript, "(%s)", s->text);
        rig_close(p->rig);
        break;
    case STEP_START_BOT:
        transcript_line(p->transcript, "(%s)", s->text);
        rig_start(p->rig);
        break;
    case STEP_NOTE: transcript_line(p->transcript, "(%s)", s->text); break;
    }
}

/* From here, in the words of the simulated world, is what people see until its last second. */
static char *play(const struct incident *incident)
{
    struct rig *r = mem_alloc(sizeof(*r));
    struct transcript *t = mem_alloc(sizeof(*t));
    struct play p = {.rig = r, .transcript = t, .incident = incident};
    rig_init(r);
    r->between = between;
    r->user = t;
    TEXT_COPY(r->config->targets[0].probe, "https://map.example.org");
    if (incident->scenario != NULL) {
        rig_world(r, incident->scenario);
    }
    r->config->give_up_after_ms = 30 * 60 * SECOND; /* as in a rehearsal */
    if (incident->set_up != NULL) {
        incident->set_up(r);
    }
    rig_start(r);
    for (int64_t at_s = 0; at_s <= incident->until_s; at_s++) {
        while (p.next < incident->step_count && incident->steps[p.next].at_s <= at_s) {
            take(&p, &incident->steps[p.next++]);
        }
        rig_run(r, SECOND);
    }
    char *text = transcript_take(t);
    rig_finish(r);
    mem_free(t);
    mem_free(r);
    return text;
}

/* ---- the page */

static char *page_of(const struct incident *incident)
{
    struct buf b;
    char *text = play(incident);
    buf_init(&b, 1U << 20);
    buf_format(&b, "# %s\n\n%s\n\n", incident->title, incident->story);
    if (incident->rehearse[0] != '\0') {
        buf_format(&b, "See it yourself: `%s`\n\n", incident->rehearse);
    }
    buf_format(
        &b,
        "What the channel shows (NEW notifies people, EDIT changes a message in place; times are UTC):\n\n"
        "```text\n%s```\n\n%s\n",
        text[0] == '\n' ? text + 1 : text, incident->lesson);
    mem_free(text);
    return buf_take(&b);
}

static char *read_file(const char *path)
{
    struct buf b;
    char piece[4096];
    FILE *f = fopen(path, "r");
    buf_init(&b, 1U << 20);
    for (size_t n; f != NULL && (n = fread(piece, 1, sizeof(piece), f)) > 0;) {
        buf_put(&b, piece, n);
    }
    if (f != NULL) {
        fclose(f);
    }
    return buf_take(&b);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
        fail_msg("%s: %s", path, strerror(errno));
    }
}

/* The first line in which they differ. */
static void tell_difference(const char *path, const char *page, const char *said)
{
    int line = 1;
    while (*page != '\0' && *page == *said) {
        line += *page == '\n';
        page++;
        said++;
    }
    while (line > 1 && page[-1] != '\n') { /* the same so far: back to where the line begins */
        page--;
        said--;
    }
    print_error("%s:%d\n  the page: %.*s\n  the bot:  %.*s\n", path, line, (int)strcspn(page, "\n"), page,
                (int)strcspn(said, "\n"), said);
}

static const char *folder = ".";
static bool writes;
static int wrong;

static void check(const struct incident *incident)
{
    char path[600];
    char *said = page_of(incident);
    TEXT_FORMAT(path, "%s/%s.md", folder, incident->name);
    if (writes) {
        write_file(path, said);
    } else {
        char *page = read_file(path);
        if (strcmp(page, said) != 0) {
            tell_difference(path, page, said);
            wrong++;
        }
        mem_free(page);
    }
    for (size_t i = 0; i < INCIDENT_MUST && incident->must[i] != NULL; i++) {
        if (strstr(said, incident->must[i]) == NULL) {
            print_error("%s does not say: %s\n", incident->name, incident->must[i]);
            wrong++;
        }
    }
    mem_free(said);
}

static void pages_are_what_the_bot_says(void **state)
{
    (void)state;
    for (size_t i = 0; incidents[i] != NULL; i++) {
        check(incidents[i]);
    }
    if (wrong > 0) {
        fail_msg("%d faults. Where the bot is right: build/check/tests/incidents/incidents tests/incidents "
                 "--write",
                 wrong);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pages_are_what_the_bot_says)};
    folder = argc > 1 ? argv[1] : folder;
    writes = argc > 2 && strcmp(argv[2], "--write") == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
