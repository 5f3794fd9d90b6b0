/* Happy path: accept -> the kernel names the uid -> hello within HELLO_MS -> commands in, messages out.
 *
 * What can go wrong: a line that is none of ours (told, closed), a longer one, a terminal that does not read
 * (closed: net/local.c), one that is silent (before its hello, as an exec that asks nothing, as a console
 * over IDLE_MS: told, closed), a ninth one (told, closed). Whatever a terminal does, its operations go on. */
#include "door.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config.h"
#include "core/config.h"
#include "door_people.h"
#include "door_session.h"
#include "door_wire.h"
#include "loop/loop.h"
#include "net/local.h"

#define HELLO_MS (10 * 1000)
#define IDLE_MS  (2 * 60 * 60 * 1000) /* an operation may take an hour without a word of its asker */

struct terminal {
    struct door *door;
    struct terminal *next, *prev;
    struct local_conn *conn;
    struct door_session *session;
    struct loop_timer silent;
    bool ending;
};

struct door {
    struct door_options o;
    struct local_server *server;
    struct door_people people;
    struct terminal *terminals;
    struct door_figures figures;
    void (*on_closed)(void *user);
    void *closed_user;
};

/* ---- one terminal */

static void tell(void *user, const struct door_tell *t)
{
    struct terminal *term = user;
    char *line = door_write_tell(t);

    local_send(term->conn, line);
    mem_free(line);
    if (t->kind == DOOR_TELL_MESSAGE)
        loop_timer_start(term->door->o.loop, &term->silent, IDLE_MS);
}

static void over(void *user)
{
    struct terminal *term = user;

    if (term->ending)
        return;
    term->ending = true;
    term->door->figures.broken++;
    local_close(term->conn);
}

static void on_silent(struct loop_timer *t)
{
    struct terminal *term = t->user;

    door_session_bye(term->session,
                     door_session_open(term->session)
                         ? "Nothing was said here for two hours, so the bot hangs up. What was "
                           "begun goes on; come again at any time."
                         : "Nothing was said here, so the bot hangs up.");
    over(term);
}

static void on_line(void *user, char *line, size_t len)
{
    struct terminal *term = user;
    struct door_ask *ask = mem_alloc(sizeof *ask);
    struct err err = {0};
    const bool before = door_session_open(term->session);

    if (term->ending) {
        mem_free(ask);
        return;
    }
    loop_timer_start(term->door->o.loop, &term->silent, before ? IDLE_MS : HELLO_MS);
    if (!door_read_ask(line, len, ask, &err)) {
        door_session_bye(term->session, err.text);
        over(term);
    } else {
        door_session_ask(term->session, ask);
    }
    if (!before && door_session_open(term->session) && !term->ending) {
        char name[80];
        door_session_name(term->session, name, sizeof name);
        term->door->figures.opened++;
        loop_timer_start(term->door->o.loop, &term->silent, IDLE_MS);
        log_info("door", NULL, "%s opened %s", name,
                 door_session_stays(term->session) ? "a console" : "the door");
    }
    mem_free(ask);
}

static void on_end(void *user, const char *why)
{
    struct terminal *term = user;
    struct door *d = term->door;
    char name[80];

    door_session_name(term->session, name, sizeof name);
    if (*why) {
        d->figures.broken++;
        log_warning("door", NULL, "the connection of %s ended: %s", name, why);
    }
    loop_timer_stop(d->o.loop, &term->silent);
    *(term->prev ? &term->prev->next : &d->terminals) = term->next;
    if (term->next)
        term->next->prev = term->prev;
    door_session_destroy(term->session);
    mem_free(term);
}

static void on_connect(void *user, struct local_conn *conn, const struct local_peer *peer,
                       struct local_handler *ret_handler)
{
    struct door *d = user;
    struct terminal *term = mem_alloc(sizeof *term);
    struct door_session_options o = {.console = d->o.console,
                                     .people = &d->people,
                                     .uid = peer->uid,
                                     .world = d->o.world,
                                     .store = d->o.config->store_path,
                                     .tell = tell,
                                     .over = over,
                                     .user = term};

    term->door = d;
    term->conn = conn;
    term->session = door_session_create(&o);
    term->silent = (struct loop_timer){.fire = on_silent, .user = term};
    term->next = d->terminals;
    if (term->next)
        term->next->prev = term;
    d->terminals = term;
    *ret_handler = (struct local_handler){.on_line = on_line, .on_end = on_end, .user = term};
    loop_timer_start(d->o.loop, &term->silent, HELLO_MS);
}

/* ---- life */

struct door *door_create(const struct door_options *options, bool *ret_wanted, struct err *err)
{
    const struct config *c = options->config;
    struct door *d = mem_alloc(sizeof *d);
    char *full = door_write_tell(
        &(struct door_tell){.kind = DOOR_TELL_BYE,
                            .text = "Eight terminals are connected, and there is no room for one more: end "
                                    "one, or ask in the chat."});
    struct local_server_options o = {.path = c->door.socket,
                                     .group = c->door.group,
                                     .most = DOOR_CONNECTIONS,
                                     .full = full,
                                     .on_connect = on_connect,
                                     .user = d};

    *ret_wanted = !text_equal(c->door.socket, DOOR_SOCKET) || *c->door.group;
    d->o = *options;
    d->server = local_server_create(options->loop, &o, err);
    mem_free(full);
    if (!d->server) {
        mem_free(d);
        err_wrap(err, "door.socket");
        return NULL;
    }
    door_people_read(c, door_people_account, &d->people);
    return d;
}

const char *door_path(const struct door *d)
{
    return d->o.config->door.socket;
}

void door_read_figures(const struct door *d, struct door_figures *ret)
{
    *ret = d->figures;
    ret->open = 0;
    for (const struct terminal *t = d->terminals; t; t = t->next)
        ret->open += door_session_open(t->session);
}

static void on_server_closed(void *user)
{
    struct door *d = user;
    void (*on_closed)(void *user) = d->on_closed;
    void *closed_user = d->closed_user;

    mem_free(d);
    on_closed(closed_user);
}

void door_close(struct door *d, void (*on_closed)(void *user), void *user)
{
    if (!d) {
        on_closed(user);
        return;
    }
    d->on_closed = on_closed;
    d->closed_user = user;
    for (struct terminal *t = d->terminals; t; t = t->next) {
        t->ending = true;
        door_session_bye(t->session,
                         "The bot is being stopped. What was begun is finished, or told, at its next "
                         "start.");
    }
    local_server_close(d->server, on_server_closed, d);
}
