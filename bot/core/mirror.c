/* What was begun at a terminal of this host is told in the first channel that its target lists: those who
 * watch the service learn who did what, whether the terminal is there or not.
 *
 * While the daemon runs, the card and every message that people must notice; a program that runs alone leaves
 * only how it ended, with its own time, for the daemon's next start, and no card comes after it. Questions
 * stay at the terminal. A target that lists no channel by its id has nobody to tell. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/local.h"
#include "engine_private.h"

static const struct config_channel *channel_for(const struct operation *op)
{
    const struct config_target *t = op->target;
    for (size_t i = 0; t != NULL && i < t->channel_count; i++) {
        if (!t->channels[i].any && engine_chat(op->engine, t->channels[i].server) != NULL) {
            return &t->channels[i];
        }
    }
    return NULL;
}

/* Commands read as people of that channel type them. */
static void reword(char *text, size_t size, const char *command)
{
    char *at;
    while ((at = strstr(text, LOCAL_COMMAND)) != NULL) {
        char copy[CARD_LINE];
        text_format(copy, sizeof(copy), "%.*s%s%s", (int)(at - text), text, command,
                    at + strlen(LOCAL_COMMAND));
        text_copy(text, size, copy);
    }
}

static void reword_all(struct card *card, const char *command)
{
    reword(card->title, sizeof(card->title), command);
    reword(card->served, sizeof(card->served), command);
    reword(card->footer, sizeof(card->footer), command);
    for (size_t i = 0; i < card->line_count; i++) {
        reword(card->lines[i], sizeof(card->lines[i]), command);
    }
}

/* The person at the terminal, as this platform knows them. */
static void translate_asker(const struct operation *op, const char *server, char mention[100])
{
    const struct config_person *person =
        config_person_of(op->engine->config, LOCAL_SERVER, op->request.who.user);
    for (size_t i = 0; person != NULL && i < person->count; i++) {
        const struct principal *id = &person->ids[i];
        if (id->kind == PRINCIPAL_USER && text_equal(id->server, server)) {
            text_format(mention, 100, "%s:user:%s", id->server, id->id);
        }
    }
}

static void name_the_host(const struct operation *op, struct card *card)
{
    char who[120], at[TEXT_TIME], title[CARD_TEXT];
    const bool alone = op->engine->options.alone;
    request_principal(&op->request.who, who, sizeof(who));
    (alone ? text_date_time : text_time_of_day)(at, engine_world(op->engine));
    TEXT_COPY(title, card->title);
    card_title(card, "On the host, by %s%s, %s UTC: %s", who, alone ? " while I was down" : "", at, title);
}

static void translate(const struct operation *op, const struct config_channel *to, struct card *card)
{
    card->button_count = 0; /* they are answered where they were asked */
    if (op->engine->options.alone) {
        card->mention_count = 0; /* it may be hours ago: nobody is called for it */
    }
    for (size_t i = 0; i < card->mention_count; i++) {
        if (text_equal(card->mentions[i], op->facts.asker_mention)) {
            translate_asker(op, to->server, card->mentions[i]);
        }
    }
    reword_all(card, engine_command(op->engine, to->server));
    name_the_host(op, card);
}

void mirror_stage(struct operation *op, struct store_txn *t, const char *suffix, enum progress_place place,
                  bool ends, const struct card *card)
{
    const struct config_channel *to = text_equal(op->row.server, LOCAL_SERVER) ? channel_for(op) : NULL;
    const bool wanted = op->engine->options.alone ? ends : place == PROGRESS_NEW;
    const bool card_of_old = local_offline(&op->request.who) && text_equal(suffix, "card");
    if (to == NULL || !wanted || card_of_old || text_starts(suffix, "ask")) {
        return;
    }
    struct store_outbox row = {0};
    struct card *copy = mem_alloc(sizeof(*copy));
    *copy = *card;
    translate(op, to, copy);
    TEXT_FORMAT(row.id, "%s/mirror-%s", op->row.id, suffix); /* no suffix that the engine waits for */
    TEXT_COPY(row.operation, op->row.id);
    TEXT_COPY(row.server, to->server);
    TEXT_COPY(row.channel, to->id);
    outbox_stage(op->engine->outbox, t, &row, copy);
    mem_free(copy);
}

void mirror_answered(struct operation *op, const struct request *by)
{
    if (text_equal(op->row.server, LOCAL_SERVER) && local_request(by)) {
        TEXT_COPY(op->row.thread, by->place.thread);
        TEXT_COPY(op->request.place.thread, by->place.thread);
    }
}
