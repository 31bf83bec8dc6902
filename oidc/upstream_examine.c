/* upstream_examine.c: does a connection work, as far as can be seen without a person? */
#include "oidc/upstream_inspect.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "http/fetch.h"
#include "keys/jose.h"
#include "oidc/upstream_presets.h"
#include "oidc/upstream_provider.h"
#include "oidc/upstream_sign_in.h"
#include "store/snapshot.h"

#define DAY        86400
#define DAYS_EARLY 30 /* to renew a secret */

struct look {
	struct work *w;
	const struct connection *connection;
	struct published published;
	json_t *rows;
};

static void found(struct look *look, const char *check, const char *outcome, const char *why,
		  const char *mend)
{
	upstream_finding(look->rows, check, outcome, why, mend);
}

static void look_at_keys(struct look *look)
{
	struct work *w = look->w;
	struct fetch_answer answer = { 0 };
	const char *uri = look->published.jwks_uri;

	if (fetch(w, &(struct fetch_ask){ .url = uri, .accept = "application/json" }, &answer) != OK) {
		found(look, "keys", "fail", w->reason,
		      "The provider's jwks_uri must be reachable from here.");
		return;
	}
	struct jose_keys *keys =
		answer.status == 200 ? jose_keys_read((const char *)answer.body.at, answer.body.size) : NULL;
	size_t count = keys ? jose_keys_count(keys, look->published.id_token_algs) : 0;

	jose_keys_free(keys);
	if (count)
		found(look, "keys", "ok", arena_print(w->arena, "%zu usable", count), NULL);
	else
		found(look, "keys", "fail", "none of the provider's keys is for an algorithm it signs with",
		      "RSA from 2048 bits, P-256 or P-384, use \"sig\".");
}

/* Its clock as its answers say it: a token is refused when it is further off than UPSTREAM_SKEW. */
static void look_at_clock(struct look *look)
{
	struct work *w = look->w;
	struct fetch_answer answer = { 0 };
	const char *address = published_address(w->arena, look->connection->issuer);

	if (fetch(w, &(struct fetch_ask){ .url = address, .accept = "application/json" }, &answer) != OK ||
	    !answer.date) {
		found(look, "clock", "warn", "the provider does not say what time it is", NULL);
		return;
	}
	int64_t ahead = answer.date - clock_now_us() / 1000000, off = ahead < 0 ? -ahead : ahead;

	if (off <= UPSTREAM_SKEW / 2)
		found(look, "clock", "ok", NULL, NULL);
	else
		found(look, "clock", off > UPSTREAM_SKEW ? "fail" : "warn",
		      arena_print(w->arena, "the provider's clock is %lld s %s ours", (long long)off,
				  ahead > 0 ? "ahead of" : "behind"),
		      "Set both machines' clocks by NTP.");
}

static bool has_secret(const struct connection *connection)
{
	return connection->sealed_secret.at != NULL;
}

static void look_at_client(struct look *look)
{
	const struct connection *c = look->connection;
	bool by_key = text_equal(c->token_endpoint_auth_method, "private_key_jwt");
	const char *word = NULL;

	if (!by_key && !has_secret(c)) {
		found(look, "client", "fail", "no client secret is stored", "Set client_secret.");
		return;
	}
	if (look->published.auth_methods &&
	    !text_list_has(look->published.auth_methods, c->token_endpoint_auth_method))
		found(look, "auth_method", "warn",
		      "the provider does not publish this token_endpoint_auth_method", NULL);
	enum err err = upstream_try_client(look->w, c, &look->published, &word);

	if (err != OK)
		found(look, "client", "fail", look->w->reason,
		      "Can the token endpoint be reached from here?");
	else if (text_equal(word, "invalid_client") || text_equal(word, "unauthorized_client"))
		found(look, "client", "fail", "the provider does not know this client_id with this secret",
		      by_key ? "Enter our jwks_uri at the provider." : "Enter the client secret again.");
	else if (text_equal(word, "invalid_grant"))
		found(look, "client", "ok", NULL, NULL);
	else
		found(look, "client", "warn",
		      arena_print(look->w->arena, "the provider would not say: %s", word), NULL);
}

static void look_at_secret_end(struct look *look)
{
	const char *day = look->connection->secret_expires_on;
	int64_t end = 0;

	if (!day || !clock_parse(day, true, &end))
		return;
	int64_t left = (end - look->w->now) / DAY;
	const char *why = arena_print(look->w->arena, "%lld days left", (long long)left);

	if (end <= look->w->now)
		found(look, "secret", "fail", arena_print(look->w->arena, "ended on %s", day),
		      "Make a new secret at the provider and set it here.");
	else
		found(look, "secret", left < DAYS_EARLY ? "warn" : "ok", why,
		      left < DAYS_EARLY ? "Make a new secret at the provider and set it here." : NULL);
}

static void look_at_features(struct look *look)
{
	const struct published *p = &look->published;
	const struct connection *c = look->connection;
	const struct upstream_preset *preset = upstream_preset_of(c->preset);

	if (text_list_has(p->pkce_methods, "S256"))
		found(look, "pkce", "ok", NULL, NULL);
	else
		found(look, "pkce", "warn", "the provider does not publish PKCE with S256; it is sent anyway",
		      NULL);
	found(look, "response_iss", p->iss_parameter ? "ok" : "warn",
	      p->iss_parameter ? NULL : "answers do not name their issuer (RFC 9207)", NULL);
	if (c->userinfo && !p->userinfo_endpoint)
		found(look, "userinfo", "fail", "the provider has no userinfo endpoint",
		      "Set userinfo: false.");
	if (c->upstream_logout && !p->end_session_endpoint)
		found(look, "logout", "warn", "the provider has no end_session_endpoint", NULL);
	for (const char *const *scope = c->scopes; scope && *scope; scope++)
		if (p->scopes && !text_list_has(p->scopes, *scope))
			found(look, "scopes", "warn",
			      arena_print(look->w->arena, "the provider does not publish the scope %s",
					  *scope),
			      text_equal(*scope, "groups") ? preset->groups_mend : NULL);
}

static void look_at_recheck(struct look *look)
{
	const struct connection *c = look->connection;
	bool known = !look->published.scopes || text_list_has(look->published.scopes, "offline_access") ||
		     upstream_preset_of(c->preset)->offline;

	if (c->recheck_seconds)
		found(look, "recheck", known ? "ok" : "warn",
		      known ? NULL : "the provider does not publish the scope offline_access",
		      known ? NULL
			    : "Does it give this client a refresh token? Without one, sessions are not asked "
			      "about.");
}

enum err upstream_examine(struct work *w, const struct connection *connection, json_t **findings)
{
	struct look look = { .w = w, .connection = connection, .rows = json_array() };

	assert(look.rows);
	*findings = look.rows;
	if (upstream_find(w, connection, true, &look.published) != OK) {
		found(&look, "discovery", "fail", w->reason,
		      "Open the issuer with /.well-known/openid-configuration behind it from this machine.");
		look_at_secret_end(&look);
		return OK;
	}
	found(&look, "discovery", "ok", NULL, NULL);
	look_at_keys(&look);
	look_at_clock(&look);
	look_at_client(&look);
	look_at_secret_end(&look);
	look_at_features(&look);
	look_at_recheck(&look);
	return OK;
}
