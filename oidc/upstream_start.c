/* upstream_start.c: the authorization request (RFC 6749 4.1.1, RFC 7636, OpenID Connect Core 1.0 3.1.2.1). */
#include "oidc/upstream_sign_in.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/text.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "oidc/upstream_presets.h"
#include "oidc/upstream_provider.h"
#include "people/connector.h"
#include "store/snapshot.h"

#define ADDRESS_MAX (8 * KB)

enum err upstream_refuse(struct work *w, struct upstream_refusal *out, enum err err, const char *word,
			 const char *detail)
{
	*out = (struct upstream_refusal){ .word = word, .detail = detail };
	return fault(w, err, "%s: %s", word, detail ? detail : "-");
}

const char *upstream_redirect_uri(struct work *w, const struct connection *connection)
{
	return arena_print(w->arena, "%s/federation/%s/callback", w->app->config->issuer, connection->id);
}

const char *upstream_nonce(struct work *w, const char *state)
{
	return vault_mac_text(w->app->vault, w->arena, "upstream-nonce", state, NULL);
}

/* 32 bytes as base64url: the 43 characters that RFC 7636 4.1 recommends. */
const char *upstream_verifier(struct work *w, const char *state)
{
	return vault_mac_text(w->app->vault, w->arena, "upstream-verifier", state, NULL);
}

static void add(struct buf *url, const char *name, const char *value)
{
	if (text_is_empty(value))
		return;
	buf_print(url, "&%s=", name);
	percent_encode(url, value);
}

/* Asked for where the provider does not say that it knows no such scope: AD FS and Google do not. */
static bool asks_offline(const struct connection *connection, const struct published *published)
{
	return connection->recheck_seconds && !text_list_has(connection->scopes, "offline_access") &&
	       (!published->scopes || text_list_has(published->scopes, "offline_access"));
}

static const char *scope_of(struct arena *arena, const struct connection *connection,
			    const struct published *published)
{
	AUTO_BUF scope = BUF(2 * KB);

	buf_text(&scope, "openid");
	for (const char *const *word = connection->scopes; word && *word; word++)
		if (!text_equal(*word, "openid"))
			buf_print(&scope, " %s", *word);
	if (asks_offline(connection, published))
		buf_text(&scope, " offline_access");
	return arena_text(arena, buf_str(&scope));
}

static void add_proof(struct work *w, struct buf *url, const char *state)
{
	struct bytes digest = sha256(w->arena, BYTES_OF(upstream_verifier(w, state)));

	add(url, "state", state);
	add(url, "nonce", upstream_nonce(w, state));
	add(url, "code_challenge", base64url_encode(w->arena, digest));
	add(url, "code_challenge_method", "S256");
}

/* Both wishes are words of one parameter (Core 3.1.2.1). */
static void add_prompt(struct arena *arena, struct buf *url, const struct connect_ask *ask)
{
	const struct upstream_preset *preset = upstream_preset_of(ask->connection->preset);
	bool consent = ask->connection->recheck_seconds && preset->asks_consent;

	if (consent && ask->fresh)
		add(url, "prompt", arena_print(arena, "%s consent", preset->fresh_prompt));
	else if (consent || ask->fresh)
		add(url, "prompt", consent ? "consent" : preset->fresh_prompt);
}

static void add_wishes(struct arena *arena, struct buf *url, const struct connect_ask *ask)
{
	const struct upstream_preset *preset = upstream_preset_of(ask->connection->preset);

	add(url, "login_hint", ask->login_hint);
	if (preset->has_domain)
		add(url, "hd", ask->connection->hd);
	add_prompt(arena, url, ask);
	if (ask->fresh)
		add(url, "max_age", "0");
	if (ask->connection->recheck_seconds && preset->offline)
		buf_print(url, "&%s", preset->offline);
	if (ask->mfa)
		add(url, "acr_values", upstream_acr_mfa(ask->connection));
}

enum err upstream_start(struct work *w, const struct connect_ask *ask, struct departure *out)
{
	struct published published;
	AUTO_BUF url = BUF(ADDRESS_MAX);

	TRY(upstream_find(w, ask->connection, false, &published));
	buf_text(&url, published.authorization_endpoint);
	buf_text(&url, strchr(published.authorization_endpoint, '?') ? "&" : "?");
	buf_text(&url, "response_type=code&response_mode=query");
	add(&url, "client_id", ask->connection->client_id);
	add(&url, "redirect_uri", upstream_redirect_uri(w, ask->connection));
	add(&url, "scope", scope_of(w->arena, ask->connection, &published));
	add_proof(w, &url, ask->state);
	add_wishes(w->arena, &url, ask);
	if (url.full)
		return fault(w, ERR_TOO_LARGE, "authorization request to connection %s", ask->connection->id);
	*out = (struct departure){ .url = arena_text(w->arena, buf_str(&url)) };
	return OK;
}
