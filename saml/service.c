/* service.c: choices among what metadata says (SAML Core 3.4.1, Metadata 2.2.3), and metadata written anew.
 */
#include "base/base.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "saml/service.h"
#include "saml/tree.h"

#define METADATA_MAX  (2 * MB)
#define INDEX_MADE_UP 65535 /* downward, for endpoints without one: the schema wants a number */

struct wanted {
	const char *url;
	int64_t index;
	enum saml_binding binding;
};

/* PAOS answers a client that is no browser: it is chosen where it is asked for. */
static bool acs_fits(const struct endpoint *acs, const struct wanted *wanted)
{
	if (wanted->binding != BINDING_NONE ? acs->binding != wanted->binding : acs->binding == BINDING_PAOS)
		return false;
	if (wanted->url != NULL && !text_equal(acs->location, wanted->url))
		return false;
	return wanted->index < 0 || acs->index == wanted->index;
}

const struct endpoint *service_acs(const struct service *service, const char *url, int64_t index,
				   enum saml_binding binding)
{
	const struct wanted wanted = { url, index, binding };
	const struct endpoint *found = NULL;

	for (size_t i = 0; i < service->acs_count; i++) {
		const struct endpoint *acs = &service->acs[i];

		if (!acs_fits(acs, &wanted))
			continue;
		if (acs->is_default)
			return acs;
		if (found == NULL)
			found = acs;
	}
	return found;
}

const struct endpoint *service_slo(const struct service *service, enum saml_binding binding)
{
	for (size_t i = 0; i < service->slo_count; i++) {
		if (service->slo[i].binding == binding)
			return &service->slo[i];
	}
	return NULL;
}

const struct certificate *service_encryption(const struct service *service, int64_t now)
{
	const struct certificate *best = NULL;

	for (size_t i = 0; i < service->certificate_count; i++) {
		const struct certificate *one = &service->certificates[i];

		if (one->encryption && one->rsa && one->not_before <= now && now < one->not_after &&
		    (best == NULL || one->not_after > best->not_after))
			best = one;
	}
	return best;
}

int64_t service_expires(const struct service *service)
{
	int64_t first = 0;

	for (size_t i = 0; i < service->certificate_count; i++) {
		if (first == 0 || service->certificates[i].not_after < first)
			first = service->certificates[i].not_after;
	}
	return first;
}

/* --- metadata --- */

static void put_attribute(struct buf *out, const char *name, const char *value)
{
	buf_print(out, " %s=\"", name);
	html_escape(out, value);
	buf_char(out, '"');
}

static void put_endpoint(struct buf *out, const char *name, const struct endpoint *endpoint)
{
	buf_print(out, "<%s", name);
	put_attribute(out, "Binding", saml_binding_uri(endpoint->binding));
	put_attribute(out, "Location", endpoint->location);
	if (endpoint->response_location != NULL)
		put_attribute(out, "ResponseLocation", endpoint->response_location);
}

static void put_keys(struct buf *out, const struct service *service)
{
	for (size_t i = 0; i < service->certificate_count; i++) {
		if (service->certificates[i].signing)
			buf_print(out,
				  "<KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"" NS_SIGNATURE
				  "\"><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data>"
				  "</ds:KeyInfo></KeyDescriptor>",
				  service->certificates[i].base64);
	}
}

static void put_endpoints(struct buf *out, const struct service *service)
{
	for (size_t i = 0; i < service->slo_count; i++) {
		put_endpoint(out, "SingleLogoutService", &service->slo[i]);
		buf_text(out, "/>");
	}
	for (size_t i = 0; i < service->acs_count; i++) {
		const struct endpoint *acs = &service->acs[i];
		int64_t index = acs->index >= 0 ? acs->index : INDEX_MADE_UP - (int64_t)i;

		put_endpoint(out, "AssertionConsumerService", acs);
		buf_print(out, " index=\"%" PRId64 "\"%s/>", index,
			  acs->is_default ? " isDefault=\"true\"" : "");
	}
}

/* In the order of the schema (Metadata 2.4.4). */
char *service_metadata(struct arena *arena, const struct service *service)
{
	AUTO_BUF out = BUF(METADATA_MAX);

	buf_text(&out, "<EntityDescriptor xmlns=\"" NS_METADATA "\"");
	put_attribute(&out, "entityID", service->entity_id);
	buf_print(&out,
		  "><SPSSODescriptor AuthnRequestsSigned=\"%s\" WantAssertionsSigned=\"%s\""
		  " protocolSupportEnumeration=\"" NS_PROTOCOL "\">",
		  service->requests_signed ? "true" : "false",
		  service->wants_assertions_signed ? "true" : "false");
	put_keys(&out, service);
	put_endpoints(&out, service);
	buf_text(&out, "</SPSSODescriptor></EntityDescriptor>");
	assert(!out.full); /* 256 KB were read; escaping makes them at most six times as many */
	return arena_text(arena, buf_str(&out));
}
