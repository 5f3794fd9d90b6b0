#ifndef BASE_LOG_H
#define BASE_LOG_H
/* One JSON object a line on standard error: time, level, area, subject, message. Every line passes the secret
 * gate and is escaped, so that text from outside cannot forge a line. Only the owner of an operation logs;
 * libraries return errors (log_debug excepted). */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Lines below this level are dropped. Default LOG_INFO. */
void log_set_level(enum log_level level);
/* Where lines go, default standard error; NULL restores it. line has no newline and is valid during the call
 * only. */
void log_set_sink(void (*sink)(void *user, const char *line), void *user);
/* area: "slack", "engine", "store", …; subject: the object ("op 7F3K", "conn 1"), may be NULL. */
void log_line(enum log_level level, const char *area, const char *subject, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#define log_debug(...)   log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)    log_line(LOG_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_error(...)   log_line(LOG_ERROR, __VA_ARGS__)

#endif
