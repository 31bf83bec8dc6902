/* upstream_token.c: a code, or a refresh token, becomes tokens at the provider's token endpoint (RFC 6749
 * 4.1.3, 6, 2.3.1, OpenID Connect Core 1.0 9), and the access token an answer of its userinfo endpoint
 * (Core 5.3). */
#include "oidc/upstream_sign_in.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "http/fetch.h"
#include "keys/keyring.h"
#include "keys/secret.h"
#include "oidc/upstream_provider.h"
#include "people/connection.h"
#include "store/snapshot.h"

#define ANSWER_MAX         (64 * KB)
#define ACCESS_TOKEN_MAX   8000
#define REFRESH_TOKEN_MAX  8000
#define ASSERTION_LIFETIME 60
#define DETAIL_MAX         200
#define ASSERTION_TYPE     "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* --- the answer ----------------------------------------------------------------------------------------- */

static void forget(void *value)
{
	json_decref(value);
}

/* Strict: an object, no member twice (base/json.h). Lives as long as the arena. */
static json_t *read_object(struct arena *arena, const struct fetch_answer *answer)
{
	AUTO(json_done)
	json_t *object = answer->body.size <= ANSWER_MAX
				 ? json_read((const char *)answer->body.at, answer->body.size)
				 : NULL;

	if (!json_is_object(object))
		return NULL;
	arena_defer(arena, forget, object);
	return TAKE(object);
}

/* What is sent as a header again: visible characters alone (RFC 6750 2.1 allows fewer). */
static bool is_visible(const char *text, size_t max)
{
	size_t size = text ? strnlen(text, max + 1) : 0;

	if (size == 0 || size > max)
		return false;
	for (; *text; text++)
		if (*text < 0x21 || *text > 0x7e)
			return false;
	return true;
}

static const char *bounded(struct arena *arena, const char *text)
{
	return text ? text_bounded(arena, text, strlen(text), DETAIL_MAX) : "-";
}

/* The errors of RFC 6749 5.2; what else comes is one word. */
static const char *error_word(const json_t *object)
{
	static const char *const known[] = { "invalid_request",
					     "invalid_client",
					     "invalid_grant",
					     "unauthorized_client",
					     "invalid_scope",
					     "unsupported_grant_type",
					     NULL };
	const char *word = json_get_text(object, "error");

	for (size_t at = 0; known[at]; at++)
		if (text_equal(word, known[at]))
			return known[at];
	return "token_refused";
}

/* --- the question --------------------------------------------------------------------------------------- */

struct token_ask {
	const struct connection *connection;
	const struct published *published;
	struct buf body;
	char *authorization; /* NULL: none */
};

static void ask_done(struct token_ask *ask)
{
	buf_wipe(&ask->body);
	if (ask->authorization)
		wipe(ask->authorization, strlen(ask->authorization));
}

static void add(struct buf *body, const char *name, const char *value)
{
	buf_print(body, "%s%s=", body->size ? "&" : "", name);
	percent_encode(body, value);
}

/* RFC 6749 2.3.1: each half is encoded before they are joined. */
static void add_basic(struct arena *arena, struct token_ask *ask, const char *secret)
{
	struct buf pair = BUF(8 * KB), header = BUF(16 * KB);

	percent_encode(&pair, ask->connection->client_id);
	buf_char(&pair, ':');
	percent_encode(&pair, secret);
	char *encoded = base64_encode(arena, BYTES_OF(buf_str(&pair)));

	buf_print(&header, "Basic %s", encoded);
	wipe(encoded, strlen(encoded));
	ask->authorization = arena_text(arena, buf_str(&header));
	buf_wipe(&pair);
	buf_wipe(&header);
}

static enum err add_secret(struct work *w, struct token_ask *ask, bool in_body)
{
	char *secret = NULL;

	TRY(connection_secret(w, ask->connection, &secret));
	if (!secret)
		return fault(w, ERR_UPSTREAM_ANSWER, "connection %s has no client secret",
			     ask->connection->id);
	if (in_body) {
		add(&ask->body, "client_id", ask->connection->client_id);
		add(&ask->body, "client_secret", secret);
	} else {
		add_basic(w->arena, ask, secret);
	}
	wipe(secret, strlen(secret));
	return OK;
}

/* RFC 7523 3. The audience is the issuer alone: what is good at one server is good at no other. */
static void add_assertion(struct work *w, struct token_ask *ask)
{
	const char *client_id = ask->connection->client_id;
	const char *alg = text_list_has(ask->published->auth_algs, "ES256") ? "ES256" : "RS256";
	AUTO(json_done)
	json_t *claims = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "iss", client_id, "sub", client_id,
				   "aud", ask->published->issuer, "jti", id_random(w->arena, "assertion"),
				   "iat", (json_int_t)w->now, "exp", (json_int_t)w->now + ASSERTION_LIFETIME);

	assert(claims);
	add(&ask->body, "client_id", client_id);
	add(&ask->body, "client_assertion_type", ASSERTION_TYPE);
	add(&ask->body, "client_assertion",
	    keyring_sign(w->app->keyring, w->arena, alg, "JWT", BYTES_OF(json_text(w->arena, claims))));
}

static enum err add_client(struct work *w, struct token_ask *ask)
{
	const char *method = ask->connection->token_endpoint_auth_method;

	if (!text_equal(method, "private_key_jwt"))
		return add_secret(w, ask, text_equal(method, "client_secret_post"));
	add_assertion(w, ask);
	return OK;
}

/* What the grant needs stands in the body. *object: what came, whatever the status; NULL: no JSON object. */
static enum err post(struct work *w, struct token_ask *ask, long *status, json_t **object)
{
	struct fetch_answer answer = { 0 };

	TRY(add_client(w, ask));
	if (ask->body.full)
		return fault(w, ERR_TOO_LARGE, "token request to connection %s", ask->connection->id);
	TRY(fetch(w,
		  &(struct fetch_ask){ .url = ask->published->token_endpoint,
				       .content_type = "application/x-www-form-urlencoded",
				       .body = BYTES_OF(buf_str(&ask->body)),
				       .accept = "application/json",
				       .authorization = ask->authorization },
		  &answer));
	*status = answer.status;
	*object = read_object(w->arena, &answer);
	bytes_wipe(answer.body);
	return OK;
}

static void add_code(struct work *w, struct token_ask *ask, const char *code, const char *verifier)
{
	add(&ask->body, "grant_type", "authorization_code");
	add(&ask->body, "code", code);
	add(&ask->body, "redirect_uri", upstream_redirect_uri(w, ask->connection));
	add(&ask->body, "code_verifier", verifier);
}

/* --- what it comes to ----------------------------------------------------------------------------------- */

static enum err read_tokens(struct work *w, const json_t *object, struct upstream_tokens *out,
			    struct upstream_refusal *why)
{
	const char *refresh_token = json_get_text(object, "refresh_token");

	out->id_token = json_get_text(object, "id_token");
	out->access_token = json_get_text(object, "access_token");
	out->refresh_token = is_visible(refresh_token, REFRESH_TOKEN_MAX) ? refresh_token : NULL;
	if (!is_visible(out->access_token, ACCESS_TOKEN_MAX) ||
	    !json_is_string(json_object_get(object, "token_type")) ||
	    !text_equal_nocase(json_get_text(object, "token_type"), "Bearer"))
		return upstream_refuse(w, why, ERR_UPSTREAM_ANSWER, "token_answer",
				       "the token endpoint sent no access token of type Bearer");
	return OK;
}

static enum err read_refusal(struct work *w, long status, const json_t *object, struct upstream_refusal *why)
{
	if (!object || status >= 500)
		return upstream_refuse(w, why, status >= 500 ? ERR_UPSTREAM_DOWN : ERR_UPSTREAM_ANSWER,
				       "token_answer",
				       arena_print(w->arena, "the token endpoint answered %ld%s", status,
						   object ? "" : ", which is not a JSON object"));
	return upstream_refuse(w, why, ERR_UPSTREAM_ANSWER, error_word(object),
			       arena_print(w->arena, "the token endpoint answered %ld: %s (%s)", status,
					   bounded(w->arena, json_get_text(object, "error")),
					   bounded(w->arena, json_get_text(object, "error_description"))));
}

/* *status: what it answered; 0: nothing. */
static enum err ask_for_tokens(struct work *w, struct token_ask *ask, struct upstream_tokens *out,
			       long *status, struct upstream_refusal *why)
{
	json_t *object = NULL; /* the arena's */
	enum err err = post(w, ask, status, &object);

	if (err == ERR_FETCH || err == ERR_FETCH_REFUSED)
		return upstream_refuse(w, why, ERR_UPSTREAM_DOWN, "token_endpoint_unreachable", w->reason);
	if (err == ERR_UPSTREAM_ANSWER)
		return upstream_refuse(w, why, err, "client_secret_missing", w->reason);
	if (err != OK)
		return err;
	if (*status != 200 || !object)
		return read_refusal(w, *status, object, why);
	return read_tokens(w, object, out, why);
}

enum err upstream_redeem(struct work *w, const struct connection *connection,
			 const struct published *published, const char *code, const char *verifier,
			 struct upstream_tokens *out, struct upstream_refusal *why)
{
	AUTO(ask_done)
	struct token_ask ask = { .connection = connection, .published = published, .body = BUF(32 * KB) };
	long status = 0;

	add_code(w, &ask, code, verifier);
	TRY(ask_for_tokens(w, &ask, out, &status, why));
	if (!out->id_token)
		return upstream_refuse(w, why, ERR_UPSTREAM_ANSWER, "id_token_missing",
				       "the token endpoint sent no id_token: is the scope openid granted?");
	return OK;
}

/* RFC 6749 5.2: a refused grant is 400. The same word with another status is somebody else's. */
enum err upstream_refresh(struct work *w, const struct connection *connection,
			  const struct published *published, const char *refresh_token,
			  struct upstream_tokens *out, struct upstream_refusal *why)
{
	AUTO(ask_done)
	struct token_ask ask = { .connection = connection, .published = published, .body = BUF(32 * KB) };
	long status = 0;

	add(&ask.body, "grant_type", "refresh_token");
	add(&ask.body, "refresh_token", refresh_token);
	enum err err = ask_for_tokens(w, &ask, out, &status, why);

	if (status != 400 && text_equal(why->word, "invalid_grant"))
		why->word = "token_refused";
	return err;
}

enum err upstream_try_client(struct work *w, const struct connection *connection,
			     const struct published *published, const char **word)
{
	AUTO(ask_done)
	struct token_ask ask = { .connection = connection, .published = published, .body = BUF(32 * KB) };
	const char *never = id_random(w->arena, "test");
	json_t *object = NULL; /* the arena's */
	long status = 0;

	add_code(w, &ask, never, upstream_verifier(w, never));
	TRY(post(w, &ask, &status, &object));
	*word = error_word(object);
	return OK;
}

bool upstream_token_answers(struct work *w, const struct connection *connection,
			    const struct published *published)
{
	const char *word;
	enum err err = upstream_try_client(w, connection, published, &word);

	return err != ERR_FETCH && err != ERR_FETCH_REFUSED;
}

static enum err get_userinfo(struct work *w, const struct published *published, const char *access_token,
			     struct fetch_answer *answer)
{
	char *authorization = arena_print(w->arena, "Bearer %s", access_token);
	enum err err = fetch(w,
			     &(struct fetch_ask){ .url = published->userinfo_endpoint,
						  .accept = "application/json",
						  .authorization = authorization },
			     answer);

	wipe(authorization, strlen(authorization));
	return err;
}

bool upstream_userinfo_answers(struct work *w, const struct published *published)
{
	struct fetch_answer answer = { 0 };

	return get_userinfo(w, published, id_random(w->arena, "test"), &answer) == OK;
}

enum err upstream_userinfo(struct work *w, const struct published *published, const char *access_token,
			   json_t **out, struct upstream_refusal *why)
{
	struct fetch_answer answer = { 0 };

	if (!published->userinfo_endpoint)
		return upstream_refuse(w, why, ERR_UPSTREAM_ANSWER, "userinfo",
				       "the provider publishes no userinfo endpoint");
	if (get_userinfo(w, published, access_token, &answer) != OK)
		return upstream_refuse(w, why, ERR_UPSTREAM_DOWN, "userinfo_unreachable", w->reason);
	*out = answer.status == 200 && text_equal(answer.content_type, "application/json")
		       ? read_object(w->arena, &answer)
		       : NULL;
	if (!*out)
		return upstream_refuse(
			w, why, answer.status >= 500 ? ERR_UPSTREAM_DOWN : ERR_UPSTREAM_ANSWER, "userinfo",
			arena_print(w->arena, "userinfo answered %ld, not JSON claims", answer.status));
	return OK;
}
