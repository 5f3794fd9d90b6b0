#ifndef INCIDENTS_INCIDENTS_H
#define INCIDENTS_INCIDENTS_H
/* The incidents, as data: what the world does, and what people do when. */
#include <stddef.h>
#include <stdint.h>

struct rig;

enum step_what { STEP_SAY, STEP_CONFIRM, STEP_CANCEL, STEP_STOP_BOT, STEP_START_BOT, STEP_NOTE };

struct step {
    int64_t at_s;
    enum step_what what;
    const char *who, *text; /* text: of SAY the command; of the others what happens, in parentheses */
};

#define INCIDENT_MUST 6

struct incident {
    const char *name; /* of its page */
    const char *title, *story, *lesson;
    const char *rehearse; /* a command line that shows it, "" = none does */
    const char *scenario; /* of the simulated world; NULL = set_up says it all */
    void (*set_up)(struct rig *r);
    int64_t until_s;
    const struct step *steps;
    size_t step_count;
    const char *must[INCIDENT_MUST]; /* what the page would be worthless without */
};

extern const struct incident *const incidents[]; /* NULL-terminated */

#endif
