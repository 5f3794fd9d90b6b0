/* CPU and memory of a service, and alarms by prefix: bodies and answers of CloudWatch's JSON protocol. */
#include "cloudwatch.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"

#define MINUTE_MS 60000
#define SPAN_MS   (5 * MINUTE_MS)
#define PERIOD_S  60
#define ALARMS    100 /* a page of DescribeAlarms: names beyond it are not counted */
#define MOST      1e6 /* percent: beyond it is no measurement */

/* What is asked for, in this order. */
static const struct series {
    const char *id, *metric, *statistic;
} series[] = {{"cpu_average", "CPUUtilization", "Average"},
              {"cpu_maximum", "CPUUtilization", "Maximum"},
              {"memory_average", "MemoryUtilization", "Average"},
              {"memory_maximum", "MemoryUtilization", "Maximum"}};
#define SERIES (sizeof series / sizeof series[0])

json_t *cloudwatch_ask_metrics(const char *cluster, const char *service, int64_t now_ms)
{
    json_t *queries = json_array();
    int64_t minute = now_ms / MINUTE_MS;

    for (size_t i = 0; i < SERIES; i++)
        json_array_append_new(queries,
                              json_pack("{s:s, s:{s:{s:s, s:s, s:[{s:s, s:s}, {s:s, s:s}]}, s:i, s:s}}", "Id",
                                        series[i].id, "MetricStat", "Metric", "Namespace", "AWS/ECS",
                                        "MetricName", series[i].metric, "Dimensions", "Name", "ClusterName",
                                        "Value", cluster, "Name", "ServiceName", "Value", service, "Period",
                                        PERIOD_S, "Stat", series[i].statistic));
    /* whole minutes, as CloudWatch keeps them; the end is exclusive */
    return json_pack("{s:o, s:I, s:I}", "MetricDataQueries", queries, "StartTime",
                     (json_int_t)((minute * MINUTE_MS - SPAN_MS) / 1000), "EndTime",
                     (json_int_t)((minute + 1) * MINUTE_MS / 1000));
}

static const json_t *find_series(const json_t *results, const char *id)
{
    for (size_t i = 0; i < json_array_size(results); i++)
        if (strcmp(jsonx_text(json_array_get(results, i), "Id"), id) == 0)
            return json_array_get(results, i);
    return NULL;
}

/* The mean of averages, the highest of maxima; false without a point. */
static bool sum_up(const json_t *values, bool maximum, double *ret)
{
    double sum = 0, most = 0;
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *value = json_array_get(values, i);
        double number = json_number_value(value);

        if (!json_is_number(value) || !(number >= 0 && number <= MOST))
            continue;
        sum += number;
        most = number > most ? number : most;
        count++;
    }
    if (count > 0)
        *ret = maximum ? most : sum / (double)count;
    return count > 0;
}

bool cloudwatch_read_metrics(const json_t *answer, struct ecs_around *r)
{
    const json_t *results = jsonx_at(answer, "MetricDataResults");
    double *const to[SERIES] = {&r->metrics.cpu_average, &r->metrics.cpu_maximum, &r->metrics.memory_average,
                                &r->metrics.memory_maximum};
    double found[SERIES];
    size_t with_points = 0;

    r->metrics.has_data = false;
    if (!json_is_array(results)) {
        TEXT_FORMAT(r->metrics.why, "CloudWatch's answer has no readable list of metrics");
        return false;
    }
    for (size_t i = 0; i < SERIES; i++) {
        const json_t *one = find_series(results, series[i].id);
        const char *status = jsonx_text(one, "StatusCode");

        if (strcmp(status, "Forbidden") == 0 || strcmp(status, "InternalError") == 0) {
            TEXT_FORMAT(r->metrics.why, "CloudWatch does not give %s (%s)", series[i].metric, status);
            return false;
        }
        with_points += sum_up(jsonx_at(one, "Values"), i % 2 == 1, &found[i]);
    }
    if (with_points < SERIES)
        return true; /* no data, or not all of it: half of it would show a zero beside it */
    for (size_t i = 0; i < SERIES; i++)
        *to[i] = found[i];
    r->metrics.has_data = true;
    return true;
}

/* ---- alarms */

json_t *cloudwatch_ask_alarms(const char *prefix)
{
    return json_pack("{s:s, s:s, s:i, s:[s, s]}", "AlarmNamePrefix", prefix, "StateValue", "ALARM",
                     "MaxRecords", ALARMS, "AlarmTypes", "MetricAlarm", "CompositeAlarm");
}

static int64_t since_ms(const json_t *alarm)
{
    int64_t ms = jsonx_seconds_to_ms(alarm, "StateTransitionedTimestamp", 0);

    if (ms <= 0)
        ms = jsonx_seconds_to_ms(alarm, "StateUpdatedTimestamp", 0);
    return ms > 0 ? ms : 0;
}

/* Substitutes may not know the filters: what does not fit is left out here. */
static void read_list(const json_t *alarms, struct ecs_around *r)
{
    for (size_t i = 0; i < json_array_size(alarms); i++) {
        const json_t *one = json_array_get(alarms, i);
        const char *name = jsonx_text(one, "AlarmName");
        size_t at = r->alarms.count;

        if (!*name || !text_starts(name, r->alarm_prefix) ||
            strcmp(jsonx_text(one, "StateValue"), "ALARM") != 0)
            continue;
        r->alarms.count++;
        if (at >= ECS_ALARMS)
            continue;
        text_clean(r->alarms.names[at], sizeof r->alarms.names[at], name, false);
        r->alarms.since_ms[at] = since_ms(one);
    }
}

bool cloudwatch_read_alarms(const json_t *answer, struct ecs_around *r)
{
    const json_t *metric = jsonx_at(answer, "MetricAlarms"), *composite = jsonx_at(answer, "CompositeAlarms");

    r->alarms.count = 0;
    if (!json_is_array(metric) && !json_is_array(composite)) { /* no list is not an empty one */
        TEXT_FORMAT(r->alarms.why, "CloudWatch's answer has no readable list of alarms");
        return false;
    }
    read_list(metric, r);
    read_list(composite, r);
    return true;
}
