/* Images and log options of task definitions, and nothing else of them. */
#include "definition.h"

#include "base/jsonx.h"
#include "base/mem.h"
#include "base/text.h"

#define KEPT 16

struct definitions {
    size_t next; /* the place that is given away next */
    struct kept {
        int session;
        char name[ECS_NAME];
        struct definition *definition; /* NULL = free */
    } kept[KEPT];
};

#define TEXT(array, object, path) text_clean((array), sizeof(array), jsonx_text((object), (path)), false)

static void decode_container(const json_t *object, struct definition_container *ret)
{
    TEXT(ret->name, object, "name");
    TEXT(ret->image, object, "image");
    TEXT(ret->log_driver, object, "logConfiguration.logDriver");
    if (!text_equal(ret->log_driver, "awslogs"))
        return; /* options of other drivers may be secrets (splunk-token) */
    TEXT(ret->log_group, object, "logConfiguration.options.awslogs-group");
    TEXT(ret->log_prefix, object, "logConfiguration.options.awslogs-stream-prefix");
    TEXT(ret->log_region, object, "logConfiguration.options.awslogs-region");
}

bool definition_decode(const json_t *answer, struct definition *ret)
{
    const json_t *containers = jsonx_at(answer, "taskDefinition.containerDefinitions");

    *ret = (struct definition){.container_count = 0};
    ret->inactive = text_equal(jsonx_text(answer, "taskDefinition.status"), "INACTIVE");
    for (size_t i = 0; i < json_array_size(containers); i++) {
        const json_t *one = json_array_get(containers, i);

        if (ret->container_count < DEFINITION_CONTAINERS && *jsonx_text(one, "name"))
            decode_container(one, &ret->containers[ret->container_count++]);
    }
    return ret->container_count > 0;
}

void definition_tell(const struct definition *d, struct ecs_previous *r)
{
    r->inactive = d->inactive;
    r->image_count = 0;
    for (size_t i = 0; i < d->container_count && i < ECS_CONTAINERS; i++) {
        TEXT_COPY(r->images[i], d->containers[i].image);
        r->image_count++;
    }
}

const struct definition_container *definition_container(const struct definition *d, const char *name)
{
    for (size_t i = 0; i < d->container_count; i++)
        if (!*name || text_equal(d->containers[i].name, name))
            return &d->containers[i];
    return NULL;
}

/* ---- kept ones */

struct definitions *definitions_create(void)
{
    return mem_alloc(sizeof(struct definitions));
}

void definitions_destroy(struct definitions *all)
{
    for (size_t i = 0; i < KEPT; i++)
        mem_free(all->kept[i].definition);
    mem_free(all);
}

const struct definition *definitions_find(const struct definitions *all, int session, const char *name)
{
    for (size_t i = 0; i < KEPT; i++) {
        const struct kept *k = &all->kept[i];

        if (k->definition && k->session == session && text_equal(k->name, name))
            return k->definition;
    }
    return NULL;
}

void definitions_keep(struct definitions *all, int session, const char *name, const struct definition *d)
{
    struct kept *k = &all->kept[all->next];

    if (definitions_find(all, session, name))
        return;
    all->next = (all->next + 1) % KEPT;
    if (!k->definition)
        k->definition = mem_alloc(sizeof *k->definition);
    k->session = session;
    TEXT_COPY(k->name, name);
    *k->definition = *d;
    k->definition->inactive = false;
}
