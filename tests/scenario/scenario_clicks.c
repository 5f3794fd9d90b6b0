/* Clicks at random on open questions: by the wrong person, in the wrong channel, on a replaced question, with
 * a forged value, twice, too late, two at once, typed; while clocks are set, the configuration and the facts
 * change, somebody locks the target, and the bot is restarted. Beside the bot stands a plain judge that knows
 * only what was shown and what happened. For every click:
 *
 *   nothing runs that the judge does not allow; never more than one call; one act for each question;
 *   no click is silent: the clicker is told privately, or the question shows what became of it.
 *
 * As many as fit into four seconds; CLOUDTAK_CLICKS=10000 for so many, CLOUDTAK_CLICKS_SEED=N for one round.
 */
#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib_rig.h"

#define MINUTE       60000LL
#define HOUR         (60 * MINUTE)
#define EXPIRES_MS   120000 /* of the rig's target */
#define SPACING_MS   3200   /* so that nobody asks more than twenty times a minute */
#define STALE        40
#define ROUND        40 /* clicks in one life of a world, at most */
#define REAL_MS      4000
#define AFTER_AN_ACT 6

static const char *const PEOPLE[] = {"ana", "bo", "cy", "dee", "eve"};

enum {
    KILLS,
    ACTED,
    CONFIRM_REFUSED,
    CANCELLED,
    CANCEL_REFUSED,
    TYPED,
    ASKED_AGAIN,
    RESTARTS,
    JUMPS,
    RACES,
    COUNTS
};
static int counts[COUNTS];

/* What the judge knows. */
static struct round {
    struct rig *rig;
    uint64_t seed, random;
    const char *confirmer; /* who alone may confirm */
    struct chat_message *question;
    char title[CARD_TEXT];  /* names the question: it tells when it expires */
    char current[400];      /* the value behind its buttons, as shown last */
    char stale[STALE][400]; /* what stood there before */
    size_t stale_count;
    int64_t seen_boot_ms, skew_ms;
    uint64_t generation;
    int running;     /* tasks, … */
    char holder[40]; /* … and who had locked the target when it was asked: another one, another question */
    int acts;        /* calls */
    int clicks;
    char told[400]; /* the click, for who reads a failure */
} now;

static uint64_t draw(uint64_t below)
{
    now.random ^= now.random << 13;
    now.random ^= now.random >> 7;
    now.random ^= now.random << 17;
    return now.random % below;
}

static void hold(bool holds, const char *what)
{
    if (!holds) {
        fail_msg("%s (CLOUDTAK_CLICKS_SEED=%llu, click %d: %s)", what, (unsigned long long)now.seed,
                 now.clicks, now.told);
    }
}

/* ---- what is shown */

/* Who holds the lock, as the channel was told last; "" = nobody. */
static const char *holder(void)
{
    static char name[40];
    name[0] = '\0';
    for (size_t i = 0; i < now.rig->chat->count; i++) {
        const char *title = now.rig->chat->messages[i].first, *by = strstr(title, " by @");
        if (by != NULL && strstr(title, "LOCKED") != NULL) {
            const size_t len = strcspn(by + 5, " ");
            text_copy_n(name, sizeof(name), by + 5, strstr(title, "UNLOCKED") != NULL ? 0 : len);
        }
    }
    return name;
}

static void look(void)
{
    struct chat_message *m = NULL;
    for (size_t i = 0; i < now.rig->chat->count; i++) {
        struct chat_message *each = &now.rig->chat->messages[i];
        if (strstr(each->key, "/ask") != NULL) {
            m = each;
        }
    }
    now.question = m;
    const bool open = m != NULL && m->card.button_count == 2;
    if (!open || strcmp(m->card.buttons[1].value, now.current) != 0) {
        if (now.current[0] != '\0') {
            TEXT_COPY(now.stale[now.stale_count % STALE], now.current);
            now.stale_count++;
        }
        TEXT_COPY(now.current, open ? m->card.buttons[1].value : "");
    }
    if (open && strcmp(m->card.title, now.title) != 0) {
        TEXT_COPY(now.title, m->card.title);
        now.seen_boot_ms = clock_boot(&now.rig->clock);
        now.skew_ms = now.rig->clock.virtual_wall_ms;
        now.generation = now.rig->config->generation;
        now.running = now.rig->ecs.running;
        TEXT_COPY(now.holder, holder());
    }
}

static void run(int64_t ms)
{
    rig_run(now.rig, ms);
    look();
}

/* ---- what happens between clicks */

static void restart_bot(void)
{
    counts[RESTARTS]++;
    if (draw(2) == 0) {
        rig_kill(now.rig);
        rig_run(now.rig, 1); /* the loop was stopped */
    } else {
        rig_close(now.rig);
    }
    run((int64_t)draw(20000));
    rig_start(now.rig);
    run(1000 + (int64_t)draw(3000)); /* sometimes the edit is not out yet */
}

static void set_clock(void)
{
    static const int64_t TO[] = {-HOUR, 0, HOUR};
    counts[JUMPS]++;
    now.rig->clock.virtual_wall_ms = TO[draw(3)];
}

static void lock_it(void)
{
    char delivery[40];
    TEXT_FORMAT(delivery, "slack/lock/%d", ++now.rig->asked);
    rig_ask_as(now.rig, PEOPLE[draw(5)], draw(2) == 0 ? "lock cotak prod" : "unlock cotak prod", delivery,
               rig_true_ms(now.rig));
    run(SPACING_MS);
}

static void ask_anew(void)
{
    char delivery[40];
    TEXT_FORMAT(delivery, "slack/ask/%d", ++now.rig->asked);
    rig_ask_as(now.rig, "ana", "restart cotak prod hub", delivery, clock_wall(&now.rig->clock));
    run(SPACING_MS);
}

static void something_happens(void)
{
    switch (draw(24)) {
    case 0: restart_bot(); break;
    case 1:
    case 2: set_clock(); break;
    case 3: now.rig->config->generation++; break;
    case 4: now.rig->ecs.running = 2 + (int)draw(3); break;
    case 5: lock_it(); break;
    case 6: run((int64_t)draw(2 * EXPIRES_MS)); break;
    case 7: now.rig->clock.virtual_boot_ms += (int64_t)draw(4 * MINUTE); break; /* the machine slept */
    default: break;
    }
    if (now.current[0] == '\0') {
        ask_anew();
    }
}

/* ---- a click */

struct click {
    const char *user, *action, *channel, *message;
    char value[400];
    char typed[140]; /* instead: what is said */
};

static void draw_value(char value[400])
{
    const uint64_t kind = draw(10);
    text_copy(value, 400, now.current);
    if (kind == 0 && now.stale_count > 0) {
        text_copy(value, 400, now.stale[draw(now.stale_count < STALE ? now.stale_count : STALE)]);
    } else if (kind == 1 && value[0] != '\0') {
        char *last = value + strlen(value) - 1;
        *last = *last == '0' ? '1' : '0';
    } else if (kind == 2) {
        static const char *const FORGED[] = {"", "ZZZZ 00000000000000000000000000000000", "lock 12", "  "};
        text_copy(value, 400, FORGED[draw(4)]);
    }
}

static void draw_typed(struct click *c)
{
    static const char before[] = "or type: /cloudtak confirm ";
    const struct card *card = now.question != NULL ? &now.question->card : NULL;
    for (size_t i = 0; card != NULL && i < card->line_count; i++) {
        if (text_starts(card->lines[i], before)) {
            TEXT_FORMAT(c->typed, "%s %s", c->action, card->lines[i] + sizeof(before) - 1);
        }
    }
    if (c->typed[0] != '\0' && draw(3) == 0) {
        char *last = c->typed + strlen(c->typed) - 1;
        *last = *last == '0' ? '1' : '0';
        c->value[0] = '\0';
    } else {
        TEXT_COPY(c->value, now.current);
    }
}

static struct click draw_click(void)
{
    struct click c = {.user = draw(2) == 0 ? now.confirmer : PEOPLE[draw(5)],
                      .action = draw(8) == 0 ? "cancel" : "confirm",
                      .channel = draw(10) == 0 ? "C0OTHER" : "C0INCIDENT",
                      .message = now.question == NULL || draw(12) == 0 ? "m9999"
                                 : draw(6) == 0                        ? ""
                                                                       : now.question->id};
    draw_value(c.value);
    if (strcmp(c.action, "confirm") == 0 && draw(6) == 0) {
        draw_typed(&c);
    }
    return c;
}

static void press(const struct click *c, int64_t origin_ms, int delivery)
{
    struct request *q = mem_alloc(sizeof(*q));
    *q = (struct request){.source = c->typed[0] != '\0' ? REQUEST_SLASH : REQUEST_CLICK,
                          .origin_ms = origin_ms,
                          .received_ms = clock_wall(&now.rig->clock)};
    TEXT_COPY(q->who.server, "slack");
    TEXT_COPY(q->who.user, c->user);
    TEXT_COPY(q->who.name, c->user);
    TEXT_COPY(q->place.server, "slack");
    TEXT_COPY(q->place.channel, c->channel);
    TEXT_FORMAT(q->delivery, "slack/press/%d", delivery);
    TEXT_COPY(q->text, c->typed);
    TEXT_COPY(q->click_action, c->typed[0] != '\0' ? "" : c->action);
    TEXT_COPY(q->click_value, c->typed[0] != '\0' ? "" : c->value);
    TEXT_COPY(q->click_message, c->typed[0] != '\0' ? "" : c->message);
    rig_submit(now.rig, q);
    mem_free(q);
}

/* ---- the judge */

/* Could this click be a yes to what is asked now? Everything that the judge does not know for certain counts
 * for the clicker. */
static bool allowed(const struct click *c)
{
    const struct rig *r = now.rig;
    const bool here = strcmp(c->channel, "C0INCIDENT") == 0 &&
                      (c->typed[0] != '\0' || c->message[0] == '\0' ||
                       (now.question != NULL && strcmp(c->message, now.question->id) == 0));
    return strcmp(c->action, "confirm") == 0 && here && now.current[0] != '\0' &&
           strcmp(c->value, now.current) == 0 && strcmp(c->user, now.confirmer) == 0 &&
           clock_boot(&r->clock) - now.seen_boot_ms <= EXPIRES_MS &&
           r->clock.virtual_wall_ms == now.skew_ms && r->config->generation == now.generation &&
           r->ecs.running == now.running && strcmp(holder(), now.holder) == 0;
}

static bool may_cancel(const struct click *c)
{
    return strcmp(c->action, "cancel") == 0 && strcmp(c->value, now.current) == 0 && now.current[0] != '\0' &&
           strcmp(c->channel, "C0INCIDENT") == 0;
}

static size_t told(const struct click *c, size_t since)
{
    size_t count = 0;
    for (size_t i = since; i < now.rig->chat->count; i++) {
        count += strcmp(now.rig->chat->messages[i].private_to, c->user) == 0;
    }
    return count;
}

static void judge(const struct click *c, bool twice)
{
    struct rig *r = now.rig;
    const bool yes = allowed(c), no = may_cancel(c);
    const int sent = r->ecs.sent, acks = r->refused_acks,
              edits = now.question != NULL ? now.question->edits : 0;
    const size_t said = r->chat->count;
    struct chat_message *const question = now.question;
    char asked[400];
    TEXT_COPY(asked, now.current);
    r->settled_count = 0;
    TEXT_FORMAT(
        now.told, "%s by %s in %s on %s, %s \"%s\"; age %lld ms, clock %+lld ms, generation %+lld%s%s",
        c->action, c->user, c->channel, c->message, strcmp(c->value, now.current) == 0 ? "current" : "other",
        c->typed[0] != '\0' ? c->typed : c->value, (long long)(clock_boot(&r->clock) - now.seen_boot_ms),
        (long long)(r->clock.virtual_wall_ms - now.skew_ms),
        (long long)(r->config->generation - now.generation),
        r->ecs.running != now.running       ? ", other count"
        : strcmp(holder(), now.holder) != 0 ? ", other lock"
                                            : "",
        twice ? ", twice" : "");
    const int delivery = 1000000 + ++r->asked * 2;
    press(c, rig_true_ms(r), delivery);
    const int taken = r->taken;
    if (now.acts == 0 && draw(10) == 0) { /* the bot dies in the middle of it */
        r->kill_at = r->commits + 1 + (int)draw(5);
        r->kill_applied = draw(2) == 0;
    }
    if (twice) { /* the same act again, or the platform's redelivery of it */
        press(c, rig_true_ms(r), delivery + (int)draw(2));
    }
    run(twice ? 2 * SPACING_MS : SPACING_MS);
    r->kill_at = 0;
    const bool killed = r->killed;
    if (killed) {
        counts[KILLS]++;
        rig_run(r, 1); /* the loop was stopped */
        rig_start(r);
        run(3000);
        if (r->taken == taken) { /* what was not acked comes again */
            press(c, rig_true_ms(r), delivery);
            run(SPACING_MS);
        }
        run(SPACING_MS);
    }
    const int acts = r->ecs.sent - sent;
    hold(acts <= 1, "one click, two calls");
    hold(acts == 0 || yes, "it ran, and was not allowed to");
    now.acts += acts;
    const bool changed = question != NULL && question->edits > edits;
    hold(told(c, said) > 0 || changed || (killed && asked[0] == '\0') || r->refused_acks > acks ||
             r->chat->count > said,
         "a click was silent");
    hold(acts > 0 || changed || no || killed || told(c, said) > 0 || r->refused_acks > acks,
         "the clicker was not told");
    counts[ACTED] += acts;
    counts[TYPED] += c->typed[0] != '\0';
    counts[RACES] += twice;
    if (strcmp(c->action, "cancel") == 0) {
        counts[no && now.current[0] == '\0' ? CANCELLED : CANCEL_REFUSED]++;
        hold(no || now.current[0] != '\0' || asked[0] == '\0' || changed, "it was withdrawn by nobody");
    } else if (acts == 0) {
        counts[CONFIRM_REFUSED]++;
        counts[ASKED_AGAIN] += now.current[0] != '\0' && strcmp(asked, now.current) != 0;
    }
}

/* ---- rounds */

static void begin_round(uint64_t seed)
{
    struct rig *r = mem_alloc(sizeof(*r));
    now = (struct round){.rig = r, .seed = seed, .random = seed * 0x9E3779B97F4A7C15U + 1};
    rig_init(r);
    struct config_target *t = &r->config->targets[0];
    TEXT_COPY(t->channels[t->channel_count].server, "slack");
    TEXT_COPY(t->channels[t->channel_count].id, "C0OTHER");
    t->channel_count++;
    now.confirmer = "ana";
    if (draw(3) == 0) {
        now.confirmer = "dee";
        t->second_person = true;
        t->approvers = (struct principals){.count = 1, .set = true};
        t->approvers.list[0] = (struct principal){.kind = PRINCIPAL_USER, .server = "slack", .id = "dee"};
    }
    rig_start(r);
    ask_anew();
    hold(now.current[0] != '\0', "no question was asked");
}

static int play(uint64_t seed)
{
    begin_round(seed);
    int after = 0; /* clicks since it was done: replays */
    while (now.clicks < ROUND && after < AFTER_AN_ACT && now.rig->life_count < RIG_LIVES - 1) {
        if (now.acts == 0) {
            something_happens();
        }
        const struct click c = draw_click();
        now.clicks++;
        judge(&c, draw(8) == 0);
        after += now.acts > 0;
    }
    hold(now.acts <= 1, "one question, two acts");
    rig_finish(now.rig);
    mem_free(now.rig);
    return now.clicks;
}

/* What never happened proves nothing, however busy the machine is. */
static bool more_fit(int64_t ran_ms)
{
    for (int i = 0; i < COUNTS; i++) {
        if (counts[i] == 0 && ran_ms < MINUTE) {
            return true;
        }
    }
    return ran_ms < REAL_MS;
}

static void no_click_runs_what_it_must_not_and_none_is_silent(void **state)
{
    (void)state;
    const char *many = getenv("CLOUDTAK_CLICKS"), *only = getenv("CLOUDTAK_CLICKS_SEED");
    const long wanted = many != NULL ? strtol(many, NULL, 10) : 0;
    const struct clock real = clock_real(1, 0);
    const int64_t began = clock_mono(&real);
    int clicks = 0;
    log_set_level(only != NULL ? LOG_DEBUG : LOG_ERROR);
    if (only != NULL) {
        play(strtoull(only, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; wanted > 0 ? clicks < wanted : more_fit(clock_mono(&real) - began); seed++) {
        clicks += play(seed);
    }
    print_message(
        "%d clicks in %.1f s: %d acts; %d confirmations refused, of these asked again %d; %d cancelled, "
        "%d cancels refused; %d typed, %d twice at once; %d restarts, %d kills inside, %d clocks set\n",
        clicks, (double)(clock_mono(&real) - began) / 1000, counts[ACTED], counts[CONFIRM_REFUSED],
        counts[ASKED_AGAIN], counts[CANCELLED], counts[CANCEL_REFUSED], counts[TYPED], counts[RACES],
        counts[RESTARTS], counts[KILLS], counts[JUMPS]);
    for (int i = 0; i < COUNTS; i++) {
        assert_true(counts[i] > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_click_runs_what_it_must_not_and_none_is_silent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
