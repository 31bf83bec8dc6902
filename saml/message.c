/* message.c: the fields of each kind of message (SAML Core 3.4.1, 3.5.1, 3.7.1, 3.7.2). */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "saml/reading.h"
#include "saml/tree.h"

#define LIST_MAX   16
#define VALUE_MAX  1024
#define STATUS_URI "urn:oasis:names:tc:SAML:2.0:status:"
#define COMMON_PARTS                                                                                         \
	{ NS_ASSERTION, "Issuer", SLOT_ONE }, { NS_SIGNATURE, "Signature", SLOT_MAYBE },                     \
	{                                                                                                    \
		NS_PROTOCOL, "Extensions", SLOT_MAYBE                                                        \
	}
enum { COMMON = 3 }; /* the parts that all messages begin with */

static enum err refuse_value(struct reading *r, const xmlNode *node, const char *name)
{
	return reading_refuse(r, WORD_VALUE_MALFORMED, "%s=%s", name,
			      reading_told(r, tree_attribute(r->work->arena, node, name)));
}

/* Not empty, not too long, nothing that breaks a line. */
static bool is_value(const char *text)
{
	return text != NULL && *text != '\0' && strlen(text) <= VALUE_MAX &&
	       text[strcspn(text, "\t\r\n")] == '\0';
}

/* The texts of this element and those of the same name behind it. NULL: too many, or one is no value. */
static const char *const *read_texts(struct reading *r, const xmlNode *first)
{
	const char **list = arena_array(r->work->arena, const char *, LIST_MAX + 1);
	size_t count = 0;

	for (const xmlNode *node = first; node != NULL; node = tree_following(node)) {
		const char *text = tree_text(r->work->arena, node);

		if (count == LIST_MAX || !is_value(text))
			return NULL;
		list[count++] = text;
	}
	return list;
}

static enum err read_name_id(struct reading *r, const xmlNode *node, enum saml_word word, const char **out)
{
	const char *text = node != NULL ? tree_text(r->work->arena, node) : NULL;

	if (!is_value(text))
		return reading_refuse(r, word, "%s", node ? "no plain text in the NameID" : "no NameID");
	*out = text;
	return OK;
}

/* --- AuthnRequest --- */

/* Profiles 4.1.4.1 forbids a SubjectConfirmation; an encrypted name would be for a key that we do not have.
 */
static enum err read_subject(struct reading *r, const xmlNode *subject)
{
	static const struct slot parts[] = { { NS_ASSERTION, "NameID", SLOT_ONE } };
	xmlNode *found[COUNT(parts)];

	if (subject == NULL)
		return OK;
	if (!tree_sequence(subject, parts, COUNT(parts), found))
		return reading_refuse(r, WORD_SUBJECT, "more or other than a NameID");
	return read_name_id(r, found[0], WORD_SUBJECT, &r->out->subject);
}

static enum err read_name_id_policy(struct reading *r, const xmlNode *policy)
{
	struct arena *arena = r->work->arena;
	bool allow_create = false; /* names are made as needed, whether or not */

	if (policy == NULL)
		return OK;
	if (tree_first(policy) != NULL)
		return reading_refuse(r, WORD_CHILD_UNEXPECTED, "in NameIDPolicy");
	if (!tree_flag(arena, policy, "AllowCreate", &allow_create))
		return refuse_value(r, policy, "AllowCreate");
	r->out->name_id_policy = tree_attribute(arena, policy, "Format");
	r->out->sp_name_qualifier = tree_attribute(arena, policy, "SPNameQualifier");
	return OK;
}

/* Declarations instead of classes are none that we have: an empty list that no class fits. */
static enum err read_context(struct reading *r, const xmlNode *context)
{
	static const char *const comparisons[] = { "exact", "minimum", "maximum", "better", NULL };
	static const struct slot parts[] = {
		{ NS_ASSERTION, "AuthnContextClassRef", SLOT_ANY },
		{ NS_ASSERTION, "AuthnContextDeclRef", SLOT_ANY },
	};
	struct requested_context *out = &r->out->context;
	xmlNode *found[COUNT(parts)];

	if (context == NULL)
		return OK;
	const char *comparison = tree_attribute(r->work->arena, context, "Comparison");

	if (comparison != NULL && !text_list_has(comparisons, comparison))
		return reading_refuse(r, WORD_CONTEXT, "comparison %s", reading_told(r, comparison));
	if (!tree_sequence(context, parts, COUNT(parts), found) || !found[0] == !found[1])
		return reading_refuse(r, WORD_CONTEXT, "neither classes nor declarations");
	out->classes = read_texts(r, found[0]);
	if (out->classes == NULL)
		return reading_refuse(r, WORD_CONTEXT, "a class that is no text, or more than %d", LIST_MAX);
	out->comparison = comparison != NULL ? comparison : "exact";
	return OK;
}

/* Where the answer should go; the choice is service_acs's. */
static enum err read_answer_address(struct reading *r)
{
	struct arena *arena = r->work->arena;
	const char *binding = tree_attribute(arena, r->root, "ProtocolBinding");
	int64_t set = 0;

	if (!tree_index(arena, r->root, "AssertionConsumerServiceIndex", &r->out->acs_index))
		return refuse_value(r, r->root, "AssertionConsumerServiceIndex");
	if (!tree_index(arena, r->root, "AttributeConsumingServiceIndex", &set))
		return refuse_value(r, r->root, "AttributeConsumingServiceIndex");
	r->out->acs_url = tree_attribute(arena, r->root, "AssertionConsumerServiceURL");
	r->out->acs_binding = saml_binding_of(binding);
	if (r->out->acs_binding == BINDING_NONE)
		r->out->protocol_binding = binding;
	if (r->out->acs_url != NULL && r->out->acs_index >= 0)
		return reading_refuse(r, WORD_ACS_AMBIGUOUS, "index %" PRId64, r->out->acs_index);
	return OK;
}

static enum err read_authn_request(struct reading *r, xmlNode **parts)
{
	if (!tree_flag(r->work->arena, r->root, "ForceAuthn", &r->out->force_authn))
		return refuse_value(r, r->root, "ForceAuthn");
	if (!tree_flag(r->work->arena, r->root, "IsPassive", &r->out->is_passive))
		return refuse_value(r, r->root, "IsPassive");
	TRY(read_answer_address(r));
	TRY(read_subject(r, parts[COMMON]));
	TRY(read_name_id_policy(r, parts[COMMON + 1]));
	return read_context(r, parts[COMMON + 3]);
}

/* --- LogoutRequest --- */

static enum err check_expiry(struct reading *r)
{
	int64_t *until = &r->out->not_on_or_after;

	if (!tree_time(r->work->arena, r->root, "NotOnOrAfter", until))
		return refuse_value(r, r->root, "NotOnOrAfter");
	if (*until != 0 && *until + SAML_SKEW <= r->work->now)
		return reading_refuse(r, WORD_EXPIRED, "%" PRId64 " s ago", r->work->now - *until);
	return OK;
}

static enum err read_logout_request(struct reading *r, xmlNode **parts)
{
	TRY(check_expiry(r));
	TRY(read_name_id(r, parts[COMMON], WORD_NAME_ID, &r->out->name_id));
	r->out->name_id_format = tree_attribute(r->work->arena, parts[COMMON], "Format");
	r->out->name_qualifier = tree_attribute(r->work->arena, parts[COMMON], "NameQualifier");
	r->out->name_sp_qualifier = tree_attribute(r->work->arena, parts[COMMON], "SPNameQualifier");
	r->out->session_indexes = read_texts(r, parts[COMMON + 1]);
	if (r->out->session_indexes == NULL)
		return reading_refuse(r, WORD_SESSION_INDEX, "empty, or more than %d", LIST_MAX);
	return OK;
}

/* --- LogoutResponse --- */

/* A status of SAML's own by its last part. */
static const char *status_of(struct reading *r, const xmlNode *code)
{
	const char *value = tree_attribute(r->work->arena, code, "Value");

	return value != NULL && text_starts(value, STATUS_URI) ? value + strlen(STATUS_URI) : value;
}

static enum err read_status(struct reading *r, const xmlNode *status)
{
	static const struct slot parts[] = {
		{ NS_PROTOCOL, "StatusCode", SLOT_ONE },
		{ NS_PROTOCOL, "StatusMessage", SLOT_MAYBE },
		{ NS_PROTOCOL, "StatusDetail", SLOT_MAYBE },
	};
	xmlNode *found[COUNT(parts)];

	if (!tree_sequence(status, parts, COUNT(parts), found))
		return reading_refuse(r, WORD_STATUS, "not of its parts");
	const xmlNode *inner = tree_first(found[0]);

	r->out->status = status_of(r, found[0]);
	if (text_is_empty(r->out->status))
		return reading_refuse(r, WORD_STATUS, "no Value");
	if (inner != NULL)
		r->out->sub_status = status_of(r, inner);
	return OK;
}

static enum err read_logout_response(struct reading *r, xmlNode **parts)
{
	r->out->in_response_to = tree_attribute(r->work->arena, r->root, "InResponseTo");
	if (!is_value(r->out->in_response_to))
		return reading_refuse(r, WORD_IN_RESPONSE_TO, "%s", reading_told(r, r->out->in_response_to));
	return read_status(r, parts[COMMON]);
}

/* --- ArtifactResolve --- */

static enum err read_artifact_resolve(struct reading *r, xmlNode **parts)
{
	r->out->artifact = tree_text(r->work->arena, parts[COMMON]);
	return is_value(r->out->artifact) ? OK : reading_refuse(r, WORD_ARTIFACT, "empty or no text");
}

/* --- all of them --- */

#define PARTS_MAX 8

static const struct kind {
	const char *name;
	size_t count;
	struct slot parts[PARTS_MAX];
	enum err (*read)(struct reading *r, xmlNode **parts);
} kinds[] = {
	[AUTHN_REQUEST] = { "AuthnRequest",
			    8,
			    { COMMON_PARTS,
			      { NS_ASSERTION, "Subject", SLOT_MAYBE },
			      { NS_PROTOCOL, "NameIDPolicy", SLOT_MAYBE },
			      { NS_ASSERTION, "Conditions", SLOT_MAYBE },
			      { NS_PROTOCOL, "RequestedAuthnContext", SLOT_MAYBE },
			      { NS_PROTOCOL, "Scoping", SLOT_MAYBE } },
			    read_authn_request },
	[LOGOUT_REQUEST] = { "LogoutRequest",
			     5,
			     { COMMON_PARTS,
			       { NS_ASSERTION, "NameID", SLOT_MAYBE },
			       { NS_PROTOCOL, "SessionIndex", SLOT_ANY } },
			     read_logout_request },
	[LOGOUT_RESPONSE] = { "LogoutResponse",
			      4,
			      { COMMON_PARTS, { NS_PROTOCOL, "Status", SLOT_ONE } },
			      read_logout_response },
	[ARTIFACT_RESOLVE] = { "ArtifactResolve",
			       4,
			       { COMMON_PARTS, { NS_PROTOCOL, "Artifact", SLOT_ONE } },
			       read_artifact_resolve },
};

const char *message_name(enum saml_message message)
{
	assert((size_t)message < COUNT(kinds));
	return kinds[message].name;
}

enum err message_read(struct reading *r)
{
	const struct kind *kind = &kinds[r->out->message];
	xmlNode *parts[PARTS_MAX];

	if (!tree_sequence(r->root, kind->parts, kind->count, parts))
		return reading_refuse(r, WORD_CHILD_UNEXPECTED, "in %s", kind->name);
	return kind->read(r, parts);
}
