/* claims.c: the table of claims and their one builder (OpenID Connect Core 5.1, 5.4, 5.5; RFC 9068 2.2). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/account.h"
#include "people/claims.h"
#include "people/clinic_claim.h"
#include "store/snapshot.h"

/* What a row's source works from. */
struct making {
	struct work *work;
	const struct subject *subject;
	const struct claims_ask *ask;
	enum claims_for for_;
	const struct place *place; /* where they work now, when they may */
};

/* A source answers a new value, or NULL when there is nothing to say. */
static json_t *text_claim(const char *text)
{
	return text_is_empty(text) ? NULL : json_string(text);
}

static json_t *profile_claim(const struct making *m, const char *name)
{
	json_t *value = json_object_get(m->subject->account.profile, name);

	return value ? json_deep_copy(value) : NULL;
}

static json_t *claim_sub(const struct making *m, UNUSED const char *name)
{
	return json_string(m->subject->account.id);
}

static json_t *claim_sid(const struct making *m, UNUSED const char *name)
{
	return text_claim(m->ask->sid);
}

static json_t *claim_auth_time(const struct making *m, UNUSED const char *name)
{
	return m->ask->auth_time ? json_integer(m->ask->auth_time) : NULL;
}

static json_t *claim_acr(const struct making *m, UNUSED const char *name)
{
	return text_claim(m->ask->acr);
}

static json_t *claim_amr(const struct making *m, UNUSED const char *name)
{
	return m->ask->amr ? json_list(m->ask->amr) : NULL;
}

static json_t *claim_tenant(const struct making *m, UNUSED const char *name)
{
	return json_string(m->subject->practice->id);
}

static json_t *claim_session_expiry(const struct making *m, UNUSED const char *name)
{
	return m->ask->session_expiry ? json_integer(m->ask->session_expiry) : NULL;
}

static json_t *claim_clinic(const struct making *m, UNUSED const char *name)
{
	return clinic_claim(m->work, m->subject, m->place, m->for_);
}

static json_t *claim_roles(const struct making *m, UNUSED const char *name)
{
	return json_list(m->place ? m->place->roles : m->subject->standing.everywhere);
}

static json_t *claim_groups(const struct making *m, UNUSED const char *name)
{
	return groups_claim(m->work, m->subject, m->place, m->for_);
}

static json_t *claim_name(const struct making *m, UNUSED const char *name)
{
	const struct account *account = &m->subject->account;

	if (text_is_empty(account->given_name) || text_is_empty(account->family_name))
		return text_claim(text_is_empty(account->given_name) ? account->family_name
								     : account->given_name);
	return json_string(arena_print(m->work->arena, "%s %s", account->given_name, account->family_name));
}

static json_t *claim_given_name(const struct making *m, UNUSED const char *name)
{
	return text_claim(m->subject->account.given_name);
}

static json_t *claim_family_name(const struct making *m, UNUSED const char *name)
{
	return text_claim(m->subject->account.family_name);
}

static json_t *claim_updated_at(const struct making *m, UNUSED const char *name)
{
	return m->subject->account.updated_at ? json_integer(m->subject->account.updated_at) : NULL;
}

static json_t *claim_email(const struct making *m, UNUSED const char *name)
{
	return text_claim(m->subject->account.email);
}

static json_t *claim_email_verified(const struct making *m, UNUSED const char *name)
{
	return json_boolean(m->subject->account.email_verified);
}

/* A number that nobody proved is not said to be proved; without a number there is nothing to say. */
static json_t *claim_phone_verified(const struct making *m, const char *name)
{
	if (!json_object_get(m->subject->account.profile, "phone_number"))
		return NULL;
	return json_boolean(json_get_bool(m->subject->account.profile, name, false));
}

/* Where a claim goes by scope alone; scope NULL: always. Elsewhere it goes only where it is asked for by
 * name, and by name into an ID token or userinfo alone. */
enum {
	IN_ID = 1 << CLAIMS_ID_TOKEN,
	IN_ACCESS = 1 << CLAIMS_ACCESS_TOKEN,
	IN_INFO = 1 << CLAIMS_USERINFO,
	IN_INTRO = 1 << CLAIMS_INTROSPECTION,
	IN_ALL = IN_ID | IN_ACCESS | IN_INFO | IN_INTRO
};

static const struct claim {
	const char *name;
	const char *scope; /* either of two words, with a space between */
	unsigned by_scope;
	unsigned always;
	json_t *(*source)(const struct making *m, const char *name);
} claims[] = {
	{ "sub", NULL, 0, IN_ALL, claim_sub },
	{ "sid", NULL, 0, IN_ALL, claim_sid },
	{ "auth_time", NULL, 0, IN_ALL, claim_auth_time },
	{ "acr", NULL, 0, IN_ALL, claim_acr },
	{ "amr", NULL, 0, IN_ALL, claim_amr },
	/* A resource server must know the practice, whatever the scope. */
	{ "tenant", "clinic", IN_ID | IN_INFO, IN_ACCESS | IN_INTRO, claim_tenant },
	{ "session_expiry", "clinic", IN_ID, 0, claim_session_expiry },
	{ "clinic", "clinic", IN_ALL, 0, claim_clinic },
	{ "roles", "clinic roles", IN_ALL, 0, claim_roles },
	{ "groups", "groups", IN_ID | IN_INFO | IN_INTRO, 0, claim_groups },
	{ "name", "profile", IN_INFO, 0, claim_name },
	{ "given_name", "profile", IN_INFO, 0, claim_given_name },
	{ "family_name", "profile", IN_INFO, 0, claim_family_name },
	{ "middle_name", "profile", IN_INFO, 0, profile_claim },
	{ "nickname", "profile", IN_INFO, 0, profile_claim },
	{ "preferred_username", "profile", IN_INFO, 0, profile_claim },
	{ "profile", "profile", IN_INFO, 0, profile_claim },
	{ "picture", "profile", IN_INFO, 0, profile_claim },
	{ "website", "profile", IN_INFO, 0, profile_claim },
	{ "gender", "profile", IN_INFO, 0, profile_claim },
	{ "birthdate", "profile", IN_INFO, 0, profile_claim },
	{ "zoneinfo", "profile", IN_INFO, 0, profile_claim },
	{ "locale", "profile", IN_INFO, 0, profile_claim },
	{ "updated_at", "profile", IN_INFO, 0, claim_updated_at },
	{ "email", "email", IN_INFO, 0, claim_email },
	{ "email_verified", "email", IN_INFO, 0, claim_email_verified },
	{ "phone_number", "phone", IN_INFO, 0, profile_claim },
	{ "phone_number_verified", "phone", IN_INFO, 0, claim_phone_verified },
	{ "address", "address", IN_INFO, 0, profile_claim },
};

/* Is one of the row's scopes among the words? */
static bool scope_has(const struct claim *claim, bool (*has)(const void *words, const char *scope),
		      const void *words)
{
	char first[32];
	size_t size = strcspn(claim->scope, " ");

	snprintf(first, sizeof(first), "%.*s", (int)size, claim->scope);
	return has(words, first) || (claim->scope[size] && has(words, claim->scope + size + 1));
}

static bool granted(const void *words, const char *scope)
{
	return words && text_words_have(words, scope);
}

static bool registered(const void *list, const char *scope)
{
	return text_list_has(list, scope);
}

/* The `claims` parameter asks by name (OpenID Connect Core 5.5), within what the app is registered for. What
 * we cannot give, whether essential or with a value, is left out: never an error. */
static bool named(const struct client *client, const json_t *asked, const char *where,
		  const struct claim *claim)
{
	return claim->scope && client && json_object_get(json_object_get(asked, where), claim->name) &&
	       scope_has(claim, registered, client->scopes);
}

/* Fields of the app, agreed when it was registered. */
static bool always_given(const struct client *client, const struct claim *claim)
{
	return client && text_list_has(client->id_token_claims, claim->name);
}

static bool requested(const struct making *m, const struct claim *claim)
{
	const char *where = m->for_ == CLAIMS_ID_TOKEN   ? "id_token"
			    : m->for_ == CLAIMS_USERINFO ? "userinfo"
							 : NULL;

	return where && named(m->ask->client, m->ask->requested, where, claim);
}

static bool wanted(const struct making *m, const struct claim *claim)
{
	unsigned here = 1U << m->for_;

	if (claim->always & here)
		return true;
	if ((claim->by_scope & here) && scope_has(claim, granted, m->ask->scope))
		return true;
	if (m->for_ == CLAIMS_ID_TOKEN && always_given(m->ask->client, claim))
		return true;
	return requested(m, claim);
}

/* The first of the claim's scopes: by it a person is asked. */
static char *first_scope(struct arena *arena, const struct claim *claim)
{
	return arena_textn(arena, claim->scope, strcspn(claim->scope, " "));
}

char *claims_scopes(struct arena *arena, const struct client *client, const char *scope, const json_t *asked)
{
	char *words = arena_text(arena, scope);

	/* without openid there is neither ID token nor userinfo */
	for (size_t i = 0; text_words_have(scope, "openid") && i < COUNT(claims); i++) {
		const struct claim *claim = &claims[i];

		if (!claim->scope || scope_has(claim, granted, words))
			continue;
		if (always_given(client, claim) || named(client, asked, "id_token", claim) ||
		    named(client, asked, "userinfo", claim))
			words = arena_print(arena, "%s %s", words, first_scope(arena, claim));
	}
	return words;
}

enum err claims_build(struct work *work, const struct subject *subject, const struct claims_ask *ask,
		      enum claims_for for_, json_t **out)
{
	const struct making m = { .work = work,
				  .subject = subject,
				  .ask = ask,
				  .for_ = for_,
				  .place = standing_at(&subject->standing, ask->location_id) };
	json_t *object = json_object();

	for (size_t i = 0; i < COUNT(claims); i++) {
		json_t *value = wanted(&m, &claims[i]) ? claims[i].source(&m, claims[i].name) : NULL;

		if (value)
			json_set(object, claims[i].name, value);
	}
	*out = object;
	return OK;
}

enum err claims_of_client(struct work *work, const struct client *client, json_t **out)
{
	json_t *object = json_object();

	json_set_text(object, "sub", client->client_id); /* RFC 9068 2.2: the client itself */
	json_set_text(object, "tenant", work->practice);
	*out = object;
	return OK;
}

static const char *const supported[] = {
	"sub",
	"iss",
	"aud",
	"exp",
	"iat",
	"nonce",
	"at_hash",
	"sid",
	"auth_time",
	"acr",
	"amr",
	"tenant",
	"session_expiry",
	"clinic",
	"roles",
	"groups",
	"name",
	"given_name",
	"family_name",
	"middle_name",
	"nickname",
	"preferred_username",
	"profile",
	"picture",
	"website",
	"gender",
	"birthdate",
	"zoneinfo",
	"locale",
	"updated_at",
	"email",
	"email_verified",
	"phone_number",
	"phone_number_verified",
	"address",
	NULL,
};

const char *const *claims_supported(void)
{
	return supported;
}

bool claim_is_released(const char *name)
{
	for (size_t i = 0; i < COUNT(claims); i++)
		if (claims[i].scope && text_equal(claims[i].name, name))
			return true;
	return false;
}

const char *const *scopes_supported(void)
{
	static const char *const scopes[] = {
		"openid", "profile", "email",  "phone",          "address",
		"clinic", "roles",   "groups", "offline_access", NULL,
	};

	return scopes;
}

bool claims_reserved(const char *name)
{
	static const char *const reserved[] = {
		"iss",
		"sub",
		"aud",
		"exp",
		"nbf",
		"iat",
		"jti",
		"nonce",
		"azp",
		"at_hash",
		"c_hash",
		"s_hash",
		"acr",
		"amr",
		"auth_time",
		"sid",
		"session_expiry",
		"client_id",
		"scope",
		"tenant",
		"clinic",
		"roles",
		"groups",
		"entitlements",
		"cnf",
		"act",
		"may_act",
		"events",
		"toe",
		"txn",
		"sub_id",
		"authorization_details",
		"active",
		"token_type",
		"email_verified",
		"phone_number_verified",
		NULL,
	};

	return text_list_has(reserved, name);
}
