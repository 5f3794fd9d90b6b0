#ifndef SIM_WORLD_ECS_CALLS_H
#define SIM_WORLD_ECS_CALLS_H
/* One call being answered, and the actions: reads in world_ecs_reads.c, changes in world_ecs_changes.c, what
 * the other services of AWS answer in files of their names. */
#include "sim/world_ecs_private.h"

struct call {
    struct world_ecs *w;
    const json_t *body;
    struct world_answer *answer;
};

void call_refuse(struct call *c, const char *type, const char *message);
void call_answer(struct call *c, const char *name, json_t *value); /* takes value */
/* A name, or the last part of an ARN. */
const char *call_last_part(const char *name);
/* False, and refused, when the call names no cluster that is there. */
bool call_cluster_known(struct call *c);
/* The service the call is about; NULL, and refused, when it is not there. */
struct sim_service *call_service_named(struct call *c);
/* By name or ARN; NULL when not there. */
struct sim_service *call_find_service(struct world_ecs *w, const char *name);
struct sim_task *call_find_task(struct world_ecs *w, const char *name, struct sim_service **ret_service);
struct sim_record *call_find_record(struct world_ecs *w, const char *arn, struct sim_service **ret_service);
/* "family", "family:revision" or an ARN. 0 = no such revision. */
int call_revision(const struct sim_service *s, const char *definition);
/* Do reads still show the state before the last change? */
bool call_stale(const struct world_ecs *w, const struct sim_service *s);

void call_list_clusters(struct call *c);
void call_describe_clusters(struct call *c);
void call_list_services(struct call *c);
void call_describe_services(struct call *c);
void call_list_tasks(struct call *c);
void call_describe_tasks(struct call *c);
void call_list_service_deployments(struct call *c);
void call_describe_service_deployments(struct call *c);
void call_describe_service_revisions(struct call *c);
void call_describe_task_definition(struct call *c);
void call_update_service(struct call *c);
void call_stop_task(struct call *c);
void call_stop_service_deployment(struct call *c);
void call_continue_service_deployment(struct call *c);

void call_describe_target_health(struct call *c); /* world_balancer.c */
void call_get_metric_data(struct call *c);        /* world_cloudwatch.c */
void call_describe_alarms(struct call *c);
void call_get_log_events(struct call *c);            /* world_logs.c */
void call_describe_images(struct call *c);           /* world_registry.c */
void call_describe_stacks(struct call *c);           /* world_stack.c */
void call_describe_scalable_targets(struct call *c); /* world_scaling.c */
void call_register_scalable_target(struct call *c);

#endif
