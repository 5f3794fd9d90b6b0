/* A live secret stands in one list with the forms in which its value may turn up in text. The gate marks
 * every byte that any form covers and then writes each marked run as SECRET_SHOWN: overlapping secrets leave
 * nothing behind, in whatever order they were registered. Where a text was cut (at its end, before a "…") the
 * beginning of a form counts as well: a sentence that is cut within a secret shows none of it. The list has a
 * mutex, because the worker thread logs too. */
#include "base/secret.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/text.h"

#define REGISTERED_MIN 6 /* shorter values would eat innocent text */
#define CUT_MIN        8 /* bytes of a form before a cut that are held for it */
#define PASSES_MAX     4 /* the mark and its neighbours may make up a secret once more */
#define CUT_MARK       "…"
#define FORMS_MAX      7 /* plain, URL (two cases), base64 padded, base64 at three alignments */

struct form {
    char *text;
    size_t len;
};

struct secret {
    char *value;
    size_t len;
    struct form forms[FORMS_MAX];
    size_t form_count;
    struct secret *next, *prev;
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct secret *registry;

/* ---- forms */

static void add_form(struct secret *s, const char *text, size_t len)
{
    for (size_t i = 0; i < s->form_count; i++) {
        if (s->forms[i].len == len && memcmp(s->forms[i].text, text, len) == 0) {
            return;
        }
    }
    assert(s->form_count < FORMS_MAX);
    s->forms[s->form_count++] = (struct form){.text = mem_text_n(text, len), .len = len};
}

static bool unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

static void add_url_form(struct secret *s, const char digits[static 17])
{
    char *text = mem_array(3, s->len);
    size_t out = 0;
    for (size_t i = 0; i < s->len; i++) {
        const unsigned char byte = (unsigned char)s->value[i];
        if (unreserved(s->value[i])) {
            text[out++] = s->value[i];
        } else {
            text[out++] = '%';
            text[out++] = digits[byte >> 4];
            text[out++] = digits[byte & 0x0F];
        }
    }
    add_form(s, text, out);
    crypto_wipe(text, out);
    mem_free(text);
}

/* The part of base64 that depends on the value alone when `before` bytes (0 to 2) of something else share its
 * first group: "Basic" credentials carry a password that way. */
static void add_base64_form(struct secret *s, size_t before, bool padded)
{
    const size_t total = before + s->len;
    char *bytes = mem_alloc(total);
    memcpy(bytes + before, s->value, s->len);
    char *text = crypto_base64(bytes, total);
    const size_t from = (before * 8 + 5) / 6;
    const size_t to = padded ? strlen(text) : total * 8 / 6;
    add_form(s, text + from, to - from);
    crypto_wipe(bytes, total);
    crypto_wipe(text, strlen(text));
    mem_free(bytes);
    mem_free(text);
}

static void add_forms(struct secret *s)
{
    add_form(s, s->value, s->len);
    add_url_form(s, "0123456789ABCDEF");
    add_url_form(s, "0123456789abcdef");
    add_base64_form(s, 0, true);
    for (size_t before = 0; before < 3; before++) {
        add_base64_form(s, before, false);
    }
}

/* ---- life */

struct secret *secret_create(const char *value, size_t len)
{
    struct secret *s = mem_alloc(sizeof(*s));
    s->value = mem_text_n(value, len);
    s->len = len;
    /* A part of the mark itself would be "found" in every replaced text. */
    if (len < REGISTERED_MIN || strstr(SECRET_SHOWN, s->value) != NULL) {
        return s;
    }
    add_forms(s);
    pthread_mutex_lock(&registry_lock);
    s->next = registry;
    if (registry != NULL) {
        registry->prev = s;
    }
    registry = s;
    pthread_mutex_unlock(&registry_lock);
    return s;
}

void secret_destroy(struct secret *s)
{
    if (s == NULL) {
        return;
    }
    if (s->form_count > 0) {
        pthread_mutex_lock(&registry_lock);
        *(s->prev == NULL ? &registry : &s->prev->next) = s->next;
        if (s->next != NULL) {
            s->next->prev = s->prev;
        }
        pthread_mutex_unlock(&registry_lock);
    }
    for (size_t i = 0; i < s->form_count; i++) {
        crypto_wipe(s->forms[i].text, s->forms[i].len);
        mem_free(s->forms[i].text);
    }
    crypto_wipe(s->value, s->len);
    mem_free(s->value);
    mem_free(s);
}

const char *secret_reveal(const struct secret *s)
{
    return s == NULL ? "" : s->value;
}

size_t secret_length(const struct secret *s)
{
    return s == NULL ? 0 : s->len;
}

bool secret_equal(const struct secret *a, const char *b, size_t b_len)
{
    const char *value = secret_reveal(a);
    const size_t len = secret_length(a);
    volatile unsigned char differs = len != b_len;
    for (size_t i = 0; i < b_len; i++) {
        const char own = value[i < len ? i : len]; /* the NUL stands in behind the end */
        differs = (unsigned char)(differs | (unsigned char)(own ^ b[i]));
    }
    return differs == 0;
}

/* ---- the gate */

/* Marks the longest beginning of form that ends where the text was cut. */
static bool find_begun(const char *text, size_t end, const struct form *form, bool *covered)
{
    size_t most = form->len - 1 < end ? form->len - 1 : end;
    for (size_t len = most; len >= CUT_MIN; len--) {
        const bool mark = len == strlen(SECRET_SHOWN) && memcmp(form->text, SECRET_SHOWN, len) == 0;
        if (!mark && memcmp(text + end - len, form->text, len) == 0) {
            if (covered != NULL) {
                memset(covered + (end - len), true, len);
            }
            return true;
        }
    }
    return false;
}

static bool find_cut(const char *text, size_t len, const struct form *form, bool *covered)
{
    bool found = find_begun(text, len, form, covered);
    const char *at = text, *mark;
    while ((mark = memmem(at, len - (size_t)(at - text), CUT_MARK, strlen(CUT_MARK))) != NULL) {
        found = find_begun(text, (size_t)(mark - text), form, covered) || found;
        at = mark + strlen(CUT_MARK);
    }
    return found;
}

/* Marks in covered (may be NULL) every byte that belongs to a secret. True when there is one. */
static bool find_secrets(const char *text, size_t len, bool *covered)
{
    bool found = false;
    pthread_mutex_lock(&registry_lock);
    for (const struct secret *s = registry; s != NULL; s = s->next) {
        for (size_t i = 0; i < s->form_count; i++) {
            const struct form *form = &s->forms[i];
            const char *at = text;
            while ((at = memmem(at, len - (size_t)(at - text), form->text, form->len)) != NULL) {
                found = true;
                if (covered == NULL) {
                    break;
                }
                memset(covered + (at - text), true, form->len);
                at++;
            }
            found = find_cut(text, len, form, covered) || found;
        }
    }
    pthread_mutex_unlock(&registry_lock);
    return found;
}

/* Writes text to `to` with each run of covered bytes as SECRET_SHOWN. */
static void put_gated(struct buf *to, const char *text, size_t len, const bool *covered)
{
    for (size_t at = 0; at < len;) {
        size_t end = at + 1;
        while (end < len && covered[end] == covered[at]) {
            end++;
        }
        if (covered[at]) {
            buf_text(to, SECRET_SHOWN);
        } else {
            buf_put(to, text + at, end - at);
        }
        at = end;
    }
}

/* The text without secrets; max as of buf_init. False when there was none: then `to` is not initialised. */
static bool gated(struct buf *to, size_t max, const char *text, size_t len)
{
    if (len == 0 || !find_secrets(text, len, NULL)) {
        return false;
    }
    bool *covered = mem_array(len, sizeof(*covered));
    buf_init(to, max);
    find_secrets(text, len, covered);
    put_gated(to, text, len, covered);
    mem_free(covered);
    return true;
}

void secret_gate_buf(struct buf *b)
{
    struct buf clean;
    for (int pass = 0; pass <= PASSES_MAX && gated(&clean, b->max, b->data, b->len); pass++) {
        if (pass == PASSES_MAX) { /* secrets made of the mark itself: rather no text than a part of one */
            buf_finish(&clean);
            buf_init(&clean, b->max);
            buf_text(&clean, SECRET_SHOWN);
        }
        clean.overflow = clean.overflow || b->overflow;
        crypto_wipe(b->data, b->len);
        buf_finish(b);
        *b = clean;
    }
}

void secret_gate_text(char *text, size_t size)
{
    const size_t len = strnlen(text, size);
    assert(len < size);
    struct buf clean;
    if (!gated(&clean, SIZE_MAX / 4, text, len)) {
        return;
    }
    secret_gate_buf(&clean);
    crypto_wipe(text, len);
    text_copy_n(text, size, clean.data, clean.len);
    buf_finish(&clean);
}

bool secret_gate_would_change(const char *text)
{
    return find_secrets(text, strlen(text), NULL);
}
