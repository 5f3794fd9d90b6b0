/* The registry: DescribeImages. */
#include "sim/world_ecs_json.h"

#include "base/jsonx.h"
#include "base/text.h"
#include "sim/world_ecs_calls.h"

#define PUSHED_BEFORE_MS (4 * 24 * 3600 * INT64_C(1000))
#define IMAGE_BYTES      412310528

/* Where no image can be pulled, it is gone: from the beginning, or as soon as somebody needs it. */
static bool gone(const struct world_ecs *w)
{
    return w->scenario->image_expired || (w->scenario->fate == FATE_PULL_FAILS && w->changed_ms != 0);
}

static json_t *image_json(const struct world_ecs *w, const struct world_service *row)
{
    json_t *o = json_pack("{s:s,s:s,s:s,s:[s],s:i}", "registryId", WORLD_ACCOUNT, "repositoryName",
                          WORLD_REPOSITORY, "imageDigest", sim_image_digest(row), "imageTags", row->image_tag,
                          "imageSizeInBytes", IMAGE_BYTES);
    put_time(o, "imagePushedAt", w->start_ms - PUSHED_BEFORE_MS);
    return o;
}

/* The service whose image that is; NULL when the registry has none. */
static const struct world_service *owner(const struct world_ecs *w, const json_t *id)
{
    const char *tag = jsonx_text(id, "imageTag"), *digest = jsonx_text(id, "imageDigest");
    for (size_t i = 0; i < w->service_count && !gone(w); i++) {
        const struct world_service *row = w->services[i].row;
        if ((tag[0] == '\0' || text_equal(tag, row->image_tag)) &&
            (digest[0] == '\0' || text_equal(digest, sim_image_digest(row)))) {
            return row;
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
        const struct world_service *row = owner(c->w, json_array_get(ids, i));
        if (row == NULL) {
            json_decref(list);
            refuse_image(c, json_array_get(ids, i));
            return;
        }
        json_array_append_new(list, image_json(c->w, row));
    }
    for (size_t i = 0; json_array_size(ids) == 0 && i < c->w->service_count && !gone(c->w); i++) {
        bool again =
            i > 0 && text_equal(c->w->services[i].row->image_tag, c->w->services[i - 1].row->image_tag);
        if (!again) {
            json_array_append_new(list, image_json(c->w, c->w->services[i].row));
        }
    }
    call_answer(c, "imageDetails", list);
}
