/* upstream.c: the browser goes to a SAML provider (SAML Core 3.4.1, Profiles 4.1.4.1); metadata of one that
 * is declared; an answer that an administrator pasted. */
#include "saml/upstream.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/fetch.h"
#include "keys/xml_key.h"
#include "people/connector.h"
#include "people/provision.h"
#include "saml/desk.h"
#include "saml/provider.h"
#include "saml/refresh.h"
#include "saml/response.h"
#include "saml/saml.h"
#include "saml/shelf.h"
#include "saml/sp.h"
#include "store/connections.h"
#include "store/metadata.h"
#include "store/snapshot.h"

#define REFEDS_MFA    "https://refeds.org/profile/mfa"
#define MICROSOFT_MFA "http://schemas.microsoft.com/claims/multipleauthn"
#define PASTED_MAX    (400 * KB)

void saml_finding(json_t *findings, const char *check, const char *outcome, const char *why, const char *mend)
{
	json_t *row = json_pack("{s:s, s:s}", "check", check, "outcome", outcome);

	json_set_text(row, "why", why);
	json_set_text(row, "mend", mend);
	int failed = json_array_append_new(findings, row);

	assert(!failed);
}

/* --- declared ---------------------------------------------------------------------------------------- */

/* Beside what people/connection.h has looked at: what is declared needs its part in the metadata. */
static const char *provider_trouble(const struct connection *c, const struct provider *provider)
{
	if (!c->sign_requests && provider->wants_requests_signed)
		return "sign_requests: the provider takes signed requests alone (WantAuthnRequestsSigned)";
	if (c->force_post && !provider_sso(provider, BINDING_POST))
		return "force_post: the metadata has no SingleSignOnService for HTTP-POST";
	if (c->upstream_logout && !service_slo(&provider->entity, BINDING_REDIRECT))
		return "upstream_logout: the metadata has no SingleLogoutService for HTTP-Redirect";
	return NULL;
}

static const char *trouble_of(struct work *w, const json_t *whole, const char *metadata, bool known)
{
	AUTO(json_done) json_t *copy = json_deep_copy(whole);
	struct connection c = { 0 };
	struct provider provider;
	const char *trouble = NULL;

	connection_fill(w->arena, copy, &c);
	if (text_equal(c.name_id_format, name_id_word(NAME_ID_TRANSIENT)) && !c.subject_attribute)
		return "name_id_format: a transient name is another one each time: declare subject_attribute";
	if (!metadata)
		return NULL;
	if (provider_read(w->arena, metadata, strlen(metadata), c.entity_id, known ? 0 : w->now,
			  w->app->config->development, &provider, &trouble) == OK)
		return provider_trouble(&c, &provider);
	return arena_print(w->arena, "%s: %s", c.metadata_url ? "metadata_url" : "metadata", trouble);
}

/* Which of several is meant, the declaration says: trouble_of looks at that. */
static enum err fetch_first(struct work *w, const char *url, struct metadata_row *out)
{
	static const struct metadata_meant meant = { .provider = true, .entity_id = PROVIDER_ANY };

	return metadata_fetch(w, url, &meant, NULL, out);
}

static json_t *ours(struct work *w, const struct connection *connection)
{
	static const struct {
		const char *name, *path;
	} addresses[] = {
		{ "entity_id", PATH_SP_METADATA },
		{ "metadata", PATH_SP_METADATA },
		{ "acs", PATH_SP_ACS },
		{ "slo", PATH_SP_SLO },
	};
	const struct xml_key *keys = NULL;
	json_t *told = json_object();
	size_t count = 0;

	for (size_t i = 0; i < COUNT(addresses); i++)
		json_set_text(told, addresses[i].name, sp_address(w, addresses[i].path, connection->id));
	if (xml_keys(w, &keys, &count) == OK && count)
		json_set_text(told, "certificate_sha256", keys[0].kid);
	return told;
}

/* --- going there ------------------------------------------------------------------------------------- */

static const struct endpoint *endpoint_of(const struct connection *connection,
					  const struct provider *provider)
{
	const struct endpoint *by_redirect = provider_sso(provider, BINDING_REDIRECT);

	return connection->force_post || !by_redirect ? provider_sso(provider, BINDING_POST) : by_redirect;
}

static const char *context_of(const struct connection *connection, bool mfa)
{
	bool microsoft = text_equal(connection->preset, "entra") || text_equal(connection->preset, "adfs");

	if (!mfa)
		return NULL;
	return connection->acr_mfa ? connection->acr_mfa : microsoft ? MICROSOFT_MFA : REFEDS_MFA;
}

static const char *format_of(const struct connection *connection)
{
	for (enum name_id_format format = NAME_ID_UNSPECIFIED; format <= NAME_ID_EMAIL; format++)
		if (text_equal(connection->name_id_format, name_id_word(format)))
			return name_id_uri(format);
	return NULL;
}

static enum err start(struct work *w, const struct connect_ask *ask, struct departure *out)
{
	const struct connection *connection = ask->connection;
	const struct provider *provider;
	struct outgoing message = { 0 };

	TRY(shelf_provider(w, connection, &provider));
	const struct endpoint *to = endpoint_of(connection, provider);

	if (!to)
		return fault(w, ERR_UPSTREAM_DOWN, "%s takes no requests by HTTP-POST", connection->id);
	TRY(desk_authn_request(
		w,
		&(struct login_order){ .location = to->location,
				       .binding = to->binding,
				       .issuer = sp_address(w, PATH_SP_METADATA, connection->id),
				       .acs = sp_address(w, PATH_SP_ACS, connection->id),
				       .id = sp_request_id(w, ask->state),
				       .relay_state = ask->state,
				       .name_id_format = format_of(connection),
				       .context_class = context_of(connection, ask->mfa),
				       .force_authn = ask->fresh,
				       .is_unsigned = !connection->sign_requests },
		&message));
	*out = (struct departure){ .url = message.url, .field = message.field, .value = message.value };
	if (message.field)
		out->relay_state = ask->state;
	return OK;
}

/* Whatever answers is there. Where we may not look (a provider inside, outbound.allow) the browser may all
 * the same. */
static enum err probe(struct work *w, const struct connection *connection)
{
	const struct provider *provider;
	struct fetch_answer answer = { 0 };

	TRY(shelf_provider(w, connection, &provider));
	const struct endpoint *to = endpoint_of(connection, provider);

	if (!to)
		return fault(w, ERR_UPSTREAM_DOWN, "%s takes no requests by HTTP-POST", connection->id);
	enum err err = fetch(w, &(struct fetch_ask){ .url = to->location }, &answer);

	if (err == ERR_FETCH_REFUSED) {
		w->err = OK;
		return OK;
	}
	if (err != OK)
		return fault(w, ERR_UPSTREAM_DOWN, "%s: %s", connection->id, w->reason);
	return answer.status < 500
		       ? OK
		       : fault(w, ERR_UPSTREAM_DOWN, "%s answers %ld", connection->id, answer.status);
}

/* --- pasted ------------------------------------------------------------------------------------------ */

/* XML, or base64 of it with blanks anywhere, as a browser's tools show it. */
static bool unpack(struct arena *arena, const char *pasted, struct bytes *out)
{
	const char *text = pasted + strspn(pasted, " \t\r\n");
	size_t size = strnlen(text, PASTED_MAX + 1), length = 0;

	if (size > PASTED_MAX)
		return false;
	if (*text == '<') {
		*out = (struct bytes){ (const uint8_t *)text, size };
		return true;
	}
	char *packed = arena_array(arena, char, size + 1);

	for (size_t i = 0; i < size; i++)
		if (!strchr(" \t\r\n", text[i]))
			packed[length++] = text[i];
	return base64_decode(arena, packed, length, out) && out->size > 0;
}

static enum err read_pasted(struct work *w, const struct connection *connection, const char *pasted,
			    struct upstream_person *out, json_t **findings)
{
	AUTO(json_done) json_t *rows = json_array();
	const struct provider *provider;
	struct response_said said;
	const char *word = NULL;
	struct bytes xml;

	TRY(shelf_provider(w, connection, &provider));
	const struct response_ask ask = { .connection = connection,
					  .provider = provider,
					  .acs = sp_address(w, PATH_SP_ACS, connection->id),
					  .audience = sp_address(w, PATH_SP_METADATA, connection->id),
					  .findings = rows };

	if (!unpack(w->arena, pasted, &xml))
		return fault(w, ERR_DOCUMENT, "neither XML nor base64 of it");
	TRY(response_read(w, xml, &ask, &said, &word));
	enum err err = sp_person(w, connection, &said, out, &word);

	if (err != OK)
		return fault(w, ERR_DOCUMENT, "%s", w->reason);
	*findings = TAKE(rows);
	return OK;
}

const struct connector saml_connector = {
	.protocol = "saml",
	.trouble = trouble_of,
	.fetch = fetch_first,
	.start = start,
	.probe = probe,
	.read = read_pasted,
	.examine = saml_examine,
	.ours = ours,
	.leave = sp_leave,
};
