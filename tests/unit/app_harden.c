/* What main does first is done, whatever the shell had set. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bot/harden.h"
#include "lib/check.h"

static void nothing_of_ours_is_left_lying_about(void **state)
{
    (void)state;
    struct rlimit cores;
    struct sigaction pipe_broken;
    assert_int_equal(getrlimit(RLIMIT_CORE, &cores), 0);
    cores.rlim_cur = cores.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_CORE, &cores), 0);
    assert_int_equal(setenv("SSLKEYLOGFILE", "/tmp/keys", 1), 0);
    assert_int_equal(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
    assert_int_equal(access("/proc/self/environ", R_OK), 0);

    harden();
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &cores), 0);
    assert_int_equal(cores.rlim_cur, 0);
    assert_int_equal(cores.rlim_max, 0);
    assert_null(getenv("SSLKEYLOGFILE"));
    assert_int_equal(sigaction(SIGPIPE, NULL, &pipe_broken), 0);
    assert_true(pipe_broken.sa_handler == SIG_IGN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_of_ours_is_left_lying_about)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
