/* What an answer of AWS means for a snapshot, and the sentence for people: which service, which cluster,
 * which region, what to do next. */
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "client_private.h"
#include "ecs/decode.h"
#include "errand.h"

/* How long a part is left alone that … */
#define UNKNOWN_MS   600000 /* the endpoint does not know */
#define FORBIDDEN_MS 60000
#define LOST_MS      20000 /* did not answer */

enum ecs_absence trouble_absence(const struct aws_call *c)
{
    switch (c->outcome) {
    case AWS_OK: return ECS_SEEN;
    case AWS_REFUSED: return ECS_REFUSED;
    case AWS_THROTTLED: return ECS_THROTTLED;
    case AWS_EXPIRED: return ECS_EXPIRED;
    case AWS_UNREACHABLE:
    case AWS_CANCELLED: break;
    }
    return ECS_UNREACHABLE;
}

static bool no_cluster(const struct aws_call *c)
{
    return c->outcome == AWS_REFUSED && strcmp(c->code, "ClusterNotFoundException") == 0;
}

bool trouble_is_missing(const struct aws_call *c)
{
    return no_cluster(c) || (c->outcome == AWS_REFUSED && strcmp(c->code, "ServiceNotFoundException") == 0);
}

/* Substitutes of AWS answer what they do not know in many ways: a code of their own, 404, 500 or 501. */
bool trouble_is_unsupported(const struct aws_call *c)
{
    static const char *const codes[] = {"InvalidAction",
                                        "UnknownOperation",
                                        "UnknownOperationException",
                                        "UnsupportedOperation",
                                        "UnsupportedFeatureException",
                                        "MissingAction",
                                        "NotImplemented"};

    if (c->outcome != AWS_REFUSED && c->outcome != AWS_UNREACHABLE)
        return false;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(c->code, codes[i]) == 0)
            return true;
    if (c->status == 500) /* with an error of its own it is AWS's bad day */
        return c->code[0] == '\0';
    return (c->status == 404 || c->status == 501) && !strstr(c->code, "NotFound");
}

const char *trouble_feature(enum client_feature f)
{
    static const char *const names[CLIENT_FEATURES] = {
        [FEATURE_HISTORY] = "ecs:ListServiceDeployments",
        [FEATURE_ROLLOUT] = "ecs:DescribeServiceDeployments",
        [FEATURE_TARGETS] = "elasticloadbalancing:DescribeTargetHealth",
        [FEATURE_METRICS] = "cloudwatch:GetMetricData",
        [FEATURE_ALARMS] = "cloudwatch:DescribeAlarms",
        [FEATURE_DEFINITION] = "ecs:DescribeTaskDefinition",
        [FEATURE_IMAGES] = "ecr:DescribeImages",
        [FEATURE_LOGS] = "logs:GetLogEvents",
        [FEATURE_REVISIONS] = "ecs:DescribeServiceRevisions",
        [FEATURE_SCALING] = "application-autoscaling:DescribeScalableTargets",
        [FEATURE_STACK] = "cloudformation:DescribeStacks",
    };
    return names[f];
}

bool trouble_rests(const struct client_session *s, enum client_feature f, int64_t now_ms,
                   enum ecs_absence *ret_absence, char *why, size_t size)
{
    const struct client_rest *rest = &s->rests[f];

    if (now_ms >= rest->until_ms)
        return false;
    *ret_absence = rest->absence;
    text_copy(why, size, rest->why);
    return true;
}

static int64_t waited_ms(const struct aws_call *c)
{
    return c->timeout_ms > 0 ? c->timeout_ms : ERRAND_MS;
}

static int waited_s(const struct aws_call *c)
{
    return (int)((waited_ms(c) + 999) / 1000);
}

static int64_t rest_ms(enum client_feature f, enum ecs_absence absence, const struct aws_call *c)
{
    if (absence == ECS_UNSUPPORTED)
        return UNKNOWN_MS;
    if (f != FEATURE_TARGETS)
        return 0;
    if (absence == ECS_UNREACHABLE) /* whoever waited for a moment only knows nothing of the endpoint */
        return waited_ms(c) < ERRAND_MS ? 0 : LOST_MS;
    return text_starts(c->code, "AccessDenied") ? FORBIDDEN_MS : 0; /* for all groups alike */
}

enum ecs_absence trouble_of_part(struct client_session *s, enum client_feature f, const struct aws_call *c,
                                 int64_t now_ms, char *why, size_t size)
{
    struct client_rest *rest = &s->rests[f];

    rest->absence = trouble_is_unsupported(c) ? ECS_UNSUPPORTED : trouble_absence(c);
    rest->until_ms = now_ms + rest_ms(f, rest->absence, c);
    if (rest->absence == ECS_UNSUPPORTED)
        TEXT_FORMAT(rest->why, "the endpoint does not know %s", trouble_feature(f));
    else if (c->outcome == AWS_CANCELLED)
        TEXT_FORMAT(rest->why, "AWS did not answer %s within %d s", trouble_feature(f), waited_s(c));
    else
        TEXT_COPY(rest->why, c->err.text);
    text_copy(why, size, rest->why);
    return rest->absence;
}

void trouble_tell_missing(struct snapshot *s, const struct service_ref *ref, const char *region, bool cluster)
{
    char account[32] = "";

    if (ref->account[0])
        TEXT_FORMAT(account, ", account %s", ref->account);
    s->no_cluster = cluster;
    if (s->trouble[0])
        return;
    if (cluster)
        TEXT_FORMAT(
            s->trouble,
            "ECS knows no cluster \"%s\" in %s%s (asked for service \"%s\"): check the cluster's name, the "
            "region and the account in the configuration",
            ref->cluster, region, account, ref->service);
    else
        TEXT_FORMAT(s->trouble,
                    "ECS knows no service \"%s\" in cluster \"%s\", %s%s: check the service's name in the "
                    "configuration, or whether it was deleted",
                    ref->service, ref->cluster, region, account);
}

void trouble_tell(struct snapshot *s, const struct service_ref *ref, const char *region,
                  const struct aws_call *c)
{
    if (trouble_is_missing(c))
        trouble_tell_missing(s, ref, region, no_cluster(c));
    else if (!s->trouble[0] && c->outcome == AWS_CANCELLED)
        TEXT_FORMAT(s->trouble, "AWS did not answer within %d s", waited_s(c));
    else if (!s->trouble[0])
        TEXT_COPY(s->trouble, c->err.text);
}

/* An answer of 200 that does not say what it must: what it leaves out would be a guess. */
void trouble_tell_unreadable(struct snapshot *s, const char *what)
{
    if (!s->trouble[0])
        TEXT_FORMAT(s->trouble, "the answer to my question has no readable %s: check the endpoint", what);
}

/* ---- DescribeServices */

static const json_t *find_service(const json_t *answer, const char *name)
{
    const json_t *services = jsonx_at(answer, "services");

    for (size_t i = 0; i < json_array_size(services); i++)
        if (strcmp(jsonx_text(json_array_get(services, i), "serviceName"), name) == 0)
            return json_array_get(services, i);
    return NULL;
}

/* Why it is not among the services; "MISSING" when the answer lists nothing at all, "" when what it lists
 * cannot be read. */
static const char *find_failure(const json_t *answer, const char *name)
{
    const json_t *failures = jsonx_at(answer, "failures");

    for (size_t i = 0; i < json_array_size(failures); i++) {
        const json_t *one = json_array_get(failures, i);
        const char *arn = jsonx_text(one, "arn"), *slash = strrchr(arn, '/');

        if (strcmp(slash ? slash + 1 : arn, name) == 0)
            return jsonx_text(one, "reason");
    }
    return json_array_size(jsonx_at(answer, "services")) == 0 && json_array_size(failures) == 0 ? "MISSING"
                                                                                                : "";
}

void trouble_read_service(struct snapshot *s, const struct service_ref *ref, const char *region,
                          const struct aws_call *c, int64_t now_ms)
{
    const json_t *service;
    const char *reason;

    s->missing = trouble_is_missing(c);
    s->service_absence = s->missing ? ECS_SEEN : trouble_absence(c); /* ECS answered: there is none */
    if (s->service_absence == ECS_SEEN)
        s->service_as_of_ms = now_ms;
    if (c->outcome != AWS_OK) {
        trouble_tell(s, ref, region, c);
        return;
    }
    service = find_service(c->answer, ref->service);
    if (service && decode_service(service, &s->service))
        return;
    reason = service ? "" : find_failure(c->answer, ref->service);
    if (!json_is_array(jsonx_at(c->answer, "services")) || !reason[0]) { /* no list is not an empty one */
        s->service_absence = ECS_UNREACHABLE;
        trouble_tell_unreadable(s, "services");
        return;
    }
    s->missing = strcmp(reason, "MISSING") == 0;
    if (s->missing) {
        trouble_tell_missing(s, ref, region, false);
        return;
    }
    s->service_absence = ECS_REFUSED;
    if (!s->trouble[0])
        TEXT_FORMAT(s->trouble, "ECS does not show the service: it says %.100s", reason);
}
