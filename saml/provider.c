/* provider.c: an identity provider's EntityDescriptor (SAML Metadata 2.3, 2.4.3). As with an app's, a
 * Signature in it is not verified: it came from the administrator's own file, or over https from a declared
 * address. */
#include "saml/provider.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "keys/secret.h"
#include "saml/service_reading.h"
#include "saml/tree.h"

#define LISTED_MAX 8 /* entity ids that are told */

struct provider_reading {
	struct service_reading r;
	struct provider *out;
	const char *entity_id;
};

static bool is_provider(const xmlNode *node)
{
	return tree_is(node, NS_METADATA, "EntityDescriptor") &&
	       tree_is(node->parent, NS_METADATA, "EntitiesDescriptor") &&
	       tree_child(node, NS_METADATA, "IDPSSODescriptor") != NULL;
}

static const xmlNode *next_provider(const xmlNode *root, const xmlNode *node)
{
	do
		node = tree_walk(root, node);
	while (node != NULL && !is_provider(node));
	return node;
}

static const char *listed(struct provider_reading *p, const xmlNode *root)
{
	AUTO_BUF text = BUF(8 * KB);
	const xmlNode *node = next_provider(root, root);

	for (size_t i = 0; node != NULL && i < LISTED_MAX; i++, node = next_provider(root, node))
		buf_print(&text, "%s%s", i > 0 ? ", " : "",
			  service_told(&p->r, tree_attribute(p->r.arena, node, "entityID")));
	if (node != NULL)
		buf_text(&text, " ...");
	return arena_text(p->r.arena, buf_str(&text));
}

/* Nobody picks one by its place: of several the declaration says which. Two of one id are none. */
static enum err choose(struct provider_reading *p, const xmlNode *root, const xmlNode **out)
{
	bool any = p->entity_id != NULL && *p->entity_id == '\0';
	const xmlNode *found = NULL;

	for (const xmlNode *node = next_provider(root, root); node != NULL;
	     node = next_provider(root, node)) {
		const char *id = tree_attribute(p->r.arena, node, "entityID");

		if (p->entity_id != NULL && !any && !text_equal(id, p->entity_id))
			continue;
		if (found != NULL && !any)
			return service_complain(
				&p->r,
				"there are several identity providers in it (%s): entity_id says "
				"which one is meant",
				listed(p, root));
		found = found != NULL ? found : node;
	}
	if (found == NULL)
		return service_complain(&p->r, "none of the identity providers in it is \"%s\" (%s)",
					service_told(&p->r, p->entity_id), listed(p, root));
	*out = found;
	return OK;
}

/* Lists may be in lists, and each may end. */
static enum err read_lists(struct provider_reading *p, const xmlNode *entity)
{
	for (const xmlNode *list = entity->parent; tree_is(list, NS_METADATA, "EntitiesDescriptor");
	     list = list->parent)
		TRY(service_read_lifetime(&p->r, list));
	return OK;
}

static enum err read_role(struct provider_reading *p, const xmlNode *entity, const xmlNode *role)
{
	struct service_reading *r = &p->r;
	struct provider *out = p->out;

	if (!tree_flag(r->arena, role, "WantAuthnRequestsSigned", &out->wants_requests_signed))
		return service_complain(r, "WantAuthnRequestsSigned is true or false");
	TRY(service_read_lifetime(r, role));
	TRY(service_read_keys(r, role));
	if (!service_has_signing_key(&out->entity))
		return service_complain(
			r, "no KeyDescriptor for signing has an X509Certificate: its answers could not "
			   "be checked");
	TRY(service_read_endpoints_of(r, role, "SingleLogoutService", &out->entity.slo,
				      &out->entity.slo_count));
	TRY(service_read_endpoints_of(r, role, "SingleSignOnService", &out->sso, &out->sso_count));
	if (out->sso_count == 0)
		return service_complain(
			r, "no SingleSignOnService takes requests over HTTP-Redirect or HTTP-POST");
	service_read_formats(r, role);
	out->entity.name = service_read_name(r, entity, role);
	return OK;
}

static enum err read_all(struct provider_reading *p, struct bytes text)
{
	static const struct service_role wanted = {
		"IDPSSODescriptor", "SPSSODescriptor",
		"this is metadata of an app, not of an identity provider"
	};
	const xmlNode *entity = NULL, *role = NULL;
	xmlNode *root = NULL;

	TRY(service_parse(&p->r, text, &root));
	entity = root;
	if (tree_is(root, NS_METADATA, "EntitiesDescriptor"))
		TRY(choose(p, root, &entity));
	TRY(service_read_entity(&p->r, entity, text_is_empty(p->entity_id) ? NULL : p->entity_id));
	TRY(read_lists(p, entity));
	TRY(service_read_lifetime(&p->r, entity));
	TRY(service_find_role(&p->r, entity, &wanted, &role));
	TRY(read_role(p, entity, role));
	p->out->entity.version =
		arena_print(p->r.arena, "idp %s", hex_encode(p->r.arena, sha256(p->r.arena, text)));
	return OK;
}

enum err provider_read(struct arena *arena, const char *xml, size_t size, const char *entity_id, int64_t now,
		       bool development, struct provider *out, const char **trouble)
{
	struct provider provider = { 0 };
	struct provider_reading p = {
		.r = { .arena = arena, .out = &provider.entity, .now = now, .development = development },
		.out = &provider,
		.entity_id = entity_id
	};
	enum err err = read_all(&p, (struct bytes){ (const uint8_t *)xml, size });

	*trouble = p.r.trouble;
	if (err == OK)
		*out = provider;
	return err;
}

const struct endpoint *provider_sso(const struct provider *provider, enum saml_binding binding)
{
	for (size_t i = 0; i < provider->sso_count; i++)
		if (provider->sso[i].binding == binding)
			return &provider->sso[i];
	return NULL;
}
