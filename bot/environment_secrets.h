#ifndef BOT_ENVIRONMENT_SECRETS_H
#define BOT_ENVIRONMENT_SECRETS_H
/* Secrets that stand in the environment whether or not they are used: passwords of proxies, which libraries
 * of others read by themselves, and AWS's keys and tokens. They are held while the bot runs, so that the
 * output gate knows them from the first line on. */
struct environment_secrets;

/* environment: getenv, or a test's. Never NULL. */
struct environment_secrets *environment_secrets_hold(const char *(*environment)(const char *name));
void environment_secrets_release(struct environment_secrets *s); /* Accepts NULL. */

#endif
