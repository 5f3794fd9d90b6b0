#include "fold.h"

#include "base/text.h"

#include <stdbool.h>
#include <string.h>

/* The byte sequence a phone makes, and the plain text meant by it. An em dash before a letter is "--"; see
 * dash(). */
static const struct {
    const char *fancy, *plain;
} folds[] = {
    {"\u201c", "\""}, {"\u201d", "\""}, {"\u201e", "\""}, {"\u201f", "\""}, {"\u00ab", "\""},
    {"\u00bb", "\""}, {"\u2018", "'"},  {"\u2019", "'"},  {"\u201a", "'"},  {"\u201b", "'"},
    {"\u00a0", " "},  {"\u2000", " "},  {"\u2001", " "},  {"\u2002", " "},  {"\u2003", " "},
    {"\u2004", " "},  {"\u2005", " "},  {"\u2006", " "},  {"\u2007", " "},  {"\u2008", " "},
    {"\u2009", " "},  {"\u200a", " "},  {"\u202f", " "},  {"\u205f", " "},  {"\u3000", " "},
    {"\u00ad", ""},   {"\u200b", ""},   {"\u200e", ""},   {"\u200f", ""},   {"\u2060", ""},
    {"\ufeff", ""},   {"\u2010", "-"},  {"\u2011", "-"},  {"\u2012", "-"},  {"\u2212", "-"},
    {"\t", " "},      {"\n", " "},      {"\r", " "},
};

/* En and em dash: "--" at the beginning of a word (an option), "-" inside one (a name). */
static const char *dash(const char *from, bool word_begins, size_t *ret_len)
{
    if (!text_starts(from, "\u2013") && !text_starts(from, "\u2014") && !text_starts(from, "\u2015"))
        return NULL;
    *ret_len = strlen("\u2014");
    return word_begins && from[*ret_len] != '-' && from[*ret_len] != ' ' ? "--" : "-";
}

static const char *folded(const char *from, bool word_begins, size_t *ret_len)
{
    const char *plain = dash(from, word_begins, ret_len);

    if (plain)
        return plain;
    for (size_t i = 0; i < sizeof folds / sizeof folds[0]; i++) {
        if (text_starts(from, folds[i].fancy)) {
            *ret_len = strlen(folds[i].fancy);
            return folds[i].plain;
        }
    }
    return NULL;
}

/* The bytes of the character at from; 0 where none begins. */
static size_t character(const char *from)
{
    for (size_t len = 1; len <= 4 && from[len - 1]; len++) {
        if (text_utf8_valid(from, len))
            return len;
    }
    return 0;
}

void fold_text(char *to, size_t size, const char *from)
{
    size_t used = 0;

    while (*from) {
        size_t len = character(from);
        /* A stray byte is a blank: what folds to nothing may not join the halves of a character. */
        const char *plain = len ? folded(from, !used || to[used - 1] == ' ', &len) : " ";
        size_t add = plain ? strlen(plain) : len;

        if (used + add >= size)
            break;
        memcpy(to + used, plain ? plain : from, add);
        used += add;
        from += len ? len : 1;
    }
    to[used] = '\0';
}
