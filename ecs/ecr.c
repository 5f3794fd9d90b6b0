/* Image references of ECR, DescribeImages' bodies and answers. */
#include "ecr.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"

#define ACCOUNT_DIGITS 12

static const char *skip(const char *text, const char *prefix)
{
    return text && text_starts(text, prefix) ? text + strlen(prefix) : NULL;
}

/* ".dkr.ecr.REGION." or ".dkr.ecr-fips.REGION." or, with dual stack, ".dkr-ecr.REGION."; the region's end. */
static const char *parse_region(const char *at, struct ecr_image *to)
{
    static const char *const fronts[] = {".dkr.ecr.", ".dkr.ecr-fips.", ".dkr-ecr.", ".dkr-ecr-fips."};
    const char *region = NULL;
    size_t len;

    for (size_t i = 0; i < sizeof fronts / sizeof fronts[0] && !region; i++)
        region = skip(at, fronts[i]);
    if (!region)
        return NULL;
    len = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (len == 0 || region[len] != '.' || !text_copy_n(to->region, sizeof to->region, region, len))
        return NULL;
    return region + len;
}

/* "repository[:tag][@digest]" */
static bool parse_name(const char *name, struct ecr_image *to)
{
    size_t len = strcspn(name, ":@");
    const char *at = name + len;

    if (len == 0 || !text_copy_n(to->repository, sizeof to->repository, name, len))
        return false;
    TEXT_COPY(to->tag, "latest");
    if (*at == ':') {
        len = strcspn(at + 1, "@");
        if (len == 0 || !text_copy_n(to->tag, sizeof to->tag, at + 1, len))
            return false;
        at += 1 + len;
    }
    if (*at == '@' && (!text_starts(at + 1, "sha256:") || !TEXT_COPY(to->digest, at + 1)))
        return false;
    return to->digest[0] ? TEXT_FORMAT(to->short_name, "%s@%s", to->repository, to->digest)
                         : TEXT_FORMAT(to->short_name, "%s:%s", to->repository, to->tag);
}

bool ecr_parse(const char *image, struct ecr_image *ret)
{
    struct ecr_image found = {.registry = ""};
    size_t digits = strspn(image, "0123456789");
    const char *slash = strchr(image, '/'), *end;

    if (digits != ACCOUNT_DIGITS || !slash || image[strcspn(image, " \t")] != '\0')
        return false;
    text_copy_n(found.registry, sizeof found.registry, image, digits);
    end = parse_region(image + digits, &found);
    if (!end || end >= slash || !parse_name(slash + 1, &found))
        return false;
    *ret = found;
    return true;
}

json_t *ecr_ask(const struct ecr_image *image)
{
    return json_pack("{s:s, s:s, s:[{s:s}]}", "registryId", image->registry, "repositoryName",
                     image->repository, "imageIds", image->digest[0] ? "imageDigest" : "imageTag",
                     image->digest[0] ? image->digest : image->tag);
}

bool ecr_read(const json_t *answer, int64_t *ret_pushed_ms, bool *ret_archived)
{
    const json_t *first = jsonx_at(answer, "imageDetails.0");
    int64_t pushed_ms = jsonx_seconds_to_ms(first, "imagePushedAt", 0);

    if (!json_is_object(first))
        return false;
    *ret_pushed_ms = pushed_ms > 0 ? pushed_ms : 0;
    *ret_archived = strcmp(jsonx_text(first, "imageStatus"), "ARCHIVED") == 0;
    return true;
}
