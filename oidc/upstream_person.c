/* upstream_person.c: what a provider says of a person, as people/provision.h wants it. */
#include "oidc/upstream_sign_in.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "oidc/upstream_checks.h"
#include "oidc/upstream_presets.h"
#include "people/provision.h"
#include "store/snapshot.h"

#define AMR_MAX 20
#define SID_MAX 255

/* --- one document of two (security.md B4) --------------------------------------------------------------- */

static const char *email_name(const struct connection *c)
{
	return c->email_claim ? c->email_claim : "email";
}

/* The address and the word about it come from the same document: the ID token, when it has an address. */
static const json_t *email_document(const struct connection *c, const json_t *id_token,
				    const json_t *userinfo)
{
	return !userinfo || json_object_get(id_token, email_name(c)) ? id_token : userinfo;
}

static void take_from(json_t *merged, const json_t *document, const char *name)
{
	json_t *value = json_object_get(document, name);

	if (value)
		json_set(merged, name, json_incref(value));
	else
		(void)json_object_del(merged, name);
}

static void forget(void *value)
{
	json_decref(value);
}

/* The ID token wins; members of the address stay together. */
static json_t *merge(struct arena *arena, const struct connection *c, const json_t *id_token,
		     const json_t *userinfo)
{
	const json_t *document = email_document(c, id_token, userinfo);
	json_t *merged = json_object();

	assert(merged);
	arena_defer(arena, forget, merged);
	/* jansson takes what it only reads as not const */
	(void)json_object_update(merged, (json_t *)(uintptr_t)userinfo);
	(void)json_object_update(merged, (json_t *)(uintptr_t)id_token);
	take_from(merged, document, email_name(c));
	take_from(merged, document, "email_verified");
	return merged;
}

/* --- the address ---------------------------------------------------------------------------------------- */

enum word { SAYS_NOTHING, SAYS_YES, SAYS_NO };

/* A flag: true is yes, absent is nothing, anything else is no. */
static enum word email_word(const json_t *document)
{
	const json_t *verified = json_object_get(document, "email_verified");

	return !verified ? SAYS_NOTHING : json_is_true(verified) ? SAYS_YES : SAYS_NO;
}

/* Entra writes it as true, 1 or "1". */
static enum word domain_word(const struct connection *c, const json_t *document)
{
	const char *name = upstream_preset_of(c->preset)->verified_claim;
	const json_t *value = name ? json_object_get(document, name) : NULL;

	if (!value)
		return SAYS_NOTHING;
	return json_is_true(value) || json_integer_value(value) == 1 ||
			       text_equal(json_string_value(value), "1") ||
			       text_equal(json_string_value(value), "true")
		       ? SAYS_YES
		       : SAYS_NO;
}

/* email_verified is about `email`: of an address out of another claim it says yes only when both are the
 * same, but its no always counts. */
static bool is_verified(const struct connection *c, const json_t *document, const char *email)
{
	enum word one = email_word(document), other = domain_word(c, document);

	if (one == SAYS_NO || other == SAYS_NO)
		return false;
	if (one == SAYS_YES && !text_equal(json_get_text(document, "email"), email))
		one = SAYS_NOTHING;
	return one == SAYS_YES || other == SAYS_YES || c->trust_email;
}

/* --- strength ------------------------------------------------------------------------------------------- */

/* RFC 8176 2 */
static const char *const registered_amr[] = { "face", "fpt", "geo",  "hwk", "iris", "kba",    "mca", "mfa",
					      "otp",  "pin", "pop",  "pwd", "rba",  "retina", "sc",  "sms",
					      "swk",  "tel", "user", "vbm", "wia",  NULL };

static const char *const *amr_of(struct arena *arena, const json_t *claims)
{
	const char **amr = arena_array(arena, const char *, AMR_MAX + 1);
	const json_t *value;
	size_t at, count = 0;

	json_array_foreach (json_object_get(claims, "amr"), at, value) {
		const char *word = json_string_value(value);

		if (word && count < AMR_MAX && text_list_has(registered_amr, word) &&
		    !text_list_has(amr, word))
			amr[count++] = arena_text(arena, word);
	}
	return amr;
}

static bool counts_as_mfa(const struct connection *c, const char *word)
{
	static const char *const usual[] = { "mfa", NULL };

	return word && text_list_has(c->mfa_values ? c->mfa_values : usual, word);
}

/* What counts: a declared value in acr or amr, or the acr that was asked for. */
static bool is_mfa(const struct connection *c, const json_t *claims)
{
	const char *acr = json_get_text(claims, "acr");
	const json_t *value;
	size_t at;

	if (counts_as_mfa(c, acr) || (acr && text_equal(acr, upstream_acr_mfa(c))))
		return true;
	json_array_foreach (json_object_get(claims, "amr"), at, value)
		if (counts_as_mfa(c, json_string_value(value)))
			return true;
	return false;
}

static void read_strength(struct work *w, const json_t *claims, struct upstream_person *out)
{
	static const char *const none[] = { NULL };
	const struct connection *c = out->connection;
	int64_t auth_time = json_get_int(claims, "auth_time", 0);

	out->mfa = c->trust_upstream_mfa && is_mfa(c, claims);
	out->amr = c->trust_upstream_mfa ? amr_of(w->arena, claims) : none;
	out->auth_time = auth_time > 0 && auth_time < w->now ? auth_time : 0;
	out->ends_at = json_get_int(claims, "session_expiry", 0); /* OpenID IPSIE SL1 */
	if (out->ends_at < 0)
		out->ends_at = 0;
}

/* --- groups that were left out -------------------------------------------------------------------------- */

static bool reads(const json_t *rule, const char *name)
{
	const json_t *value;
	const char *key;
	size_t at;

	if (json_is_array(rule)) {
		json_array_foreach (rule, at, value)
			if (reads(value, name))
				return true;
		return false;
	}
	if (!json_is_object(rule))
		return false;
	if (text_equal(json_get_text(rule, "claim"), name))
		return true;
	/* jansson's iterator is not const; nothing is changed */
	json_object_foreach ((json_t *)(uintptr_t)rule, key, value)
		if (reads(value, name))
			return true;
	return false;
}

/* Core 5.6.2: a claim that stands elsewhere. Entra leaves more than 200 groups out like this, or says
 * hasgroups. */
static bool groups_left_out(const json_t *claims)
{
	const json_t *hasgroups = json_object_get(claims, "hasgroups");

	return json_object_get(json_object_get(claims, "_claim_names"), "groups") ||
	       (hasgroups && !json_is_false(hasgroups));
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static const char *named(const json_t *claims, const char *name, const char *usual)
{
	const char *text = json_get_text(claims, name ? name : usual);

	return text_is_empty(text) ? NULL : text;
}

static void read_names(const json_t *claims, const json_t *document, struct upstream_person *out)
{
	const struct connection *c = out->connection;

	out->email = named(document, email_name(c), NULL);
	out->email_verified = out->email && is_verified(c, document, out->email);
	out->given_name = named(claims, c->given_name_claim, "given_name");
	out->family_name = named(claims, c->family_name_claim, "family_name");
}

enum err upstream_person_of(struct work *w, const struct connection *c, const json_t *id_token,
			    const json_t *userinfo, struct upstream_person *out, struct upstream_refusal *why)
{
	const char *sid = json_get_text(id_token, "sid");

	*out = (struct upstream_person){ .connection = c,
					 .issuer = c->issuer,
					 .subject = upstream_subject(w->arena, c, id_token),
					 .claims = merge(w->arena, c, id_token, userinfo),
					 .upstream_sid = sid && strlen(sid) <= SID_MAX ? sid : NULL };
	read_names(out->claims, email_document(c, id_token, userinfo), out);
	read_strength(w, id_token, out);
	if (groups_left_out(out->claims) && reads(c->mapping, "groups"))
		return upstream_refuse(
			w, why, ERR_UPSTREAM_ANSWER, "groups_overage",
			"the person is in more groups than the token holds. In Entra: Token "
			"configuration > groups assigned to the application; or map app roles");
	return OK;
}
