/* Lines over a Unix socket: who may open it, what it takes, and that nobody makes it grow. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/mem.h"
#include "net/local.h"
#include "net_rig.h"

static struct rig rig;
static char folder[64], path[100];

static struct {
    struct local_conn *conn; /* the server's newest */
    unsigned came, ended, uid;
    char line[100], why[200];
    size_t lines, len;
    bool echoes;
} server_side;
static struct {
    size_t lines, len;
    unsigned ended;
    char line[100], why[200];
} client_side;

static void on_server_line(void *user, char *line, size_t len)
{
    (void)user;
    server_side.lines++;
    server_side.len = len;
    TEXT_COPY(server_side.line, line);
    if (server_side.echoes) {
        local_send(server_side.conn, line);
    }
}

static void on_server_end(void *user, const char *why)
{
    (void)user;
    server_side.ended++;
    TEXT_COPY(server_side.why, why);
}

static void on_connect(void *user, struct local_conn *c, const struct local_peer *peer,
                       struct local_handler *ret_handler)
{
    (void)user;
    server_side.conn = c;
    server_side.came++;
    server_side.uid = peer->uid;
    assert_int_equal(peer->pid, getpid());
    *ret_handler = (struct local_handler){.on_line = on_server_line, .on_end = on_server_end};
}

static void on_client_line(void *user, char *line, size_t len)
{
    (void)user;
    client_side.lines++;
    client_side.len = len;
    TEXT_COPY(client_side.line, line);
}

static void on_client_end(void *user, const char *why)
{
    (void)user;
    client_side.ended++;
    TEXT_COPY(client_side.why, why);
}

static struct local_server *serve(unsigned most)
{
    struct err err = {0};
    const struct local_server_options o = {
        .path = path, .most = most, .full = "full", .on_connect = on_connect};
    struct local_server *s = local_server_create(rig.loop, &o, &err);
    if (s == NULL) {
        fail_msg("%s", err.text);
    }
    return s;
}

static struct local_conn *come(void)
{
    struct err err = {0};
    int number = 0;
    const struct local_handler h = {.on_line = on_client_line, .on_end = on_client_end};
    struct local_conn *c = local_connect(rig.loop, path, &h, &number, &err);
    assert_non_null(c);
    return c;
}

static void stop(struct local_server *s)
{
    bool closed = false;
    local_server_close(s, rig_set, &closed);
    RIG_WAIT(&rig, closed);
}

static int set_up(void **state)
{
    (void)state;
    memset(&server_side, 0, sizeof(server_side));
    memset(&client_side, 0, sizeof(client_side));
    TEXT_COPY(folder, "/tmp/cloudtak-local-XXXXXX");
    assert_non_null(mkdtemp(folder));
    TEXT_FORMAT(path, "%s/door.sock", folder);
    rig_open(&rig);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_close(&rig);
    assert_int_not_equal(access(path, F_OK), 0); /* nothing is left behind */
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static void lines_go_both_ways(void **state)
{
    (void)state;
    struct stat st;
    struct local_server *s = serve(4);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    server_side.echoes = true;
    struct local_conn *c = come();
    local_send(c, "one");
    local_send(c, "");
    local_send(c, "three");
    RIG_WAIT(&rig, client_side.lines == 3);
    assert_string_equal(client_side.line, "three");
    assert_int_equal(server_side.uid, getuid());
    assert_int_equal(local_server_connections(s), 1);
    local_close(c);
    RIG_WAIT(&rig, client_side.ended == 1 && server_side.ended == 1);
    assert_string_equal(client_side.why, "");
    assert_string_equal(server_side.why, "");
    assert_int_equal(local_server_connections(s), 0);
    stop(s);
}

/* The longest line passes, one byte more ends the connection, whatever else was in it. */
static void lines_have_an_end(void **state)
{
    (void)state;
    struct local_server *s = serve(4);
    char *line = mem_alloc(LOCAL_LINE_MAX + 2);
    memset(line, 'x', LOCAL_LINE_MAX);
    struct local_conn *c = come();
    local_send(c, line);
    RIG_WAIT(&rig, server_side.lines == 1);
    assert_int_equal(server_side.len, LOCAL_LINE_MAX);
    line[LOCAL_LINE_MAX] = 'x';
    local_send(c, line);
    RIG_WAIT(&rig, server_side.ended == 1 && client_side.ended == 1);
    assert_int_equal(server_side.lines, 1);
    assert_string_equal(server_side.why, "it sent a line longer than 64 KiB");
    mem_free(line);
    stop(s);
}

static int raw(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    TEXT_COPY(address.sun_path, path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void who_does_not_read_is_let_go(void **state)
{
    (void)state;
    struct local_server *s = serve(4);
    char *line = mem_alloc(LOCAL_LINE_MAX + 1);
    memset(line, 'x', LOCAL_LINE_MAX);
    const int fd = raw();
    RIG_WAIT(&rig, server_side.came == 1);
    for (int i = 0; i < 64 && server_side.ended == 0; i++) {
        local_send(server_side.conn, line);
        loop_run_for(rig.loop, 1);
    }
    RIG_WAIT(&rig, server_side.ended == 1);
    assert_string_equal(server_side.why, "it does not read what it is sent");
    close(fd);
    mem_free(line);
    stop(s);
}

static void halves_come_together_and_the_rest_is_dropped(void **state)
{
    (void)state;
    struct local_server *s = serve(4);
    const int fd = raw();
    assert_int_equal(write(fd, "ha", 2), 2);
    RIG_WAIT(&rig, server_side.came == 1);
    loop_run_for(rig.loop, 20);
    assert_int_equal(server_side.lines, 0);
    assert_int_equal(write(fd, "lf\nrest", 7), 7);
    RIG_WAIT(&rig, server_side.lines == 1);
    assert_string_equal(server_side.line, "half");
    close(fd);
    RIG_WAIT(&rig, server_side.ended == 1);
    assert_int_equal(server_side.lines, 1);
    stop(s);
}

static void one_more_than_there_is_room_for_is_told(void **state)
{
    (void)state;
    struct local_server *s = serve(2);
    struct local_conn *a = come(), *b = come();
    RIG_WAIT(&rig, server_side.came == 2);
    come();
    RIG_WAIT(&rig, client_side.ended == 1);
    assert_string_equal(client_side.line, "full");
    assert_int_equal(server_side.came, 2);
    local_close(a);
    RIG_WAIT(&rig, local_server_connections(s) == 1);
    struct local_conn *again = come();
    RIG_WAIT(&rig, server_side.came == 3);
    local_close(b);
    local_close(again);
    RIG_WAIT(&rig, client_side.ended == 4);
    stop(s);
}

static void closing_ends_everybody_in_order(void **state)
{
    (void)state;
    struct local_server *s = serve(4);
    come();
    const int deaf = raw(); /* never reads, never closes */
    RIG_WAIT(&rig, server_side.came == 2);
    local_send(server_side.conn, "goodbye");
    stop(s);
    assert_int_equal(server_side.ended, 2);
    RIG_WAIT(&rig, client_side.ended == 1);
    close(deaf);
}

static bool create_fails(const char *group, const char *says)
{
    struct err err = {0};
    const struct local_server_options o = {.path = path, .group = group, .most = 1, .on_connect = on_connect};
    struct local_server *s = local_server_create(rig.loop, &o, &err);
    loop_run_for(rig.loop, 5);
    if (s != NULL || strstr(err.text, says) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, says);
    }
    return true;
}

static void what_lies_there_is_looked_at_first(void **state)
{
    (void)state;
    struct err err = {0};
    int number = 0;
    const struct local_handler h = {.on_line = on_client_line, .on_end = on_client_end};
    assert_null(local_connect(rig.loop, path, &h, &number, &err));
    assert_int_equal(number, ENOENT);
    assert_non_null(strstr(err.text, "nobody listens at"));

    int fd = open(path, O_CREAT | O_WRONLY, 0600); /* somebody's file */
    close(fd);
    create_fails(NULL, "is there and is no socket: move it away");
    assert_int_equal(unlink(path), 0);

    struct sockaddr_un address = {.sun_family = AF_UNIX}; /* a living program's */
    TEXT_COPY(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    create_fails(NULL, "another program listens at");
    assert_int_equal(access(path, F_OK), 0);

    close(fd); /* it died */
    assert_null(local_connect(rig.loop, path, &h, &number, &err));
    assert_int_equal(number, ECONNREFUSED);
    struct local_server *s = serve(1);
    create_fails(NULL, "another program listens at"); /* ourselves */
    stop(s);
    create_fails("no-such-group-here", "there is no group \"no-such-group-here\" on this host");
    TEXT_FORMAT(path, "%s/none/door.sock", folder);
    create_fails(NULL, "its directory must be there");
}

int main(void)
{
#define HERE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        HERE(lines_go_both_ways),
        HERE(lines_have_an_end),
        HERE(who_does_not_read_is_let_go),
        HERE(halves_come_together_and_the_rest_is_dropped),
        HERE(one_more_than_there_is_room_for_is_told),
        HERE(closing_ends_everybody_in_order),
        HERE(what_lies_there_is_looked_at_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
