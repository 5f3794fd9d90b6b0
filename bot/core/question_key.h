#ifndef CORE_QUESTION_KEY_H
#define CORE_QUESTION_KEY_H
/* What opens a question: 128 bits behind its buttons, and a short code that people type. Only digests are
 * kept, the code's salted with the nonce's, so that neither can be told from a row of the store. Pure but for
 * the random bits. */
#include <stdbool.h>
#include <stddef.h>

#define QUESTION_NONCE 33
#define QUESTION_CODE  100
#define QUESTION_TRIES 5 /* wrong codes; then the question is closed */

struct question_key {
    char digest[65];      /* SHA-256 of the nonce, hex; "" = no question is open */
    char code_digest[65]; /* of this digest and the code */
};

/* code carries the target: "cotak-prod-4821". */
void question_key_make(const char *target, struct question_key *ret, char nonce[QUESTION_NONCE],
                       char code[QUESTION_CODE]);
bool question_key_opens(const struct question_key *k, const char *nonce);
bool question_key_code(const struct question_key *k, const char *code);

/* What was typed as the code it means: "cotak prod 4821" is "cotak-prod-4821". */
void question_code_fold(const char *typed, char to[QUESTION_CODE]);
/* Does this code, right or wrong, name this target? */
bool question_code_names(const char *code, const char *target);

#endif
