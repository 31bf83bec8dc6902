/* registry.c: a declared SAML app is checked against its metadata, and what its metadata says is told to
 * people. */
#include "saml/registry.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/xml_key.h"
#include "saml/attributes.h"
#include "saml/refresh.h"
#include "saml/saml.h"
#include "saml/service.h"
#include "store/apps.h"
#include "store/metadata.h"
#include "store/snapshot.h"

#define DAY        ((int64_t)86400)
#define SOON_DAYS  30
#define LIST_SHOWN 64 /* of a list in facts: metadata may have hundreds */

static enum err read_service(struct work *work, const char *xml, const char *entity_id, int64_t now,
			     struct service *out, const char **trouble)
{
	return service_read(work->arena, xml, strlen(xml), entity_id, now, work->app->config->development,
			    out, trouble);
}

/* --- is it sound? -----------------------------------------------------------------------------------------
 */

static bool can_sign(const struct service *service)
{
	for (size_t i = 0; i < service->certificate_count; i++)
		if (service->certificates[i].signing)
			return true;
	return false;
}

/* What is declared beside the metadata needs its part in there. */
static const char *service_trouble(struct work *work, const struct saml_app *app,
				   const struct service *service)
{
	const struct certificate *to = service_encryption(service, work->now);

	if (text_equal(app->encrypt, "always") && (!to || !certificate_is_valid(to, work->now)))
		return "encrypt: the metadata has no RSA certificate for encryption that is valid now";
	if (app->require_signed_requests && !can_sign(service))
		return "require_signed_requests: the metadata has no certificate for signing";
	if (app->allow_ecp && !service_acs(service, NULL, -1, BINDING_PAOS))
		return "allow_ecp: the metadata has no assertion consumer service for PAOS";
	return NULL;
}

static const char *trouble_of(struct work *work, const json_t *whole, const char *metadata, bool known)
{
	struct client app = { 0 };
	struct service service;
	const char *trouble = NULL;

	client_fill(work->arena, whole, &app);
	if (app.saml.attributes)
		trouble = attributes_trouble(work->arena, app.saml.attributes);
	if (trouble || !metadata)
		return trouble;
	if (read_service(work, metadata, app_declared_id(whole), known ? 0 : work->now, &service, &trouble) !=
	    OK)
		return arena_print(work->arena, "%s: %s", app.saml.metadata_url ? "metadata_url" : "metadata",
				   trouble);
	return service_trouble(work, &app.saml, &service);
}

static enum err fetch_first(struct work *work, const char *url, const char *entity_id,
			    struct metadata_row *out)
{
	return metadata_fetch(work, url, &(struct metadata_meant){ .entity_id = entity_id }, NULL, out);
}

static enum err learn(struct work *work, const char *metadata, const char **id, const char **name)
{
	struct service service;
	const char *trouble = NULL;

	if (read_service(work, metadata, NULL, work->now, &service, &trouble) != OK)
		return fault(work, ERR_DOCUMENT, "%s", trouble);
	*id = service.entity_id;
	*name = service.name;
	return OK;
}

/* --- told to people ---------------------------------------------------------------------------------------
 */

static void append(json_t *list, json_t *entry)
{
	int failed = json_array_append_new(list, entry);

	assert(!failed && "out of memory");
}

static const char *binding_word(enum saml_binding binding)
{
	const char *uri = saml_binding_uri(binding), *word = uri ? strrchr(uri, ':') : NULL;

	return word ? word + 1 : "";
}

static void endpoints_tell(json_t *list, const char *what, const struct endpoint *endpoints, size_t count)
{
	for (size_t i = 0; i < count && i < LIST_SHOWN; i++) {
		json_t *row =
			json_pack("{s:s, s:s, s:s}", "endpoint", what, "binding",
				  binding_word(endpoints[i].binding), "location", endpoints[i].location);

		if (endpoints[i].index >= 0)
			json_set(row, "index", json_integer(endpoints[i].index));
		append(list, row);
	}
}

static const char *use_word(const struct certificate *certificate)
{
	return certificate->signing && certificate->encryption ? "signing, encryption"
	       : certificate->signing                          ? "signing"
							       : "encryption";
}

static void certificates_tell(struct work *work, json_t *list, const struct service *service)
{
	for (size_t i = 0; i < service->certificate_count && i < LIST_SHOWN; i++) {
		const struct certificate *certificate = &service->certificates[i];

		append(list, json_pack("{s:s, s:s?, s:s, s:I, s:s}", "certificate", use_word(certificate),
				       "subject", certificate->subject, "ends",
				       clock_rfc3339(work->arena, certificate->not_after), "days_left",
				       (json_int_t)((certificate->not_after - work->now) / DAY), "sha256",
				       certificate->fingerprint));
	}
}

static void warn(json_t *list, const char *why, const char *mend)
{
	append(list, json_pack("{s:s, s:s}", "why", why, "mend", mend));
}

static void certificates_warn(struct work *work, json_t *list, const struct service *service)
{
	int64_t ends = service_expires(service), days = (ends - work->now) / DAY;

	if (!ends || days > SOON_DAYS)
		return;
	warn(list,
	     ends <= work->now ? "a certificate of its metadata has ended"
			       : arena_print(work->arena, "a certificate ends in %" PRId64 " days", days),
	     "get new metadata from the app's administrator: lanyard app set ID --metadata FILE|URL");
}

static json_t *time_told(struct work *work, int64_t seconds)
{
	return seconds ? json_string(clock_rfc3339(work->arena, seconds)) : json_null();
}

/* Of an app with an address: how the last look went. */
static enum err refresh_tell(struct work *work, const struct client *client, json_t *out, json_t *warnings)
{
	struct metadata_row row;
	bool found = false;

	if (!client->saml.metadata_url)
		return OK;
	TRY(metadata_find(work, METADATA_OF_APP, client->client_id, &row, &found));
	if (!found)
		return OK;
	json_set(out, "refresh",
		 json_pack("{s:o, s:o, s:s?}", "fetched", time_told(work, row.fetched_at), "next",
			   time_told(work, row.next_at), "trouble", row.trouble));
	if (row.trouble)
		warn(warnings, arena_print(work->arena, "metadata_url: %s", row.trouble),
		     "look at the address; what was fetched before is used until its validUntil");
	return OK;
}

/* Metadata that has ended is told all the same: what it says helps to find who has to renew it. */
static bool read_for_people(struct work *work, const struct client *client, struct service *out,
			    json_t *warnings)
{
	const char *xml = client->saml.metadata, *trouble = "it was not fetched yet";

	if (xml && read_service(work, xml, client->client_id, work->now, out, &trouble) == OK)
		return true;
	warn(warnings, arena_print(work->arena, "metadata: %s", trouble),
	     "get new metadata from the app's administrator: lanyard app set ID --metadata FILE|URL");
	return xml && read_service(work, xml, client->client_id, 0, out, &trouble) == OK;
}

static enum err facts(struct work *work, const struct client *client, json_t **out)
{
	json_t *endpoints = json_array(), *certificates = json_array(), *warnings = json_array();
	AUTO(json_done)
	json_t *told = json_pack("{s:o, s:o, s:o}", "endpoints", endpoints, "certificates", certificates,
				 "warnings", warnings);
	struct service service;

	assert(told);
	if (read_for_people(work, client, &service, warnings)) {
		endpoints_tell(endpoints, "assertion consumer", service.acs, service.acs_count);
		endpoints_tell(endpoints, "logout", service.slo, service.slo_count);
		certificates_tell(work, certificates, &service);
		certificates_warn(work, warnings, &service);
		json_set(told, "valid_until", time_told(work, service.valid_until));
	}
	TRY(refresh_tell(work, client, told, warnings));
	*out = TAKE(told);
	return OK;
}

static enum err ours(struct work *work, json_t **out)
{
	static const struct {
		const char *name, *path;
	} addresses[] = {
		{ "idp_metadata", PATH_SAML_METADATA },
		{ "idp_entity_id", PATH_SAML_METADATA },
		{ "idp_sso", PATH_SAML_SSO },
		{ "idp_slo", PATH_SAML_SLO },
	};
	const struct xml_key *keys = NULL;
	size_t count = 0;

	TRY(xml_keys(work, &keys, &count));
	json_t *told = json_object();

	for (size_t i = 0; i < COUNT(addresses); i++)
		json_set_text(told, addresses[i].name,
			      arena_print(work->arena, "%s%s", work->app->config->issuer, addresses[i].path));
	if (count)
		json_set_text(told, "idp_certificate_sha256", keys[0].kid);
	*out = told;
	return OK;
}

static json_t *value_told(const struct saml_value *value)
{
	if (value->text)
		return json_string(value->text);
	return json_pack("{s:s, s:s?, s:s?, s:s?}", "code", value->code, "code_system", value->code_system,
			 "code_system_name", value->code_system_name, "display_name", value->display_name);
}

/* As an AttributeStatement has them: every value in a list. */
static json_t *tell(struct work *work, const struct client *client, const json_t *claims)
{
	const struct saml_attribute *attributes = NULL;
	size_t count = 0;
	json_t *told = json_object();

	attributes_build(work, client, claims, &attributes, &count);
	for (size_t i = 0; i < count; i++) {
		json_t *values = json_array();

		json_set(told, attributes[i].name, values);
		for (size_t k = 0; k < attributes[i].value_count; k++)
			append(values, value_told(&attributes[i].values[k]));
	}
	return told;
}

const struct app_protocol saml_protocol = {
	.type = "saml",
	.trouble = trouble_of,
	.fetch = fetch_first,
	.learn = learn,
	.facts = facts,
	.ours = ours,
	.tell = tell,
};
