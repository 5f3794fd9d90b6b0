/* What CloudTAK's answers mean.
 *
 *   GET /api                              200 {"version":…}: the API lives; it asks no database
 *   GET /api/config?keys=login::name      200: API and database; 5xx: the database
 *   GET /api, Upgrade: websocket          401: the hub lives and wants a token; 426: the API answered, so the
 *                                         load balancer's rule for WebSockets is missing
 *   502, 503, 504 to any of them          the load balancer: no healthy task behind it
 *
 * Whatever else answers says nothing about CloudTAK: a sign-in in front of it, a redirect, a wrong address.
 */
#include <string.h>

#include "base/err.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "core/probe.h"

#define FOREIGN "what answers there is not CloudTAK: is targets[].probe its own address?"

static bool by_balancer(int status)
{
    return status >= 502 && status <= 504;
}

static void set(struct probe_part *p, enum probe_state state, const char *why)
{
    p->state = state;
    TEXT_COPY(p->why, why);
}

/* What is no answer of CloudTAK. False: it is one. */
static bool no_word(const struct probe_answer *a, struct probe_part *ret)
{
    char why[PROBE_WHY];
    if (!a->answered) {
        set(ret, PROBE_UNSEEN, a->trouble);
    } else if (a->status >= 300 && a->status < 400) {
        TEXT_FORMAT(why, "it answers %d, a redirect: is targets[].probe its own address?", a->status);
        set(ret, PROBE_UNSEEN, why);
    } else if (a->status >= 400 && a->status < 500) {
        TEXT_FORMAT(why, "it answers %d, which says nothing: is targets[].probe its own address?", a->status);
        set(ret, PROBE_UNSEEN, why);
    } else {
        return false;
    }
    return true;
}

/* Of the kind "13.70.0": it goes into messages unfenced. */
static bool is_version(const char *text)
{
    static const char may[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-+_";
    const size_t len = strlen(text);
    return len > 0 && len < sizeof(((struct probe_result *)NULL)->number) && strspn(text, may) == len;
}

void probe_read_version(const struct probe_answer *a, struct probe_result *ret)
{
    struct probe_part *p = &ret->version;
    char why[PROBE_WHY];
    struct err err;
    ret->number[0] = '\0';
    if (no_word(a, p)) {
        return;
    }
    if (a->status >= 500) {
        TEXT_FORMAT(why, "%d%s", a->status,
                    by_balancer(a->status) ? ": no healthy API task behind the load balancer" : "");
        set(p, PROBE_FAILING, why);
        return;
    }
    json_t *j = jsonx_parse(a->body, a->len, &err);
    const char *number = j != NULL ? jsonx_text(j, "version") : "";
    if (is_version(number)) {
        TEXT_COPY(ret->number, number);
        set(p, PROBE_OK, "");
    } else {
        set(p, PROBE_UNSEEN, FOREIGN);
    }
    json_decref(j);
}

void probe_read_database(const struct probe_answer *a, struct probe_result *ret)
{
    struct probe_part *p = &ret->database;
    char why[PROBE_WHY];
    struct err err;
    if (!a->answered && a->too_slow) {
        set(p, PROBE_FAILING, a->trouble); /* unless nothing else answered either: probe_read_whole */
    } else if (no_word(a, p)) {
        return;
    } else if (by_balancer(a->status)) {
        TEXT_FORMAT(why, "no healthy API task answers for it (%d)", a->status);
        set(p, PROBE_UNSEEN, why);
    } else if (a->status >= 500) {
        TEXT_FORMAT(why, "%d", a->status);
        set(p, PROBE_FAILING, why);
    } else {
        json_t *j = jsonx_parse(a->body, a->len, &err);
        if (json_is_object(j)) {
            set(p, PROBE_OK, "");
        } else {
            set(p, PROBE_UNSEEN, FOREIGN);
        }
        json_decref(j);
    }
}

void probe_read_websocket(const struct probe_answer *a, struct probe_result *ret)
{
    struct probe_part *p = &ret->websocket;
    char why[PROBE_WHY];
    if (a->answered && a->status == 401) {
        set(p, PROBE_OK, "");
    } else if (a->answered && a->status == 426) {
        set(p, PROBE_FAILING, "426: the load balancer's rule for WebSockets is missing");
    } else if (a->answered && by_balancer(a->status)) {
        TEXT_FORMAT(why, "%d: no healthy hub", a->status);
        set(p, PROBE_FAILING, why);
    } else if (a->answered && a->status >= 500) {
        TEXT_FORMAT(why, "%d", a->status);
        set(p, PROBE_FAILING, why);
    } else if (!no_word(a, p)) {
        TEXT_FORMAT(why, "it answers %d, which says nothing", a->status);
        set(p, PROBE_UNSEEN, why);
    }
}

/* A database that hangs keeps its question waiting while /api, which needs none, answers at once. */
void probe_read_whole(struct probe_result *r)
{
    const bool has_status = strspn(r->database.why, "0123456789") > 0;
    if (r->database.state == PROBE_FAILING && !has_status && r->version.state != PROBE_OK) {
        r->database.state = PROBE_UNSEEN;
    }
}

void probe_unseen(struct probe_result *ret, unsigned parts, const char *why)
{
    *ret = (struct probe_result){0};
    if ((parts & PROBE_VERSION) != 0) {
        set(&ret->version, PROBE_UNSEEN, why);
    }
    if ((parts & PROBE_DATABASE) != 0) {
        set(&ret->database, PROBE_UNSEEN, why);
    }
    if ((parts & PROBE_WEBSOCKET) != 0) {
        set(&ret->websocket, PROBE_UNSEEN, why);
    }
}

bool probe_fails(const struct probe_result *r)
{
    return r->version.state == PROBE_FAILING || r->database.state == PROBE_FAILING ||
           r->websocket.state == PROBE_FAILING;
}
