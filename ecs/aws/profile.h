#ifndef AWS_PROFILE_H
#define AWS_PROFILE_H
/* One profile, merged from the files that AWS's tools keep in ~/.aws. */
#include "base/err.h"

struct secret;

#define PROFILE_NAME_MAX 200

/* The keys of one file. */
struct profile_keys {
    struct secret *access_key, *secret_key, *session_token; /* NULL = absent */
};

struct profile {
    char name[PROFILE_NAME_MAX];
    bool named;    /* by the configuration or AWS_PROFILE: it has to exist */
    bool exists;   /* a section of it was found */
    bool role_arn; /* kinds that have to be asked for elsewhere */
    bool sso, login_session, credential_process;
    char region[40];
    struct profile_keys credentials_file, config_file;
};

/* name NULL: AWS_PROFILE, AWS_DEFAULT_PROFILE, else "default". A missing file is an empty one; a broken one
 * is an error. */
bool profile_load(const char *(*environment)(const char *name), const char *name, struct profile *ret,
                  struct err *err);
void profile_finish(struct profile *p);

#endif
