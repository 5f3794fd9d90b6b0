#ifndef CORE_AUTHZ_H
#define CORE_AUTHZ_H
/* May this person do this, here? Pure decision over facts; the engine fetches the facts (chat lookup) when
 * the decision asks for them. */
#include "core/chat.h"
#include "core/command.h"
#include "core/config.h"
#include "core/request.h"

enum authz_answer {
    AUTHZ_ALLOWED,
    AUTHZ_REFUSED,
    AUTHZ_LOOKUP /* member status or groups are needed first */
};

struct authz_facts {
    bool looked_up; /* the fields below were asked for … */
    bool lookup_ok; /* … and the platform answered */
    char lookup_trouble[300];
    enum chat_member member;
    size_t group_count; /* the groups asked about */
    char groups[8][96];
    bool in_group[8];
    int64_t groups_as_of_ms;
};

struct authz_result {
    enum authz_answer answer;
    char text[500]; /* REFUSED: which right is missing, who holds it, where it works; ends with the next step
                     */
    size_t group_count; /* LOOKUP: groups to ask about */
    char groups[8][96];
};

/* target NULL = a command without target. changes: members only, listed channels only, never guests,
 * strangers, bots; DMs and shared channels only if listed. */
void authz_decide(const struct config *config, const struct config_target *target,
                  const struct command *command, const struct request *request,
                  const struct authz_facts *facts, int64_t now_ms, struct authz_result *ret);
/* Who holds a right, for sentences: "@ana, members of slack:group:S04…". */
void authz_holders(const struct config *config, const struct config_target *target, enum right right,
                   char *to, size_t size);

/* The same of any list. */
void authz_list(const struct config *config, const struct principals *rule, char *to, size_t size);

/* The person whom the configuration gives this id, of any kind; NULL when nobody. */
const struct config_person *authz_person(const struct config *config, const struct principal *id);
/* Is it one human? The same id, or ids that `people` joins. */
bool authz_same_human(const struct config *config, const struct principal *a, const struct principal *b);
/* Can anybody of this list be another human than this one? "any", "everyone" and a group can. */
bool authz_another_human(const struct config *config, const struct principals *list,
                         const struct principal *than);

#endif
