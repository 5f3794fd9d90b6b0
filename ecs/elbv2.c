/* What the load balancer says of the tasks behind it: DescribeTargetHealth's XML -> targets. */
#include <stdlib.h>
#include <string.h>

#include "aws/xml.h"
#include "base/text.h"
#include "ecs/decode.h"

#define MEMBER "DescribeTargetHealthResponse/DescribeTargetHealthResult/TargetHealthDescriptions/member"

struct target_reader {
    struct ecs_target target; /* of the member that is open */
    bool has_state;
    int group;
    struct ecs_target *to;
    size_t most, count;
    bool answered; /* the list is there, be it empty */
    const char *fault;
};

/* A word that is not known yet is no healthy target. */
static enum ecs_target_state state_of(const char *word)
{
    static const struct {
        const char *word;
        enum ecs_target_state state;
    } rows[] = {{"initial", ECS_TARGET_INITIAL},     {"healthy", ECS_TARGET_HEALTHY},
                {"unhealthy", ECS_TARGET_UNHEALTHY}, {"unhealthy.draining", ECS_TARGET_UNHEALTHY},
                {"draining", ECS_TARGET_DRAINING},   {"unused", ECS_TARGET_UNUSED}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(word, rows[i].word) == 0)
            return rows[i].state;
    return ECS_TARGET_UNAVAILABLE;
}

static int port_of(const char *text)
{
    long port = strtol(text, NULL, 10);

    return port > 0 && port <= 65535 ? (int)port : 0;
}

static void end_member(struct target_reader *r)
{
    if (!r->target.id[0])
        r->fault = "names a target without an id";
    else if (!r->has_state)
        r->fault = "names a target without a state";
    else if (r->count >= r->most)
        r->fault = "names more targets than I can hold";
    if (!r->fault) {
        r->target.group = r->group;
        r->to[r->count++] = r->target;
    }
    memset(&r->target, 0, sizeof r->target);
    r->has_state = false;
}

static void visit(void *user, const char *path, const char *text)
{
    struct target_reader *r = user;
    const char *part = path + strlen(MEMBER);

    if (strcmp(path, "DescribeTargetHealthResponse/DescribeTargetHealthResult") == 0)
        r->answered = true;
    if (r->fault || !text_starts(path, MEMBER))
        return;
    if (!*part) {
        end_member(r);
    } else if (strcmp(part, "/Target/Id") == 0) {
        text_clean(r->target.id, sizeof r->target.id, text, false);
    } else if (strcmp(part, "/Target/Port") == 0) {
        r->target.port = port_of(text);
    } else if (strcmp(part, "/TargetHealth/State") == 0) {
        r->target.state = state_of(text);
        r->has_state = *text != '\0';
    } else if (strcmp(part, "/TargetHealth/Reason") == 0) {
        text_clean(r->target.reason, sizeof r->target.reason, text, false);
    } else if (strcmp(part, "/TargetHealth/Description") == 0) {
        text_clean(r->target.description, sizeof r->target.description, text, false);
    }
}

bool decode_targets(const char *xml, size_t len, int group, struct ecs_target *to, size_t most, size_t *count,
                    struct err *err)
{
    struct target_reader r = {.group = group, .to = to, .most = most, .count = *count};

    if (!xml_read(xml, len, visit, &r, err))
        return false;
    if (!r.answered)
        r.fault = "is none of DescribeTargetHealth";
    if (r.fault)
        return err_set(err, ERR_PROTOCOL, "the load balancer's answer %s", r.fault);
    *count = r.count;
    return true;
}
