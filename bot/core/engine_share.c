/* Equal questions share an answer, so that many askers cost AWS no more than one.
 *
 * Happy path: the first asker's command runs; who asks the same until its answer comes, waits for it, and who
 * asks within FRESH_MS afterwards gets it at once. Everybody was authorised before.
 * What can go wrong: the command refuses (told to all who wait, not kept); more different questions at once
 * than there are places (they run by themselves); the engine closes (calls that wait are destroyed with it).
 */
#include "base/mem.h"
#include "base/text.h"
#include "engine_private.h"

#define FRESH_MS 2000

/* The word people call us by is part of it: it stands in answers. */
static bool write_key(const struct call *c, char *to, size_t size)
{
    const struct parsed *p = &c->command.parsed;
    return text_format(to, size, "%s|%s|%s|%s|%d|%s", c->command.word, p->command->name,
                       p->target != NULL ? p->target->name : "", p->service != NULL ? p->service->key : "",
                       (int)p->service_named, p->extra);
}

static bool is_free(const struct share *s, int64_t now)
{
    return s->leader == NULL && (s->card == NULL || now - s->answered_ms > FRESH_MS);
}

static struct share *share_of(struct engine *e, const char *key, int64_t now)
{
    struct share *place = NULL;
    for (size_t i = 0; i < ENGINE_SHARES; i++) {
        struct share *s = &e->shares[i];
        if (is_free(s, now)) {
            place = s;
        } else if (text_equal(s->key, key)) {
            return s;
        }
    }
    if (place != NULL) {
        mem_free(place->card);
        *place = (struct share){0};
        TEXT_COPY(place->key, key);
    }
    return place;
}

static void answer(struct call *c, const struct card *card)
{
    call_count(c, "answered");
    engine_reply(c->engine, &c->command.request, card, SETTLED_REPLY);
    call_destroy(c);
}

bool share_join(struct call *c)
{
    char key[sizeof(c->engine->shares[0].key)];
    const int64_t now = loop_now(c->engine->loop);
    if ((c->command.parsed.command->flags & COMMAND_SHARED) == 0 || !write_key(c, key, sizeof(key))) {
        return false;
    }
    struct share *s = share_of(c->engine, key, now);
    if (s == NULL) {
        return false;
    }
    if (s->card != NULL) {
        answer(c, s->card);
        return true;
    }
    if (s->leader == NULL) {
        s->leader = c;
        c->leads = s;
        return false;
    }
    c->share_next = s->waiting;
    s->waiting = c;
    return true;
}

/* The askers who wait, and nobody leads any more. */
static struct call *take_waiting(struct call *leader)
{
    struct share *s = leader->leads;
    if (s == NULL) {
        return NULL;
    }
    struct call *waiting = s->waiting;
    s->waiting = NULL;
    s->leader = NULL;
    leader->leads = NULL;
    return waiting;
}

void share_answer(struct call *leader, const struct card *card)
{
    struct share *s = leader->leads;
    if (s != NULL) {
        s->card = mem_alloc(sizeof(*s->card));
        *s->card = *card;
        s->answered_ms = loop_now(leader->engine->loop);
    }
    for (struct call *c = take_waiting(leader), *next; c != NULL; c = next) {
        next = c->share_next;
        answer(c, card);
    }
}

void share_refuse(struct call *leader, const char *text)
{
    for (struct call *c = take_waiting(leader), *next; c != NULL; c = next) {
        next = c->share_next;
        call_count(c, "refused");
        engine_audit(c->engine, &c->command.request, "", "refused", text);
        engine_reply_refusal(c->engine, &c->command.request, text);
        call_destroy(c);
    }
}

void share_finish(struct engine *e)
{
    for (size_t i = 0; i < ENGINE_SHARES; i++) {
        mem_free(e->shares[i].card);
    }
}
