/* The checks before a restart, and the service page, in the simulated world: what CloudTAK, its registry, its
 * load balancer and ECS's history say, in time, too late, or not at all. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/probe.h"
#include "fake_ecs.h"
#include "lib_rig.h"
#include "sim/world_ecs.h"

#define MINUTE 60000LL
#define SECOND 1000LL

/* ---- CloudTAK itself: what the simulated world's load balancer answers, as late as a test wants it */

static struct {
    struct probe probe; /* first */
    struct rig *rig;
    struct probe_look *asked;
    struct loop_timer timer;
    int64_t late_ms;
    int looks;
    unsigned parts; /* of the last one */
} site;

static struct probe_answer http(int status, const char *body)
{
    return (struct probe_answer){
        .answered = true, .status = status, .body = body, .len = strlen(body), .trouble = ""};
}

static void site_answers(struct loop_timer *t)
{
    struct probe_look *r = site.asked;
    struct world_site now;
    (void)t;
    world_ecs_site(fake_ecs_world(site.rig->world), clock_world(&site.rig->clock), &now);
    const struct probe_answer api = http(now.api, "{\"version\":\"" WORLD_VERSION "\"}"),
                              database = http(now.database, "{}"), hub = http(now.hub, "");
    site.asked = NULL;
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
    assert_null(site.asked);
    assert_string_equal(r->base, "https://map.example.org");
    site.asked = r;
    site.looks++;
    site.parts = r->parts;
    r->result = (struct probe_result){0};
    site.timer = (struct loop_timer){.fire = site_answers};
    loop_timer_start(site.rig->loop, &site.timer, site.late_ms);
}

static void with_site(struct rig *r, struct engine_options *options, struct chat **chat)
{
    static const struct probe_ops ops = {.look = site_look};
    (void)r;
    (void)chat;
    site.probe.ops = &ops;
    options->probe = &site.probe;
}

/* ---- AWS: what does not decide may be late */

static struct {
    const struct ecs_ops *real;
    struct ecs_ops ops;
    struct rig *rig;
    int64_t late_ms;
    struct ecs_around *around;
    struct ecs_look *detail;
    struct loop_timer around_timer, detail_timer;
} slow;

static void around_now(struct loop_timer *t)
{
    (void)t;
    slow.real->around(slow.rig->world, slow.around);
}

static void slow_around(struct ecs *e, struct ecs_around *r)
{
    (void)e;
    slow.around = r;
    slow.around_timer = (struct loop_timer){.fire = around_now};
    loop_timer_start(slow.rig->loop, &slow.around_timer, slow.late_ms);
}

static void detail_now(struct loop_timer *t)
{
    (void)t;
    slow.real->look(slow.rig->world, slow.detail);
}

static void slow_look(struct ecs *e, struct ecs_look *r)
{
    if (!r->with_history) {
        slow.real->look(e, r);
        return;
    }
    slow.detail = r;
    slow.detail_timer = (struct loop_timer){.fire = detail_now};
    loop_timer_start(slow.rig->loop, &slow.detail_timer, slow.late_ms);
}

/* What stands around the service is answered so late. */
static void slow_down(struct rig *r, int64_t late_ms)
{
    slow.real = r->world->ops;
    slow.ops = *slow.real;
    slow.ops.around = slow_around;
    slow.ops.look = slow_look;
    slow.rig = r;
    slow.late_ms = late_ms;
    r->world->ops = &slow.ops;
}

static void begin(struct rig *r, const char *scenario)
{
    memset(&site, 0, sizeof(site));
    site.rig = r;
    site.late_ms = 30;
    rig_world(r, scenario);
    r->between = with_site;
    TEXT_COPY(r->config->targets[0].probe, "https://map.example.org");
}

static const struct card *newest_card(struct rig *r)
{
    const struct chat_message *m = fake_chat_by_key(r->chat, "/card");
    assert_non_null(m);
    return &m->card;
}

static uint64_t updates(const struct rig *r)
{
    return world_ecs_count(fake_ecs_world(r->world), "UpdateService");
}

static void expect_says(const struct card *card, const char *words)
{
    if (!card_says(card, words)) {
        char *text = card_text(card, 0);
        print_error("%s\n", text);
        mem_free(text);
        fail_msg("missing: %s", words);
    }
}

/* ---- before a restart */

static void all_is_well(void **state)
{
    struct rig *r = *state;
    begin(r, "ok");
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 2 * SECOND);
    expect_says(newest_card(r), "Checks: image ok · database ok · nothing else deploying · count stays 2 · 2 "
                                "of 2 targets healthy · no circuit breaker, so I judge it myself");
    assert_int_equal(updates(r), 1);
    assert_int_equal(site.looks, 1);
    assert_int_equal(site.parts, PROBE_VERSION | PROBE_DATABASE); /* the WebSocket's leaves a line in a log */
    /* ECS's own history of the service tells how long it takes, before this bot ever restarted it. */
    expect_says(newest_card(r), " here, 90 % within ");
    rig_settle(r, 1, 30 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    /* … and after it CloudTAK is asked once more, for all. */
    expect_says(&fake_chat_by_key(r->chat, "/verdict")->card,
                "CloudTAK itself: same version " WORLD_VERSION " · database and WebSocket probes ok");
    assert_int_equal(site.looks, 2);
}

static void a_question(struct rig *r, const char *scenario, const char *words)
{
    begin(r, scenario);
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 2 * SECOND);
    struct chat_message *ask = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(ask);
    expect_says(&ask->card, words);
    assert_int_equal(updates(r), 0);
    rig_click(r, "ana", "cancel", ask->card.buttons[0].value, ask->id);
    rig_settle(r, 1, MINUTE);
    assert_int_equal(r->settled[0].state, OP_CANCELLED);
    assert_int_equal(updates(r), 0);
}

static void an_image_that_is_gone_is_asked_about(void **state)
{
    a_question(*state, "expired-image", "is GONE from the registry: NO NEW TASK CAN START.");
}

static void a_failing_database_is_asked_about(void **state)
{
    a_question(*state, "database-down", "CloudTAK's database is FAILING (500): every new task would die");
}

/* A yes holds for the reasons that were told: it is not asked a second time for the same. */
static void it_goes_on_after_a_yes(void **state)
{
    struct rig *r = *state;
    begin(r, "database-down");
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 2 * SECOND);
    struct chat_message *ask = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(ask);
    rig_click(r, "ana", "confirm", ask->card.buttons[1].value, ask->id);
    rig_run(r, 5 * SECOND);
    assert_int_equal(updates(r), 1);
    assert_int_equal(site.looks, 2); /* the facts were read again */
}

/* What does not decide is waited for six seconds and no longer; then it was not checked, and when it comes at
 * last it disturbs nobody. */
static void what_comes_too_late_was_not_checked(void **state)
{
    struct rig *r = *state;
    begin(r, "ok");
    slow_down(r, 20 * SECOND);
    site.late_ms = 20 * SECOND;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 5500);
    assert_int_equal(updates(r), 0);
    rig_run(r, 2 * SECOND);
    assert_int_equal(updates(r), 1);
    expect_says(newest_card(r),
                "Checks: nothing else deploying · count stays 2 · no circuit breaker, so I "
                "judge it myself · image, alarms, stack, target health, database not checked: no "
                "answer in time");
    rig_settle(r, 1, 30 * MINUTE);
    assert_int_equal(r->settled[0].state, OP_SUCCEEDED);
    expect_says(&fake_chat_by_key(r->chat, "/verdict")->card,
                "CloudTAK itself: version, database and WebSocket not checked: no answer in time");
    rig_run(r, 20 * SECOND);
    assert_null(site.asked); /* it did come */
}

/* The verdict waits for CloudTAK's word, and the bot is stopped meanwhile: it is told once. */
static void stopped_while_the_proof_is_on_its_way(void **state)
{
    struct rig *r = *state;
    begin(r, "ok");
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    for (int i = 0; i < 1000 && !(site.asked != NULL && site.looks == 2); i++) {
        site.late_ms = i == 0 ? 5 * SECOND : site.late_ms;
        rig_run(r, SECOND);
    }
    assert_int_equal(site.looks, 2);
    assert_int_equal(r->settled_count, 0);
    rig_close(r);
    assert_null(fake_chat_by_key(r->chat, "/verdict"));
    rig_start(r);
    rig_settle(r, 1, MINUTE);
    assert_int_equal(site.looks, 3);
    expect_says(&fake_chat_by_key(r->chat, "/verdict")->card, "same version " WORLD_VERSION);
    assert_int_equal(fake_chat_said(r->chat, "✅ DONE"), 1);
}

/* A question is answered while the first round still waits for its answers: both rounds end well. */
static void an_answer_before_the_first_round_came_back(void **state)
{
    struct rig *r = *state;
    begin(r, "ok");
    r->config->targets[0].confirm_always = true;
    slow_down(r, 7 * SECOND);
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 6500);
    struct chat_message *ask = fake_chat_by_key(r->chat, "/ask");
    assert_non_null(ask);
    assert_int_equal(updates(r), 0);
    slow.late_ms = 3 * SECOND;
    rig_run(r, SECOND); /* the first round's are under way now */
    rig_click(r, "ana", "confirm", ask->card.buttons[1].value, ask->id);
    rig_run(r, 5 * SECOND);
    assert_int_equal(updates(r), 1);
    expect_says(newest_card(r), "Checks: image ok · database ok · ");
    rig_settle(r, 1, 30 * MINUTE);
}

/* The program ends while the checks are on their way: it waits for them, and nothing is left. */
static void stopped_while_it_checks(void **state)
{
    struct rig *r = *state;
    begin(r, "ok");
    slow_down(r, 4 * SECOND);
    site.late_ms = 4 * SECOND;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 500);
    assert_non_null(site.asked);
    rig_close(r);
    assert_null(site.asked);
    assert_int_equal(updates(r), 0);
}

static void no_address_is_no_obstacle(void **state)
{
    struct rig *r = *state;
    begin(r, "ok");
    r->config->targets[0].probe[0] = '\0';
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 2 * SECOND);
    assert_int_equal(site.looks, 0);
    assert_int_equal(updates(r), 1);
    expect_says(newest_card(r), "image ok · nothing else deploying");
    expect_says(newest_card(r), "database not checked: no address of CloudTAK is set (targets[].probe)");
}

/* ---- the service page */

static const struct card *ask_page(struct rig *r, const char *text)
{
    const size_t before = r->chat->count;
    rig_ask(r, text);
    rig_run(r, 2 * SECOND);
    assert_int_equal(r->chat->count, before + 1);
    return &rig_newest(r)->card;
}

static void the_page_of_a_service_that_is_well(void **state)
{
    struct rig *r = *state;
    begin(r, "ok");
    rig_start(r);
    const struct card *page = ask_page(r, "status cotak prod");
    assert_string_equal(page->served, "Users: SERVED, 2 of 2 tasks healthy to the load balancer.");
    expect_says(page, "Targets: api:5000: 2 of 2 healthy");
    expect_says(page, "Alarms: none in ALARM");
    expect_says(page, "CloudTAK itself: version " WORLD_VERSION " · database ok");
    expect_says(page, "still in the registry");
    expect_says(page, "begun outside this bot");
    expect_says(page, " %, at most ");
    page = ask_page(r, "status cotak prod hub");
    expect_says(page, "CloudTAK itself: WebSocket ok");
    page = ask_page(r, "status cotak prod events");
    expect_says(page, "no load balancer asks after this service");
    assert_int_equal(site.looks, 2);
}

/* The page says who began what runs: while it runs, after it ended, and when somebody else did. */
static void the_page_says_who_began_it(void **state)
{
    struct rig *r = *state;
    char words[80];
    begin(r, "superseded");
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 30 * SECOND);
    char operation[STORE_ID];
    text_copy_n(operation, sizeof(operation), fake_chat_by_key(r->chat, "/card")->key, 4);
    rig_ask(r, "status cotak prod api");
    rig_run(r, 2 * SECOND);
    TEXT_FORMAT(words, "begun by @ana through me (%s)", operation);
    expect_says(&rig_newest(r)->card, "Running deployment: since ");
    expect_says(&rig_newest(r)->card, words);
    rig_run(r, 3 * MINUTE); /* somebody else's has replaced it; it is followed by itself */
    rig_ask(r, "status cotak prod api");
    rig_run(r, 2 * SECOND);
    expect_says(&rig_newest(r)->card, "begun outside this bot, followed by @ana (");
}

static void the_page_remembers_who_began_the_last_one(void **state)
{
    struct rig *r = *state;
    char words[80];
    begin(r, "ok");
    r->config->after_care_ms = 0;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 30 * MINUTE);
    rig_run(r, MINUTE);
    TEXT_FORMAT(words, "begun by @ana through me (%.4s)", fake_chat_by_key(r->chat, "/card")->key);
    const struct card *page = ask_page(r, "status cotak prod api");
    expect_says(page, "Last deployment: SUCCESSFUL ");
    expect_says(page, words);
}

/* Each part says why it was not read, and spoils no other. */
static void the_page_when_aws_refuses(void **state)
{
    struct rig *r = *state;
    begin(r, "expired-image");
    rig_start(r);
    expect_says(ask_page(r, "status cotak prod api"),
                "GONE from the registry: do not stop tasks, no new one can start.");
    rig_run(r, 3 * SECOND);                      /* equal questions share an answer */
    fake_ecs_fail(r->world, 2, 1, FAKE_REFUSED); /* CPU, memory and alarms */
    const struct card *page = ask_page(r, "status cotak prod api");
    expect_says(page, "CPU and memory: not checked: ");
    expect_says(page, "Alarms: not checked: ");
    expect_says(page, "Targets: api:5000: 2 of 2 healthy");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        TEST(all_is_well),
        TEST(an_image_that_is_gone_is_asked_about),
        TEST(a_failing_database_is_asked_about),
        TEST(it_goes_on_after_a_yes),
        TEST(what_comes_too_late_was_not_checked),
        TEST(an_answer_before_the_first_round_came_back),
        TEST(stopped_while_it_checks),
        TEST(stopped_while_the_proof_is_on_its_way),
        TEST(no_address_is_no_obstacle),
        TEST(the_page_of_a_service_that_is_well),
        TEST(the_page_says_who_began_it),
        TEST(the_page_remembers_who_began_the_last_one),
        TEST(the_page_when_aws_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
