#ifndef BOT_ENVIRONMENT_SECRETS_H
#define BOT_ENVIRONMENT_SECRETS_H
/* Passwords that libraries of others read from the environment by themselves: those of the proxies. They are
 * held as secrets while the bot runs, so that the output gate knows them. */
struct environment_secrets;

/* environment: getenv, or a test's. Never NULL. */
struct environment_secrets *environment_secrets_hold(const char *(*environment)(const char *name));
void environment_secrets_release(struct environment_secrets *s); /* Accepts NULL. */

#endif
