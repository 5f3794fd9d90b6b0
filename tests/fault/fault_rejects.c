/* The judge of the sweeps can say no: of a bot that is wrong in one way (lib_mutants.h) it names that way,
 * and of the right one nothing. Each is played in a process of its own, since its judge ends it.
 *
 * fault_rejects [MUTANT]: plays that one and is judged, as the sweeps are. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"

#include "base/buf.h"
#include "base/mem.h"
#include "lib_mutants.h"
#include "lib_restart.h"

static void played_and_judged(void **state)
{
    (void)state;
    struct run *r = mem_alloc(sizeof(*r));
    r->quick = true;
    run_begin(r, &plays[mutant_in_force == MUTANT_LIAR ? 1 : 0]);
    run_judge(r);
    run_end(r);
    mem_free(r);
}

static int play(const char *mutant)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(played_and_judged)};
    mutant_in_force = (enum mutant)strtol(mutant, NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ---- the judge is judged */

static int play_apart(enum mutant mutant, struct buf *said)
{
    char piece[4096], number[] = {(char)('0' + mutant), '\0'};
    int ends[2], status;
    ssize_t got;
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        /* What the judge stops leaves its memory behind. */
        setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
        execl("/proc/self/exe", "fault_rejects", number, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    while ((got = read(ends[0], piece, sizeof(piece))) > 0) {
        buf_put(said, piece, (size_t)got);
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_wrong_bot_is_seen(void **state)
{
    (void)state;
    static const struct {
        enum mutant mutant;
        const char *named; /* what the judge must miss; NULL = nothing */
    } rows[] = {
        {MUTANT_NONE, NULL},
        {MUTANT_TWICE, "updates <= 1"},
        {MUTANT_ECHO, "verdicts <= followed"},
        {MUTANT_LIAR, "!says_done"},
        {MUTANT_MUTE, "verdicts == followed"},
    };
    _Static_assert(CHECK_COUNT(rows) == MUTANTS, "each mutant has its row");
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct buf said;
        buf_init(&said, 1024 * 1024);
        const int status = play_apart(rows[i].mutant, &said);
        const bool seen =
            rows[i].named == NULL ? status == 0 : status == 1 && strstr(said.data, rows[i].named) != NULL;
        if (!seen) {
            fail_msg("mutant %d ends with %d, wanted: %s\n%s", (int)rows[i].mutant, status,
                     rows[i].named != NULL ? rows[i].named : "no complaint", said.data);
        }
        buf_finish(&said);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return play(argv[1]);
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_wrong_bot_is_seen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
