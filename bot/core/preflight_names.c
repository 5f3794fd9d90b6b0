#include "core/preflight_names.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define LISTED      8   /* names shown; the others are counted */
#define LISTED_TEXT 300 /* room for them */

static size_t shared_start(const char *a, const char *b)
{
    size_t len = 0;
    while (a[len] != '\0' && a[len] == b[len]) {
        len++;
    }
    return len;
}

/* The name nearest to the wanted one, or NULL when there is none. Names of services differ in their ends
 * ("-Service", "-stateful"): one that is the other's whole beginning comes first ("tak-prod" for
 * "tak-prod-Service"), then the longest common beginning. */
static const char *nearest(const struct preflight_names *n, const char *wanted)
{
    const char *best = NULL;
    bool begins = false;
    size_t most = 0, least = 0;
    for (size_t i = 0; i < n->name_count; i++) {
        const char *name = n->names[i];
        const size_t shared = shared_start(name, wanted);
        const size_t distance = text_distance(name, wanted);
        const bool whole = name[shared] == '\0' || wanted[shared] == '\0';
        if (best == NULL || (whole && !begins) ||
            (whole == begins && (shared > most || (shared == most && distance < least)))) {
            best = name;
            begins = whole;
            most = shared;
            least = distance;
        }
    }
    return best;
}

/* "a, b, c and 12 more" */
static void list_names(const struct preflight_names *n, char *to, size_t size)
{
    struct buf b;
    size_t shown = 0;
    buf_init(&b, size - 1);
    for (; shown < n->name_count && shown < LISTED; shown++) {
        if (b.len + strlen(n->names[shown]) + 20 > LISTED_TEXT) {
            break;
        }
        buf_format(&b, "%s%s", shown > 0 ? ", " : "", n->names[shown]);
    }
    if (shown < n->name_count) {
        buf_format(&b, "%s%zu more", shown > 0 ? " and " : "", n->name_count - shown);
    }
    text_copy(to, size, b.data);
    buf_finish(&b);
}

static const char *last_part(const char *arn)
{
    const char *slash = strrchr(arn, '/');
    return slash != NULL ? slash + 1 : arn;
}

bool preflight_names_has(const struct ecs_names *answer, const char *cluster)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (strcmp(answer->names[i], last_part(cluster)) == 0) {
            return true;
        }
    }
    return answer->count >= ECS_NAMES;
}

static bool is_listed(const struct preflight_names *n, const char *name)
{
    for (size_t i = 0; i < n->name_count; i++) {
        if (strcmp(n->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

void preflight_names_tell(const struct preflight_names *n, char to[PREFLIGHT_NAMES_TEXT])
{
    const struct config_target *t = n->target;
    const char *account = n->account[0] != '\0' ? n->account : "unchecked";
    char listed[LISTED_TEXT + 40];
    list_names(n, listed, sizeof(listed));
    if (n->clusters_read && n->cluster_count == 0) {
        text_format(
            to, PREFLIGHT_NAMES_TEXT,
            "No clusters in %s, account %s: likely the wrong region; usual: us-gov-east-1 (GovCloud), "
            "us-east-1 (Commercial).",
            t->region, account);
    } else if (n->clusters_read && n->are_clusters) {
        text_format(to, PREFLIGHT_NAMES_TEXT,
                    "There is no cluster %s in %s, account %s. Did you mean %s? Clusters there: %s. Then "
                    "correct `cluster` of target %s; or the region is the wrong one.",
                    t->cluster, t->region, account, nearest(n, t->cluster), listed, t->name);
    } else if (n->names_read && is_listed(n, n->service->name)) {
        text_format(
            to, PREFLIGHT_NAMES_TEXT,
            "ECS says that there is no service %s in cluster %s (%s, account %s), and lists it all the "
            "same: two answers of AWS that disagree. Ask again in a minute.",
            n->service->name, t->cluster, t->region, account);
    } else if (n->names_read && n->name_count == 0) {
        text_format(to, PREFLIGHT_NAMES_TEXT,
                    "Cluster %s in %s, account %s, has no services at all. Check `cluster` and `region` of "
                    "target %s.",
                    t->cluster, t->region, account, t->name);
    } else if (n->names_read) {
        text_format(to, PREFLIGHT_NAMES_TEXT,
                    "There is no service %s. Did you mean %s? Services of cluster %s in %s: %s. Then correct "
                    "`name` of service %s of target %s in the configuration.",
                    n->service->name, nearest(n, n->service->name), t->cluster, t->region, listed,
                    n->service->key, t->name);
    } else {
        text_format(to, PREFLIGHT_NAMES_TEXT,
                    "There is no service %s in cluster %s (%s, account %s), or no such cluster; its names "
                    "could not be listed. Check `cluster` and `region` of target %s.",
                    n->service->name, t->cluster, t->region, account, t->name);
    }
}
