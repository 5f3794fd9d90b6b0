/* Keys in the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. A profile named in
 * the configuration takes the environment out of the chain. */
#include "credentials_source.h"

static const char *value_of(const struct source_place *place, const char *name)
{
    const char *value = place->environment(name);
    return value == NULL ? "" : value;
}

static enum source_result read_keys(const struct source_place *place, struct source_answer *ret)
{
    const char *access_key = value_of(place, "AWS_ACCESS_KEY_ID");
    const char *secret_key = value_of(place, "AWS_SECRET_ACCESS_KEY");
    const char *token = value_of(place, "AWS_SESSION_TOKEN");
    if (place->profile != NULL || access_key[0] == '\0')
        return SOURCE_NONE;
    if (secret_key[0] == '\0') {
        err_set(&ret->err, ERR_CONFIG, "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not: set both");
        return SOURCE_FAILED;
    }
    if (token[0] == '\0')
        token = value_of(place, "AWS_SECURITY_TOKEN"); /* the old name */
    bool ok = found_keys_set(&ret->keys, "environment", access_key, secret_key, token,
                             value_of(place, "AWS_CREDENTIAL_EXPIRATION"), &ret->err);
    return ok ? SOURCE_FOUND : SOURCE_FAILED;
}

const struct credentials_source credentials_environment = {"environment", read_keys};

/* A pod's web identity comes before profiles in the order of AWS's tools. To pass it over in silence would be
 * to act as somebody else. */
static enum source_result read_web_identity(const struct source_place *place, struct source_answer *ret)
{
    if (place->profile != NULL || value_of(place, "AWS_WEB_IDENTITY_TOKEN_FILE")[0] == '\0')
        return SOURCE_NONE;
    err_set(
        &ret->err, ERR_CONFIG,
        "AWS_WEB_IDENTITY_TOKEN_FILE is set, and web identity is not supported by this release: use an ECS "
        "task role, EKS Pod Identity or static keys");
    return SOURCE_FAILED;
}

const struct credentials_source credentials_web_identity = {"web identity", read_web_identity};
