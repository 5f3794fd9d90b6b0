/* The decisions about connections: how long to wait after a loss, and what may be dialled. */
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "slack_private.h"

#define FIRST_MS     250 /* the first retry is nearly at once, but not all bots in the same moment */
#define THROTTLED_MS 30000
#define HOST_MAX     256

/* min(first * 2^n, most) */
static int64_t doubled(int64_t first, unsigned n, int64_t most)
{
    int64_t ms = first;
    for (unsigned i = 0; i < n && ms < most; i++) {
        ms *= 2;
    }
    return ms < most ? ms : most;
}

/* Uniform in [from, to]. */
static int64_t between(int64_t from, int64_t to, uint32_t random)
{
    return from + (int64_t)(((uint64_t)random * (uint64_t)(to - from + 1)) >> 32);
}

int64_t slack_retry_wait(struct slack_retry *r, const struct slack_times *times, enum slack_loss loss,
                         int64_t lived_ms, int64_t asked_ms, uint32_t random)
{
    if (lived_ms >= times->steady_ms) {
        r->losses = 0;
    }
    const unsigned losses = r->losses;
    r->losses += r->losses < UINT_MAX;
    switch (loss) {
    case SLACK_LOSS_CROWDED: {
        const int64_t most = doubled(times->crowded_ms, losses, 6 * times->crowded_ms);
        return between(most / 2, most, random);
    }
    case SLACK_LOSS_DISABLED: return times->disabled_ms;
    case SLACK_LOSS_THROTTLED: return asked_ms > 0 ? asked_ms : THROTTLED_MS;
    case SLACK_LOSS_PLAIN: break;
    }
    if (losses == 0) {
        return between(0, FIRST_MS, random);
    }
    return between(0, doubled(times->first_wait_ms, losses - 1, times->wait_most_ms), random);
}

/* ---- what may be dialled */

struct address {
    char scheme[8], host[HOST_MAX], port[8];
};

static bool split(const char *url, struct address *ret)
{
    const char *mark = strstr(url, "://");
    if (mark == NULL || !text_copy_n(ret->scheme, sizeof(ret->scheme), url, (size_t)(mark - url))) {
        return false;
    }
    const char *host = mark + 3;
    const size_t authority = strcspn(host, "/?#");
    if (memchr(host, '@', authority) != NULL || memchr(host, '\\', authority) != NULL) {
        return false;
    }
    const size_t len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
    if (len == 0 || len > authority || (len < authority && host[len] != ':')) {
        return false;
    }
    const char *port = len < authority ? host + len + 1 : "";
    return text_copy_n(ret->host, sizeof(ret->host), host, len) &&
           text_copy_n(ret->port, sizeof(ret->port), port, len < authority ? authority - len - 1 : 0);
}

static bool is_under(const char *host, const char *domain)
{
    const size_t len = strlen(host), tail = strlen(domain);
    return len >= tail && strcasecmp(host + len - tail, domain) == 0 &&
           (len == tail || host[len - tail - 1] == '.');
}

bool slack_socket_url_allowed(const char *url, const char *api_url)
{
    struct address to, api;
    if (!split(url, &to) || !split(api_url, &api)) {
        return false;
    }
    const bool sealed = text_equal(to.scheme, "wss");
    if (is_under(to.host, "slack.com") || is_under(to.host, "slack-gov.com")) {
        return sealed && (to.port[0] == '\0' || text_equal(to.port, "443"));
    }
    /* A host of the operator's own choice: it gets the tokens anyhow. In the open only if the API is. */
    const bool chosen = !is_under(api.host, "slack.com") && !is_under(api.host, "slack-gov.com");
    const bool both_loopback =
        http_url_is_loopback(api_url) && (text_equal(to.host, "127.0.0.1") || text_equal(to.host, "[::1]") ||
                                          text_equal(to.host, "localhost"));
    return chosen && (strcasecmp(to.host, api.host) == 0 || both_loopback) &&
           (sealed || (text_equal(to.scheme, "ws") && text_equal(api.scheme, "http")));
}
