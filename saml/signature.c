/* signature.c: the form of an embedded signature (SAML Core 5.4, XML Signature 4): one reference to its own
 * parent, and algorithms of a short list, so that whoever verifies it later has nothing to choose. */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "saml/reading.h"
#include "saml/tree.h"

#define PREFIX_LIST_MAX 256
#define PREFIXES_MAX    16   /* each is looked up for each element: honest lists name the one of xsi:type */
#define SIGNATURE_MAX   2048 /* bytes of RSA with 16384 bits */
#define BLANKS          " \t\r\n"
#define MORE            "http://www.w3.org/2001/04/xmldsig-more#"

const char *const signature_methods[] = {
	MORE "rsa-sha256",
	MORE "rsa-sha384",
	MORE "rsa-sha512",
	MORE "ecdsa-sha256",
	MORE "ecdsa-sha384",
	MORE "ecdsa-sha512",
	NULL,
};
const char *const digest_methods[] = {
	"http://www.w3.org/2001/04/xmlenc#sha256",
	MORE "sha384",
	"http://www.w3.org/2001/04/xmlenc#sha512",
	NULL,
};

bool signature_method_allowed(const char *uri)
{
	return uri != NULL && text_list_has(signature_methods, uri);
}

static const char *algorithm(struct reading *r, const xmlNode *node)
{
	return tree_attribute(r->work->arena, node, "Algorithm");
}

static enum err refuse_parts(struct reading *r, const char *where)
{
	return reading_refuse(r, WORD_SIGNATURE_STRUCTURE, "%s", where);
}

static size_t count_words(const char *list)
{
	size_t count = 0;

	for (list += strspn(list, BLANKS); *list != '\0'; list += strspn(list, BLANKS)) {
		list += strcspn(list, BLANKS);
		count++;
	}
	return count;
}

/* Exclusive canonicalization may name prefixes (Exclusive XML Canonicalization 4); nothing else. */
static enum err check_prefixes(struct reading *r, const xmlNode *method)
{
	static const struct slot parts[] = { { NS_EXCLUSIVE, "InclusiveNamespaces", SLOT_MAYBE } };
	xmlNode *found[COUNT(parts)];

	if (!tree_sequence(method, parts, COUNT(parts), found))
		return refuse_parts(r, (const char *)method->name);
	if (found[0] == NULL)
		return OK;
	const char *list = tree_attribute(r->work->arena, found[0], "PrefixList");

	if (found[0]->children != NULL ||
	    (list != NULL && (strlen(list) > PREFIX_LIST_MAX || count_words(list) > PREFIXES_MAX)))
		return refuse_parts(r, "InclusiveNamespaces");
	return OK;
}

/* First the signature itself is taken out, then the rest is written canonically: each once (Core 5.4.4). */
static enum err check_transforms(struct reading *r, const xmlNode *transforms)
{
	static const struct slot parts[] = {
		{ NS_SIGNATURE, "Transform", SLOT_ONE },
		{ NS_SIGNATURE, "Transform", SLOT_ONE },
	};
	xmlNode *found[COUNT(parts)];

	if (!tree_sequence(transforms, parts, COUNT(parts), found))
		return reading_refuse(r, WORD_TRANSFORM, "not two of them");
	const char *first = algorithm(r, found[0]), *second = algorithm(r, found[1]);

	if (!text_equal(first, NS_SIGNATURE "enveloped-signature") || found[0]->children != NULL)
		return reading_refuse(r, WORD_TRANSFORM, "first %s", reading_told(r, first));
	if (!text_equal(second, NS_EXCLUSIVE))
		return reading_refuse(r, WORD_TRANSFORM, "second %s", reading_told(r, second));
	return check_prefixes(r, found[1]);
}

static enum err check_reference(struct reading *r, const xmlNode *reference)
{
	static const struct slot parts[] = {
		{ NS_SIGNATURE, "Transforms", SLOT_ONE },
		{ NS_SIGNATURE, "DigestMethod", SLOT_ONE },
		{ NS_SIGNATURE, "DigestValue", SLOT_ONE },
	};
	struct arena *arena = r->work->arena;
	const char *uri = tree_attribute(arena, reference, "URI");
	xmlNode *found[COUNT(parts)];
	struct bytes digest;

	if (uri == NULL || uri[0] != '#' || !text_equal(uri + 1, r->out->id))
		return reading_refuse(r, WORD_SIGNATURE_REFERENCE, "%s", reading_told(r, uri));
	if (!tree_sequence(reference, parts, COUNT(parts), found))
		return refuse_parts(r, "Reference");
	const char *method = algorithm(r, found[1]);

	if (method == NULL || !text_list_has(digest_methods, method) || found[1]->children != NULL)
		return reading_refuse(r, WORD_DIGEST_ALGORITHM, "%s", reading_told(r, method));
	if (!tree_base64(arena, found[2], &digest))
		return refuse_parts(r, "DigestValue");
	return check_transforms(r, found[0]);
}

static enum err check_methods(struct reading *r, const xmlNode *canonicalization, const xmlNode *signing)
{
	const char *form = algorithm(r, canonicalization), *method = algorithm(r, signing);

	if (!text_equal(form, NS_EXCLUSIVE))
		return reading_refuse(r, WORD_CANONICALIZATION, "%s", reading_told(r, form));
	if (!signature_method_allowed(method))
		return reading_refuse(r, WORD_SIGNATURE_ALGORITHM, "%s", reading_told(r, method));
	if (tree_first(signing) != NULL)
		return refuse_parts(r, "SignatureMethod");
	return check_prefixes(r, canonicalization);
}

static enum err check_signed_info(struct reading *r, const xmlNode *info)
{
	static const struct slot parts[] = {
		{ NS_SIGNATURE, "CanonicalizationMethod", SLOT_ONE },
		{ NS_SIGNATURE, "SignatureMethod", SLOT_ONE },
		{ NS_SIGNATURE, "Reference", SLOT_ANY },
	};
	xmlNode *found[COUNT(parts)];

	if (!tree_sequence(info, parts, COUNT(parts), found))
		return refuse_parts(r, "SignedInfo");
	TRY(check_methods(r, found[0], found[1]));
	if (found[2] == NULL || tree_next(found[2]) != NULL)
		return reading_refuse(r, WORD_SIGNATURE_REFERENCE, "%s", found[2] ? "several" : "none");
	return check_reference(r, found[2]);
}

/* Keys come from metadata alone, so that what stands here is never used; but nothing may lead elsewhere, as
 * RetrievalMethod does. */
static enum err check_key_info(struct reading *r, const xmlNode *info)
{
	static const char *const known[] = { "KeyName", "KeyValue", "X509Data", NULL };

	for (const xmlNode *node = tree_first(info); node != NULL; node = tree_next(node)) {
		const char *name = (const char *)node->name;

		if (!text_list_has(known, name) || !tree_is(node, NS_SIGNATURE, name))
			return refuse_parts(r, reading_told(r, name));
	}
	return OK;
}

enum err signature_check(struct reading *r)
{
	static const struct slot parts[] = {
		{ NS_SIGNATURE, "SignedInfo", SLOT_ONE },
		{ NS_SIGNATURE, "SignatureValue", SLOT_ONE },
		{ NS_SIGNATURE, "KeyInfo", SLOT_MAYBE },
	};
	xmlNode *found[COUNT(parts)];
	struct bytes value;

	if (!tree_sequence(r->signature, parts, COUNT(parts), found))
		return refuse_parts(r, "Signature");
	if (!tree_base64(r->work->arena, found[1], &value) || value.size > SIGNATURE_MAX)
		return refuse_parts(r, "SignatureValue");
	TRY(check_signed_info(r, found[0]));
	return found[2] != NULL ? check_key_info(r, found[2]) : OK;
}
