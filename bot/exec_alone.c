/* Only the account that owns the store may: anybody else, root included, would leave files behind that the
 * daemon cannot read. Who may become that account holds the bot's keys anyway; what the rules say of the
 * person who signed in holds nevertheless, and is written down. */
#include "exec_alone.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"
#include "base/mem.h"
#include "base/text.h"
#include "config.h"
#include "door_people.h"
#include "door_session.h"
#include "environment_secrets.h"
#include "loop/loop.h"

#define NOBODY 4294967295U /* what the kernel says of a process that nobody signed in for */

struct exec_alone {
    struct exec_alone_options o;
    struct environment_secrets *held;
    struct app *app;
    struct door_people people;
    struct door_session *session;
    struct loop_deferred ready;
    void (*on_closed)(void *user);
    void *closed_user;
};

unsigned exec_alone_uid(void)
{
    char text[24] = "";
    const int fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
    const ssize_t len = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

    if (fd >= 0)
        close(fd);
    text[len > 0 ? len : 0] = '\0';
    const unsigned long uid = strtoul(text, NULL, 10);
    return len > 0 && uid > 0 && uid < NOBODY ? (unsigned)uid : (unsigned)getuid();
}

/* ---- may it? */

static void account_name(uid_t uid, char *to, size_t size)
{
    struct passwd found, *is = NULL;
    char room[8192];

    if (getpwuid_r(uid, &found, room, sizeof room, &is) == 0 && is)
        text_copy(to, size, found.pw_name);
    else
        text_format(to, size, "#%u", (unsigned)uid);
}

static void folder_of(const char *path, char *to, size_t size)
{
    text_copy(to, size, path);
    char *slash = strrchr(to, '/');
    if (slash && slash != to)
        *slash = '\0';
}

static bool owns_store(const struct config *c, struct err *err)
{
    char folder[CONFIG_URL], owner[80];
    struct stat st;

    folder_of(c->store_path, folder, sizeof folder);
    if (stat(folder, &st) != 0)
        return err_set(
            err, ERR_CONFIG,
            "no bot runs here, and its memory %s cannot be found: %s. Is %s its configuration? Name "
            "it with -c",
            c->store_path, strerrordesc_np(errno), c->file);
    account_name(st.st_uid, owner, sizeof owner);
    if (st.st_uid != geteuid())
        return err_set(
            err, ERR_DENIED,
            "no bot runs here, and its memory %s belongs to %s: run the same as that account, sudo "
            "-u %s cloudtak-bot …, or start the bot",
            c->store_path, owner, owner);
    if (access(c->store_path, F_OK) != 0)
        return err_set(err, ERR_CONFIG,
                       "no bot runs here, and none has run: there is no memory %s. Is %s its configuration? "
                       "Name it with -c, or start the bot once",
                       c->store_path, c->file);
    return true;
}

static void explain(const struct config *c, struct err *err)
{
    const struct err why = *err;
    const char *door = *c->door.socket ? c->door.socket : "(door.socket: off)";

    if (strstr(why.text, "is in use by"))
        err_set(err, ERR_CONFIG,
                "a bot runs here, but nobody listens at its door %s: see the \"door\" lines of its log, and "
                "whether it was started with this configuration (%s)",
                door, why.text);
}

/* ---- the bot */

static void tell_ready(struct loop_deferred *d)
{
    struct exec_alone *a = d->user;

    a->o.ready(a->o.user);
}

/* The engine goes on with what was not over before anybody says something new. */
static void on_ready(void *user)
{
    struct exec_alone *a = user;

    a->ready = (struct loop_deferred){.run = tell_ready, .user = a};
    loop_defer(a->o.loop, &a->ready);
}

static void on_fatal(void *user, const struct err *err)
{
    struct exec_alone *a = user;

    a->o.lost(a->o.user, err->text);
}

static void tell(void *user, const struct door_tell *told)
{
    struct exec_alone *a = user;

    a->o.tell(a->o.user, told);
}

static void over(void *user)
{
    (void)user; /* its goodbye was told */
}

static void join(struct exec_alone *a)
{
    const struct door_session_options o = {.console = app_console(a->app),
                                           .people = &a->people,
                                           .uid = exec_alone_uid(),
                                           .world = "aws",
                                           .store = a->o.config->store_path,
                                           .offline = true,
                                           .tell = tell,
                                           .over = over,
                                           .user = a};

    door_people_read(a->o.config, door_people_account, &a->people);
    a->session = door_session_create(&o);
}

struct exec_alone *exec_alone_create(const struct exec_alone_options *options, struct err *err)
{
    struct exec_alone *a = mem_alloc(sizeof *a);
    const struct app_options o = {.loop = options->loop,
                                  .config = options->config,
                                  .environment = config_environment,
                                  .world = "aws",
                                  .alone = true,
                                  .on_ready = on_ready,
                                  .on_fatal = on_fatal,
                                  .user = a};

    a->o = *options;
    if (owns_store(options->config, err)) {
        a->held = environment_secrets_hold(config_environment);
        a->app = app_create(&o, err);
        if (a->app) {
            join(a);
            app_start(a->app);
            return a;
        }
        explain(options->config, err);
        environment_secrets_release(a->held);
    }
    mem_free(a);
    return NULL;
}

void exec_alone_ask(struct exec_alone *a, const struct door_ask *ask)
{
    door_session_ask(a->session, ask);
}

static void on_stopped(void *user)
{
    struct exec_alone *a = user;
    void (*on_closed)(void *user) = a->on_closed;
    void *closed_user = a->closed_user;

    app_destroy(a->app);
    environment_secrets_release(a->held);
    mem_free(a);
    on_closed(closed_user);
}

void exec_alone_close(struct exec_alone *a, void (*on_closed)(void *user), void *user)
{
    a->on_closed = on_closed;
    a->closed_user = user;
    loop_defer_cancel(a->o.loop, &a->ready);
    door_session_destroy(a->session);
    a->session = NULL;
    app_stop(a->app, on_stopped, a);
}
