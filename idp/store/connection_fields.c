/* connection_fields.c: what can be declared of a connection, and how a picture is filled from it. */
#include "base/base.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "store/connections.h"
#include "store/snapshot.h"

#define REFEDS_MFA    "https://refeds.org/profile/mfa"
#define MICROSOFT_MFA "http://schemas.microsoft.com/claims/multipleauthn"

const struct connection_field connection_fields[] = {
	{ "id", CONNECTION_ID, CONNECTION_OF_BOTH, NULL, NULL,
	  "unique in the deployment, stands in addresses; never given again" },
	{ "name", CONNECTION_TEXT, CONNECTION_OF_BOTH, NULL, NULL,
	  "what its button says; the id when missing" },
	{ "protocol", CONNECTION_WORD, CONNECTION_OF_BOTH, "oidc saml", NULL, "never changes" },
	{ "preset", CONNECTION_WORD, CONNECTION_OF_BOTH, "okta entra google keycloak adfs other", "other",
	  "whose provider it is: what is known of it is filled in" },
	{ "disabled", CONNECTION_FLAG, CONNECTION_OF_BOTH, NULL, "false", "nobody signs in by it" },
	{ "domains", CONNECTION_DOMAINS, CONNECTION_OF_BOTH, NULL, NULL,
	  "e-mail domains of the practice whose people sign in here" },
	{ "button", CONNECTION_FLAG, CONNECTION_OF_BOTH, NULL, "true",
	  "the sign-in page shows a button for it" },
	{ "issuer", CONNECTION_ADDRESS, CONNECTION_OF_OIDC, NULL, NULL,
	  "as the provider writes it, byte for byte: a slash at the end counts" },
	{ "client_id", CONNECTION_TEXT, CONNECTION_OF_OIDC, NULL, NULL,
	  "ours, as registered at the provider" },
	{ "client_secret", CONNECTION_SECRET, CONNECTION_OF_OIDC, NULL, NULL, "kept sealed" },
	{ "token_endpoint_auth_method", CONNECTION_WORD, CONNECTION_OF_OIDC,
	  "client_secret_basic client_secret_post private_key_jwt", "client_secret_basic",
	  "how we show who we are; private_key_jwt: with our own keys, without a secret" },
	{ "scopes", CONNECTION_TEXTS, CONNECTION_OF_OIDC, NULL, "openid profile email",
	  "what is asked for; with preset okta groups too" },
	{ "tid", CONNECTION_TEXT, CONNECTION_OF_OIDC, NULL, NULL,
	  "preset entra: the tenant's id, the only one accepted" },
	{ "hd", CONNECTION_TEXT, CONNECTION_OF_OIDC, NULL, NULL,
	  "preset google: the hosted domain, the only one accepted" },
	{ "userinfo", CONNECTION_FLAG, CONNECTION_OF_OIDC, NULL, "false",
	  "userinfo is asked too, where groups are not in the ID token" },
	{ "secret_expires_on", CONNECTION_DATE, CONNECTION_OF_OIDC, NULL, NULL,
	  "when the secret ends over there: doctor tells in time" },
	{ "recheck", CONNECTION_SECONDS, CONNECTION_OF_OIDC, "5m 12h", NULL,
	  "how often the provider is asked whether the people of running sessions are still let in, for one "
	  "that tells of no sign-out; never when missing" },
	{ "metadata", CONNECTION_XML, CONNECTION_OF_SAML, NULL, NULL,
	  "the provider's metadata; or metadata_url" },
	{ "metadata_url", CONNECTION_ADDRESS, CONNECTION_OF_SAML, NULL, NULL,
	  "where its metadata is fetched, at once and again before it gets old; or metadata" },
	{ "entity_id", CONNECTION_TEXT, CONNECTION_OF_SAML, NULL, NULL,
	  "of the provider, where its metadata has several" },
	{ "sign_requests", CONNECTION_FLAG, CONNECTION_OF_SAML, NULL, "true", "requests are signed" },
	{ "force_post", CONNECTION_FLAG, CONNECTION_OF_SAML, NULL, "false",
	  "requests go by POST where the provider could take a redirect" },
	{ "allow_idp_initiated", CONNECTION_FLAG, CONNECTION_OF_SAML, NULL, "false",
	  "sign-in may begin over there, without a request" },
	{ "allow_legacy_encryption", CONNECTION_FLAG, CONNECTION_OF_SAML, NULL, "false",
	  "AES-CBC and RSA 1.5 are decrypted too: a recorded deviation" },
	{ "name_id_format", CONNECTION_WORD, CONNECTION_OF_SAML, "persistent email unspecified transient",
	  NULL, "what is asked for; transient only with subject_attribute" },
	{ "subject_attribute", CONNECTION_TEXT, CONNECTION_OF_SAML, NULL, NULL,
	  "the attribute that says who somebody is, instead of the NameID" },
	{ "acr_mfa", CONNECTION_TEXT, CONNECTION_OF_BOTH, NULL, NULL,
	  "asked for when a second factor is needed; as the preset does when missing" },
	{ "mfa_values", CONNECTION_TEXTS, CONNECTION_OF_BOTH, NULL, "mfa",
	  "acr or amr values that say a second factor was used; SAML: the REFEDS and the Microsoft one too" },
	{ "trust_upstream_mfa", CONNECTION_FLAG, CONNECTION_OF_BOTH, NULL, "false",
	  "a second factor used over there counts here" },
	{ "trust_email", CONNECTION_FLAG, CONNECTION_OF_BOTH, NULL, NULL,
	  "addresses count as verified where the provider does not say; true for saml, entra and adfs, else "
	  "false" },
	{ "provision", CONNECTION_OBJECT, CONNECTION_OF_BOTH, NULL, NULL,
	  "{ create: true, update: true, on_unmapped: refuse }; on_unmapped: refuse, hold or default" },
	{ "default_grant", CONNECTION_OBJECT, CONNECTION_OF_BOTH, NULL, NULL,
	  "{ class, role, locations } for whom no rule maps, with on_unmapped: default" },
	{ "mapping", CONNECTION_MAPPING, CONNECTION_OF_BOTH, NULL, NULL,
	  "a list of { when: { claim, equals | contains | prefix }, grant: { class, role, locations } }" },
	{ "claims", CONNECTION_OBJECT, CONNECTION_OF_BOTH, NULL, NULL,
	  "{ email, given_name, family_name }: what the provider calls them" },
	{ "local_sign_in", CONNECTION_WORD, CONNECTION_OF_BOTH, "outage always never", "outage",
	  "when its people may use a password here; outage: while it cannot be reached" },
	{ "continuity", CONNECTION_SECONDS, CONNECTION_OF_BOTH, "5m 24h", "14400",
	  "how long a session by password lives that was begun while it could not be reached" },
	{ "upstream_logout", CONNECTION_FLAG, CONNECTION_OF_BOTH, NULL, "false",
	  "signing out here signs out over there" },
	{ .name = NULL },
};

static const char *fallback_of(const char *name)
{
	for (const struct connection_field *field = connection_fields; field->name; field++)
		if (text_equal(field->name, name))
			return field->fallback;
	assert(!"a field of connection_fields");
	return NULL;
}

static const char *text_of(const json_t *declaration, const char *name)
{
	const char *text = json_get_text(declaration, name);

	return text ? text : fallback_of(name);
}

static bool flag_of(const json_t *declaration, const char *name)
{
	return json_get_bool(declaration, name, text_equal(fallback_of(name), "true"));
}

static int64_t seconds_of(const json_t *declaration, const char *name)
{
	int64_t seconds = 0;
	const char *text = text_of(declaration, name);

	if (!text || !text_to_duration(text, &seconds))
		seconds = 0;
	return json_get_int(declaration, name, seconds);
}

static const char *const *list_of(struct arena *arena, const json_t *declaration, const char *name,
				  const char *fallback)
{
	const char *const *list = json_get_list(arena, declaration, name);

	return list ? list : (const char *const *)text_split(arena, fallback, ' ', NULL);
}

static void oidc_fill(struct arena *arena, const json_t *d, struct connection *out)
{
	out->issuer = json_get_text(d, "issuer");
	out->client_id = json_get_text(d, "client_id");
	out->token_endpoint_auth_method = text_of(d, "token_endpoint_auth_method");
	out->scopes = list_of(arena, d, "scopes",
			      text_equal(out->preset, "okta") ? "openid profile email groups"
							      : fallback_of("scopes"));
	out->tid = json_get_text(d, "tid");
	out->hd = json_get_text(d, "hd");
	out->userinfo = flag_of(d, "userinfo");
	out->secret_expires_on = json_get_text(d, "secret_expires_on");
	out->recheck_seconds = seconds_of(d, "recheck");
}

static void saml_fill(const json_t *d, struct connection *out)
{
	out->metadata = json_get_text(d, "metadata");
	out->metadata_url = json_get_text(d, "metadata_url");
	out->entity_id = json_get_text(d, "entity_id");
	out->sign_requests = flag_of(d, "sign_requests");
	out->force_post = flag_of(d, "force_post");
	out->allow_idp_initiated = flag_of(d, "allow_idp_initiated");
	out->allow_legacy_encryption = flag_of(d, "allow_legacy_encryption");
	out->name_id_format = json_get_text(d, "name_id_format");
	out->subject_attribute = json_get_text(d, "subject_attribute");
}

/* OpenID Connect Core 5.1 names these claims; a SAML attribute has many names, which saml/ knows: NULL. */
static void claims_fill(const json_t *d, bool saml, struct connection *out)
{
	const json_t *claims = json_object_get(d, "claims");
	const char *email = json_get_text(claims, "email");
	const char *given_name = json_get_text(claims, "given_name");
	const char *family_name = json_get_text(claims, "family_name");

	out->email_claim = email || saml ? email : "email";
	out->given_name_claim = given_name || saml ? given_name : "given_name";
	out->family_name_claim = family_name || saml ? family_name : "family_name";
}

static enum on_unmapped on_unmapped_of(const char *word)
{
	if (text_equal(word, "hold"))
		return UNMAPPED_HOLD;
	return text_equal(word, "default") ? UNMAPPED_DEFAULT : UNMAPPED_REFUSE;
}

static enum local_sign_in local_of(const char *word)
{
	if (text_equal(word, "always"))
		return LOCAL_ALWAYS;
	return text_equal(word, "never") ? LOCAL_NEVER : LOCAL_OUTAGE;
}

static void people_fill(const json_t *d, struct connection *out)
{
	const json_t *provision = json_object_get(d, "provision");

	out->create = json_get_bool(provision, "create", true);
	out->update = json_get_bool(provision, "update", true);
	out->on_unmapped = on_unmapped_of(json_get_text(provision, "on_unmapped"));
	out->mapping = json_object_get(d, "mapping");
	out->default_grant = json_object_get(d, "default_grant");
	out->local_sign_in = local_of(text_of(d, "local_sign_in"));
	out->continuity_seconds = seconds_of(d, "continuity");
	out->upstream_logout = flag_of(d, "upstream_logout");
}

void connection_fill(struct arena *arena, json_t *d, struct connection *out)
{
	*out = (struct connection){
		.id = json_get_text(d, "id"),
		.protocol = json_get_text(d, "protocol"),
		.preset = text_of(d, "preset"),
		.disabled = flag_of(d, "disabled"),
		.button = flag_of(d, "button"),
		.acr_mfa = json_get_text(d, "acr_mfa"),
		.trust_upstream_mfa = flag_of(d, "trust_upstream_mfa"),
		.declaration = d,
	};
	const char *name = json_get_text(d, "name");
	bool saml = text_equal(out->protocol, "saml");
	bool vouched = saml || text_equal(out->preset, "entra") || text_equal(out->preset, "adfs");

	out->name = name ? name : out->id;
	out->domains = list_of(arena, d, "domains", "");
	out->mfa_values = list_of(arena, d, "mfa_values",
				  saml ? "mfa " REFEDS_MFA " " MICROSOFT_MFA : fallback_of("mfa_values"));
	out->trust_email = json_get_bool(d, "trust_email", vouched);
	claims_fill(d, saml, out);
	people_fill(d, out);
	if (saml)
		saml_fill(d, out);
	else
		oidc_fill(arena, d, out);
}
