/* relying.h: a clinic app that lets an OpenID Connect issuer sign its people in.
 *
 *	main.c    settings, visitors, addresses: who may open what
 *	pages.c   what people see; everything shown is escaped
 *	signin.c  discovery, authorization code with PKCE, userinfo, refresh, sign-out
 *	token.c   is this token real, for us, fresh, and what does it say?
 *
 * It is meant to be read in ten minutes and copied from. One thread answers everything, so nothing
 * needs a lock; sessions live in memory and end with the program. */
#ifndef RELYING_H
#define RELYING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { HANDLE = 44, VISITORS = 512, SEEN_TOKENS = 256, CLOCK_SKEW = 30 };

struct settings {
	const char *issuer, *client_id, *url, *ca_file;
	char secret[256];
	uint16_t port;
};

/* One browser, found by its cookie. */
struct visitor {
	char id[HANDLE];                                     /* the cookie; a new one at every sign-in */
	char state[HANDLE], nonce[HANDLE], verifier[HANDLE]; /* a sign-in on its way; "" otherwise */
	char leave[HANDLE];                                  /* proves that the sign-out link was ours */
	json_t *claims; /* of the verified ID token; NULL: nobody signed in */
	json_t *person; /* userinfo: name and e-mail */
	char *id_token, *access_token, *refresh_token;
	time_t seen;
};

struct demo {
	struct settings settings;
	json_t *provider; /* the issuer's discovery document */
	json_t *keys;     /* its key set */
	time_t keys_at;
	struct visitor visitors[VISITORS];
	char seen_jti[SEEN_TOKENS][96]; /* logout tokens work once */
	size_t seen_next;
};

/* main.c */
void handle_new(char out[HANDLE]); /* 32 random bytes */
void visitor_forget(struct visitor *visitor);

/* token.c */
enum token_kind { ID_TOKEN, ACCESS_TOKEN, LOGOUT_TOKEN };
/* The claims of a token that holds, or NULL and why it does not. */
json_t *token_verify(struct demo *demo, const char *token, enum token_kind kind, const char **why);
bool token_fits(const char *access_token, const char *at_hash); /* OpenID Connect Core 3.1.3.6 */
bool logout_token_is_new(struct demo *demo, const json_t *claims);
void challenge_of(const char *verifier, char out[HANDLE]);   /* RFC 7636 4.2, S256 */
const char *text_of(const json_t *object, const char *name); /* "" when there is no such text */
/* The roles that the token gives at one location: NULL when the person does not work there.
 * clinic.locations[].roles is the truth; the flat `roles` claim is a summary and not asked. */
const json_t *roles_at(const json_t *claims, const char *location);

/* signin.c */
bool provider_find(struct demo *demo); /* discovery and keys; false: not reachable (yet) */
bool keys_reload(struct demo *demo);
char *signin_address(struct demo *demo, struct visitor *visitor, const char *location, const char *prompt);
bool signin_finish(struct demo *demo, struct visitor *visitor, const char *code, const char **why);
bool signin_refresh(struct demo *demo, struct visitor *visitor, const char **why);
char *signout_address(struct demo *demo, const struct visitor *visitor);

/* pages.c: each writes the body */
void page_head(FILE *page, const char *title);
void page_home(FILE *page, const struct demo *demo, const struct visitor *visitor);
void page_billing(FILE *page, const json_t *claims);
void page_place(FILE *page, const json_t *claims, const char *location);
void page_practice(FILE *page, const json_t *claims);
void page_problem(FILE *page, const char *what, const char *next_step);
json_t *appointments_of(const char *practice, const json_t *claims, const char *location);
bool may_bill_somewhere(const json_t *claims);
extern const char style_sheet[];

#endif
