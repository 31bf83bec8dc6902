/* fuzz_id_token_claims.c: any JSON as the claims of a token that a provider signed. Oracle: what is believed
 * has our issuer, audience and nonce, a time that is now, and says who it is; an ID token is never a logout
 * token. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "oidc/upstream_checks.h"
#include "oidc/upstream_sign_in.h"
#include "people/provision.h"
#include "store/snapshot.h"

#define NOW 1790000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct connection connections[] = {
	{ .id = "c",
	  .issuer = "https://i",
	  .client_id = "us",
	  .preset = "other",
	  .trust_upstream_mfa = true },
	{ .id = "c", .issuer = "https://i", .client_id = "us", .preset = "entra", .tid = "t" },
	{ .id = "c", .issuer = "https://i", .client_id = "us", .preset = "google", .hd = "h.example" },
};

static bool names_us(const json_t *aud)
{
	if (!json_is_array(aud))
		return text_equal(json_string_value(aud), "us");
	for (size_t at = 0; at < json_array_size(aud); at++)
		if (text_equal(json_string_value(json_array_get(aud, at)), "us"))
			return true;
	return false;
}

static void is_believable(const json_t *claims, const char *nonce)
{
	int64_t iat = json_get_int(claims, "iat", 0), exp = json_get_int(claims, "exp", 0);

	assert(text_equal(json_get_text(claims, "iss"), "https://i"));
	assert(names_us(json_object_get(claims, "aud")));
	assert(text_equal(json_get_text(claims, "nonce"), nonce));
	assert(iat >= NOW - 600 && iat <= NOW + 60 && exp > NOW - 60);
}

static void is_of_tenant(const struct connection *c, const json_t *claims)
{
	assert(!c->tid || text_equal(json_get_text(claims, "tid"), "t"));
	assert(!c->hd || text_equal(json_get_text(claims, "hd"), "h.example"));
}

static void try_with(struct arena *arena, const struct connection *c, json_t *claims)
{
	const struct shown_token shown = { .arena = arena,
					   .connection = c,
					   .now = NOW,
					   .alg = "ES256",
					   .claims = claims,
					   .nonce = "n",
					   .access_token = "a" };
	static const struct config config = { .issuer = "https://sso.example" };
	struct app app = { .config = &config };
	struct work w = { .arena = arena, .app = &app, .now = NOW };
	struct upstream_person person;
	struct upstream_refusal refusal;
	const char *why;
	const bool is_id = !token_check_failed(id_token_checks, &shown, &why);
	const bool is_logout = !token_check_failed(logout_token_checks, &shown, &why);

	assert(!is_id || !is_logout);
	if (is_logout)
		is_believable(claims, NULL);
	if (upstream_person_of(&w, c, claims, claims, &person, &refusal) == OK && is_id) {
		is_believable(claims, "n");
		is_of_tenant(c, claims);
		assert(person.subject && person.subject[0] && text_equal(person.issuer, "https://i"));
		assert(!person.email_verified ||
		       (person.email && json_is_true(json_object_get(claims, "email_verified"))) || c->tid);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *claims = json_read((const char *)data, size);

	for (size_t at = 0; json_is_object(claims) && at < COUNT(connections); at++)
		try_with(arena, &connections[at], claims);
	return 0;
}
