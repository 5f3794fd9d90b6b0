/* Keys that stand in a profile of ~/.aws. A profile whose keys have to be asked for elsewhere (a role, SSO, a
 * program) is named as such: to take other keys in its place would be to act as somebody else. */
#include "aws/credentials.h"
#include "base/secret.h"
#include "base/text.h"
#include "credentials_source.h"
#include "profile.h"

#define EXPORT_HINT                                                                                          \
    "run `aws configure export-credentials --profile %s --format env` and start the bot with its output"

static enum source_result unsupported(const struct profile *p, const char *what, struct source_answer *ret)
{
    err_set(
        &ret->err, ERR_CONFIG,
        "profile %s gets its keys by %s, which is not supported by this release: use static keys or an ECS "
        "task role, or " EXPORT_HINT,
        p->name, what, p->name);
    return SOURCE_FAILED;
}

static enum source_result take(const struct profile *p, const struct profile_keys *keys,
                               struct source_answer *ret)
{
    char source[sizeof ret->keys.source];
    TEXT_FORMAT(source, "profile %s", p->name);
    if (keys->secret_key == NULL) {
        err_set(&ret->err, ERR_CONFIG, "%s has aws_access_key_id but no aws_secret_access_key: set both",
                source);
        return SOURCE_FAILED;
    }
    bool ok =
        found_keys_set(&ret->keys, source, secret_reveal(keys->access_key), secret_reveal(keys->secret_key),
                       secret_reveal(keys->session_token), NULL, &ret->err);
    return ok ? SOURCE_FOUND : SOURCE_FAILED;
}

/* In the order of AWS's tools. */
static enum source_result choose(const struct profile *p, struct source_answer *ret)
{
    if (p->named && !p->exists) {
        err_set(&ret->err, ERR_CONFIG,
                "profile %s is in neither AWS file: see `aws configure list-profiles`, AWS_CONFIG_FILE and "
                "AWS_SHARED_CREDENTIALS_FILE",
                p->name);
        return SOURCE_FAILED;
    }
    if (p->role_arn)
        return unsupported(p, "assuming a role (role_arn)", ret);
    if (p->sso)
        return unsupported(p, "AWS SSO", ret);
    if (p->credentials_file.access_key != NULL)
        return take(p, &p->credentials_file, ret);
    if (p->login_session)
        return unsupported(p, "`aws login`", ret);
    if (p->credential_process)
        return unsupported(p, "a program (credential_process)", ret);
    if (p->config_file.access_key != NULL)
        return take(p, &p->config_file, ret);
    return SOURCE_NONE;
}

static enum source_result read_profile(const struct source_place *place, struct source_answer *ret)
{
    struct profile p;
    if (!profile_load(place->environment, place->profile, &p, &ret->err))
        return SOURCE_FAILED;
    enum source_result result = choose(&p, ret);
    profile_finish(&p);
    return result;
}

const struct credentials_source credentials_profile = {"profile", read_profile};
