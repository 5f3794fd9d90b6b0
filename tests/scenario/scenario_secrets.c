/* No secret in a row, whoever said it: AWS's events, the reason of a refusal, a directory's error. The
 * secrets here are words that the scripted world says anyway. */
#include "lib/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "lib_rig.h"

#define MINUTE 60000LL

static const char *looked_for;
static size_t seen;    /* rows in which something stands for it */
static char bad[4000]; /* a row that has it; judged outside of the store's callbacks */

static void look_at(const char *text)
{
    if (strstr(text, looked_for) != NULL) {
        TEXT_COPY(bad, text);
    }
    seen += strstr(text, SECRET_SHOWN) != NULL;
}

static void loaded(struct store_loaded *l)
{
    for (size_t i = 0; i < l->operation_count; i++) {
        look_at(l->operations[i].detail);
        look_at(l->operations[i].follow);
    }
    for (size_t i = 0; i < l->outbox_count; i++) {
        look_at(l->outbox[i].card);
    }
    *(bool *)l->user = true;
}

static void recent(struct store_recent *found)
{
    for (size_t i = 0; i < found->count; i++) {
        look_at(found->operations[i].detail);
        look_at(found->operations[i].follow);
    }
    *(bool *)found->user = true;
}

/* In none of the rows, and in at least one of them something stands for it. */
static void rows_are_gated(struct rig *r, const char *secret)
{
    bool all = false, ended = false;
    struct store_loaded load = {.done = loaded, .user = &all};
    struct store_recent newest = {.verb = "restart", .done = recent, .user = &ended};
    looked_for = secret;
    seen = 0;
    bad[0] = '\0';
    r->store->ops->load(r->store, &load);
    r->store->ops->recent(r->store, &newest);
    rig_run(r, 100);
    assert_true(all && ended);
    for (size_t i = 0; store_memory_audit(r->store, i) != NULL; i++) {
        look_at(store_memory_audit(r->store, i)->detail);
    }
    if (bad[0] != '\0') {
        fail_msg("a row has it: %s", bad);
    }
    assert_true(seen > 0);
}

static void what_aws_says_is_kept_without_it(void **state)
{
    struct rig *r = *state;
    static const char word[] = "tasks failed to start";
    struct secret *s = secret_create(word, strlen(word));
    r->ecs.script = SCRIPT_ROLLED_BACK;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_run(r, 5 * MINUTE + 20000);
    rows_are_gated(r, word);
    rig_settle(r, 1, 30 * MINUTE);
    rows_are_gated(r, word);
    secret_destroy(s);
}

static void the_reason_of_an_end_is_kept_without_it(void **state)
{
    struct rig *r = *state;
    static const char word[] = "refused UpdateService";
    struct secret *s = secret_create(word, strlen(word));
    r->ecs.refuse = true;
    rig_start(r);
    rig_ask(r, "restart cotak prod");
    rig_settle(r, 1, 5 * MINUTE);
    rows_are_gated(r, word);
    secret_destroy(s);
}

static void refusals_are_audited_without_it(void **state)
{
    struct rig *r = *state;
    static const char word[] = "the directory does not answer", *const asked[] = {"status", "restart"};
    struct secret *s = secret_create(word, strlen(word));
    r->chat->member = MEMBER_UNKNOWN;
    rig_start(r);
    for (size_t i = 0; i < CHECK_COUNT(asked); i++) {
        char text[40];
        TEXT_FORMAT(text, "%s cotak prod", asked[i]);
        rig_ask(r, text);
        rig_settle(r, i + 1, 20000);
        rows_are_gated(r, word);
    }
    assert_non_null(store_memory_audit(r->store, 1));
    secret_destroy(s);
}

/* What is not understood is quoted back in small letters; nobody would know the secret in them. */
static void a_command_is_quoted_back_without_it(void **state)
{
    struct rig *r = *state;
    static const char word[] = "Xoxb-Canary-0001";
    struct secret *s = secret_create(word, strlen(word));
    rig_start(r);
    rig_ask(r, "status Xoxb-Canary-0001");
    rig_settle(r, 1, 20000);
    char *text = card_text(&rig_newest(r)->card, 0);
    assert_non_null(strstr(text, SECRET_SHOWN));
    assert_null(strstr(text, "xoxb-canary"));
    mem_free(text);
    secret_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_aws_says_is_kept_without_it, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(the_reason_of_an_end_is_kept_without_it, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(refusals_are_audited_without_it, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(a_command_is_quoted_back_without_it, rig_setup, rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
