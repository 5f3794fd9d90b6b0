#ifndef SIM_WIRE_AWS_H
#define SIM_WIRE_AWS_H
/* Inside the simulated AWS on a socket: which service a request is for, whether it is rightly signed, and the
 * answers' other shapes than JSON. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/wire_weather.h"

struct server_call;

struct wire_service {
    const char *name;                    /* as IAM has it: "cloudwatch" */
    const char *signs;                   /* as signatures have it: "monitoring" */
    const char *target;                  /* before the dot in X-Amz-Target; NULL = a query service */
    const char *version, *xml_namespace; /* of a query service */
    enum weather_speech speech;
};

const struct wire_service *wire_service_named(const char *name); /* NULL = none */

/* What is asked for. service NULL = none that is known here; action is borrowed from call or body. */
struct wire_question {
    const struct wire_service *service;
    enum weather_speech speech;
    const char *action;
};
/* body: as wire_aws_body gave it. */
void wire_aws_question(const struct server_call *call, const json_t *body, struct wire_question *ret);
/* The body as JSON whatever it came in: JSON, a form or CBOR. New reference. */
json_t *wire_aws_body(const struct server_call *call);

/* Is it signed for the region in which the simulated account has something? */
bool wire_aws_here(const struct server_call *call);

/* NULL when it is rightly signed for that service (NULL: for any); else the refusal. */
struct wire_refusal {
    int status;
    const char *code, *query_code, *message;
};
const struct wire_refusal *wire_aws_signed(const struct server_call *call,
                                           const struct wire_service *service);

/* {"A": [{"B": 1}]} as <A><member><B>1</B></member></A>; mem_free. */
char *wire_xml(const json_t *value);

/* CBOR as AWS's rpc-v2-cbor has it: times carry tag 1. */
char *wire_cbor_write(const json_t *value, size_t *ret_len); /* mem_free */
json_t *wire_cbor_read(const char *bytes, size_t len);       /* new reference; NULL when it is none */

#endif
