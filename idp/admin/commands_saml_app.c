/* commands_saml_app.c: lanyard app add --saml, and what app show tells of a SAML service provider. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/commands_app.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/app_registry.h"
#include "store/metadata.h"
#include "store/snapshot.h"

/* A new app, told by its metadata. */
struct newcomer {
	const char *metadata, *id, *name;
	struct metadata_row *fetched; /* when --metadata is an address */
};

static enum err protocol_need(struct work *work, const struct app_protocol **out)
{
	*out = app_protocol_of(work, "saml");
	return *out ? OK : fault(work, ERR_REFUSED, "SAML apps are not served here");
}

static enum err metadata_read(struct work *work, const struct app_protocol *protocol, const json_t *arguments,
			      struct newcomer *out)
{
	const char *named = NULL;

	TRY(arg_need(work, arguments, "metadata", &named));
	out->metadata = arg(arguments, "metadata_text");
	if (!out->metadata) {
		out->fetched = arena_new_of(work->arena, struct metadata_row);
		if (protocol->fetch(work, named, NULL, out->fetched) != OK)
			return fault(work, ERR_PARAMETER_MALFORMED, "--metadata: %s", work->reason);
		out->metadata = out->fetched->xml;
	}
	if (protocol->learn(work, out->metadata, &out->id, &out->name) != OK)
		return fault(work, ERR_PARAMETER_MALFORMED, "--metadata: %s", work->reason);
	if (out->fetched)
		out->fetched->owner = out->id;
	return OK;
}

/* The id on the command line, if any, has to be the one in the metadata. */
static enum err newcomer_meant(struct work *work, const json_t *arguments, struct newcomer *n)
{
	const char *id = arg(arguments, "client_id");

	if (id && !text_equal(id, n->id))
		return fault(work, ERR_PARAMETER_MALFORMED, "the metadata is of %s, not of %s", n->id, id);
	if (arg(arguments, "name"))
		n->name = arg(arguments, "name");
	if (!n->name)
		return fault(work, ERR_PARAMETER_MALFORMED, "--name is missing: the metadata has no name");
	return app_id_is_free(work, n->id);
}

void saml_metadata_fill(json_t *declared, const json_t *arguments)
{
	const char *named = arg(arguments, "metadata"), *text = arg(arguments, "metadata_text");

	if (!named)
		return;
	(void)json_object_del(declared, text ? "metadata_url" : "metadata"); /* it may not be there */
	json_set_text(declared, text ? "metadata" : "metadata_url", text ? text : named);
}

enum err saml_app_add(struct work *work, const json_t *arguments, json_t **result, const char **message)
{
	const struct app_protocol *protocol = NULL;
	struct newcomer n = { 0 };
	bool changed = false;

	TRY(protocol_need(work, &protocol));
	TRY(metadata_read(work, protocol, arguments, &n));
	TRY(newcomer_meant(work, arguments, &n));
	json_t *declared = app_declaration(work, NULL);
	struct app_change change = { .declared = declared, .fetched = n.fetched };

	app_fill(work, declared, arguments);
	saml_metadata_fill(declared, arguments);
	json_set_text(declared, "type", "saml");
	json_set_text(declared, "entity_id", n.id);
	json_set_text(declared, "name", n.name);
	TRY(app_write(work, &change, &changed));
	AUTO(json_done) json_t *told = json_pack("{s:s, s:s}", "app", n.id, "name", n.name);
	AUTO(json_done) json_t *ours = NULL;

	TRY(protocol->ours(work, &ours));
	int failed = json_object_update(told, ours);

	assert(!failed && "out of memory");
	*result = TAKE(told);
	*message = "Give the app our metadata: its address, or the file that stands there.";
	return OK;
}

enum err saml_app_show(struct work *work, const struct client *client, json_t *shown)
{
	const struct app_protocol *protocol = NULL;
	AUTO(json_done) json_t *facts = NULL;

	TRY(protocol_need(work, &protocol));
	TRY(protocol->facts(work, client, &facts));
	if (json_get_text(shown, "metadata"))
		json_set(shown, "metadata",
			 json_sprintf("%zu bytes of XML; lanyard export writes it",
				      json_string_length(json_object_get(shown, "metadata"))));
	int failed = json_object_update(shown, facts);

	assert(!failed && "out of memory");
	return OK;
}
