/* Who comes in by the door: whom the configuration names, by the uid that the kernel tells; nobody else. */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/door_people.h"
#include "lib/check.h"

static bool accounts(const char *name, unsigned *ret)
{
    static const struct {
        const char *name;
        unsigned uid;
    } known[] = {{"root", 0}, {"toor", 0}, {"ana", 1000}, {"bo", 1001}};
    for (size_t i = 0; i < CHECK_COUNT(known); i++) {
        if (text_equal(known[i].name, name)) {
            *ret = known[i].uid;
            return true;
        }
    }
    return false;
}

static void put(struct principals *to, enum principal_kind kind, const char *id)
{
    to->list[to->count].kind = kind;
    TEXT_COPY(to->list[to->count].id, id);
    to->count++;
}

static void the_configuration_names_them(void **state)
{
    (void)state;
    struct config *c = config_create();
    struct door_people *p = mem_alloc(sizeof(*p));
    struct console_person who;
    log_set_level(LOG_ERROR);
    c->people = mem_array(1, sizeof(*c->people));
    c->person_count = 1;
    TEXT_COPY(c->people[0].name, "ana-maria");
    c->people[0].ids[c->people[0].count++] = (struct principal){.kind = PRINCIPAL_USER, .id = "bo"};
    c->people[0].ids[c->people[0].count++] = (struct principal){.kind = PRINCIPAL_LOCAL, .id = "ana"};
    c->targets = mem_array(1, sizeof(*c->targets));
    c->target_count = 1;
    put(&c->targets[0].restart, PRINCIPAL_LOCAL, "ana"); /* flattened from people: known already */
    put(&c->targets[0].restart, PRINCIPAL_LOCAL, "1234");
    put(&c->targets[0].approvers, PRINCIPAL_LOCAL, "toor");
    put(&c->targets[0].approvers, PRINCIPAL_LOCAL, "root");
    put(&c->targets[0].approvers, PRINCIPAL_LOCAL, "0");
    put(&c->targets[0].approvers, PRINCIPAL_LOCAL, "gone");
    put(&c->targets[0].view, PRINCIPAL_EVERYONE, "");
    door_people_read(c, accounts, p);
    assert_int_equal(p->count, 2);

    assert_true(door_people_find(p, 1000, &who));
    assert_string_equal(who.user, "ana");
    assert_string_equal(who.name, "ana-maria");
    assert_true(door_people_find(p, 1234, &who));
    assert_string_equal(who.user, "1234");
    assert_false(door_people_find(p, 1001, &who)); /* an id of another platform is none of this host */
    assert_string_equal(who.user, "1001");
    assert_string_equal(who.name, "uid 1001");
    assert_false(door_people_find(p, 0, &who));
    assert_string_equal(who.user, "root");
    mem_free(p);
    config_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_configuration_names_them)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
