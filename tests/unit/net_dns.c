/* Names to addresses: results, order of calls, cancel. */
#include "net_rig.h"

#include <netdb.h>

#include "net/dns.h"

struct ask {
    struct dns_request request;
    int done;
};

static void on_done(struct dns_request *r)
{
    struct ask *a = r->user;

    a->done++;
}

static void start(struct rig *rig, struct ask *a, const char *host)
{
    a->request.host = host;
    a->request.done = on_done;
    a->request.user = a;
    dns_start(rig->loop, &a->request);
    assert_int_equal(a->done, 0);
}

/* Does this machine know the name? A bare one may have no /etc/hosts. */
static bool is_known(const char *host)
{
    struct addrinfo *found = NULL;
    bool known = getaddrinfo(host, NULL, NULL, &found) == 0;

    if (found)
        freeaddrinfo(found);
    return known;
}

static void test_results(void **state)
{
    struct rig rig;
    struct ask four = {0}, six = {0}, local = {0}, unknown = {0}, empty = {0}, overlong = {0};
    char name[400];

    (void)state;
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    rig_open(&rig);
    start(&rig, &four, "127.0.0.9");
    start(&rig, &six, "::1");
    start(&rig, &local, "localhost");
    start(&rig, &unknown, "no-such-name.invalid");
    start(&rig, &empty, "");
    start(&rig, &overlong, name);
    RIG_WAIT(&rig, four.done && six.done && local.done && unknown.done && empty.done && overlong.done);
    assert_true(four.request.ok && four.request.count == 1);
    assert_string_equal(four.request.addresses[0], "127.0.0.9");
    assert_true(six.request.ok);
    assert_string_equal(six.request.addresses[0], "::1");
    assert_true(local.request.ok == is_known("localhost"));
    assert_true(!local.request.ok || text_starts(local.request.addresses[0], "127.") ||
                text_equal(local.request.addresses[0], "::1"));
    assert_false(unknown.request.ok);
    assert_int_equal(unknown.request.err.code, ERR_UNREACHABLE);
    assert_non_null(strstr(unknown.request.err.text, "no-such-name.invalid"));
    assert_int_equal(empty.request.err.code, ERR_CONFIG);
    assert_int_equal(overlong.request.err.code, ERR_CONFIG);
    rig_close(&rig);
}

static void test_cancel(void **state)
{
    struct rig rig;
    struct ask running = {0}, numeric = {0}, done = {0};

    (void)state;
    rig_open(&rig);
    start(&rig, &running, "localhost");
    start(&rig, &numeric, "127.0.0.1");
    dns_cancel(&running.request);
    dns_cancel(&numeric.request);
    assert_int_equal(running.done + numeric.done, 0);
    start(&rig, &done, "127.0.0.1");
    RIG_WAIT(&rig, running.done && numeric.done && done.done);
    assert_int_equal(running.request.err.code, ERR_CANCELLED);
    assert_int_equal(numeric.request.err.code, ERR_CANCELLED);
    assert_int_equal(running.request.count + numeric.request.count, 0);
    dns_cancel(&done.request); /* too late: nothing */
    loop_run_for(rig.loop, 50);
    assert_int_equal(running.done + numeric.done + done.done, 3);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_cancel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
