/* saml_incoming.h: what must hold of every SAML message that is accepted, whatever way it came. For the
 * targets fuzz_saml_redirect.c and fuzz_saml_post.c. */
#ifndef FUZZ_SAML_INCOMING_H
#define FUZZ_SAML_INCOMING_H

#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "http/form.h"
#include "saml/received.h"
#include "saml/scan.h"
#include "saml/tree.h"

#define FIELDS 50
#define HERE   "https://id.example/saml/sso"
#define NOW    INT64_C(1893456000) /* 2030-01-01T00:00:00Z, as the seeds have it */

static const char *field_of(enum saml_message message)
{
	return message == LOGOUT_RESPONSE ? "SAMLResponse" : "SAMLRequest";
}

/* base64 as a field's value; xml may have any bytes. */
static char *field_with(struct arena *arena, const char *name, struct bytes value)
{
	AUTO_BUF text = BUF(4 * MB);

	buf_print(&text, "%s=", name);
	percent_encode(&text, base64_encode(arena, value));
	assert(!text.full);
	return arena_text(arena, buf_str(&text));
}

static void check_id(const char *id)
{
	size_t size = strlen(id);

	assert(size >= 16 && size <= 256);
	for (size_t i = 0; i < size; i++)
		assert(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", id[i]));
	assert(!strchr("0123456789.-", *id));
}

static void check_plain(const char *text, bool blanks)
{
	assert(*text && text_is_utf8(text, strlen(text)));
	for (; *text; text++)
		assert((unsigned char)*text >= 0x20 && *text != 0x7F && (blanks || *text != ' '));
}

/* Read again from the text that goes on, it is the same message: nobody behind us sees another one. */
static void check_same(struct arena *arena, const struct received *out)
{
	xmlDoc *doc = tree_parse(arena, BYTES_OF(out->xml));
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

	assert(root && text_equal(tree_attribute(arena, root, "ID"), out->id));
	assert(tree_is(tree_first(root), NS_ASSERTION, "Issuer"));
	assert(text_equal(tree_text(arena, tree_first(root)), out->issuer));
	size_t signatures = 0;

	for (const xmlNode *node = root; node; node = tree_walk(root, node)) {
		signatures += tree_is(node, NS_SIGNATURE, "Signature");
		assert(node->type == XML_ELEMENT_NODE && !tree_is(node, NS_ASSERTION, "Assertion"));
	}
	assert(signatures <= 1 && out->has_signature == (signatures == 1 || out->signed_query));
	assert(!(out->signed_query && signatures));
}

static void check_accepted(struct arena *arena, const struct received *out)
{
	assert(out->xml && !xml_scan(BYTES_OF(out->xml), &xml_of_request));
	check_id(out->id);
	check_plain(out->issuer, false);
	assert(!out->destination || text_equal(out->destination, HERE));
	assert(out->issue_instant <= NOW + SAML_SKEW &&
	       out->issue_instant >= NOW - SAML_SKEW - SAML_REQUEST_LIFETIME);
	assert(!out->relay_state || strlen(out->relay_state) <= SAML_RELAY_MAX);
	assert(out->acs_index < 0 || !out->acs_url);
	if (out->message == LOGOUT_REQUEST)
		check_plain(out->name_id, true);
	check_same(arena, out);
}

/* Reads it; true: it was accepted, and all of the above holds. */
static bool read_checked(struct arena *arena, const struct arrival *arrival, enum saml_message message,
			 struct received *out)
{
	struct work work = { .arena = arena, .now = NOW };
	const char *word = NULL;
	enum err err = received_read(&work, arrival, message, out, &word);

	assert((err == OK) == (word == NULL));
	if (err != OK) {
		assert(work.err == err && text_starts(work.reason, word));
		return false;
	}
	check_accepted(arena, out);
	return true;
}

#endif
