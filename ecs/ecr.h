#ifndef ECS_ECR_H
#define ECS_ECR_H
/* References to images in ECR, and whether the registry still has them. Pure. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ecs/model.h"

/* "123456789012.dkr.ecr.us-gov-east-1.amazonaws.com/tak-vpc-cotak-prod-cloudtak-api:0f3c2b1a" */
struct ecr_image {
    char registry[16]; /* the account */
    char region[32];
    char repository[ECS_NAME];
    char tag[130];             /* "latest" when the reference says neither tag nor digest */
    char digest[80];           /* "sha256:…"; "" = by tag */
    char short_name[ECS_NAME]; /* repository:tag, or repository@digest */
};
/* False when it is no image of ECR's; *ret is untouched then. */
bool ecr_parse(const char *image, struct ecr_image *ret);

/* Body of DescribeImages. Caller decrefs. */
json_t *ecr_ask(const struct ecr_image *image);
/* Its answer. False when it does not name the image. archived: it is there, and cannot be pulled. */
bool ecr_read(const json_t *answer, int64_t *ret_pushed_ms, bool *ret_archived);

#endif
