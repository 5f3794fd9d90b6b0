/* Audit lines that belong to no step of an operation: refused reading commands and clicks, what the bot
 * itself found. A line that cannot be written changes nothing about a refusal; it is logged. */
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/local.h"
#include "engine_private.h"
#include "gate.h"

#define AUDIT_TEXT 1000

struct audit_line {
    struct engine *engine;
    struct store_commit commit;
};

static void written(struct store_commit *c)
{
    struct audit_line *line = c->user;
    if (!c->ok) {
        log_error("engine", NULL, "an audit line could not be written: %s", c->err.text);
    } else {
        audit_seen(line->engine, &c->head);
    }
    engine_back(line->engine);
    mem_free(line);
}

/* asked NULL: nobody asked. */
static void write(struct engine *e, const char *who, const char *operation, const char *what,
                  const char *asked, const char *text)
{
    struct buf detail;
    buf_init(&detail, 3 * AUDIT_TEXT);
    buf_char(&detail, '{');
    if (asked != NULL) {
        buf_text(&detail, "\"asked\":");
        gate_quote(&detail, asked);
        buf_char(&detail, ',');
    }
    buf_text(&detail, asked != NULL ? "\"answer\":" : "\"text\":");
    gate_quote(&detail, text);
    buf_char(&detail, '}');
    struct store_audit row = {.at_ms = engine_wall(e), .detail = detail.data};
    TEXT_COPY(row.operation, operation);
    TEXT_COPY(row.who, who);
    TEXT_COPY(row.what, what);
    struct audit_line *line = mem_alloc(sizeof(*line));
    line->engine = e;
    line->commit = (struct store_commit){.done = written, .user = line};
    struct store_txn *t = store_txn_create();
    store_txn_audit(t, &row);
    store_txn_yields(t);
    buf_finish(&detail);
    engine_owed(e);
    e->store->ops->commit(e->store, t, &line->commit);
}

void engine_audit(struct engine *e, const struct request *request, const char *operation, const char *what,
                  const char *text)
{
    char who[160];
    request_audited(&request->who, who, sizeof(who));
    write(e, who, operation, what, request->source == REQUEST_CLICK ? request->click_action : request->text,
          text);
}

void audit_own(struct engine *e, const char *operation, const char *what, const char *text)
{
    write(e, "cloudtak-bot", operation, what, NULL, text);
}
