/* What a deployment waits for now, since when and until when at the latest; and how a person lets a paused
 * hook go on. What ECS says of it is quoted, not retold. */
#include "base/text.h"
#include "progress.h"

static const char *placing(const struct follow_state *s)
{
    return s->failed_tasks > 0 && s->new_pending == 0 ? "⏳ ECS waits before it starts new tasks again"
                                                      : "⏳ Waiting for a place for new tasks";
}

static const char *running(const struct follow_state *s)
{
    return s->wait == FOLLOW_WAIT_GRACE ? "⏳ New tasks run; health checks do not count yet (grace period)"
           : s->by_targets || s->targets_total > 0
               ? "⏳ New tasks run; waiting for the load balancer's health checks"
               : "⏳ New tasks run; waiting until all count as healthy";
}

static const char *by_phase(const struct follow_state *s)
{
    switch (s->phase) {
    case FOLLOW_WAITING: return "⏳ ECS has taken the order; nothing of it shows yet";
    case FOLLOW_STARTING: return "⏳ Starting new tasks";
    case FOLLOW_HEALTH: return running(s);
    case FOLLOW_DRAINING:
        return s->old_running > 0 ? "⏳ Old tasks drain"
                                  : "⏳ The last old tasks end, up to 5 min; then ECS calls it complete";
    case FOLLOW_ROLLING_BACK: return "↩️ Rolling back to the old tasks";
    case FOLLOW_ENDED: break;
    }
    return "Ended";
}

static const char *what(const struct follow_state *s)
{
    if (s->phase == FOLLOW_ROLLING_BACK || s->phase == FOLLOW_ENDED) {
        return by_phase(s);
    }
    switch (s->wait) {
    case FOLLOW_WAIT_PLACING: return placing(s);
    case FOLLOW_WAIT_PULLING: return "⏳ New tasks pull their images";
    case FOLLOW_WAIT_STARTING: return "⏳ Starting new tasks";
    case FOLLOW_WAIT_GRACE:
    case FOLLOW_WAIT_CHECKS: return running(s);
    case FOLLOW_WAIT_DRAINING: return "⏳ Old tasks drain, up to 5 min";
    case FOLLOW_WAIT_BAKE: return "⏳ New tasks serve; ECS watches its alarms for the bake time";
    case FOLLOW_WAIT_HOOK: return "⏸️ A deployment hook holds it up";
    case FOLLOW_WAIT_STAGE: return "⏳ ECS works through the stages of its own strategy";
    case FOLLOW_WAIT_ORDER:
    case FOLLOW_WAIT_NOTHING: break;
    }
    return by_phase(s);
}

#define WAIT_SHOWN_MS 20000 /* what is shorter is no wait worth a word */

static void how_long(const struct follow_state *s, int64_t now_ms, char *to, size_t size)
{
    char elapsed[TEXT_DURATION], until[TEXT_TIME + 8], so_far[40] = "", at_most[80] = "";
    if (s->wait != FOLLOW_WAIT_NOTHING && s->wait_since_ms != 0 &&
        now_ms - s->wait_since_ms >= WAIT_SHOWN_MS) {
        text_elapsed(elapsed, now_ms - s->wait_since_ms);
        TEXT_FORMAT(so_far, ", for %s now", elapsed);
    }
    if (s->wait != FOLLOW_WAIT_NOTHING && s->wait_until_ms > now_ms) {
        progress_text_when(s->wait_until_ms, now_ms, until);
        TEXT_FORMAT(at_most, ", until %s at the latest", until);
    }
    text_format(to, size, "%s%s", so_far, at_most);
}

/* While it boots, a 502 is what a load balancer has to see. */
static void sick_target(const struct follow_state *s, struct card *c)
{
    char line[sizeof(s->sick_target) + 80];
    if (s->sick_target[0] == '\0' || s->new_serve_ms != 0) {
        return;
    }
    TEXT_FORMAT(line, "Load balancer on a new task: %s%s", s->sick_target,
                s->wait == FOLLOW_WAIT_GRACE ? " (usual while it boots)" : "");
    card_quote(c, line);
}

void progress_text_hook(const struct progress_facts *f, const struct follow_state *s, int64_t now_ms,
                        struct card *c)
{
    char profile[CONFIG_NAME + 16] = "", arn[sizeof(f->hook_arn) + 400], until[TEXT_TIME + 8];
    if (f->hook[0] == '\0') {
        return;
    }
    if (f->profile[0] != '\0') {
        TEXT_FORMAT(profile, " --profile %s", f->profile);
    }
    TEXT_COPY(arn, f->hook_arn);
    if (arn[0] == '\0') {
        TEXT_FORMAT(arn,
                    "\"$(aws ecs list-service-deployments%s --region %s --cluster %s --service %s --status "
                    "IN_PROGRESS --query 'serviceDeployments[0].serviceDeploymentArn' --output text)\"",
                    profile, f->region, f->cluster, f->service);
    }
    if (s->wait_until_ms != 0) {
        progress_text_when(s->wait_until_ms, now_ms, until);
        card_line(c,
                  "Unanswered, it expires at %s; ECS then does what the hook says, by default it rolls back.",
                  until);
    }
    card_line(c, "It waits for a person. To let it go on (or back: --action ROLLBACK), in a shell:");
    card_line(c,
              "aws ecs continue-service-deployment%s --region %s --hook-id %s --action CONTINUE "
              "--service-deployment-arn %s",
              profile, f->region, f->hook, arn);
}

void progress_text_wait(const struct progress_facts *f, const struct follow_state *s, int64_t now_ms,
                        struct card *c)
{
    char elapsed[TEXT_DURATION], waited[100];
    text_elapsed(elapsed, now_ms - f->began_ms);
    how_long(s, now_ms, waited, sizeof(waited));
    card_line(c, "%s%s, %d of %d %s · %s of %s%s%s", what(s), waited, progress_text_new(s), s->wanted,
              progress_text_well(s), elapsed, f->usual, f->untouched[0] != '\0' ? " · " : "", f->untouched);
    if (s->wait == FOLLOW_WAIT_HOOK) {
        progress_text_hook(f, s, now_ms, c);
    }
    if (s->wait_detail[0] != '\0') {
        card_quote(c, s->wait_detail);
    }
    sick_target(s, c);
}
