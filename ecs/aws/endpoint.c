#include "aws/endpoint.h"

#include <string.h>

#include "base/text.h"

#define REGION_MAX 32 /* longest known: "ap-southeast-7", "us-isof-south-1" */

#define JSON_1_1 "application/x-amz-json-1.1"
#define JSON_1_0 "application/x-amz-json-1.0"
#define FORM     "application/x-www-form-urlencoded; charset=utf-8"

static const struct aws_service_row services[AWS_SERVICES] = {
    [AWS_ECS] = {"ecs", "ecs", "ecs", "AmazonEC2ContainerServiceV20141113", JSON_1_1, NULL},
    [AWS_STS] = {"sts", "sts", "sts", NULL, FORM, "2011-06-15"},
    [AWS_ELBV2] = {"elastic_load_balancing_v2", "elasticloadbalancing", "elasticloadbalancing", NULL, FORM,
                   "2015-12-01"},
    [AWS_CLOUDWATCH] = {"cloudwatch", "monitoring", "monitoring", "GraniteServiceVersion20100801", JSON_1_0,
                        NULL},
    [AWS_LOGS] = {"cloudwatch_logs", "logs", "logs", "Logs_20140328", JSON_1_1, NULL},
    [AWS_ECR] = {"ecr", "ecr", "ecr", "AmazonEC2ContainerRegistry_V20150921", JSON_1_1, NULL},
    [AWS_AUTOSCALING] = {"application_auto_scaling", "application-autoscaling", "application-autoscaling",
                         "AnyScaleFrontendService", JSON_1_1, NULL},
    [AWS_CLOUDFORMATION] = {"cloudformation", "cloudformation", "cloudformation", NULL, FORM, "2010-05-15"},
};

/* In order of trial: what begins with a longer prefix comes first. */
static const struct partition {
    const char *prefix; /* of its regions; "" = any of the list below */
    const char *name, *suffix, *dual_stack_suffix, *default_region;
    const char *console; /* host; NULL = not known */
} partitions[] = {
    {"us-gov-", "aws-us-gov", "amazonaws.com", "api.aws", "us-gov-east-1", "console.amazonaws-us-gov.com"},
    {"us-isof-", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1", NULL},
    {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1", NULL},
    {"us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1", NULL},
    {"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1", NULL},
    {"cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1",
     "console.amazonaws.cn"},
    {"eusc-de-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1", NULL},
    {"", "aws", "amazonaws.com", "api.aws", "us-east-1", "console.aws.amazon.com"},
};

const struct aws_service_row *endpoint_service(enum aws_service service)
{
    return &services[service];
}

/* "east-1": one word, a dash, digits. */
static bool is_place(const char *text)
{
    size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    if (word == 0 || text[word] != '-')
        return false;
    size_t digits = strspn(text + word + 1, "0123456789");
    return digits > 0 && text[word + 1 + digits] == '\0';
}

/* The commercial partition has many first words; a list, so that a typing error is found. */
static const char *after_commercial_prefix(const char *region)
{
    static const char *const words[] = {"us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text_starts(region, words[i]))
            return region + strlen(words[i]);
    }
    return NULL;
}

static const struct partition *find_partition(const char *region)
{
    if (region == NULL || strlen(region) >= REGION_MAX)
        return NULL;
    for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++) {
        const struct partition *p = &partitions[i];
        const char *place = NULL;
        if (p->prefix[0] == '\0')
            place = after_commercial_prefix(region);
        else if (text_starts(region, p->prefix))
            place = region + strlen(p->prefix);
        if (place != NULL && is_place(place))
            return p;
    }
    return NULL;
}

const char *endpoint_partition(const char *region)
{
    const struct partition *p = find_partition(region);
    return p == NULL ? NULL : p->name;
}

const char *endpoint_default_region(const char *partition)
{
    for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++) {
        if (text_equal(partitions[i].name, partition))
            return partitions[i].default_region;
    }
    return NULL;
}

/* GovCloud's plain hosts are FIPS hosts already; only ECS and ECR have names of their own there. With dual
 * stack every service but CloudWatch has one. */
static bool has_fips_name(enum aws_service service, const struct partition *p, bool dual_stack)
{
    if (!text_equal(p->name, "aws-us-gov"))
        return true;
    if (dual_stack)
        return service != AWS_CLOUDWATCH;
    return service == AWS_ECS || service == AWS_ECR;
}

bool endpoint_url(enum aws_service service, const char *region, bool fips, bool dual_stack, char *to,
                  size_t size, struct err *err)
{
    const struct partition *p = find_partition(region);
    if (p == NULL)
        return err_set(err, ERR_CONFIG, "\"%.40s\" is no AWS region; regions look like us-gov-east-1",
                       region == NULL ? "" : region);
    const char *mark = fips && has_fips_name(service, p, dual_stack) ? "-fips" : "";
    /* The registry's API is api.ecr, but plain ecr with FIPS or dual stack. */
    const char *front = service == AWS_ECR && !fips && !dual_stack ? "api." : "";
    char url[160];
    if (!TEXT_FORMAT(url, "https://%s%s%s.%s.%s", front, services[service].prefix, mark, region,
                     dual_stack ? p->dual_stack_suffix : p->suffix) ||
        strlen(url) >= size)
        return err_set(err, ERR_LIMIT, "the endpoint of %s in %s is too long", services[service].word,
                       region);
    return text_copy(to, size, url);
}

static bool is_ecs_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return name != NULL && name[0] != '\0' && name[strspn(name, allowed)] == '\0';
}

bool endpoint_console_url(const char *region, const char *cluster, const char *service, char *to, size_t size)
{
    const struct partition *p = find_partition(region);
    if (p == NULL || p->console == NULL || !is_ecs_name(cluster) || !is_ecs_name(service))
        return false;
    char url[512];
    if (!TEXT_FORMAT(url, "https://%s/ecs/v2/clusters/%s/services/%s/health?region=%s", p->console, cluster,
                     service, region) ||
        strlen(url) >= size)
        return false;
    return text_copy(to, size, url);
}
