#include "app_private.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "commands/table.h"
#include "descriptors.h"

#include <ctype.h>
#include <string.h>

/* ---- building */

/* Before anything is opened: libwebsockets looks at the limit once. */
static bool share_descriptors(struct app *a, struct err *err)
{
    const size_t chats = a->o.config->chat_count;
    const bool listens = *a->o.config->metrics_listen != '\0';
    const int wanted = descriptors_wanted(chats, listens), limit = descriptors_raise(wanted);

    if (!descriptors_share(limit, chats, listens, &a->health_connections, err))
        return false;
    if (limit < wanted)
        log_warning("app", NULL,
                    "only %d files and sockets may be open here, %d are wanted: the health pages take %d "
                    "connections at a time, the others keep theirs (LimitNOFILE= of the unit, ulimit -n)",
                    limit, wanted, a->health_connections);
    return true;
}

static bool create_net(struct app *a, struct err *err)
{
    const struct config *c = a->o.config;
    const char *bundle = a->o.environment("AWS_CA_BUNDLE");
    const char *ca = *c->ca_file ? c->ca_file : bundle && *bundle ? bundle : NULL;
    struct http_options http = {.ca_file = ca,
                                .proxy = a->o.proxy,
                                .user_agent = "cloudtak-bot/" CLOUDTAK_VERSION,
                                .allow_plain = c->unsafe_endpoints};
    struct ws_client_options ws = {.ca_file = ca, .proxy = a->o.proxy};

    a->http = http_create(a->o.loop, &http, err);
    a->ws = a->http ? ws_client_create(a->o.loop, &ws, err) : NULL;
    return a->ws != NULL;
}

static struct credentials *credentials_for(struct app *a, const char *profile, struct err *err)
{
    for (size_t i = 0; i < a->credentials_count; i++) {
        if (text_equal(a->credentials_of[i], profile))
            return a->credentials[i];
    }
    struct credentials_options o = {.loop = a->o.loop,
                                    .http = a->http,
                                    .profile = *profile ? profile : NULL,
                                    .environment = a->o.environment};
    struct credentials *c = credentials_create(&o, err);
    if (c) {
        TEXT_COPY(a->credentials_of[a->credentials_count], profile);
        a->credentials[a->credentials_count++] = c;
    }
    return c;
}

/* AWS_ENDPOINT_URL[_<SERVICE>]: obeyed only where the configuration says that this is no real AWS. */
static const char *endpoint_override(const struct app *a, enum aws_service service)
{
    char name[64] = "AWS_ENDPOINT_URL_";
    size_t at = strlen(name);

    if (!a->o.config->unsafe_endpoints)
        return NULL;
    for (const char *w = endpoint_service(service)->word; *w && at + 1 < sizeof name; w++)
        name[at++] = (char)(*w == '-' ? '_' : toupper((unsigned char)*w));
    name[at] = '\0';
    const char *own = a->o.environment(name);
    return own ? own : a->o.environment("AWS_ENDPOINT_URL");
}

static bool create_session(struct app *a, struct config_target *t, size_t index, struct err *err)
{
    if (*t->role_arn)
        return err_set(err, ERR_CONFIG,
                       "target \"%s\": role_arn is not supported by this version; give the bot a profile "
                       "with keys of that role, or run "
                       "it in ECS with a task role",
                       t->name);
    const char *fips = a->o.environment("AWS_USE_FIPS_ENDPOINT");
    struct aws_session_options o = {.loop = a->o.loop,
                                    .http = a->http,
                                    .credentials = credentials_for(a, t->profile, err),
                                    .region = t->region,
                                    .fips =
                                        text_equal(t->partition, "aws-us-gov") || text_equal(fips, "true"),
                                    .reads_per_second = a->o.config->poll_budget};
    if (!o.credentials)
        return false;
    for (int s = 0; s < AWS_SERVICES; s++)
        o.endpoint_override[s] = endpoint_override(a, (enum aws_service)s);
    a->sessions[index] = aws_session_create(&o, err);
    if (!a->sessions[index])
        return err_wrap(err, "target \"%s\"", t->name);
    t->session = ecs_client_add_session(a->ecs, a->sessions[index]);
    return true;
}

static bool create_aws(struct app *a, struct err *err)
{
    struct config *c = a->o.config;
    struct ecs_client_options o = {.loop = a->o.loop,
                                   .active_ms = c->poll_active_ms,
                                   .quiet_ms = c->poll_quiet_ms,
                                   .calls_per_second = c->poll_budget};

    a->ecs = ecs_client_create(&o);
    for (size_t i = 0; i < c->target_count; i++) {
        if (!create_session(a, &c->targets[i], i, err))
            return false;
    }
    return true;
}

static void on_settled(void *user, const struct request *request, enum settled how,
                       enum operation_state operation)
{
    struct app *a = user;

    console_settled(a->console, request, how, operation);
    if (a->o.on_settled)
        a->o.on_settled(a->o.user, request, how, operation);
}

static void tell_fatal(struct app *a, const struct err *err)
{
    if (a->fatal_told || a->stopping)
        return;
    a->fatal_told = true;
    a->o.on_fatal(a->o.user, err);
}

static void on_store_change(void *user, enum store_state state, const char *says)
{
    struct app *a = user;
    struct err err;

    if (state == STORE_FAILED) {
        err_set(&err, ERR_IO, "%s", says);
        tell_fatal(a, &err);
    } else if (state == STORE_FULL) {
        log_error("store", NULL, "%s", says);
    } else {
        log_warning("store", NULL, "%s", says);
    }
}

/* Whoever lost a store must not take the new one for the old one. */
static void tell_made(const struct app *a)
{
    struct store_sqlite_figures f;

    store_sqlite_read_figures(a->store, &f);
    if (f.made && text_equal(a->o.world, "aws"))
        log_warning("store", NULL,
                    "made a new, empty store %s: if there was one before, stop the bot and restore it from a "
                    "backup",
                    a->o.config->store_path);
}

static bool create_engine(struct app *a, struct err *err)
{
    struct store_sqlite_options store = {
        .path = a->o.config->store_path, .world = a->o.world, .on_change = on_store_change, .user = a};

    a->store = store_sqlite_open(a->o.loop, &store, err);
    if (!a->store)
        return false;
    tell_made(a);
    a->watch = store_watch_create(a->o.loop, a->store);
    a->probe = probe_http_create(a->o.loop, a->http);
    a->freeze = freeze_file_create(a->o.config);
    struct engine_options o = {.loop = a->o.loop,
                               .config = a->o.config,
                               .store = store_watched(a->watch),
                               .ecs = a->ecs,
                               .alone = a->o.alone,
                               .probe = a->probe,
                               .freeze = a->freeze,
                               .commands = commands_table,
                               .on_settled = on_settled,
                               .user = a};
    a->engine = engine_create(&o);
    return true;
}

/* ---- chat */

static void tell_ready(struct app *a)
{
    if (!a->engine_ready || (!a->connected && !a->o.alone) || a->ready_told || a->stopping)
        return;
    a->ready_told = true;
    a->o.on_ready(a->o.user);
}

static void on_request(void *user, const struct request *request, struct request_taken *taken)
{
    struct app *a = user;

    engine_submit(a->engine, request, taken);
}

/* A text that cannot be parsed changes nothing. */
static bool changes(void *user, const char *text)
{
    struct app *a = user;
    struct parsed *p = mem_alloc(sizeof *p);
    struct err err;
    bool yes = parse_request(commands_table, a->o.config, text, p, &err) && command_is_recorded(p->command);

    mem_free(p);
    return yes;
}

static void on_connected(void *user, bool connected)
{
    struct app *a = user;

    if (connected)
        a->connected = true;
    tell_ready(a);
}

/* One platform's dead token does not end the others. */
static void on_chat_fatal(void *user, const struct err *err)
{
    struct app *a = user;

    a->chats_fatal++;
    if (a->chats_fatal == a->o.config->chat_count)
        tell_fatal(a, err);
    else
        log_error("app", NULL, "%s; the other chats go on", err->text);
}

static bool create_chats(struct app *a, struct err *err)
{
    const struct config *c = a->o.config;

    for (size_t i = 0; i < c->chat_count; i++) {
        if (a->o.alone) {
            a->absent[i] = absent_create(a->o.loop, c->chats[i].name, c->chats[i].command);
            engine_add_chat(a->engine, absent_chat(a->absent[i]));
            continue;
        }
        if (c->chats[i].kind != CHAT_SLACK)
            return err_set(err, ERR_CONFIG,
                           "chat \"%s\": Mattermost is not supported by this version; remove the entry",
                           c->chats[i].name);
        struct slack_options o = {.loop = a->o.loop,
                                  .http = a->http,
                                  .ws = a->ws,
                                  .config = &c->chats[i],
                                  .on_request = on_request,
                                  .changes = changes,
                                  .on_connected = on_connected,
                                  .on_fatal = on_chat_fatal,
                                  .user = a};
        a->slack[i] = slack_create(&o);
        engine_add_chat(a->engine, slack_chat(a->slack[i]));
    }
    return true;
}

static void create_console(struct app *a)
{
    const struct console_options o = {.loop = a->o.loop, .on_request = on_request, .user = a};

    a->console = console_create(&o);
    engine_add_chat(a->engine, console_chat(a->console));
}

/* The default place is only used where somebody made its directory: a package's systemd does. */
static bool create_door(struct app *a, struct err *err)
{
    const struct door_options o = {
        .loop = a->o.loop, .config = a->o.config, .console = a->console, .world = a->o.world};
    bool wanted = false;

    if (a->o.alone || !*a->o.config->door.socket)
        return true;
    a->door = door_create(&o, &wanted, err);
    if (!a->door && !wanted)
        log_info("door", NULL, "exec and console find no open door here, they work while the bot is down: %s",
                 err->text);
    return a->door || !wanted;
}

/* Last: what it looks at is there. */
static bool create_health(struct app *a, struct err *err)
{
    const struct health_view view = {.loop = a->o.loop,
                                     .config = a->o.config,
                                     .engine = a->engine,
                                     .store = a->watch,
                                     .door = a->door,
                                     .slack = a->slack,
                                     .sessions = a->sessions,
                                     .max_connections = a->health_connections};

    if (a->o.alone || !*a->o.config->metrics_listen)
        return true;
    a->health = health_create(&view, err);
    return a->health != NULL;
}

struct app *app_create(const struct app_options *options, struct err *err)
{
    struct app *a = mem_alloc(sizeof *a);

    a->o = *options;
    if (share_descriptors(a, err) && create_net(a, err) && create_aws(a, err) && create_engine(a, err) &&
        create_chats(a, err)) {
        create_console(a);
        if (create_door(a, err) && create_health(a, err))
            return a;
    }
    app_free(a);
    return NULL;
}

static void on_engine_started(void *user, bool ok, const struct err *err)
{
    struct app *a = user;

    if (!ok) {
        tell_fatal(a, err);
        return;
    }
    a->engine_ready = true;
    health_loaded(a->health);
    for (size_t i = 0; i < a->o.config->chat_count && !a->stopping && !a->o.alone; i++)
        slack_start(a->slack[i]);
    tell_ready(a);
}

void app_start(struct app *a)
{
    engine_start(a->engine, on_engine_started, a);
}

struct console *app_console(const struct app *a)
{
    return a->console;
}

const char *app_door_path(const struct app *a)
{
    return a->door ? door_path(a->door) : "";
}

const char *app_health_address(const struct app *a)
{
    return a->health ? health_address(a->health) : "";
}
