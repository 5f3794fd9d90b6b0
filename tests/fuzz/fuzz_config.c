/* A settings file -> the configuration, or every fault of it; no secret in either. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "bot/config.h"
#include "bot/config_private.h"
#include "judge.h"

#define FAULTS_MAX (64 * 1024)
#define CANARY     "canary7"

static const char *environment(const char *name)
{
    static const struct {
        const char *name, *value;
    } VARIABLES[] = {{"SLACK_APP_TOKEN", "xapp-1-A0-" CANARY},
                     {"SLACK_BOT_TOKEN", "xoxb-1-" CANARY},
                     {"EMPTY", ""},
                     {"PROFILE", "coegc"}};
    for (size_t i = 0; i < sizeof(VARIABLES) / sizeof(VARIABLES[0]); i++) {
        if (text_equal(name, VARIABLES[i].name)) {
            return VARIABLES[i].value;
        }
    }
    return NULL;
}

/* ---- where the canary stands in the file */

static bool is_secret_key(const char *key)
{
    return text_equal(key, "app_token") || text_equal(key, "bot_token") || text_equal(key, "token");
}

/* The canary, or a variable that stands for it. */
static bool has_canary(const char *text)
{
    return text != NULL && (strstr(text, CANARY) != NULL || strstr(text, "${SLACK_") != NULL);
}

/* True when some text of the tree has it that is not the value of a secret key of a chat. */
static bool is_elsewhere(const struct node *n, bool in_chat, bool secret)
{
    if (has_canary(n->key)) {
        return true;
    }
    if (n->kind == NODE_SCALAR) {
        const bool path = text_starts(n->text, "file:"); /* the file's name is told, never what is in it */
        return (path || !secret) && has_canary(n->text);
    }
    for (const struct node *child = n->first; child != NULL; child = child->next) {
        const bool chat = in_chat || (n->key == NULL && text_equal(child->key, "chat"));
        if (is_elsewhere(child, chat,
                         in_chat && child->kind == NODE_SCALAR && child->key != NULL &&
                             is_secret_key(child->key))) {
            return true;
        }
    }
    return false;
}

/* May the canary be shown? Only where the file has it outside secret keys, or repeats it as a key. */
static bool may_show(const char *text)
{
    struct reading *r = mem_alloc(sizeof(*r));
    r->name = "config.yaml";
    r->environment = environment;
    r->quiet = true;
    struct node *root = config_yaml_parse(r, text, strlen(text));
    const bool may = root != NULL ? is_elsewhere(root, false, false) : strstr(text, CANARY) != NULL;
    config_yaml_destroy(root);
    mem_free(r);
    return may;
}

/* ---- */

static void judge_faults(const char *text, const struct err *err)
{
    judge_err("settings", err);
    PROMISE(err->code == ERR_CONFIG, "a fault of the settings is told as %s", err_word(err->code));
    PROMISE(text_starts(err->text, "config.yaml"), "a fault without its place: %s", err->text);
    PROMISE(strstr(err->text, CANARY) == NULL || may_show(text), "a secret is quoted: %s", err->text);
}

/* Secrets are shown as [secret]: as a list, which no secret can be. */
static void put_secrets(const char *shown, struct buf *to)
{
    static const char SECRET[] = ": [secret]\n";
    while (*shown != '\0') {
        const bool secret = text_starts(shown, SECRET);
        buf_text(to, secret ? ": \"other-secret\"\n" : "");
        buf_put(to, shown, secret ? 0 : 1);
        shown += secret ? strlen(SECRET) : 1;
    }
}

/* What is shown reads as the same settings, once the secrets are put in again. */
static void judge_shown(const struct config *c, const char *text)
{
    struct buf first, second, whole;
    struct err err = {0};
    buf_init(&first, 1024 * 1024);
    buf_init(&second, 1024 * 1024);
    buf_init(&whole, 1024 * 1024);
    config_show(c, &first);
    judge_text("settings", first.data, true);
    PROMISE(strstr(first.data, CANARY) == NULL || may_show(text), "config show shows a secret:\n%s",
            first.data);
    put_secrets(first.data, &whole);
    struct config *again = config_read_text("config.yaml", whole.data, environment, &err);
    PROMISE(again != NULL, "what config show says is no configuration: %s\n%s", err.text, first.data);
    config_show(again, &second);
    PROMISE(strcmp(first.data, second.data) == 0, "what config show says means something else:\n%s\n%s",
            first.data, second.data);
    config_destroy(again);
    buf_finish(&first);
    buf_finish(&second);
    buf_finish(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    char *text = judge_string(data, size);
    if (strstr(text, "file:/") != NULL) { /* the files of this machine are no input */
        mem_free(text);
        return 0;
    }
    struct config *c = config_read_text("config.yaml", text, environment, &err);
    if (c == NULL) {
        judge_faults(text, &err);
    } else {
        judge_shown(c, text);
        if (!config_check_run(c, &err)) {
            judge_err("settings to run with", &err);
        }
    }
    config_destroy(c);
    mem_free(text);
    return 0;
}
