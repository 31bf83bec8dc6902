/* fuzz_saml_redirect.c: any query, or any XML packed into one, as a message over HTTP-Redirect. */
#include "saml_incoming.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One stored block (RFC 1951 3.2.4): the search sees its own bytes, not those of a compressor. */
static char *stored_query(struct arena *arena, enum saml_message message, struct bytes xml)
{
	uint8_t *packed = arena_alloc(arena, xml.size + 5);

	packed[0] = 1;
	packed[1] = (uint8_t)xml.size;
	packed[2] = (uint8_t)(xml.size >> 8);
	packed[3] = (uint8_t)~packed[1];
	packed[4] = (uint8_t)~packed[2];
	if (xml.size > 0)
		memcpy(packed + 5, xml.at, xml.size);
	return field_with(arena, field_of(message), (struct bytes){ packed, xml.size + 5 });
}

/* The bytes that are verified mean the fields that were read. */
static void check_signed_query(struct arena *arena, const struct received *out, const struct form *fields)
{
	struct form form;

	if (!out->signed_query)
		return;
	enum err err = form_parse(arena, out->signed_query, strlen(out->signed_query), FIELDS, &form);

	assert(err == OK && !form.repeated && out->binding == BINDING_REDIRECT);
	assert(form.count == (out->relay_state ? 4 : 3));
	assert(text_equal(form.fields[0].name, field_of(out->message)));
	assert(text_equal(form.fields[0].value, form_get(fields, field_of(out->message))));
	assert(text_equal(form_get(&form, "RelayState"), out->relay_state));
	const char *method = form_get(&form, "SigAlg");

	assert(text_ends(method, "sha256") || text_ends(method, "sha384") || text_ends(method, "sha512"));
	assert(!strstr(method, "hmac") && form_get(&form, "Signature"));
}

static void try_query(struct arena *arena, const char *query, enum saml_message message)
{
	struct received out;
	struct form form;

	if (form_parse(arena, query, strlen(query), FIELDS, &form) != OK)
		return;
	const struct arrival arrival = {
		.binding = BINDING_REDIRECT, .fields = &form, .raw_query = query, .address = HERE
	};

	if (read_checked(arena, &arrival, message, &out))
		check_signed_query(arena, &out, &form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	bool is_xml = size > 0 && size <= UINT16_MAX && data[0] == '<';

	for (int message = AUTHN_REQUEST; message <= LOGOUT_RESPONSE; message++) {
		const char *query =
			is_xml ? stored_query(arena, (enum saml_message)message, (struct bytes){ data, size })
			       : arena_textn(arena, (const char *)data, size);

		try_query(arena, query, (enum saml_message)message);
	}
	return 0;
}
