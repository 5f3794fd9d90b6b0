/* CloudWatch: CPU and memory of a service minute by minute, and CloudTAK's alarms. */
#include "sim/world_ecs_json.h"

#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "sim/world_ecs_calls.h"

#define MINUTE_MS    INT64_C(60000)
#define POINTS_MOST  1440
#define BOOT_MINUTES 2

/* ---- metrics */

/* How many tasks ran in that minute, and how many of them were booting: tasks are remembered for an hour
 * after their end. */
struct minute {
    int ran, booting;
};

static struct minute look_at(const struct sim_service *s, int64_t begin_ms)
{
    struct minute m = {0, 0};
    for (const struct sim_task *t = s->tasks; t != NULL; t = t->next) {
        if (t->started_ms == 0 || t->started_ms >= begin_ms + MINUTE_MS ||
            (t->exited_ms != 0 && t->exited_ms < begin_ms)) {
            continue;
        }
        m.ran++;
        m.booting += begin_ms - t->started_ms < BOOT_MINUTES * MINUTE_MS;
    }
    return m;
}

/* Percent of the reservation; the same minute always has the same value. */
static double value_of(const struct sim_service *s, const char *metric, const char *stat, int64_t begin_ms,
                       struct minute m)
{
    uint64_t seed = (uint64_t)begin_ms ^ (uint64_t)(s->row->memory + s->row->name[strlen(s->row->name) - 1]);
    double noise = (double)(sim_random(&seed) % 1000) / 1000, share = (double)m.booting / m.ran;
    bool cpu = text_equal(metric, "CPUUtilization"), most = text_equal(stat, "Maximum");
    double average = cpu ? 11 + 6 * noise + 25 * share : 34 + 3 * noise - 8 * share;
    double value = !most ? average : cpu ? average * 1.6 + 30 * (share > 0) : average + 4;
    return (double)(int64_t)(value * 100) / 100;
}

static const char *dimension(const json_t *metric, const char *name)
{
    const json_t *list = jsonx_at(metric, "Dimensions");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (text_equal(jsonx_text(json_array_get(list, i), "Name"), name)) {
            return jsonx_text(json_array_get(list, i), "Value");
        }
    }
    return "";
}

/* Newest first, as CloudWatch answers; no task, no point. */
static json_t *series(struct call *c, const json_t *query, int64_t from_ms, int64_t until_ms)
{
    const json_t *metric = jsonx_at(query, "MetricStat.Metric");
    const char *name = jsonx_text(metric, "MetricName");
    const struct sim_service *s = text_equal(dimension(metric, "ClusterName"), WORLD_CLUSTER)
                                      ? call_find_service(c->w, dimension(metric, "ServiceName"))
                                      : NULL;
    bool known = s != NULL && text_equal(jsonx_text(metric, "Namespace"), "AWS/ECS") &&
                 (text_equal(name, "CPUUtilization") || text_equal(name, "MemoryUtilization"));
    int64_t period = jsonx_int(query, "MetricStat.Period", 60) * 1000;
    json_t *times = json_array(), *values = json_array();
    /* a minute shows once it is over */
    int64_t at = (until_ms < c->w->now_ms ? until_ms : c->w->now_ms) / MINUTE_MS * MINUTE_MS - MINUTE_MS;
    for (int i = 0; known && period >= MINUTE_MS && at >= from_ms && i < POINTS_MOST; i++, at -= period) {
        struct minute m = look_at(s, at);
        if (m.ran > 0) {
            json_array_append_new(times, json_integer(at / 1000));
            json_array_append_new(values,
                                  json_real(value_of(s, name, jsonx_text(query, "MetricStat.Stat"), at, m)));
        }
    }
    return json_pack("{s:s,s:s,s:o,s:o,s:s}", "Id", jsonx_text(query, "Id"), "Label", name, "Timestamps",
                     times, "Values", values, "StatusCode", "Complete");
}

void call_get_metric_data(struct call *c)
{
    const json_t *queries = jsonx_at(c->body, "MetricDataQueries");
    int64_t from = jsonx_seconds_to_ms(c->body, "StartTime", 0);
    int64_t until = jsonx_seconds_to_ms(c->body, "EndTime", 0);
    if (json_array_size(queries) == 0 || from <= 0 || until <= from) {
        call_refuse(c, "ValidationException",
                    json_array_size(queries) == 0 ? "The parameter MetricDataQueries is required."
                                                  : "The parameter StartTime must be less than the parameter "
                                                    "EndTime.");
        return;
    }
    json_t *results = json_array();
    for (size_t i = 0; i < json_array_size(queries); i++) {
        json_array_append_new(results, series(c, json_array_get(queries, i), from, until));
    }
    call_answer(c, "MetricDataResults", results);
    call_answer(c, "Messages", json_array());
}

/* ---- alarms */

static const struct alarm {
    const char *middle;
    bool balancer; /* "-batchelb" follows the region */
    const char *namespace, *metric, *statistic;
    double threshold;
    int periods;
    bool of_tasks; /* INSUFFICIENT_DATA when nothing runs */
    bool no_data;  /* INSUFFICIENT_DATA always: Aurora does not publish it */
} alarms[] = {
    {"MemoryUtilization", true, "AWS/ECS", "MemoryUtilization", "Average", 80, 10, true, false},
    {"CPUUtilization", true, "AWS/ECS", "CPUUtilization", "Average", 80, 10, true, false},
    {"AlarmHTTPCodeELB5XX", true, "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", 1, 2, false, false},
    {"AlarmHTTPCodeBackend5XX", true, "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", 1, 2, false,
     false},
    {"AlarmP99Latency", true, "AWS/ApplicationELB", "TargetResponseTime", "Average", 10, 5, false, false},
    {"DBCPUUtilization", false, "AWS/RDS", "CPUUtilization", "Average", 80, 10, false, false},
    {"DBFreeStorage", false, "AWS/RDS", "FreeStorageSpace", "Average", 10737418240.0, 10, false, true},
};

static void alarm_name(const struct alarm *a, char *to, size_t size)
{
    if (a->balancer) {
        sim_alarm_name(a->middle, to, size);
    } else {
        text_format(to, size, WORLD_STACK "-%s-" WORLD_REGION, a->middle);
    }
}

static const char *state_of(const struct world_ecs *w, const struct alarm *a)
{
    if (w->alarm_ms != 0 && text_equal(w->scenario->alarm, a->middle)) {
        return "ALARM";
    }
    struct tally sum = sim_tally(&w->services[0], 0);
    return a->no_data || (a->of_tasks && sum.running == 0) ? "INSUFFICIENT_DATA" : "OK";
}

static json_t *alarm_json(const struct world_ecs *w, const struct alarm *a, const char *name)
{
    char arn[ARN_MAX];
    const char *state = state_of(w, a);
    bool rings = text_equal(state, "ALARM");
    int64_t since = rings ? w->alarm_ms : w->start_ms - 86400000;
    TEXT_FORMAT(arn, "arn:%s:cloudwatch:%s:%s:alarm:%s", WORLD_PARTITION, WORLD_REGION, WORLD_ACCOUNT, name);
    json_t *o = json_pack("{s:s,s:s,s:b,s:s,s:s,s:s,s:s,s:s,s:[],s:i,s:i,s:f,s:s}", "AlarmName", name,
                          "AlarmArn", arn, "ActionsEnabled", 1, "StateValue", state, "StateReason",
                          rings ? "Threshold Crossed: datapoints were greater than the threshold."
                          : text_equal(state, "OK") ? "Threshold Crossed: no datapoint was greater than the "
                                                      "threshold."
                                                    : "Insufficient Data: no datapoints were received.",
                          "MetricName", a->metric, "Namespace", a->namespace, "Statistic", a->statistic,
                          "Dimensions", "Period", 60, "EvaluationPeriods", a->periods, "Threshold",
                          a->threshold, "ComparisonOperator", "GreaterThanThreshold");
    put_time(o, "StateUpdatedTimestamp", since);
    put_time(o, "StateTransitionedTimestamp", since);
    return o;
}

void call_describe_alarms(struct call *c)
{
    const char *prefix = jsonx_text(c->body, "AlarmNamePrefix"), *state = jsonx_text(c->body, "StateValue");
    int64_t most = jsonx_int(c->body, "MaxRecords", 50);
    json_t *list = json_array();
    if (most < 1 || most > 100) {
        json_decref(list);
        call_refuse(c, "ValidationException", "MaxRecords must be between 1 and 100.");
        return;
    }
    for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++) {
        char name[160];
        alarm_name(&alarms[i], name, sizeof(name));
        if (text_starts(name, prefix) && (int64_t)json_array_size(list) < most &&
            (state[0] == '\0' || text_equal(state, state_of(c->w, &alarms[i])))) {
            json_array_append_new(list, alarm_json(c->w, &alarms[i], name));
        }
    }
    call_answer(c, "CompositeAlarms", json_array());
    call_answer(c, "MetricAlarms", list);
}
