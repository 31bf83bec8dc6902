/* response_values.c: what an Assertion that holds says of a person (SAML Core 2.2, 2.4, 2.7). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "saml/response_reading.h"
#include "saml/tree.h"

#define NS_XSI    "http://www.w3.org/2001/XMLSchema-instance"
#define NAME_SIZE 1024
#define KEEP_MAX  86400
#define INDEX_MAX 1024

static bool is_value(const char *text)
{
	return !text_is_empty(text) && strlen(text) <= NAME_SIZE && !text[strcspn(text, "\t\r\n")];
}

/* Their form was weighed in the table; 0: not there, or (pasted) no time. */
static int64_t time_of(struct response_reading *a, const xmlNode *node, const char *name)
{
	int64_t at = 0;

	return tree_time(a->work->arena, node, name, &at) ? at : 0;
}

static enum err read_name_id(struct response_reading *a)
{
	const xmlNode *node = a->subject ? tree_child(a->subject, NS_ASSERTION, "NameID") : NULL;
	struct response_said *out = a->out;
	struct arena *arena = a->work->arena;

	if (!node)
		return OK; /* whether one is needed, who asks knows */
	out->name_id = tree_text(arena, node);
	if (!is_value(out->name_id))
		return reading_refuse(&a->r, WORD_NAME_ID, "no plain text in the NameID");
	out->name_id_format = tree_attribute(arena, node, "Format");
	out->name_qualifier = tree_attribute(arena, node, "NameQualifier");
	out->sp_name_qualifier = tree_attribute(arena, node, "SPNameQualifier");
	return OK;
}

static void read_statement(struct response_reading *a)
{
	struct response_said *out = a->out;
	struct arena *arena = a->work->arena;
	const xmlNode *context = a->authn ? tree_child(a->authn, NS_ASSERTION, "AuthnContext") : NULL;
	const xmlNode *class = context ? tree_child(context, NS_ASSERTION, "AuthnContextClassRef") : NULL;

	out->context_class = class ? tree_trimmed(arena, class) : NULL;
	if (!a->authn)
		return;
	out->session_index = tree_attribute(arena, a->authn, "SessionIndex");
	if (text_is_empty(out->session_index) || strlen(out->session_index) > INDEX_MAX)
		out->session_index = NULL;
	out->auth_time = time_of(a, a->authn, "AuthnInstant");
	out->session_ends_at = time_of(a, a->authn, "SessionNotOnOrAfter");
}

/* Until it is too old by all that is weighed; a provider that gives it years does not fill our store. */
static int64_t keep_until(struct response_reading *a)
{
	int64_t shown = a->assertion.head.issue_instant + SAML_REQUEST_LIFETIME + SAML_SKEW;
	int64_t until = a->confirmation_data ? time_of(a, a->confirmation_data, "NotOnOrAfter") : 0;

	until = until > shown ? until : shown;
	if (until > a->work->now + KEEP_MAX)
		until = a->work->now + KEEP_MAX;
	return until + SAML_SKEW;
}

/* --- attributes -------------------------------------------------------------------------------------- */

static bool is_nil(struct arena *arena, const xmlNode *value)
{
	const char *nil = tree_attribute_of(arena, value, NS_XSI, "nil");

	return text_equal(nil, "true") || text_equal(nil, "1");
}

/* Plain texts: what is nil, empty or made of elements is left out. */
static void add_values(struct arena *arena, const xmlNode *attribute, json_t *list)
{
	const xmlNode *value = tree_child(attribute, NS_ASSERTION, "AttributeValue");

	for (; value; value = tree_following(value)) {
		const char *text = is_nil(arena, value) ? NULL : tree_text(arena, value);

		if (!text_is_empty(text)) {
			int failed = json_array_append_new(list, json_string(text));

			assert(!failed);
		}
	}
}

static void note(struct arena *arena, json_t *into, const char *name, const xmlNode *attribute)
{
	json_t *list = json_object_get(into, name);

	if (!list) {
		list = json_array();
		json_set(into, name, list);
	}
	add_values(arena, attribute, list);
}

static xmlNode *next_attribute(const xmlNode *root, xmlNode *node)
{
	do
		node = tree_walk(root, node);
	while (node &&
	       !(tree_is(node, NS_ASSERTION, "Attribute") &&
		 tree_is(node->parent, NS_ASSERTION, "AttributeStatement") && node->parent->parent == root));
	return node;
}

static void release(void *thing)
{
	json_decref(thing);
}

/* A friendly name never adds to what a Name says (Core 2.7.3.1: it is for people). */
static enum err read_attributes(struct response_reading *a)
{
	struct arena *arena = a->work->arena;
	json_t *named = json_object(), *friendly = json_object();
	xmlNode *root = a->assertion.node;

	arena_defer(arena, release, named);
	arena_defer(arena, release, friendly);
	for (xmlNode *node = next_attribute(root, root); node; node = next_attribute(root, node)) {
		const char *name = tree_attribute(arena, node, "Name");
		const char *other = tree_attribute(arena, node, "FriendlyName");

		if (text_is_empty(name))
			return reading_refuse(&a->r, WORD_ATTRIBUTE, "no Name");
		note(arena, named, name, node);
		if (!text_is_empty(other) && !text_equal(other, name))
			note(arena, friendly, other, node);
	}
	int failed = json_object_update_missing(named, friendly);

	assert(!failed);
	a->out->attributes = named;
	return OK;
}

enum err response_values(struct response_reading *a)
{
	a->out->issuer = a->assertion.head.issuer;
	a->out->assertion_id = a->assertion.head.id;
	a->out->keep_until = keep_until(a);
	TRY(read_name_id(a));
	read_statement(a);
	return read_attributes(a);
}
