#ifndef BASE_METRIC_H
#define BASE_METRIC_H
/* Figures for /metrics, in Prometheus' text format 0.0.4. A metric is a static row beside its owner; what it
 * counted lies in series of a fixed number, one for each combination of label values, so that counting never
 * allocates. Label values are words of our own or of AWS, never a person's text; combinations past the
 * ceiling are counted together, every label "other". One thread. */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define METRIC_LABELS  3  /* names of one metric */
#define METRIC_VALUE   48 /* bytes of a label's value; longer ones are cut */
#define METRIC_BUCKETS 14

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_series {
    char values[METRIC_LABELS][METRIC_VALUE];
    double sum; /* of a histogram; else the value */
    uint64_t count, buckets[METRIC_BUCKETS];
};

struct metric {
    const char *name;
    enum metric_kind kind;
    const char *help;                  /* a sentence, in the base unit that the name ends with */
    const char *labels[METRIC_LABELS]; /* NULL = no more */
    const double *bounds;              /* of a histogram's buckets, ascending, the last one 0 */
    struct metric_series *series;      /* METRIC_SERIES */
    size_t most;
    size_t used; /* 0 before first use */
};
/* The ceiling of a metric with labels; the last one is "other". Without labels 1 is enough. */
#define METRIC_SERIES(n) .series = (struct metric_series[n]){{.count = 0}}, .most = (n)
/* The values for the labels, in their order: METRIC_VALUES("ecs", "UpdateService"); NULL without labels. */
#define METRIC_VALUES(...) ((const char *const[METRIC_LABELS]){__VA_ARGS__})

/* Seconds: from a turn of the loop to a slow AWS call. */
extern const double METRIC_SECONDS[];

void metric_add(struct metric *m, const char *const *values, double by); /* counter, gauge */
void metric_set(struct metric *m, const char *const *values,
                double value); /* also a counter kept elsewhere */
void metric_observe(struct metric *m, const char *const *values, double seen); /* histogram */
/* As if nothing had been counted: before a gauge is read anew, whose label values may go. */
void metric_clear(struct metric *m);
/* HELP, TYPE and the samples. A metric without labels has its sample from the start. */
void metric_write(const struct metric *m, struct buf *to);
void metric_write_all(struct metric *const *list, struct buf *to); /* NULL-terminated */

#endif
