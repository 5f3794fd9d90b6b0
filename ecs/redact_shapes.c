#include "redact_shapes.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define KEY_MOST 64 /* of the name of a parameter */
#define DIGITS   "0123456789"
#define UPPER    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER    "abcdefghijklmnopqrstuvwxyz"
#define QUOTES   "\"'`"

static const struct redact_span none;

/* A span, unless nothing is there or it was redacted before. */
static struct redact_span span_of(const char *at, const char *secret, size_t len)
{
    struct redact_span found = {(size_t)(secret - at), len};

    return len == 0 || text_starts(secret, "[redacted]") ? none : found;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static char before(const char *line, const char *at)
{
    if (at == line)
        return '\0';
    return at[-1];
}

/* ---- scheme://user:password@host */

static const char *last_at_sign(const char *from, size_t len)
{
    while (len > 0 && from[len - 1] != '@')
        len--;
    return len > 0 ? from + len - 1 : NULL;
}

static bool scheme_is(const char *line, const char *at, const char *const *names)
{
    for (; *names; names++) {
        size_t len = strlen(*names);

        if ((size_t)(at - line) >= len && strncasecmp(at - len, *names, len) == 0)
            return true;
    }
    return false;
}

/* Passwords of databases are often not escaped: everything up to the last '@' of the word belongs to them. */
static struct redact_span find_url(const char *line, const char *at)
{
    static const char *const databases[] = {"postgres", "postgresql", "mysql", "redis", "rediss",
                                            "mongodb",  "srv",        "amqp",  "amqps", NULL};
    static const char *const web[] = {"http", "https", NULL};
    const char *user = at + 3, *sign, *colon;

    if (!text_starts(at, "://") || !isalnum((unsigned char)before(line, at)))
        return none;
    if (scheme_is(line, at, databases)) {
        sign = last_at_sign(user, strcspn(user, " <>" QUOTES));
        if (!sign)
            sign = last_at_sign(user, strcspn(user, " "));
    } else {
        sign = last_at_sign(user, strcspn(user, " /?#<>" QUOTES));
    }
    if (!sign)
        return none;
    colon = memchr(user, ':', (size_t)(sign - user));
    if (colon)
        return span_of(at, colon + 1, (size_t)(sign - colon - 1));
    return scheme_is(line, at, web) ? span_of(at, user, (size_t)(sign - user)) : none;
}

/* ---- name=value, name: value, "name":"value", --name value */

static bool word_has(const char *word, const char *const *parts, bool at_end)
{
    for (; *parts; parts++)
        if (at_end ? text_ends(word, *parts) : strstr(word, *parts) != NULL)
            return true;
    return false;
}

static bool is_header(const char *word)
{
    static const char *const ends[] = {"authorization", "cookie", NULL};

    return word_has(word, ends, true);
}

static bool is_secret_name(const char *word)
{
    static const char *const inside[] = {"password", "passwd", "passphrase", NULL};
    static const char *const ends[] = {
        "token",       "apikey",     "api_key",     "api-key",       "accesskey", "access_key",
        "access-key",  "privatekey", "private_key", "private-key",   "jwt",       "credential",
        "credentials", "signature",  "cookie",      "authorization", "pwd",       NULL};
    static const char *const names_of_secrets[] = {"secretsmanager", "arn", "id", "name", NULL};

    if (strstr(word, "secret"))
        return !word_has(word, names_of_secrets, true);
    return word_has(word, inside, false) || word_has(word, ends, true) || text_equal(word, "pass");
}

/* The word at this place in small letters (of a long one its end, where the kind stands); its length, 0 when
 * none begins here. */
static size_t read_word(char to[KEY_MOST], const char *line, const char *at)
{
    size_t len = 0, from;

    if (is_word(before(line, at)))
        return 0;
    while (is_word(at[len]))
        len++;
    from = len < KEY_MOST ? 0 : len - KEY_MOST + 1;
    for (size_t i = from; i < len; i++)
        to[i - from] = (char)tolower((unsigned char)at[i]);
    to[len - from] = '\0';
    return len;
}

/* Behind "=", ":", "=>", "%3D" and what stands around it; NULL when there is none. */
static const char *skip_separator(const char *at, bool is_flag)
{
    const char *end = at;

    end += strspn(end, "\\" QUOTES "]");
    end += strspn(end, " ");
    if (*end == '=' || *end == ':')
        end += 1 + (end[1] == '>' || end[1] == '=');
    else if (strncasecmp(end, "%3d", 3) == 0 || strncasecmp(end, "%3a", 3) == 0)
        end += 3;
    else if (!is_flag || *at != ' ')
        return NULL;
    return end + strspn(end, " ");
}

static size_t count_backslashes(const char *from, const char *at)
{
    size_t n = 0;

    while (at > from && at[-1] == '\\') {
        at--;
        n++;
    }
    return n;
}

/* Up to the quote that ends it: one that is escaped no deeper than the one that began it. */
static size_t quoted_length(const char *value, char quote, size_t depth)
{
    for (const char *at = value; *at; at++) {
        size_t escapes = *at == quote ? count_backslashes(value, at) : 0;

        if (*at == quote && (depth > 0 ? escapes <= depth : escapes % 2 == 0))
            return (size_t)(at - value) - (depth > 0 ? escapes : 0);
    }
    return strlen(value);
}

static bool is_no_value(const char *value, size_t len)
{
    static const char *const words[] = {"null", "undefined", "true", "false", "none", "nil", NULL};

    while (len > 0 && strchr(",;.)}", value[len - 1]))
        len--;
    for (const char *const *w = words; *w; w++)
        if (strlen(*w) == len && strncasecmp(value, *w, len) == 0)
            return true;
    /* a list or an object: what is inside is looked at by itself */
    return len == 0 || ((value[0] == '{' || value[0] == '[') && (len == 1 || strchr(QUOTES "{[", value[1])));
}

static struct redact_span find_value(const char *at, const char *value, bool header)
{
    size_t escapes = strspn(value, "\\"), len;
    const char *quote = value + escapes;

    if (*quote && strchr(QUOTES, *quote))
        return span_of(at, quote + 1, quoted_length(quote + 1, *quote, escapes));
    len = header ? strcspn(value, QUOTES) : strcspn(value, " &<>" QUOTES);
    return is_no_value(value, len) ? none : span_of(at, value, len);
}

static struct redact_span find_pair(const char *line, const char *at)
{
    char word[KEY_MOST], prev = before(line, at);
    size_t len = read_word(word, line, at);
    const char *value;

    if (len == 0 || !is_secret_name(word))
        return none;
    if (at[len] == ':' && (prev == '/' || (prev == ':' && at[len + 1] != ' ')))
        return none; /* the end of a path, or part of an ARN */
    value = skip_separator(at + len, text_starts(at, "--"));
    return value ? find_value(at, value, is_header(word)) : none;
}

/* ---- Bearer xyz, Basic xyz */

static bool has_of(const char *text, size_t len, const char *characters)
{
    for (size_t i = 0; i < len; i++)
        if (strchr(characters, text[i]))
            return true;
    return false;
}

static struct redact_span find_scheme(const char *line, const char *at)
{
    bool bearer = strncasecmp(at, "bearer", 6) == 0, basic = strncasecmp(at, "basic", 5) == 0;
    const char *token = at + (bearer ? 6 : 5);
    size_t gap, len;

    if ((!bearer && !basic) || isalnum((unsigned char)before(line, at)))
        return none;
    gap = strspn(token, " +");
    if (gap == 0 && strncasecmp(token, "%20", 3) == 0)
        gap = 3;
    token += gap;
    len = strspn(token, UPPER LOWER DIGITS "._~+/=-");
    if (gap == 0 || (basic && (len < 8 || !has_of(token, len, UPPER DIGITS "="))))
        return none;
    if ((len == 5 && strncasecmp(token, "token", 5) == 0) ||
        (len == 14 && strncasecmp(token, "authentication", 14) == 0))
        return none; /* somebody speaks of it */
    return span_of(at, token, len);
}

/* ---- tokens that are known by how they look */

static const char token_characters[] = UPPER LOWER DIGITS "_-.=";

/* "etl.<JWT>" */
static struct redact_span find_cloudtak_token(const char *line, const char *at)
{
    size_t first, all;

    if (!text_starts(at, "etl.") || is_word(before(line, at)))
        return none;
    all = strspn(at + 4, token_characters);
    first = strcspn(at + 4, ".");
    if (first > all)
        first = all;
    return first >= 16 || text_starts(at + 4, "eyJ") ? span_of(at, at + 4, all) : none;
}

/* It begins with "{\"" in base64. */
static size_t jwt_length(const char *at)
{
    size_t len = text_starts(at, "eyJ") ? strspn(at, token_characters) : 0;

    return len >= 11 ? len : 0;
}

static size_t aws_key_length(const char *at)
{
    static const char *const fronts[] = {"AKIA", "ASIA", "ABIA", "ACCA"};

    for (size_t i = 0; i < sizeof fronts / sizeof fronts[0]; i++)
        if (text_starts(at, fronts[i]) && strspn(at, UPPER DIGITS) >= 20)
            return strspn(at, UPPER DIGITS);
    return 0;
}

static bool is_base64(char c)
{
    return isalnum((unsigned char)c) || c == '+' || c == '/';
}

/* A secret key of AWS is 40 characters of base64; sessions' tokens and lines of a private key are 64 and
 * more. Hashes are not among them: they have no capitals, or no small letters. */
static size_t base64_length(const char *line, const char *at)
{
    size_t len = strspn(at, UPPER LOWER DIGITS "+/");

    if (is_base64(before(line, at)) || (len != 40 && len < 64) || !has_of(at, len, UPPER) ||
        !has_of(at, len, LOWER) || !has_of(at, len, DIGITS))
        return 0;
    return len + strspn(at + len, "=");
}

/* "-----BEGIN RSA PRIVATE KEY-----" and what follows, to its end or the line's. */
static struct redact_span find_private_key(const char *at)
{
    static const char begin[] = "-----BEGIN ", kind[] = "PRIVATE KEY-----";
    const char *title, *body, *end;
    size_t len;

    if (!text_starts(at, begin))
        return none;
    title = at + strlen(begin);
    len = strspn(title, UPPER " ") + strlen("-----");
    if (len < strlen(kind) || !memmem(title, strnlen(title, len), kind, strlen(kind)))
        return none;
    body = title + len;
    end = strstr(body, "-----END");
    return span_of(at, body, end ? (size_t)(end - body) : strlen(body));
}

struct redact_span redact_find(const char *line, const char *at)
{
    struct redact_span found = find_url(line, at);

    if (!found.secret)
        found = find_private_key(at);
    if (!found.secret)
        found = find_pair(line, at);
    if (!found.secret)
        found = find_scheme(line, at);
    if (!found.secret)
        found = find_cloudtak_token(line, at);
    return found;
}

size_t redact_token(const char *line, const char *at)
{
    size_t len = jwt_length(at);

    if (!len)
        len = aws_key_length(at);
    return len ? len : base64_length(line, at);
}
