/* response.c: from a stranger's bytes to a verified tree (SAML Core 5, Profiles 4.1.4.3, 4.1.4.5). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "saml/cabinet.h"
#include "saml/decrypt.h"
#include "saml/provider.h"
#include "saml/response_reading.h"
#include "saml/scan.h"
#include "saml/tree.h"
#include "saml/verify.h"
#include "store/snapshot.h"

/* --- form -------------------------------------------------------------------------------------------- */

static enum err parse(struct reading *r, struct bytes text, xmlNode **root)
{
	const char *word = xml_scan(text, &xml_of_response);

	if (word)
		return reading_refuse(r, saml_word_of(word), "%zu bytes", text.size);
	xmlDoc *doc = tree_parse(r->work->arena, text);

	if (!doc)
		return reading_refuse(r, WORD_XML_PARSER, "%zu bytes", text.size);
	*root = xmlDocGetRootElement(doc);
	return OK;
}

/* The readers of all messages look at this part now. */
static struct reading *look_at(struct response_reading *a, struct signed_part *part)
{
	a->r.root = part->node;
	a->r.signature = part->signature;
	a->r.out = &part->head;
	return &a->r;
}

/* Nothing else in the whole text may be taken for an assertion or a signature (security.md H1): exactly one,
 * where it was found, and the signatures of the parts that were found. */
static enum err check_count(struct response_reading *a, const xmlNode *root, bool encrypted)
{
	size_t assertions = 0, sealed = 0, signatures = 0, own = 0;

	own += a->response.node == root && a->response.signature;
	own += !encrypted && a->assertion.signature;

	for (const xmlNode *node = root; node; node = tree_walk(root, node)) {
		assertions += tree_is(node, NS_ASSERTION, "Assertion");
		sealed += tree_is(node, NS_ASSERTION, "EncryptedAssertion");
		signatures += tree_is(node, NS_SIGNATURE, "Signature");
	}
	if (assertions != (encrypted ? 0 : 1) || sealed != (encrypted ? 1 : 0))
		return reading_refuse(&a->r, WORD_ASSERTION_COUNT, "%zu assertions, %zu encrypted",
				      assertions, sealed);
	if (signatures != own)
		return reading_refuse(&a->r, WORD_SIGNATURE_PLACE, "%zu signatures, %zu in their place",
				      signatures, own);
	return OK;
}

static enum err read_times(struct reading *r, struct received *out)
{
	out->issue_instant = INT64_MIN;
	if (!tree_time(r->work->arena, r->root, "IssueInstant", &out->issue_instant) ||
	    out->issue_instant == INT64_MIN)
		return reading_refuse(
			r, WORD_ISSUE_INSTANT, "%s",
			reading_told(r, tree_attribute(r->work->arena, r->root, "IssueInstant")));
	return OK;
}

/* Issuer is optional in a Response (Core 3.2.2) and comes first where it is. */
static enum err read_head(struct response_reading *a, struct signed_part *part, bool has_issuer)
{
	struct reading *r = look_at(a, part);
	struct arena *arena = a->work->arena;

	TRY(structure_identity(r));
	if (has_issuer)
		TRY(structure_issuer(r));
	TRY(read_times(r, &part->head));
	part->head.destination = tree_attribute(arena, part->node, "Destination");
	part->head.in_response_to = tree_attribute(arena, part->node, "InResponseTo");
	return part->signature ? signature_check(r) : OK;
}

/* The order of the schema (Core 2.3.3). Statements stand in any order; those of other kinds have no place
 * here. */
static enum err read_assertion_parts(struct response_reading *a)
{
	static const struct slot parts[] = {
		{ NS_ASSERTION, "Issuer", SLOT_ONE },
		{ NS_SIGNATURE, "Signature", SLOT_MAYBE },
		{ NS_ASSERTION, "Subject", SLOT_MAYBE },
		{ NS_ASSERTION, "Conditions", SLOT_MAYBE },
		{ NS_ASSERTION, "Advice", SLOT_MAYBE },
		{ NS_ASSERTION, "AttributeStatement", SLOT_ANY },
		{ NS_ASSERTION, "AuthnStatement", SLOT_ANY },
		{ NS_ASSERTION, "AttributeStatement", SLOT_ANY },
	};
	xmlNode *found[COUNT(parts)];

	a->r.root = a->assertion.node;
	if (!tree_sequence(a->assertion.node, parts, COUNT(parts), found))
		return reading_refuse(&a->r, WORD_CHILD_UNEXPECTED, "in Assertion");
	a->assertion.signature = found[1];
	a->subject = found[2];
	a->conditions = found[3];
	return read_head(a, &a->assertion, true);
}

static bool has_several(const xmlNode *response)
{
	size_t count = 0;

	for (const xmlNode *node = tree_first(response); node; node = tree_next(node))
		count += tree_is(node, NS_ASSERTION, "Assertion") ||
			 tree_is(node, NS_ASSERTION, "EncryptedAssertion");
	return count > 1;
}

static enum err read_response_parts(struct response_reading *a)
{
	static const struct slot parts[] = {
		{ NS_ASSERTION, "Issuer", SLOT_MAYBE },    { NS_SIGNATURE, "Signature", SLOT_MAYBE },
		{ NS_PROTOCOL, "Extensions", SLOT_MAYBE }, { NS_PROTOCOL, "Status", SLOT_ONE },
		{ NS_ASSERTION, "Assertion", SLOT_MAYBE }, { NS_ASSERTION, "EncryptedAssertion", SLOT_MAYBE },
	};
	xmlNode *found[COUNT(parts)];

	a->r.root = a->response.node;
	if (!tree_sequence(a->response.node, parts, COUNT(parts), found))
		return reading_refuse(
			&a->r, has_several(a->response.node) ? WORD_ASSERTION_COUNT : WORD_CHILD_UNEXPECTED,
			"in Response");
	a->response.signature = found[1];
	a->status = found[3];
	a->assertion.node = found[4];
	a->encrypted = found[5];
	return read_head(a, &a->response, found[0] != NULL);
}

/* --- signatures -------------------------------------------------------------------------------------- */

static enum err verify(struct response_reading *a, struct signed_part *part, enum saml_word word)
{
	const struct service *entity = &a->ask->provider->entity;
	struct verifier keys;

	if (!part->signature)
		return OK;
	TRY(cabinet_verifier(a->work, entity, &keys));
	part->holds = verify_element(a->work->arena, part->node, &keys);
	if (part->holds)
		return response_weigh(a, word, OK);
	return response_weigh(a, word, reading_refuse(&a->r, word, "by no key of %s", entity->entity_id));
}

/* Either signature covers the assertion; of one that was encrypted the Response's covers what it is encrypted
 * to, and without it the assertion's own is needed (security.md H7). */
static enum err check_covered(struct response_reading *a)
{
	bool covered = a->response.holds || a->assertion.holds;

	if (covered)
		return response_weigh(a, WORD_ASSERTION_UNSIGNED, OK);
	return response_weigh(
		a, WORD_ASSERTION_UNSIGNED,
		reading_refuse(&a->r, WORD_ASSERTION_UNSIGNED, "neither the Response nor the Assertion is"));
}

/* --- steps ------------------------------------------------------------------------------------------- */

static enum err enter_assertion(struct response_reading *a, xmlNode *root)
{
	TRY(read_assertion_parts(a));
	return check_count(a, root, false);
}

/* Opened only here, when it is known which sign-in it is for; then it is bytes of a stranger again. With CBC
 * what comes out may be anything: that it is no XML is not told apart from a key that does not fit. */
static enum err open_assertion(struct response_reading *a)
{
	struct bytes clear = { 0 };
	bool legacy = a->ask->connection->allow_legacy_encryption;
	enum err err = OK;
	enum saml_word word = decrypt_assertion(a->work, a->encrypted, legacy, &clear, &err);

	TRY(err);
	if (word != WORD_NONE)
		return reading_refuse(&a->r, word, "XML Encryption");
	a->out->was_encrypted = true;
	err = parse(&a->r, clear, &a->assertion.node);
	if (err != OK && legacy)
		return reading_refuse(&a->r, WORD_DECRYPTION, "XML Encryption");
	TRY(err);
	if (!tree_is(a->assertion.node, NS_ASSERTION, "Assertion"))
		return reading_refuse(&a->r, WORD_ENCRYPTION, "no Assertion is in it");
	a->r.root = a->assertion.node;
	TRY(structure_ids(&a->r));
	return enter_assertion(a, a->assertion.node);
}

/* What nobody asked for is tied to nothing but the provider's signature (security.md H15). */
static enum err open_if_known(struct response_reading *a)
{
	if (a->response.holds || a->ask->request_id || a->ask->findings)
		return open_assertion(a);
	return reading_refuse(&a->r, WORD_ASSERTION_UNSIGNED,
			      "encrypted, unsolicited and not signed outside");
}

/* What a Response that says no has beside its status does not matter. */
static enum err read_response(struct response_reading *a, xmlNode *root)
{
	a->response.node = root;
	TRY(read_response_parts(a));
	TRY(response_check(a, OF_RESPONSE));
	if (!a->assertion.node == !a->encrypted)
		return reading_refuse(&a->r, WORD_ASSERTION_COUNT, "none, or one of each kind");
	if (a->encrypted)
		TRY(check_count(a, root, true));
	else
		TRY(enter_assertion(a, root));
	TRY(verify(a, &a->response, WORD_RESPONSE_SIGNATURE));
	return a->encrypted ? open_if_known(a) : OK;
}

static enum err read_root(struct response_reading *a, xmlNode *root)
{
	a->r.root = root;
	TRY(structure_ids(&a->r));
	if (a->ask->findings && tree_is(root, NS_ASSERTION, "Assertion")) {
		a->assertion.node = root;
		return enter_assertion(a, root);
	}
	if (!tree_is(root, NS_PROTOCOL, "Response"))
		return reading_refuse(&a->r, WORD_ROOT_UNEXPECTED, "%s where Response is taken",
				      reading_told(&a->r, (const char *)root->name));
	return read_response(a, root);
}

static enum err read_all(struct response_reading *a, struct bytes xml)
{
	xmlNode *root = NULL;

	TRY(parse(&a->r, xml, &root));
	TRY(read_root(a, root));
	TRY(verify(a, &a->assertion, WORD_ASSERTION_SIGNATURE));
	TRY(check_covered(a));
	TRY(response_check(a, OF_ASSERTION));
	return response_values(a);
}

/* Not readable at all: the last row says why. */
static enum err unreadable(struct response_reading *a, enum err err)
{
	int failed;

	if (error_row(err)->http >= 500 && a->r.word == WORD_NONE)
		return err;
	failed = json_array_append_new(a->ask->findings,
				       json_pack("{s:s, s:s, s:s?}", "check", saml_words[a->r.word].word,
						 "outcome", "fail", "why", a->work->reason));
	assert(!failed);
	return fault(a->work, ERR_DOCUMENT, "%s", a->work->reason ? a->work->reason : "it cannot be read");
}

enum err response_read(struct work *work, struct bytes xml, const struct response_ask *ask,
		       struct response_said *out, const char **word)
{
	struct response_reading a = { .work = work, .ask = ask, .out = out, .r = { .work = work } };

	*out = (struct response_said){ 0 };
	enum err err = read_all(&a, xml);

	*word = err == OK ? NULL : saml_words[a.r.word].word;
	return err != OK && ask->findings ? unreadable(&a, err) : err;
}

enum err response_peek(struct work *work, struct bytes xml, const char **in_response_to, const char **word)
{
	struct reading r = { .work = work };
	xmlNode *root = NULL;
	enum err err = parse(&r, xml, &root);

	if (err == OK && !tree_is(root, NS_PROTOCOL, "Response"))
		err = reading_refuse(&r, WORD_ROOT_UNEXPECTED, "%s where Response is taken",
				     reading_told(&r, (const char *)root->name));
	if (err == OK)
		*in_response_to = tree_attribute(work->arena, root, "InResponseTo");
	*word = saml_words[r.word].word;
	return err;
}
