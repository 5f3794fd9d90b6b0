#ifndef AWS_ENDPOINT_H
#define AWS_ENDPOINT_H
/* Regions, partitions and host names by formula (facts: AWS's own endpoint rules, 7 services x all regions).
 * Pure. */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum aws_service {
    AWS_ECS,
    AWS_STS,
    AWS_ELBV2,
    AWS_CLOUDWATCH,
    AWS_LOGS,
    AWS_ECR,
    AWS_AUTOSCALING,
    AWS_CLOUDFORMATION,
    AWS_SERVICES
};

struct aws_service_row {
    const char *word;   /* "ecs": of AWS_ENDPOINT_URL_<WORD>, of cards and metrics */
    const char *prefix; /* of the host */
    const char *signing_name;
    const char *target; /* X-Amz-Target prefix, or NULL for the query protocol */
    const char *content_type;
    const char *api_version; /* query protocol */
};
const struct aws_service_row *endpoint_service(enum aws_service service);

/* "aws", "aws-us-gov", "aws-cn", …; NULL for a text that is no region. */
const char *endpoint_partition(const char *region);
/* The partition's usual region: us-gov-east-1, us-east-1. */
const char *endpoint_default_region(const char *partition);
/* "https://ecs-fips.us-gov-east-1.amazonaws.com". False on an unknown region. */
bool endpoint_url(enum aws_service service, const char *region, bool fips, bool dual_stack, char *to,
                  size_t size, struct err *err);
/* The console page of a service, for cards. */
bool endpoint_console_url(const char *region, const char *cluster, const char *service, char *to,
                          size_t size);

#endif
