#include "daemon.h"

#include "app.h"
#include "base/clock.h"
#include "base/log.h"
#include "environment_secrets.h"
#include "loop/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define EXIT_AGAIN 1 /* a supervisor may start it again: the disk may be mended then */
#define EXIT_FATAL 2 /* it would end the same way */
#define STOP_MS    (10 * 1000)

struct daemon {
    struct loop *loop;
    struct app *app;
    struct loop_timer patience;
    bool stopping;
    int status;
};

static void on_stopped(void *user)
{
    struct daemon *d = user;

    loop_timer_stop(d->loop, &d->patience);
    loop_stop(d->loop);
}

/* What hangs must not keep a supervisor waiting: everything that matters is committed already. */
static void on_patience(struct loop_timer *t)
{
    (void)t;
    log_error("daemon", NULL,
              "stopping took more than 10 s; ending now, running operations go on at the next start");
    _exit(EXIT_AGAIN);
}

static void stop(struct daemon *d, int status)
{
    if (d->stopping)
        return;
    d->stopping = true;
    d->status = status;
    loop_timer_start(d->loop, &d->patience, STOP_MS);
    app_stop(d->app, on_stopped, d);
}

static void on_signal(void *user, int signum)
{
    struct daemon *d = user;

    if (d->stopping)
        _exit(128 + signum);
    log_info("daemon", NULL, "signal %d: stopping; running operations go on at the next start", signum);
    stop(d, 0);
}

static void on_ready(void *user)
{
    (void)user;
    log_info("daemon", NULL, "ready");
}

static void on_fatal(void *user, const struct err *err)
{
    log_error("daemon", NULL, "cannot go on: %s", err->text);
    stop(user, err->code == ERR_IO ? EXIT_AGAIN : EXIT_FATAL);
}

static const char *environment(const char *name)
{
    return getenv(name);
}

/* Earnest runs know one speed. A build with fault points may be told the speed of the simulated world it is
 * killed in. */
struct clock daemon_clock(void)
{
#ifdef CLOUDTAK_FAULTS
    const char *speed = getenv("CLOUDTAK_FAULT_SPEED"), *epoch = getenv("CLOUDTAK_FAULT_EPOCH");

    if (speed && epoch)
        return clock_real(strtod(speed, NULL), strtoll(epoch, NULL, 10));
#endif
    return clock_real(1, 0);
}

int daemon_run(struct config *config)
{
    struct clock clock = daemon_clock();
    struct daemon d = {.loop = loop_create(&clock)};
    struct err err = {0};
    struct app_options o = {.loop = d.loop,
                            .config = config,
                            .environment = environment,
                            .world = "aws",
                            .on_ready = on_ready,
                            .on_fatal = on_fatal,
                            .user = &d};

    struct environment_secrets *held = environment_secrets_hold(environment);
    d.patience = (struct loop_timer){.fire = on_patience, .user = &d};
    d.app = app_create(&o, &err);
    if (d.app) {
        loop_on_signal(d.loop, SIGINT, on_signal, &d);
        loop_on_signal(d.loop, SIGTERM, on_signal, &d);
        if (*app_door_path(d.app))
            log_info("daemon", NULL, "%s is open to cloudtak-bot exec and console", app_door_path(d.app));
        if (*app_health_address(d.app))
            log_info("daemon", NULL, "http://%s has /healthz, /readyz and /metrics",
                     app_health_address(d.app));
        app_start(d.app);
        loop_run(d.loop);
        app_destroy(d.app);
    } else {
        log_error("daemon", NULL, "not started: %s", err.text);
        d.status = EXIT_FATAL;
    }
    if (loop_destroy(d.loop) != 0)
        log_error("daemon", NULL, "something was left open on the loop");
    environment_secrets_release(held);
    return d.status;
}
