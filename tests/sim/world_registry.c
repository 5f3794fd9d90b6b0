/* The registry: DescribeImages. */
#include "sim/world_ecs_json.h"

#include "base/jsonx.h"
#include "base/text.h"
#include "sim/world_ecs_calls.h"

#define PUSHED_BEFORE_MS (4 * 24 * 3600 * INT64_C(1000))
#define IMAGE_BYTES      412310528

#define WEEK_MS (7 * 24 * 3600 * INT64_C(1000))

/* Where no image can be pulled, it is gone: all that are old, from the beginning; or the newest one, as soon
 * as somebody needs it. */
static bool gone(const struct world_ecs *w, int revision)
{
    return w->scenario->image_expired ||
           (revision == SIM_REVISION && w->scenario->fate == FATE_PULL_FAILS && w->changed_ms != 0);
}

/* One image of the registry. */
struct image {
    char tag[64], digest[80];
    int revision;
};

static struct image image_of(const struct world_service *row, int revision)
{
    struct image i = {.revision = revision};
    sim_image_tag(row, revision, i.tag, sizeof(i.tag));
    sim_image_digest(row, revision, i.digest, sizeof(i.digest));
    return i;
}

static json_t *image_json(const struct world_ecs *w, const struct image *i)
{
    json_t *o =
        json_pack("{s:s,s:s,s:s,s:[s],s:i}", "registryId", WORLD_ACCOUNT, "repositoryName", WORLD_REPOSITORY,
                  "imageDigest", i->digest, "imageTags", i->tag, "imageSizeInBytes", IMAGE_BYTES);
    put_time(o, "imagePushedAt", w->start_ms - PUSHED_BEFORE_MS - (SIM_REVISION - i->revision) * WEEK_MS);
    return o;
}

static bool is_meant(const struct image *i, const json_t *id)
{
    const char *tag = jsonx_text(id, "imageTag"), *digest = jsonx_text(id, "imageDigest");
    return (tag[0] == '\0' || text_equal(tag, i->tag)) &&
           (digest[0] == '\0' || text_equal(digest, i->digest));
}

/* NULL when the registry has no such image. */
static json_t *find_image(const struct world_ecs *w, const json_t *id)
{
    for (size_t i = 0; i < w->service_count; i++) {
        for (int revision = SIM_REVISION; revision > SIM_REVISION - SIM_REVISIONS; revision--) {
            struct image image = image_of(w->services[i].row, revision);
            if (!gone(w, revision) && is_meant(&image, id)) {
                return image_json(w, &image);
            }
        }
    }
    return NULL;
}

static void refuse_image(struct call *c, const json_t *id)
{
    char message[600];
    const char *tag = jsonx_text(id, "imageTag"), *digest = jsonx_text(id, "imageDigest");
    TEXT_FORMAT(
        message,
        "The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository "
        "with name '%s' in the registry with id '%s'",
        digest[0] != '\0' ? digest : "null", tag[0] != '\0' ? tag : "null", WORLD_REPOSITORY, WORLD_ACCOUNT);
    call_refuse(c, "ImageNotFoundException", message);
}

void call_describe_images(struct call *c)
{
    const char *repository = jsonx_text(c->body, "repositoryName");
    const json_t *ids = jsonx_at(c->body, "imageIds");
    if (!text_equal(repository, WORLD_REPOSITORY)) {
        char message[400];
        TEXT_FORMAT(message,
                    "The repository with name '%s' does not exist in the registry with id '" WORLD_ACCOUNT
                    "'",
                    repository);
        call_refuse(c, "RepositoryNotFoundException", message);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(ids); i++) {
        json_t *image = find_image(c->w, json_array_get(ids, i));
        if (image == NULL) {
            json_decref(list);
            refuse_image(c, json_array_get(ids, i));
            return;
        }
        json_array_append_new(list, image);
    }
    for (size_t i = 0; json_array_size(ids) == 0 && i < c->w->service_count && !gone(c->w, SIM_REVISION);
         i++) {
        bool again =
            i > 0 && text_equal(c->w->services[i].row->image_tag, c->w->services[i - 1].row->image_tag);
        if (!again) {
            struct image image = image_of(c->w->services[i].row, SIM_REVISION);
            json_array_append_new(list, image_json(c->w, &image));
        }
    }
    call_answer(c, "imageDetails", list);
}
