/* fuzz_saml_post.c: any form, or any XML as a field of one and as a SOAP body. */
#include "saml_incoming.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool try_form(struct arena *arena, const char *body, enum saml_message message, struct received *out)
{
	struct form form;

	if (form_parse(arena, body, strlen(body), FIELDS, &form) != OK)
		return false;
	const struct arrival arrival = { .binding = BINDING_POST, .fields = &form, .address = HERE };

	return read_checked(arena, &arrival, message, out);
}

/* What comes out of an envelope is a message that would be taken without one. */
static void try_soap(struct arena *arena, struct bytes body, enum saml_message message)
{
	const struct arrival arrival = { .binding = BINDING_SOAP, .body = body, .address = HERE };
	struct received out, again;

	if (!read_checked(arena, &arrival, message, &out) || (out.has_signature && !out.destination))
		return;
	bool taken =
		try_form(arena, field_with(arena, field_of(message), BYTES_OF(out.xml)), message, &again);

	assert(taken && text_equal(again.id, out.id) && text_equal(again.issuer, out.issuer));
	assert(text_equal(again.name_id, out.name_id) && text_equal(again.acs_url, out.acs_url));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	bool is_xml = size > 0 && data[0] == '<' && size <= 256 * KB;
	struct bytes text = { data, size };
	struct received out;

	for (int i = AUTHN_REQUEST; i <= ARTIFACT_RESOLVE; i++) {
		enum saml_message message = (enum saml_message)i;
		const char *body = is_xml ? field_with(arena, field_of(message), text)
					  : arena_textn(arena, (const char *)data, size);

		(void)try_form(arena, body, message, &out); /* refusing is fine */
		if (is_xml)
			try_soap(arena, text, message);
	}
	return 0;
}
