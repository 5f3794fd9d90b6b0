#ifndef SIM_WORLD_ECS_JSON_H
#define SIM_WORLD_ECS_JSON_H
/* How values go into AWS's JSON: shared by the files that write it. */
#include <jansson.h>

#include "sim/world_ecs_private.h"

#define ARN_MAX 512

static inline void put_text(json_t *o, const char *name, const char *value)
{
    json_object_set_new(o, name, json_string(value));
}

static inline void put_int(json_t *o, const char *name, int64_t value)
{
    json_object_set_new(o, name, json_integer(value));
}

static inline void put_bool(json_t *o, const char *name, bool value)
{
    json_object_set_new(o, name, json_boolean(value));
}

/* Epoch seconds with milliseconds; absent when it has not happened. */
static inline void put_time(json_t *o, const char *name, int64_t ms)
{
    if (ms != 0) {
        json_object_set_new(o, name, json_real((double)ms / 1000.0));
    }
}

void put_arn(json_t *o, const char *name, const char *kind, const char *rest);
void put_definition_arn(json_t *o, const char *name, const struct sim_service *s, int revision);
/* arn:…:KIND/CLUSTER/SERVICE/NUMBER */
void put_service_part(json_t *o, const char *name, const char *kind, const struct sim_service *s,
                      uint64_t number);

struct tally {
    int running, pending;
};
struct tally sim_tally(const struct sim_service *s, uint64_t deployment); /* 0 = all */
json_t *sim_configuration_json(const struct world_ecs *w, const struct sim_service *s);
json_t *sim_alarm_names_json(const struct world_ecs *w); /* of the deployment alarms */
/* "000000000000.dkr.ecr.us-gov-east-1.amazonaws.com/tak-vpc-cotak-prod-cloudtak-api:0f3c2b1a" */
void sim_image(const struct sim_service *s, int revision, char *to, size_t size);
/* "0f3c2b1a", "events-0f3c2b1a": the row's of the newest revision, another one of each older one. */
void sim_image_tag(const struct world_service *row, int revision, char *to, size_t size);
void sim_image_digest(const struct world_service *row, int revision, char *to, size_t size);

#endif
