/* service_endpoint.c: where a service takes answers, requests and logouts (SAML
 * Metadata 2.2.2, 2.4.3, 2.4.4). */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "http/url.h"
#include "saml/service_reading.h"
#include "saml/tree.h"

#define CONSUMER      "AssertionConsumerService"
#define SIGN_ON       "SingleSignOnService"
#define LOGOUT        "SingleLogoutService"
#define ENDPOINTS_MAX 256
#define LOCATION_MAX  2048

/* Which one, for a message. */
struct place {
	const char *name;
	size_t at;
};

static enum err check_address(struct service_reading *r, struct place place, const char *location)
{
	struct url url;

	if (location == NULL)
		return service_complain(r, "%s[%zu]: has no Location", place.name, place.at);
	if (strlen(location) > LOCATION_MAX || !url_read(r->arena, location, &url))
		return service_complain(r, "%s[%zu]: \"%s\" is no address", place.name, place.at,
					service_told(r, location));
	if (strchr(url.rest, '#') != NULL)
		return service_complain(r, "%s[%zu]: an address with # cannot take an answer", place.name,
					place.at);
	if (text_equal(url.scheme, "https") || (r->development && url_host_is_loopback(url.host)))
		return OK;
	return service_complain(r, "%s[%zu]: http is accepted for loopback alone%s: use https", place.name,
				place.at, r->development ? "" : ", and only in development");
}

/* Bindings that we do not speak are passed over: SAML 1.1, SimpleSign, answers in a query. */
static bool is_used(struct place place, enum saml_binding binding)
{
	if (text_equal(place.name, CONSUMER))
		return binding == BINDING_POST || binding == BINDING_ARTIFACT || binding == BINDING_PAOS;
	if (text_equal(place.name, SIGN_ON))
		return binding == BINDING_REDIRECT || binding == BINDING_POST;
	return binding == BINDING_REDIRECT || binding == BINDING_POST || binding == BINDING_SOAP;
}

/* Only endpoints to choose from have an index (Metadata 2.2.3). */
static enum err read_choice(struct service_reading *r, const xmlNode *node, struct place place,
			    struct endpoint *out)
{
	out->index = -1;
	if (!text_equal(place.name, CONSUMER))
		return OK;
	if (!tree_index(r->arena, node, "index", &out->index))
		return service_complain(r, "%s[%zu]: index is a number up to 65535", place.name, place.at);
	if (!tree_flag(r->arena, node, "isDefault", &out->is_default))
		return service_complain(r, "%s[%zu]: isDefault is true or false", place.name, place.at);
	return OK;
}

static enum err read_endpoint(struct service_reading *r, const xmlNode *node, struct place place,
			      struct endpoint *out)
{
	out->location = tree_attribute(r->arena, node, "Location");
	out->response_location = tree_attribute(r->arena, node, "ResponseLocation");
	TRY(read_choice(r, node, place, out));
	TRY(check_address(r, place, out->location));
	return out->response_location != NULL ? check_address(r, place, out->response_location) : OK;
}

/* An index means one endpoint (Metadata 2.2.3), or a request by index could mean two. */
static enum err check_index(struct service_reading *r, struct place place, const struct endpoint *list,
			    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].index >= 0 && list[i].index == list[count].index)
			return service_complain(r, "%s[%zu]: index %" PRId64 " is there already", place.name,
						place.at, list[i].index);
	}
	return OK;
}

enum err service_read_endpoints_of(struct service_reading *r, const xmlNode *role, const char *name,
				   const struct endpoint **out, size_t *count)
{
	struct endpoint *list = arena_array(r->arena, struct endpoint, ENDPOINTS_MAX);
	struct place place = { .name = name };
	const xmlNode *node = tree_child(role, NS_METADATA, name);

	for (; node != NULL; node = tree_following(node), place.at++) {
		struct endpoint *one = &list[*count];
		enum saml_binding binding = saml_binding_of(tree_attribute(r->arena, node, "Binding"));

		if (!is_used(place, binding))
			continue;
		TRY(read_endpoint(r, node, place, one));
		one->binding = binding;
		TRY(check_index(r, place, list, *count));
		if (++*count == ENDPOINTS_MAX)
			return service_complain(r, "there are too many %ss", name);
	}
	*out = list;
	return OK;
}

enum err service_read_endpoints(struct service_reading *r, const xmlNode *role)
{
	struct service *out = r->out;

	TRY(service_read_endpoints_of(r, role, CONSUMER, &out->acs, &out->acs_count));
	TRY(service_read_endpoints_of(r, role, LOGOUT, &out->slo, &out->slo_count));
	if (out->acs_count == 0)
		return service_complain(r, "no AssertionConsumerService takes answers over HTTP-POST, "
					   "HTTP-Artifact or PAOS");
	return OK;
}
