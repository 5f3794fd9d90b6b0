/* One target's way into AWS: endpoints, counters, and the queue for tokens. */
#include "session.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

#define READS_PER_SECOND 5.0
#define QUOTA_START      500

/* ---- endpoints */

/* scheme://host[:port][/path], nothing else. */
static bool split_endpoint(const char *url, struct session_endpoint *to)
{
    size_t scheme = strncasecmp(url, "https://", 8) == 0 ? 8 : strncasecmp(url, "http://", 7) == 0 ? 7 : 0;
    if (scheme == 0 || strpbrk(url, " \t\r\n?#@\\") != NULL)
        return false;
    size_t len = strlen(url);
    while (len > scheme && url[len - 1] == '/')
        len--;
    const char *host = url + scheme;
    size_t host_len = strcspn(host, "/");
    if (host_len > len - scheme)
        host_len = len - scheme;
    const char *path = host + host_len;
    char plain[sizeof to->path - 1];
    return host_len > 0 && text_copy_n(to->url, sizeof to->url, url, len) &&
           text_copy_n(to->host, sizeof to->host, host, host_len) &&
           text_copy_n(plain, sizeof plain, path, len - scheme - host_len) &&
           TEXT_FORMAT(to->path, "%s/", plain);
}

static bool find_endpoint(const struct aws_session_options *options, enum aws_service service,
                          struct session_endpoint *to, struct err *err)
{
    const char *given = options->endpoint_override[service];
    char url[sizeof to->url];
    to->overridden = given != NULL;
    if (given == NULL) {
        if (!endpoint_url(service, options->region, options->fips, options->dual_stack, url, sizeof url, err))
            return false;
        given = url;
    }
    if (!split_endpoint(given, to))
        return err_set(err, ERR_CONFIG, "the endpoint of %s is no URL of the form https://host[:port][/path]",
                       endpoint_service(service)->word);
    return true;
}

/* ---- tokens */

static void serve_waiting(struct aws_session *s)
{
    for (;;) {
        int lane = bucket_take(&s->bucket, loop_now(s->loop), s->waiting);
        if (lane < 0)
            break;
        struct flight *f = TAILQ_FIRST(&s->lanes[lane]);
        session_dequeue(s, f);
        flight_proceed(f);
    }
    int64_t soonest = -1;
    for (int lane = 0; lane < BUCKET_LANES; lane++) {
        int64_t delay = s->waiting[lane] > 0 ? bucket_delay(&s->bucket, loop_now(s->loop), lane, 0) : -1;
        if (delay >= 0 && (soonest < 0 || delay < soonest))
            soonest = delay;
    }
    if (soonest >= 0)
        loop_timer_start(s->loop, &s->refill, soonest);
}

static void on_refill(struct loop_timer *t)
{
    serve_waiting(t->user);
}

void session_enqueue(struct aws_session *s, struct flight *f)
{
    TAILQ_INSERT_TAIL(&s->lanes[f->call->lane], f, lane);
    s->waiting[f->call->lane]++;
    serve_waiting(s);
}

void session_dequeue(struct aws_session *s, struct flight *f)
{
    TAILQ_REMOVE(&s->lanes[f->call->lane], f, lane);
    s->waiting[f->call->lane]--;
}

/* ---- the contract */

struct aws_session *aws_session_create(const struct aws_session_options *options, struct err *err)
{
    const char *partition = endpoint_partition(options->region);
    if (partition == NULL) {
        err_set(err, ERR_CONFIG, "\"%.40s\" is no AWS region; regions look like us-gov-east-1",
                options->region == NULL ? "" : options->region);
        return NULL;
    }
    struct aws_session *s = mem_alloc(sizeof *s);
    s->loop = options->loop;
    s->http = options->http;
    s->credentials = options->credentials;
    s->partition = partition;
    TEXT_COPY(s->region, options->region);
    for (int i = 0; i < AWS_SERVICES; i++) {
        if (!find_endpoint(options, (enum aws_service)i, &s->endpoints[i], err)) {
            mem_free(s);
            return NULL;
        }
    }
    s->quota.tokens = QUOTA_START;
    bucket_init(&s->bucket, options->reads_per_second > 0 ? options->reads_per_second : READS_PER_SECOND,
                loop_now(s->loop));
    s->refill = (struct loop_timer){.fire = on_refill, .user = s};
    TAILQ_INIT(&s->flights);
    for (int lane = 0; lane < BUCKET_LANES; lane++)
        TAILQ_INIT(&s->lanes[lane]);
    return s;
}

void aws_session_destroy(struct aws_session *s)
{
    if (s == NULL)
        return;
    while (!TAILQ_EMPTY(&s->flights))
        flight_abort(TAILQ_FIRST(&s->flights));
    loop_timer_stop(s->loop, &s->refill);
    mem_free(s);
}

const char *aws_session_region(const struct aws_session *s)
{
    return s->region;
}

const char *aws_session_partition(const struct aws_session *s)
{
    return s->partition;
}

const char *aws_session_endpoint(const struct aws_session *s, enum aws_service service, bool *ret_overridden)
{
    *ret_overridden = s->endpoints[service].overridden;
    return s->endpoints[service].url;
}

void aws_session_counters(const struct aws_session *s, struct aws_counters *ret)
{
    *ret = s->counters;
}

int64_t aws_session_poll_delay(const struct aws_session *s)
{
    size_t ahead = 0;
    for (int lane = 0; lane < BUCKET_LANES; lane++)
        ahead += s->waiting[lane];
    return bucket_delay(&s->bucket, loop_now(s->loop), AWS_LANE_POLL, ahead);
}
