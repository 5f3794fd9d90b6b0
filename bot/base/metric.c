#include "base/metric.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

#define OTHER "other"

const double METRIC_SECONDS[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 0};

/* ---- finding the series */

static size_t label_count(const struct metric *m)
{
    size_t n = 0;
    while (n < METRIC_LABELS && m->labels[n] != NULL) {
        n++;
    }
    return n;
}

/* Compared as they are kept: cut. */
static bool has_values(const struct metric_series *s, const char *const *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strncmp(s->values[i], values[i], METRIC_VALUE - 1) != 0) {
            return false;
        }
    }
    return true;
}

static struct metric_series *series_of(struct metric *m, const char *const *values)
{
    static const char *const OTHERS[METRIC_LABELS] = {OTHER, OTHER, OTHER};
    const size_t n = label_count(m);
    assert(n == 0 || values != NULL);
    for (size_t i = 0; i < m->used; i++) {
        if (has_values(&m->series[i], values, n)) {
            return &m->series[i];
        }
    }
    if (m->used == m->most) {
        return &m->series[m->most - 1];
    }
    struct metric_series *s = &m->series[m->used++];
    const char *const *kept = n > 0 && m->used == m->most ? OTHERS : values;
    for (size_t i = 0; i < n; i++) {
        text_copy_n(s->values[i], METRIC_VALUE, kept[i], strnlen(kept[i], METRIC_VALUE - 1));
    }
    return s;
}

/* ---- counting */

void metric_add(struct metric *m, const char *const *values, double by)
{
    assert(m->kind != METRIC_HISTOGRAM && (m->kind == METRIC_GAUGE || by >= 0));
    series_of(m, values)->sum += by;
}

void metric_set(struct metric *m, const char *const *values, double value)
{
    assert(m->kind != METRIC_HISTOGRAM);
    series_of(m, values)->sum = value;
}

void metric_observe(struct metric *m, const char *const *values, double seen)
{
    assert(m->kind == METRIC_HISTOGRAM);
    struct metric_series *s = series_of(m, values);
    s->sum += seen;
    s->count++;
    for (size_t i = 0; i < METRIC_BUCKETS && m->bounds[i] > 0; i++) {
        s->buckets[i] += seen <= m->bounds[i];
    }
}

void metric_clear(struct metric *m)
{
    memset(m->series, 0, m->most * sizeof(m->series[0]));
    m->used = 0;
}

/* ---- the text */

static void put_escaped(struct buf *to, const char *text, bool quotes)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            buf_text(to, "\\n");
            continue;
        }
        if (*text == '\\' || (quotes && *text == '"')) {
            buf_char(to, '\\');
        }
        buf_char(to, *text);
    }
}

static void put_number(struct buf *to, double value)
{
    if (isnan(value)) {
        buf_text(to, "NaN");
    } else if (isinf(value)) {
        buf_text(to, value > 0 ? "+Inf" : "-Inf");
    } else {
        buf_format(to, "%.15g", value);
    }
}

static void put_label(struct buf *to, const char *before, const char *name, const char *value)
{
    char clean[METRIC_VALUE];
    text_clean(clean, sizeof(clean), value, true);
    secret_gate_text(clean, sizeof(clean)); /* before the escapes: one may stand within a secret */
    buf_format(to, "%s%s=\"", before, name);
    put_escaped(to, clean, true);
    buf_char(to, '"');
}

/* le NULL: a sample without a bucket's bound. */
static void put_sample(struct buf *to, const struct metric *m, const struct metric_series *s,
                       const char *suffix, const char *le, double value)
{
    const size_t n = label_count(m);
    buf_format(to, "%s%s", m->name, suffix);
    for (size_t i = 0; i < n; i++) {
        put_label(to, i == 0 ? "{" : ",", m->labels[i], s->values[i]);
    }
    if (le != NULL) {
        put_label(to, n == 0 ? "{" : ",", "le", le);
    }
    buf_text(to, n > 0 || le != NULL ? "} " : " ");
    put_number(to, value);
    buf_char(to, '\n');
}

static void put_histogram(struct buf *to, const struct metric *m, const struct metric_series *s)
{
    char le[METRIC_VALUE];
    for (size_t i = 0; i < METRIC_BUCKETS && m->bounds[i] > 0; i++) {
        TEXT_FORMAT(le, "%.15g", m->bounds[i]);
        put_sample(to, m, s, "_bucket", le, (double)s->buckets[i]);
    }
    put_sample(to, m, s, "_bucket", "+Inf", (double)s->count);
    put_sample(to, m, s, "_sum", NULL, s->sum);
    put_sample(to, m, s, "_count", NULL, (double)s->count);
}

static void put_series(struct buf *to, const struct metric *m, const struct metric_series *s)
{
    if (m->kind == METRIC_HISTOGRAM) {
        put_histogram(to, m, s);
    } else {
        put_sample(to, m, s, "", NULL, s->sum);
    }
}

void metric_write(const struct metric *m, struct buf *to)
{
    static const char *const KINDS[] = {"counter", "gauge", "histogram"};
    static const struct metric_series NOTHING;
    buf_format(to, "# HELP %s ", m->name);
    put_escaped(to, m->help, false);
    buf_format(to, "\n# TYPE %s %s\n", m->name, KINDS[m->kind]);
    for (size_t i = 0; i < m->used; i++) {
        put_series(to, m, &m->series[i]);
    }
    if (m->used == 0 && m->labels[0] == NULL) {
        put_series(to, m, &NOTHING);
    }
}

void metric_write_all(struct metric *const *list, struct buf *to)
{
    for (; *list != NULL; list++) {
        metric_write(*list, to);
    }
}
