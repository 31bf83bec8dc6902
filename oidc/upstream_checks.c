/* upstream_checks.c: the table of checks of ID tokens (OpenID Connect Core 1.0 3.1.3.7). */
#include "oidc/upstream_checks.h"

#include "base/arena.h"
#include "base/text.h"
#include "base/json.h"
#include "keys/secret.h"
#include "oidc/upstream_provider.h"
#include "oidc/upstream_presets.h"
#include "store/snapshot.h"

#define AGE_MAX     600 /* seconds since iat: a token is used right after it was made */
#define SUBJECT_MAX 255
#define OID_MAX     64
#define AUD_MAX     20

static const json_t *claim(const struct shown_token *t, const char *name)
{
	return json_object_get(t->claims, name);
}

static const char *text_claim(const struct shown_token *t, const char *name)
{
	return json_get_text(t->claims, name);
}

/* --- what kind, from whom, for whom --------------------------------------------------------------------- */

/* RFC 8725 3.11: a token of another kind by the same issuer and key is none. Absent is usual. */
static const char *wrong_typ(const struct shown_token *t)
{
	return !t->typ || text_equal_nocase(t->typ, "JWT") ? NULL : "it is a token of another kind";
}

static const char *wrong_logout_typ(const struct shown_token *t)
{
	return !t->typ || text_equal_nocase(t->typ, "logout+jwt") ? NULL : "it is a token of another kind";
}

static const char *wrong_iss(const struct shown_token *t)
{
	return text_equal(text_claim(t, "iss"), t->connection->issuer)
		       ? NULL
		       : "iss is not the connection's issuer, byte for byte";
}

static bool list_names(const json_t *list, const char *client_id)
{
	const json_t *one;
	bool found = false;
	size_t at;

	if (json_array_size(list) > AUD_MAX)
		return false;
	json_array_foreach (list, at, one) {
		if (!json_is_string(one))
			return false;
		found = found || text_equal(json_string_value(one), client_id);
	}
	return found;
}

static const char *wrong_aud(const struct shown_token *t)
{
	const json_t *aud = claim(t, "aud");
	bool ours = json_is_array(aud) ? list_names(aud, t->connection->client_id)
				       : text_equal(json_string_value(aud), t->connection->client_id);

	return ours ? NULL : "aud does not name our client_id";
}

static const char *wrong_azp(const struct shown_token *t)
{
	const json_t *azp = claim(t, "azp");

	if (!azp)
		return json_array_size(claim(t, "aud")) > 1 ? "aud names several and azp is missing" : NULL;
	return text_equal(json_string_value(azp), t->connection->client_id) ? NULL
									    : "azp is not our client_id";
}

/* --- when: whole seconds, nothing else is a time -------------------------------------------------------- */

static const char *wrong_exp(const struct shown_token *t)
{
	const json_t *exp = claim(t, "exp");

	if (!json_is_integer(exp))
		return "exp is missing or not a whole number";
	return json_integer_value(exp) > t->now - UPSTREAM_SKEW ? NULL
								: "it has expired, or the clocks differ";
}

static const char *wrong_iat(const struct shown_token *t)
{
	const json_t *iat = claim(t, "iat");

	if (!json_is_integer(iat))
		return "iat is missing or not a whole number";
	if (json_integer_value(iat) > t->now + UPSTREAM_SKEW)
		return "it was made in the future: the clocks differ";
	return json_integer_value(iat) >= t->now - AGE_MAX ? NULL : "it is too old, or the clocks differ";
}

static const char *wrong_nbf(const struct shown_token *t)
{
	const json_t *nbf = claim(t, "nbf");

	if (!nbf)
		return NULL;
	return json_is_integer(nbf) && json_integer_value(nbf) <= t->now + UPSTREAM_SKEW
		       ? NULL
		       : "nbf is not a time that has come";
}

/* Asked for again, so when it last happened must be said and be later (3.1.2.1 max_age, 3.1.3.7 13). */
static const char *wrong_auth_time(const struct shown_token *t)
{
	const json_t *at = claim(t, "auth_time");

	if (!at)
		return t->fresh_since ? "auth_time is missing though authentication again was asked for"
				      : NULL;
	if (!json_is_integer(at) || json_integer_value(at) > t->now + UPSTREAM_SKEW)
		return "auth_time is not a time in the past";
	return json_integer_value(at) >= t->fresh_since - UPSTREAM_SKEW || !t->fresh_since
		       ? NULL
		       : "the person did not authenticate again";
}

/* --- of this sign-in ------------------------------------------------------------------------------------ */

static const char *wrong_nonce(const struct shown_token *t)
{
	if (!t->nonce)
		return NULL;
	return secret_equal(text_claim(t, "nonce"), t->nonce) ? NULL : "nonce is not the one of this sign-in";
}

/* The left half of the hash that alg names (3.1.3.6). */
static const char *wrong_at_hash(const struct shown_token *t)
{
	const json_t *at_hash = claim(t, "at_hash");

	if (!at_hash || !t->access_token)
		return NULL;
	unsigned bits = text_ends(t->alg, "512") ? 512 : text_ends(t->alg, "384") ? 384 : 256;
	struct bytes digest = sha2(t->arena, bits, BYTES_OF(t->access_token));
	const char *half = base64url_encode(t->arena, (struct bytes){ digest.at, digest.size / 2 });

	return secret_equal(json_string_value(at_hash), half)
		       ? NULL
		       : "at_hash is not of the access token beside it";
}

/* --- who ------------------------------------------------------------------------------------------------ */

static bool is_printable(const char *text, size_t max)
{
	size_t size = text ? strnlen(text, max + 1) : 0;

	if (size == 0 || size > max)
		return false;
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

/* Core 2: at most 255 ASCII characters. */
static const char *wrong_sub(const struct shown_token *t)
{
	return is_printable(text_claim(t, "sub"), SUBJECT_MAX) ? NULL : "sub is missing or not usable";
}

/* A token of another tenant of the same provider is a stranger's (security.md B1, B11). */
static const char *wrong_tid(const struct shown_token *t)
{
	if (!upstream_preset_of(t->connection->preset)->has_tenant)
		return NULL;
	return t->connection->tid && text_equal(text_claim(t, "tid"), t->connection->tid)
		       ? NULL
		       : "tid is not the connection's tenant";
}

static const char *wrong_oid(const struct shown_token *t)
{
	if (!upstream_preset_of(t->connection->preset)->has_tenant)
		return NULL;
	return is_printable(text_claim(t, "oid"), OID_MAX)
		       ? NULL
		       : "oid is missing: the scope profile must be granted";
}

/* Google signs for every account in the world, with the same issuer and keys. */
static const char *wrong_hd(const struct shown_token *t)
{
	if (!upstream_preset_of(t->connection->preset)->has_domain)
		return NULL;
	return t->connection->hd && text_equal(text_claim(t, "hd"), t->connection->hd)
		       ? NULL
		       : "hd is not the connection's domain: an account of another organization, or a "
			 "private one";
}

static const char *wrong_userinfo_sub(const struct shown_token *t)
{
	if (!t->userinfo)
		return NULL;
	return text_claim(t, "sub") && text_equal(json_get_text(t->userinfo, "sub"), text_claim(t, "sub"))
		       ? NULL
		       : "userinfo is about somebody else";
}

/* --- logout tokens -------------------------------------------------------------------------------------- */

#define LOGOUT_EVENT "http://schemas.openid.net/event/backchannel-logout"

static const char *wrong_events(const struct shown_token *t)
{
	return json_is_object(json_object_get(claim(t, "events"), LOGOUT_EVENT)) ? NULL
										 : "it does not say logout";
}

static const char *wrong_jti(const struct shown_token *t)
{
	return is_printable(text_claim(t, "jti"), SUBJECT_MAX) ? NULL : "jti is missing or not usable";
}

static const char *wrong_whom(const struct shown_token *t)
{
	const json_t *sub = claim(t, "sub"), *sid = claim(t, "sid");

	if (!sub && !sid)
		return "it names neither sub nor sid";
	if ((sub && !is_printable(json_string_value(sub), SUBJECT_MAX)) ||
	    (sid && !is_printable(json_string_value(sid), SUBJECT_MAX)))
		return "sub or sid is not usable";
	return sid || upstream_subject(t->arena, t->connection, t->claims)
		       ? NULL
		       : "sub alone does not say who it is";
}

/* So that an ID token is never taken for one. */
static const char *wrong_no_nonce(const struct shown_token *t)
{
	return claim(t, "nonce") ? "it has a nonce" : NULL;
}

/* --- tables --------------------------------------------------------------------------------------------- */

/* clang-format off */
const struct token_check id_token_checks[] = {
	{ "typ",           "RFC 8725 3.11",              false, wrong_typ },
	{ "iss",           "Core 3.1.3.7 2",             false, wrong_iss },
	{ "aud",           "Core 3.1.3.7 3",             false, wrong_aud },
	{ "azp",           "Core 3.1.3.7 4, 5",          false, wrong_azp },
	{ "exp",           "Core 3.1.3.7 9",             true,  wrong_exp },
	{ "iat",           "Core 3.1.3.7 10",            true,  wrong_iat },
	{ "nbf",           "RFC 7519 4.1.5",             true,  wrong_nbf },
	{ "nonce",         "Core 3.1.3.7 11",            false, wrong_nonce },
	{ "at_hash",       "Core 3.1.3.8",               false, wrong_at_hash },
	{ "auth_time",     "Core 3.1.3.7 13",            true,  wrong_auth_time },
	{ "sub",           "Core 2",                     false, wrong_sub },
	{ "tid",           "Microsoft: ID token claims", false, wrong_tid },
	{ "oid",           "Microsoft: ID token claims", false, wrong_oid },
	{ "hd",            "Google: OpenID Connect",     false, wrong_hd },
	{ "userinfo_sub",  "Core 5.3.2",                 false, wrong_userinfo_sub },
	{ .word = NULL },
};

/* OpenID Connect Back-Channel Logout 1.0 */
const struct token_check logout_token_checks[] = {
	{ "typ",           "Back-Channel Logout 2.4",    false, wrong_logout_typ },
	{ "iss",           "Back-Channel Logout 2.6 3",  false, wrong_iss },
	{ "aud",           "Back-Channel Logout 2.6 3",  false, wrong_aud },
	{ "exp",           "Back-Channel Logout 2.6 3",  true,  wrong_exp },
	{ "iat",           "Back-Channel Logout 2.6 3",  true,  wrong_iat },
	{ "nbf",           "RFC 7519 4.1.5",             true,  wrong_nbf },
	{ "whom",          "Back-Channel Logout 2.6 4",  false, wrong_whom },
	{ "events",        "Back-Channel Logout 2.6 5",  false, wrong_events },
	{ "nonce",         "Back-Channel Logout 2.6 6",  false, wrong_no_nonce },
	{ "jti",           "Back-Channel Logout 2.6 7",  false, wrong_jti },
	{ .word = NULL },
};
/* clang-format on */

const struct token_check *token_check_failed(const struct token_check *checks,
					     const struct shown_token *token, const char **why)
{
	for (; checks->word; checks++)
		if ((*why = checks->wrong(token)))
			return checks;
	return NULL;
}

const char *upstream_subject(struct arena *arena, const struct connection *connection, const json_t *claims)
{
	const char *sub = json_get_text(claims, "sub"), *tid = json_get_text(claims, "tid"),
		   *oid = json_get_text(claims, "oid");

	if (!upstream_preset_of(connection->preset)->has_tenant)
		return is_printable(sub, SUBJECT_MAX) ? sub : NULL;
	return text_equal(tid, connection->tid) && is_printable(tid, OID_MAX) && is_printable(oid, OID_MAX)
		       ? arena_print(arena, "%s/%s", tid, oid)
		       : NULL;
}
