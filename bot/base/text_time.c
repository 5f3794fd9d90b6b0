/* How times and durations read, and how they are read. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define EPOCH_LEAST_MS (-62135596800000LL) /* 0001-01-01T00:00:00Z */
#define EPOCH_MOST_MS  253402300799999LL   /* 9999-12-31T23:59:59.999Z: four digits of year suffice */

static const char *const MONTHS[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const DAYS[7] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

void text_duration(char to[TEXT_DURATION], int64_t ms)
{
    const long long s = ms < 0 ? 0 : ms / 1000;
    if (s < 60) {
        text_format(to, TEXT_DURATION, "%lld s", s);
    } else if (s < 3600) {
        text_format(to, TEXT_DURATION, "%lld min %02lld s", s / 60, s % 60);
    } else if (s < 48 * 3600) {
        text_format(to, TEXT_DURATION, "%lld h %02lld min", s / 3600, s / 60 % 60);
    } else {
        text_format(to, TEXT_DURATION, "%lld days", s / (24 * 3600));
    }
}

void text_elapsed(char to[TEXT_DURATION], int64_t ms)
{
    const long long s = ms < 0 ? 0 : ms / 1000;
    if (s < 3600) {
        text_format(to, TEXT_DURATION, "%lld:%02lld", s / 60, s % 60);
    } else {
        text_format(to, TEXT_DURATION, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    }
}

static struct tm utc(int64_t epoch_ms)
{
    const int64_t ms = epoch_ms < EPOCH_LEAST_MS  ? EPOCH_LEAST_MS
                       : epoch_ms > EPOCH_MOST_MS ? EPOCH_MOST_MS
                                                  : epoch_ms;
    const time_t seconds = (time_t)(ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000));
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return tm;
}

void text_time_of_day(char to[TEXT_TIME], int64_t epoch_ms)
{
    const struct tm tm = utc(epoch_ms);
    text_format(to, TEXT_TIME, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void text_date_time(char to[TEXT_TIME], int64_t epoch_ms)
{
    const struct tm tm = utc(epoch_ms);
    text_format(to, TEXT_TIME, "%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void text_time_iso(char to[TEXT_TIME], int64_t epoch_ms)
{
    const struct tm tm = utc(epoch_ms);
    text_format(to, TEXT_TIME, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void text_time_basic(char to[TEXT_TIME], int64_t epoch_ms)
{
    const struct tm tm = utc(epoch_ms);
    text_format(to, TEXT_TIME, "%04d%02d%02dT%02d%02d%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes exactly count digits, and moves on behind them. */
static bool take_number(const char **at, int count, int *ret)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (!digit((*at)[i])) {
            return false;
        }
        value = value * 10 + ((*at)[i] - '0');
    }
    *at += count;
    *ret = value;
    return true;
}

static bool take_text(const char **at, const char *expected)
{
    const size_t len = strlen(expected);
    if (strncmp(*at, expected, len) != 0) {
        return false;
    }
    *at += len;
    return true;
}

/* Takes one of the words, and gives its place. */
static bool take_word(const char **at, const char *const words[], int count, int *ret)
{
    for (int i = 0; i < count; i++) {
        if (take_text(at, words[i])) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static bool take_clock(const char **at, struct tm *tm)
{
    return take_number(at, 2, &tm->tm_hour) && take_text(at, ":") && take_number(at, 2, &tm->tm_min) &&
           take_text(at, ":") && take_number(at, 2, &tm->tm_sec);
}

/* tm holds the year and month as people write them. Refuses what no calendar has; allows a leap second. */
static bool to_epoch(const struct tm *written, int64_t *ret_s)
{
    if (written->tm_mon < 1 || written->tm_mon > 12 || written->tm_mday < 1 || written->tm_hour > 23 ||
        written->tm_min > 59 || written->tm_sec > 60) {
        return false;
    }
    struct tm day = {
        .tm_year = written->tm_year - 1900, .tm_mon = written->tm_mon - 1, .tm_mday = written->tm_mday};
    const time_t midnight = timegm(&day);
    if (day.tm_mday != written->tm_mday || day.tm_mon != written->tm_mon - 1) {
        return false;
    }
    *ret_s = (int64_t)midnight + written->tm_hour * 3600 + written->tm_min * 60 + written->tm_sec;
    return true;
}

bool text_parse_iso(const char *text, int64_t *ret_epoch_ms)
{
    struct tm tm = {0};
    int64_t seconds;
    const char *at = text;
    if (!take_number(&at, 4, &tm.tm_year) || !take_text(&at, "-") || !take_number(&at, 2, &tm.tm_mon) ||
        !take_text(&at, "-") || !take_number(&at, 2, &tm.tm_mday) || !take_text(&at, "T") ||
        !take_clock(&at, &tm)) {
        return false;
    }
    int64_t ms = 0;
    if (*at == '.') {
        at++;
        if (!digit(*at)) {
            return false;
        }
        for (int64_t unit = 100; digit(*at); at++, unit /= 10) {
            ms += unit * (*at - '0');
        }
    }
    if (strcmp(at, "Z") != 0 || !to_epoch(&tm, &seconds)) {
        return false;
    }
    *ret_epoch_ms = seconds * 1000 + ms;
    return true;
}

bool text_parse_http_date(const char *text, int64_t *ret_epoch_ms)
{
    struct tm tm = {0};
    int64_t seconds;
    int weekday;
    const char *at = text;
    if (!take_word(&at, DAYS, 7, &weekday) || !take_text(&at, ", ") || !take_number(&at, 2, &tm.tm_mday) ||
        !take_text(&at, " ") || !take_word(&at, MONTHS, 12, &tm.tm_mon) || !take_text(&at, " ") ||
        !take_number(&at, 4, &tm.tm_year) || !take_text(&at, " ") || !take_clock(&at, &tm) ||
        strcmp(at, " GMT") != 0) {
        return false;
    }
    tm.tm_mon++;
    if (!to_epoch(&tm, &seconds)) {
        return false;
    }
    *ret_epoch_ms = seconds * 1000;
    return true;
}

bool text_parse_duration(const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    const char *at = text;
    int64_t count = 0;
    for (; digit(*at); at++) {
        if (count > INT64_MAX / 10 - 1) {
            return false;
        }
        count = count * 10 + (*at - '0');
    }
    if (at == text) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(at, units[i].name) == 0 && count <= INT64_MAX / units[i].ms) {
            *ret_ms = count * units[i].ms;
            return true;
        }
    }
    return false;
}
