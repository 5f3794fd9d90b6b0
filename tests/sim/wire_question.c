/* Which service of AWS a request is for, and what it asks: by X-Amz-Target, by the path of rpc-v2-cbor, or by
 * the Version and Action of a form. */
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "net/server.h"
#include "sim/wire.h"
#include "sim/wire_aws.h"

#define CBOR_PATH "/service/"

static const struct wire_service services[] = {
    {"ecs", "ecs", "AmazonEC2ContainerServiceV20141113", NULL, NULL, WEATHER_JSON_1_1},
    {"logs", "logs", "Logs_20140328", NULL, NULL, WEATHER_JSON_1_1},
    {"ecr", "ecr", "AmazonEC2ContainerRegistry_V20150921", NULL, NULL, WEATHER_JSON_1_1},
    {"application-autoscaling", "application-autoscaling", "AnyScaleFrontendService", NULL, NULL,
     WEATHER_JSON_1_1},
    {"cloudwatch", "monitoring", "GraniteServiceVersion20100801", NULL, NULL, WEATHER_JSON_1_0},
    {"sts", "sts", NULL, "2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/", WEATHER_QUERY},
    {"cloudformation", "cloudformation", NULL, "2010-05-15",
     "http://cloudformation.amazonaws.com/doc/2010-05-15/", WEATHER_QUERY},
    {"elasticloadbalancing", "elasticloadbalancing", NULL, "2015-12-01",
     "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/", WEATHER_QUERY},
};
#define SERVICES (sizeof(services) / sizeof(services[0]))

/* "Logs_20140328.GetLogEvents", or "GraniteServiceVersion20100801/operation/GetMetricData" */
static const struct wire_service *by_target(const char *target, const char *middle, const char **ret_action)
{
    for (size_t i = 0; i < SERVICES; i++) {
        const char *name = services[i].target;
        size_t len = name != NULL ? strlen(name) : 0;
        if (name != NULL && strncmp(target, name, len) == 0 && text_starts(target + len, middle)) {
            *ret_action = target + len + strlen(middle);
            return &services[i];
        }
    }
    *ret_action = "";
    return NULL;
}

static const struct wire_service *by_version(const json_t *body)
{
    for (size_t i = 0; i < SERVICES; i++) {
        if (services[i].version != NULL && text_equal(services[i].version, jsonx_text(body, "Version"))) {
            return &services[i];
        }
    }
    return NULL;
}

const struct wire_service *wire_service_named(const char *name)
{
    for (size_t i = 0; i < SERVICES; i++) {
        if (text_equal(services[i].name, name)) {
            return &services[i];
        }
    }
    return NULL;
}

static bool is_cbor(const struct server_call *call)
{
    const char *protocol = server_header(call, "smithy-protocol");
    return protocol != NULL && text_equal(protocol, "rpc-v2-cbor");
}

json_t *wire_aws_body(const struct server_call *call)
{
    size_t len;
    const char *body = server_body(call, &len);
    if (!is_cbor(call)) {
        return wire_body(call);
    }
    json_t *value = wire_cbor_read(body, len);
    if (!json_is_object(value)) {
        json_decref(value);
        return json_object();
    }
    return value;
}

void wire_aws_question(const struct server_call *call, const json_t *body, struct wire_question *ret)
{
    const char *target = server_header(call, "x-amz-target"), *path = server_path(call);
    if (target != NULL) {
        ret->service = by_target(target, ".", &ret->action);
        ret->speech = ret->service != NULL ? ret->service->speech : WEATHER_JSON_1_1;
    } else if (is_cbor(call)) {
        const char *rest = text_starts(path, CBOR_PATH) ? path + strlen(CBOR_PATH) : "";
        ret->service = by_target(rest, "/operation/", &ret->action);
        ret->speech = WEATHER_CBOR;
    } else {
        ret->service = by_version(body);
        ret->action = jsonx_text(body, "Action");
        ret->speech = WEATHER_QUERY;
    }
}
