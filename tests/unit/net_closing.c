/* Taking down a server touches nobody else's descriptors: what is opened meanwhile stays open. */
#include <fcntl.h>
#include <sys/stat.h>

#include "net/server.h"
#include "net_rig.h"

#define OTHERS 64

struct opener {
    struct loop_deferred deferred;
    int fds[OTHERS];
    struct stat was[OTHERS];
};

/* Takes every number that has become free. */
static void open_others(struct loop_deferred *d)
{
    struct opener *o = d->user;
    for (size_t i = 0; i < OTHERS; i++) {
        o->fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(o->fds[i] >= 0);
        assert_int_equal(fstat(o->fds[i], &o->was[i]), 0);
    }
}

static void expect_others_whole(struct opener *o)
{
    for (size_t i = 0; i < OTHERS; i++) {
        struct stat now;
        if (fstat(o->fds[i], &now) != 0 || now.st_ino != o->was[i].st_ino)
            fail_msg("descriptor %d, opened while a context was taken down, is gone", o->fds[i]);
        close(o->fds[i]);
    }
}

static int open_count(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void open_and_close_a_server(void)
{
    struct rig r;
    rig_open(&r);
    struct err err;
    struct server_options options = {.port = 0};
    struct server *s = server_create(r.loop, &options, &err);
    assert_non_null(s);
    loop_run_for(r.loop, 5);
    bool closed = false;
    struct opener o = {.deferred = {.run = open_others, .user = &o}};
    server_close(s, rig_set, &closed);
    loop_defer(r.loop, &o.deferred); /* runs just behind the first step of closing */
    RIG_WAIT(&r, closed);
    expect_others_whole(&o);
    rig_close(&r);
}

static void test_server_closes_only_its_own(void **state)
{
    (void)state;
    open_and_close_a_server();
    int before = open_count(); /* with what libuv keeps for the process */
    open_and_close_a_server();
    assert_int_equal(open_count(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_closes_only_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
