/* What CloudTAK answers to a browser, through its load balancer. */
#include "sim/world_ecs_private.h"

#include "base/text.h"

/* Good: a healthy target. 502: a target that does not answer yet; 503: no target at all. */
static int through_balancer(const struct world_ecs *w, const char *service, int good)
{
    int status = 503;
    for (size_t i = 0; i < w->service_count; i++) {
        const struct sim_service *s = &w->services[i];
        for (const struct sim_task *t = s->tasks; t != NULL && text_equal(s->row->name, service);
             t = t->next) {
            bool serves = t->phase == PHASE_SERVING && w->now_ms >= t->rebooting_until_ms;
            if (serves) {
                return good;
            }
            if (t->registered) {
                status = 502;
            }
        }
    }
    return status;
}

void world_ecs_site(struct world_ecs *w, int64_t now_ms, struct world_site *ret)
{
    world_ecs_step(w, now_ms);
    ret->api = through_balancer(w, WORLD_STACK, 200);
    ret->database = through_balancer(w, WORLD_STACK, w->scenario->database_down ? 500 : 200);
    ret->hub = through_balancer(w, WORLD_STACK "-stateful", 401);
}
