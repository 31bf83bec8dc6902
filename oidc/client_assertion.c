/* client_assertion.c: private_key_jwt: an app signs who it is (OpenID Connect Core 9, RFC 7523 3). */
#include "oidc/client_auth.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/jose.h"
#include "oidc/jwks_cache.h"
#include "oidc/provider.h"
#include "store/replay.h"
#include "store/snapshot.h"

#define LIFETIME_MAX 300 /* seconds ahead that exp may lie */
#define CLOCK_SKEW   10
#define JTI_MAX      255

static const char *const algorithms[] = { "RS256", "RS384", "ES256", "ES384", "PS256", NULL };

const char *client_assertion_subject(struct work *w, const char *assertion)
{
	struct jose_header header;
	json_t *claims = NULL; /* the arena's */

	return jose_peek(w->arena, assertion, &header, &claims) == OK ? json_get_text(claims, "sub") : NULL;
}

/* One audience: an assertion that is good at several servers is good for carrying from one to another. */
static bool is_for_us(const struct config *config, struct arena *arena, const json_t *aud)
{
	if (json_is_array(aud) && json_array_size(aud) == 1)
		aud = json_array_get(aud, 0);
	const char *audience = json_string_value(aud);

	return text_equal(audience, config->issuer) ||
	       text_equal(audience, arena_print(arena, "%s" PATH_TOKEN, config->issuer));
}

/* Whole seconds; absent is fine where it is optional, another type never is. */
static bool time_holds(const json_t *claims, const char *name, bool required, int64_t min, int64_t max)
{
	const json_t *value = json_object_get(claims, name);

	if (!value)
		return !required;
	return json_is_integer(value) && json_integer_value(value) >= min && json_integer_value(value) <= max;
}

static const char *what_is_wrong(struct work *w, const struct client *client, const json_t *claims)
{
	int64_t soon = w->now + CLOCK_SKEW;
	const char *jti = json_get_text(claims, "jti");

	if (!text_equal(json_get_text(claims, "iss"), client->client_id) ||
	    !text_equal(json_get_text(claims, "sub"), client->client_id))
		return "iss or sub is not the client";
	if (!is_for_us(w->app->config, w->arena, json_object_get(claims, "aud")))
		return "aud is not ours alone";
	if (!time_holds(claims, "exp", true, w->now + 1, soon + LIFETIME_MAX))
		return "exp is past or too far ahead";
	if (!time_holds(claims, "iat", false, 0, soon) || !time_holds(claims, "nbf", false, 0, soon))
		return "iat or nbf is ahead";
	if (text_is_empty(jti) || strlen(jti) > JTI_MAX)
		return "jti is missing or too long";
	return NULL;
}

/* Only now, when the signature held: a stranger must not be able to use up somebody's ids. */
static enum err spend_jti(struct work *w, const struct client *client, const json_t *claims)
{
	const char *id = arena_print(w->arena, "%s %s", client->client_id, json_get_text(claims, "jti"));
	bool fresh = false;

	TRY(replay_once(w, "client_assertion", id, json_get_int(claims, "exp", 0) + CLOCK_SKEW, &fresh));
	if (!fresh)
		return fault(w, ERR_CLIENT_AUTH, "assertion of %s was used before", client->client_id);
	return OK;
}

enum err client_assertion_check(struct work *w, const struct client *client, const char *assertion)
{
	json_t *claims = NULL; /* the arena's */
	enum err verdict = jwks_cache_verify(w, oidc_of(w)->jwks, client, assertion, algorithms, &claims);

	if (error_row(verdict)->http >= 500)
		return verdict;
	if (verdict != OK)
		return fault(w, ERR_CLIENT_AUTH, "assertion of %s: %s", client->client_id,
			     error_row(verdict)->word);
	const char *wrong = what_is_wrong(w, client, claims);

	if (wrong)
		return fault(w, ERR_CLIENT_AUTH, "assertion of %s: %s", client->client_id, wrong);
	return spend_jti(w, client, claims);
}
