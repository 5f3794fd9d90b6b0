/* Children with line-wise pipes, and lines of an input of our own. */
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "lib/check.h"
#include "lib/test_loop.h"
#include "loop/process.h"

/* What a child or an input gave: its lines with '|' behind each, and its end. */
struct seen {
    struct buf lines;
    size_t longest;
    bool ended;
    int ends, status, signum;
    struct process *destroy_at_line;
};

static void take_line(void *user, char *line, size_t len)
{
    struct seen *seen = user;
    assert_int_equal(strlen(line), len);
    buf_put(&seen->lines, line, len < 100 ? len : 100);
    buf_char(&seen->lines, '|');
    seen->longest = len > seen->longest ? len : seen->longest;
    if (seen->destroy_at_line != NULL) {
        process_destroy(seen->destroy_at_line);
        seen->ended = true;
    }
}

static void take_exit(void *user, int status, int signum)
{
    struct seen *seen = user;
    seen->ended = true;
    seen->ends++;
    seen->status = status;
    seen->signum = signum;
}

static void take_end(void *user)
{
    take_exit(user, 0, 0);
}

static struct process *start_shell(struct test_loop *t, struct seen *seen, const char *script)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    const char *const environment[] = {"GREETING=hello", NULL};
    const struct process_options options = {
        .argv = argv, .environment = environment, .on_line = take_line, .on_exit = take_exit, .user = seen};
    struct err err;
    buf_init(&seen->lines, 4096);
    struct process *p = process_start(t->loop, &options, &err);
    assert_non_null(p);
    return p;
}

static void run_shell(struct test_loop *t, struct seen *seen, const char *script)
{
    struct process *p = start_shell(t, seen, script);
    loop_run(t->loop);
    assert_int_equal(seen->ends, 1);
    process_destroy(p);
}

static void lines_come_before_the_exit(void **state)
{
    struct seen seen = {0};
    run_shell(*state, &seen, "echo one; echo; printf 'two\\nrest'; exit 3");
    assert_string_equal(seen.lines.data, "one||two|rest|");
    assert_int_equal(seen.status, 3);
    assert_int_equal(seen.signum, 0);
    buf_finish(&seen.lines);
}

static void the_environment_is_exactly_what_was_given(void **state)
{
    struct seen seen = {0};
    assert_int_equal(setenv("CLOUDTAK_TEST_LEAK", "yes", 1), 0);
    run_shell(*state, &seen, "env | grep -v '^PWD=' | grep -v '^_='");
    assert_string_equal(seen.lines.data, "GREETING=hello|");
    buf_finish(&seen.lines);
}

static void no_other_descriptor_reaches_the_child(void **state)
{
    struct seen seen = {0};
    const int open_fd = open("/dev/null", O_RDONLY); /* not close-on-exec, on purpose */
    const int high_fd = fcntl(open_fd, F_DUPFD, 77);
    assert_int_equal(high_fd, 77);
    run_shell(*state, &seen, "test -e /proc/self/fd/77 && echo leaked; test -e /proc/self/fd/2 && echo fine");
    assert_string_equal(seen.lines.data, "fine|");
    close(open_fd);
    close(high_fd);
    buf_finish(&seen.lines);
}

static void what_is_sent_comes_back_and_the_end_of_input_too(void **state)
{
    struct test_loop *t = *state;
    struct seen seen = {0};
    struct process *p = start_shell(t, &seen, "while read -r x; do echo \"<$x>\"; done; echo bye");
    process_send(p, "first");
    process_send(p, "");
    process_end_input(p);
    process_end_input(p);
    process_send(p, "too late");
    assert_string_equal(seen.lines.data, "");
    loop_run(t->loop);
    assert_string_equal(seen.lines.data, "<first>|<>|bye|");
    assert_int_equal(seen.ends, 1);
    process_destroy(p);
    buf_finish(&seen.lines);
}

static void a_signal_ends_the_child(void **state)
{
    struct test_loop *t = *state;
    struct seen seen = {0};
    struct process *p = start_shell(t, &seen, "exec sleep 60");
    process_signal(p, SIGTERM);
    loop_run(t->loop);
    assert_int_equal(seen.signum, SIGTERM);
    process_destroy(p);
    buf_finish(&seen.lines);
}

static void a_long_line_is_cut_and_the_next_is_whole(void **state)
{
    struct seen seen = {0};
    run_shell(*state, &seen, "head -c 1500000 /dev/zero | tr '\\0' x; echo; echo next");
    assert_int_equal(seen.longest, PROCESS_LINE_MAX);
    assert_non_null(strstr(seen.lines.data, "x|next|"));
    buf_finish(&seen.lines);
}

static void a_child_that_is_not_there_is_an_error(void **state)
{
    struct test_loop *t = *state;
    const char *const argv[] = {"/nonexistent/child", NULL};
    const char *const environment[] = {NULL};
    struct seen seen = {0};
    struct err err = {0};
    const struct process_options options = {
        .argv = argv, .environment = environment, .on_line = take_line, .on_exit = take_exit, .user = &seen};
    assert_null(process_start(t->loop, &options, &err));
    assert_int_equal(err.code, ERR_MISSING);
    assert_non_null(strstr(err.text, "/nonexistent/child"));
    loop_run(t->loop);
    assert_int_equal(seen.ends, 0);
}

static void destroy_kills_and_stays_silent(void **state)
{
    struct test_loop *t = *state;
    struct seen seen = {0};
    struct process *p = start_shell(t, &seen, "exec sleep 60");
    process_destroy(p);
    process_destroy(NULL);
    const int64_t start = loop_now(t->loop);
    loop_run(t->loop);
    assert_true(loop_now(t->loop) - start < 10000);
    assert_int_equal(seen.ends, 0);
    buf_finish(&seen.lines);
}

static void a_loop_reaps_the_child_it_outlives(void **state)
{
    (void)state;
    struct test_loop t;
    struct seen seen = {0};
    test_loop_init_real(&t);
    struct process *p = start_shell(&t, &seen, "exec sleep 60");
    process_destroy(p);
    test_loop_finish(&t);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left, not even a zombie */
    buf_finish(&seen.lines);
}

static void an_input_left_open_is_counted(void **state)
{
    (void)state;
    struct test_loop t;
    struct seen seen = {0};
    test_loop_init_real(&t);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct lines *l = lines_create(t.loop, fds[0], take_line, take_end, &seen);
    assert_int_equal(loop_destroy(t.loop), 1);
    mem_free(l); /* its handle was closed by force */
    close(fds[0]);
    close(fds[1]);
}

static void destroy_inside_a_line_ends_the_lines(void **state)
{
    struct test_loop *t = *state;
    struct seen seen = {0};
    struct process *p = start_shell(t, &seen, "printf 'one\\ntwo\\n'; exec sleep 60");
    seen.destroy_at_line = p;
    loop_run(t->loop);
    assert_string_equal(seen.lines.data, "one|");
    assert_int_equal(seen.ends, 0);
    buf_finish(&seen.lines);
}

static void a_grandchild_that_keeps_the_output_open_does_not_hold_the_exit(void **state)
{
    struct test_loop *t = *state;
    struct seen seen = {0};
    struct process *p = start_shell(t, &seen, "sleep 20 & echo one; exit 5");
    const int64_t start = loop_now(t->loop);
    test_loop_until(t, &seen.ended, 10000);
    assert_true(loop_now(t->loop) - start < 8000);
    assert_int_equal(seen.status, 5);
    assert_string_equal(seen.lines.data, "one|");
    process_destroy(p);
    buf_finish(&seen.lines);
}

/* ---- lines */

static void read_lines(struct test_loop *t, int fd, const char *expected)
{
    struct seen seen = {0};
    buf_init(&seen.lines, 4096);
    struct lines *l = lines_create(t->loop, fd, take_line, take_end, &seen);
    assert_int_equal(seen.ends, 0);
    loop_run(t->loop);
    assert_int_equal(seen.ends, 1);
    assert_string_equal(seen.lines.data, expected);
    lines_destroy(l);
    buf_finish(&seen.lines);
}

static void lines_of_a_pipe(void **state)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "a\nbc\nrest", 9), 9);
    close(fds[1]);
    read_lines(*state, fds[0], "a|bc|rest|");
    assert_int_equal(fcntl(fds[0], F_GETFD) >= 0, 1); /* still the caller's */
    close(fds[0]);
}

static void lines_of_a_file(void **state)
{
    char path[] = "/tmp/cloudtak-lines-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, "a\n\nb\n", 5), 5);
    lseek(fd, 0, SEEK_SET);
    read_lines(*state, fd, "a||b|");
    close(fd);
}

static void lines_of_a_terminal(void **state)
{
    int master, slave;
    if (openpty(&master, &slave, NULL, NULL, NULL) != 0) {
        skip(); /* no terminals here */
    }
    struct test_loop *t = *state;
    struct seen seen = {0};
    buf_init(&seen.lines, 4096);
    struct lines *l = lines_create(t->loop, slave, take_line, take_end, &seen);
    assert_int_equal(write(master, "hello\n\004", 7), 7); /* ^D: end of input */
    test_loop_until(t, &seen.ended, 5000);
    assert_string_equal(seen.lines.data, "hello|");
    lines_destroy(l);
    close(slave);
    close(master);
    buf_finish(&seen.lines);
}

static void lines_of_nothing_end(void **state)
{
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    read_lines(*state, fd, "");
    close(fd);
    read_lines(*state, -1, "");
}

#define ON_REAL(test) cmocka_unit_test_setup_teardown(test, test_loop_setup_real, test_loop_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_REAL(lines_come_before_the_exit),
        ON_REAL(the_environment_is_exactly_what_was_given),
        ON_REAL(no_other_descriptor_reaches_the_child),
        ON_REAL(what_is_sent_comes_back_and_the_end_of_input_too),
        ON_REAL(a_signal_ends_the_child),
        ON_REAL(a_long_line_is_cut_and_the_next_is_whole),
        ON_REAL(a_child_that_is_not_there_is_an_error),
        ON_REAL(destroy_kills_and_stays_silent),
        cmocka_unit_test(a_loop_reaps_the_child_it_outlives),
        cmocka_unit_test(an_input_left_open_is_counted),
        ON_REAL(destroy_inside_a_line_ends_the_lines),
        ON_REAL(a_grandchild_that_keeps_the_output_open_does_not_hold_the_exit),
        ON_REAL(lines_of_a_pipe),
        ON_REAL(lines_of_a_file),
        ON_REAL(lines_of_a_terminal),
        ON_REAL(lines_of_nothing_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
