#include "ini.h"

#include <string.h>

#include "base/crypto.h"
#include "base/text.h"

#define SECTION_MAX 256
#define NAME_MAX_   128
#define LINE_MAX_   (16 * 1024) /* session tokens take about 1,500 bytes */

struct ini_line {
    char text[LINE_MAX_];
    char section[SECTION_MAX]; /* "" before the first */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *text)
{
    while (is_blank(*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && is_blank(text[len - 1]))
        text[--len] = '\0';
    return text;
}

/* A comment inside a line begins with a blank and then "#" or ";". */
static void drop_comment(char *text)
{
    for (char *p = text; *p != '\0'; p++) {
        if ((*p == '#' || *p == ';') && p > text && is_blank(p[-1])) {
            *p = '\0';
            return;
        }
    }
}

/* `[profile "two words"]` and [profile two] are told alike: blanks become one, quotes go. */
static bool read_section(char *text, char section[SECTION_MAX])
{
    char *end = strrchr(text, ']');
    if (end == NULL)
        return false;
    *end = '\0';
    size_t len = 0;
    bool blank = false;
    for (const char *p = trim(text + 1); *p != '\0'; p++) {
        if (is_blank(*p)) {
            blank = true;
            continue;
        }
        if (*p == '"' || *p == '\'')
            continue;
        if (len + 2 >= SECTION_MAX)
            return false;
        if (blank && len > 0)
            section[len++] = ' ';
        blank = false;
        section[len++] = *p;
    }
    section[len] = '\0';
    return len > 0;
}

static bool read_setting(struct ini_line *line, char *text,
                         void (*visit)(void *user, const char *section, const char *name, const char *value),
                         void *user)
{
    char *equals = strchr(text, '=');
    if (equals == NULL || line->section[0] == '\0')
        return false;
    *equals = '\0';
    char *name = trim(text);
    if (name[0] == '\0' || strlen(name) >= NAME_MAX_)
        return false;
    for (char *p = name; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    }
    drop_comment(equals + 1);
    visit(user, line->section, name, trim(equals + 1));
    return true;
}

static bool read_line(struct ini_line *line,
                      void (*visit)(void *user, const char *section, const char *name, const char *value),
                      void *user)
{
    bool indented = is_blank(line->text[0]);
    char *text = trim(line->text);
    if (text[0] == '\0' || text[0] == '#' || text[0] == ';')
        return true;
    if (indented)
        return true; /* part of the setting above */
    if (text[0] == '[') {
        drop_comment(text);
        return read_section(text, line->section);
    }
    return read_setting(line, text, visit, user);
}

bool ini_read(const char *text, size_t len,
              void (*visit)(void *user, const char *section, const char *name, const char *value), void *user,
              struct err *err)
{
    struct ini_line line = {.section = ""};
    int number = 0;
    bool ok = true;
    for (size_t at = 0; ok && at < len; number++) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t line_len = end == NULL ? len - at : (size_t)(end - (text + at));
        ok = text_copy_n(line.text, sizeof line.text, text + at, line_len) && read_line(&line, visit, user);
        at += line_len + 1;
    }
    crypto_wipe(line.text, sizeof line.text);
    if (!ok)
        return err_set(err, ERR_CONFIG, "line %d is neither [section] nor name = value", number);
    return true;
}
