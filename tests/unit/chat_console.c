/* The chat of this host's terminals: who hears what, and what becomes of a request. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "chat/absent.h"
#include "chat/console.h"
#include "core/local.h"
#include "lib/check.h"
#include "lib/test_loop.h"

static struct {
    unsigned messages, taken, settled, sent;
    char last[100], operation[20];
    bool edit, ok;
    unsigned long number;
} heard[3];

static struct request request;
static struct request_taken *waiting;

static void on_request(void *user, const struct request *r, struct request_taken *t)
{
    (void)user;
    request = *r;
    waiting = t;
}

static void on_message(void *user, const struct console_message *m)
{
    const size_t i = (size_t)(intptr_t)user;
    heard[i].messages++;
    heard[i].edit = m->edit;
    TEXT_COPY(heard[i].last, m->card->title);
    TEXT_COPY(heard[i].operation, m->operation);
}

static void on_taken(void *user, unsigned long number, bool ok, const char *text)
{
    const size_t i = (size_t)(intptr_t)user;
    (void)text;
    heard[i].taken++;
    heard[i].ok = ok;
    heard[i].number = number;
}

static void on_settled(void *user, unsigned long number, enum settled how, enum operation_state state)
{
    const size_t i = (size_t)(intptr_t)user;
    (void)how;
    (void)state;
    heard[i].settled++;
    heard[i].number = number;
}

static struct console_session *join(struct console *c, size_t i, const char *user, bool stays)
{
    struct console_person person = {.offline = i == 2};
    const struct console_listener l = {
        .message = on_message, .taken = on_taken, .settled = on_settled, .user = (void *)(intptr_t)i};
    TEXT_COPY(person.user, user);
    TEXT_COPY(person.name, "Ana");
    return console_join(c, &person, stays, &l);
}

static void sent(struct chat_send *s)
{
    assert_int_equal(s->outcome, CHAT_SENT);
    *(bool *)s->user = true;
}

static void say(struct test_loop *t, struct console *c, const char *thread, const char *title,
                struct chat_send *s)
{
    struct chat *chat = console_chat(c);
    struct card *card = mem_alloc(sizeof(*card));
    bool done = false;
    card_init(card, TONE_NEUTRAL);
    card_title(card, "%s", title);
    s->channel = "ana";
    s->thread = thread;
    s->card = card;
    s->done = sent;
    s->user = &done;
    chat->ops->send(chat, s);
    assert_false(done); /* never inside */
    test_loop_until(t, &done, 1000);
    mem_free(card);
}

static void what_is_said_comes_back_to_its_terminal(void **state)
{
    struct test_loop *t = *state;
    const struct console_options o = {.loop = t->loop, .on_request = on_request};
    struct console *c = console_create(&o);
    char first[160], thread[64];
    memset(heard, 0, sizeof(heard));
    struct console_session *a = join(c, 0, "ana", false), *b = join(c, 1, "ana", true);
    console_say(a, 7, "restart cotak prod", true);
    assert_int_equal(request.source, REQUEST_LOCAL);
    assert_true(request.yes && local_request(&request) && !local_offline(&request.who));
    assert_string_equal(request.who.user, "ana");
    assert_string_equal(request.place.server, "local");
    assert_string_equal(request.text, "restart cotak prod");
    TEXT_COPY(first, request.delivery);
    TEXT_COPY(thread, request.place.thread);
    waiting->done(waiting, true, "");
    assert_true(heard[0].taken == 1 && heard[0].ok && heard[0].number == 7 && heard[1].taken == 0);

    struct chat_send s = {.kind = CHAT_POST, .key = "7F3K/card"};
    say(t, c, thread, "one", &s);
    assert_string_equal(heard[0].operation, "7F3K");
    assert_true(heard[0].messages == 1 && heard[1].messages == 0);
    struct chat_send edit = {.kind = CHAT_UPDATE, .key = "7F3K/card", .message = s.posted};
    say(t, c, thread, "two", &edit);
    assert_true(heard[0].messages == 2 && heard[0].edit);
    console_settled(c, &request, SETTLED_OPERATION, OP_SUCCEEDED);
    assert_true(heard[0].settled == 1 && heard[0].number == 7);

    console_click(a, 8, s.posted, "confirm", "7F3K nonce");
    assert_int_equal(request.source, REQUEST_CLICK);
    assert_true(local_request(&request) && strcmp(request.delivery, first) != 0);
    assert_string_equal(request.click_message, s.posted);

    console_leave(a); /* the console of the same person hears it from now on */
    waiting->done(waiting, true, "");
    say(t, c, thread, "three", &edit);
    assert_true(heard[0].messages == 2 && heard[1].messages == 1);
    console_leave(b); /* nobody: it counts as sent */
    say(t, c, thread, "four", &edit);
    console_settled(c, &request, SETTLED_OPERATION, OP_SUCCEEDED);
    assert_true(heard[1].messages == 1 && heard[1].settled == 0);
    console_destroy(c);
}

static void found(struct chat_find *f)
{
    *(bool *)f->user = true;
}

static void looked(struct chat_lookup *l)
{
    *(bool *)l->user_data = true;
}

static void keys_are_found_and_people_are_full_members(void **state)
{
    struct test_loop *t = *state;
    const struct console_options o = {.loop = t->loop, .on_request = on_request};
    struct console *c = console_create(&o);
    struct chat *chat = console_chat(c);
    bool done = false;
    struct chat_send s = {.kind = CHAT_POST, .key = "7F3K/verdict"};
    say(t, c, "", "one", &s);
    struct chat_find f = {.key = "7F3K/verdict", .done = found, .user = &done};
    chat->ops->find(chat, &f);
    test_loop_until(t, &done, 1000);
    assert_true(f.ok && f.found);
    assert_string_equal(f.message, s.posted);
    done = false;
    f = (struct chat_find){.key = "7F3K/other", .done = found, .user = &done};
    chat->ops->find(chat, &f);
    test_loop_until(t, &done, 1000);
    assert_true(f.ok && !f.found);
    done = false;
    struct chat_lookup l = {
        .user = "ana", .group_count = 1, .in_group = {true}, .done = looked, .user_data = &done};
    chat->ops->lookup(chat, &l);
    test_loop_until(t, &done, 1000);
    assert_true(l.ok && l.member == MEMBER_FULL && !l.in_group[0]);
    console_destroy(c);
}

static void who_runs_alone_is_marked(void **state)
{
    struct test_loop *t = *state;
    const struct console_options o = {.loop = t->loop, .on_request = on_request};
    struct console *c = console_create(&o);
    char who[100];
    struct console_session *s = join(c, 2, "ana", false);
    console_say(s, 1, "restart cotak prod", false);
    assert_true(local_offline(&request.who));
    request_audited(&request.who, who, sizeof(who));
    assert_string_equal(who, "local:ana offline");
    request_principal(&request.who, who, sizeof(who));
    assert_string_equal(who, "local:ana");
    waiting->done(waiting, false, "no");
    assert_true(heard[2].taken == 1 && !heard[2].ok);
    console_leave(s);
    console_destroy(c);
}

static void later(struct chat_send *s)
{
    *(bool *)s->user = true;
}

static void a_platform_that_is_absent_lets_messages_wait(void **state)
{
    struct test_loop *t = *state;
    struct absent *a = absent_create(t->loop, "slack", "/cloudtak");
    struct chat *chat = absent_chat(a);
    bool done = false;
    struct chat_send s = {.done = later, .user = &done};
    chat->ops->send(chat, &s);
    test_loop_until(t, &done, 1000);
    assert_int_equal(s.outcome, CHAT_LATER);
    assert_true(s.retry_ms > 0);
    done = false;
    struct chat_find f = {.done = found, .user = &done};
    chat->ops->find(chat, &f);
    test_loop_until(t, &done, 1000);
    assert_false(f.ok);
    done = false;
    struct chat_lookup l = {.done = looked, .user_data = &done};
    chat->ops->lookup(chat, &l);
    test_loop_until(t, &done, 1000);
    assert_false(l.ok);
    absent_destroy(a);
}

int main(void)
{
#define ON_LOOP(test) cmocka_unit_test_setup_teardown(test, test_loop_setup_virtual, test_loop_teardown)
    const struct CMUnitTest tests[] = {
        ON_LOOP(what_is_said_comes_back_to_its_terminal),
        ON_LOOP(keys_are_found_and_people_are_full_members),
        ON_LOOP(who_runs_alone_is_marked),
        ON_LOOP(a_platform_that_is_absent_lets_messages_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
