/* assertion.c: subject, conditions, authentication, attributes. Every text becomes a node's text: none is
 * ever read as markup (security.md H13). */
#include "saml/assertion.h"

#include <lasso/lasso.h>
#include <lasso/xml/misc_text_node.h>
#include <lasso/xml/saml-2.0/saml2_assertion.h>
#include <lasso/xml/saml-2.0/saml2_attribute.h>
#include <lasso/xml/saml-2.0/saml2_attribute_statement.h>
#include <lasso/xml/saml-2.0/saml2_attribute_value.h>
#include <lasso/xml/saml-2.0/saml2_audience_restriction.h>
#include <lasso/xml/saml-2.0/saml2_authn_statement.h>

#include "base/app.h"
#include "base/clock.h"
#include "saml/desk.h"
#include "saml/paper.h"

enum { BEFORE = 60 }; /* seconds: clocks of apps that are behind */

/* --- what cannot be said ----------------------------------------------------------------------------- */

static bool value_is_sound(const struct saml_value *value)
{
	const char *const texts[] = { value->text, value->code, value->code_system, value->code_system_name,
				      value->display_name };

	for (size_t i = 0; i < COUNT(texts); i++)
		if (!paper_carries(texts[i]))
			return false;
	/* An element's name is ours, from a table: a mistake there is no matter of escaping. */
	return value->text || (value->element && xmlValidateNCName(BAD_CAST value->element, 0) == 0);
}

static bool attribute_is_sound(const struct saml_attribute *attribute)
{
	for (size_t i = 0; i < attribute->value_count; i++)
		if (!value_is_sound(&attribute->values[i]))
			return false;
	return paper_carries(attribute->name) && paper_carries(attribute->friendly_name) &&
	       paper_carries(attribute->format);
}

static enum err check(struct work *work, const struct statement *statement)
{
	const char *const texts[] = { statement->in_response_to, statement->acs_url,
				      statement->name_id.value,  statement->name_id.sp_name_qualifier,
				      statement->session_index,  statement->context_class };

	for (size_t i = 0; i < COUNT(texts); i++)
		if (!paper_carries(texts[i]))
			return fault(work, ERR_INTERNAL, "XML cannot carry text %zu of the statement", i);
	for (size_t i = 0; i < statement->attribute_count; i++)
		if (!attribute_is_sound(&statement->attributes[i]))
			return fault(work, ERR_INTERNAL, "XML cannot carry attribute %zu", i);
	return OK;
}

/* --- who --------------------------------------------------------------------------------------------- */

static LassoSaml2SubjectConfirmation *confirmation(struct work *work, const struct statement *statement)
{
	LassoSaml2SubjectConfirmation *node = g_object_new(LASSO_TYPE_SAML2_SUBJECT_CONFIRMATION, NULL);
	LassoSaml2SubjectConfirmationData *data =
		g_object_new(LASSO_TYPE_SAML2_SUBJECT_CONFIRMATION_DATA, NULL);

	node->Method = g_strdup(LASSO_SAML2_CONFIRMATION_METHOD_BEARER);
	node->SubjectConfirmationData = data;
	data->Recipient = g_strdup(statement->acs_url);
	data->NotOnOrAfter = g_strdup(clock_rfc3339(work->arena, work->now + statement->lifetime));
	data->InResponseTo = g_strdup(statement->in_response_to);
	return node;
}

static LassoSaml2Subject *subject(struct work *work, const struct statement *statement)
{
	LassoSaml2Subject *node = g_object_new(LASSO_TYPE_SAML2_SUBJECT, NULL);

	node->NameID = paper_name_id(work, &statement->name_id);
	node->SubjectConfirmation = confirmation(work, statement);
	return node;
}

/* --- when and for whom ------------------------------------------------------------------------------- */

static LassoSaml2Conditions *conditions(struct work *work, const struct statement *statement)
{
	LassoSaml2Conditions *node = g_object_new(LASSO_TYPE_SAML2_CONDITIONS, NULL);
	LassoSaml2AudienceRestriction *audience = g_object_new(LASSO_TYPE_SAML2_AUDIENCE_RESTRICTION, NULL);

	audience->Audience = g_strdup(statement->service->entity_id);
	node->AudienceRestriction = g_list_append(NULL, audience);
	node->NotBefore = g_strdup(clock_rfc3339(work->arena, work->now - BEFORE));
	node->NotOnOrAfter = g_strdup(clock_rfc3339(work->arena, work->now + statement->lifetime));
	return node;
}

static LassoSaml2AuthnStatement *authentication(struct work *work, const struct statement *statement)
{
	LassoSaml2AuthnStatement *node = g_object_new(LASSO_TYPE_SAML2_AUTHN_STATEMENT, NULL);

	node->AuthnInstant = g_strdup(clock_rfc3339(work->arena, statement->auth_time));
	node->SessionIndex = g_strdup(statement->session_index);
	node->SessionNotOnOrAfter = g_strdup(clock_rfc3339(work->arena, statement->session_ends_at));
	node->AuthnContext = g_object_new(LASSO_TYPE_SAML2_AUTHN_CONTEXT, NULL);
	node->AuthnContext->AuthnContextClassRef = g_strdup(statement->context_class);
	return node;
}

/* --- what is known ----------------------------------------------------------------------------------- */

static void set(xmlNode *node, const char *name, const char *value)
{
	if (value)
		xmlSetProp(node, BAD_CAST name, BAD_CAST value);
}

/* <PurposeOfUse xmlns="urn:hl7-org:v3" xsi:type="CE" code="TREATMENT" .../> (IHE ITI TF-2 3.40.4.1.2). */
static LassoMiscTextNode *coded_value(const struct saml_value *value)
{
	xmlNode *node = xmlNewNode(NULL, BAD_CAST value->element);
	xmlNs *xsi = xmlNewNs(node, BAD_CAST "http://www.w3.org/2001/XMLSchema-instance", BAD_CAST "xsi");

	xmlSetNs(node, xmlNewNs(node, BAD_CAST "urn:hl7-org:v3", NULL));
	xmlSetNsProp(node, xsi, BAD_CAST "type", BAD_CAST "CE");
	set(node, "code", value->code);
	set(node, "codeSystem", value->code_system);
	set(node, "codeSystemName", value->code_system_name);
	set(node, "displayName", value->display_name);

	LassoMiscTextNode *content = lasso_misc_text_node_new_with_xml_node(node); /* a copy */

	xmlFreeNode(node);
	return content;
}

static LassoMiscTextNode *text_value(const struct saml_value *value)
{
	LassoMiscTextNode *content = lasso_misc_text_node_new_with_string(value->text);

	content->text_child = TRUE; /* else it is written as an element */
	return content;
}

static LassoSaml2AttributeValue *attribute_value(const struct saml_value *value)
{
	LassoSaml2AttributeValue *node = g_object_new(LASSO_TYPE_SAML2_ATTRIBUTE_VALUE, NULL);

	node->any = g_list_append(NULL, value->text ? text_value(value) : coded_value(value));
	return node;
}

static LassoSaml2Attribute *attribute(const struct saml_attribute *one)
{
	LassoSaml2Attribute *node = g_object_new(LASSO_TYPE_SAML2_ATTRIBUTE, NULL);

	node->Name = g_strdup(one->name);
	node->NameFormat = g_strdup(one->format);
	node->FriendlyName = g_strdup(one->friendly_name);
	for (size_t i = 0; i < one->value_count; i++)
		node->AttributeValue = g_list_append(node->AttributeValue, attribute_value(&one->values[i]));
	return node;
}

/* An AttributeStatement without attributes is none (Core 2.7.3). */
static GList *attributes(const struct statement *statement)
{
	if (statement->attribute_count == 0)
		return NULL;

	LassoSaml2AttributeStatement *node = g_object_new(LASSO_TYPE_SAML2_ATTRIBUTE_STATEMENT, NULL);

	for (size_t i = 0; i < statement->attribute_count; i++)
		node->Attribute = g_list_append(node->Attribute, attribute(&statement->attributes[i]));
	return g_list_append(NULL, node);
}

enum err assertion_tree(struct work *work, const struct statement *statement, const char *id, xmlNode **out)
{
	TRY(check(work, statement));

	LassoSaml2Assertion *assertion = g_object_new(LASSO_TYPE_SAML2_ASSERTION, NULL);
	AUTO(node_done) LassoNode *node = LASSO_NODE(assertion);

	assertion->ID = g_strdup(id);
	assertion->Version = g_strdup("2.0");
	assertion->IssueInstant = g_strdup(clock_rfc3339(work->arena, work->now));
	assertion->Issuer = paper_issuer_node(work, NULL);
	assertion->Subject = subject(work, statement);
	assertion->Conditions = conditions(work, statement);
	assertion->AuthnStatement = g_list_append(NULL, authentication(work, statement));
	assertion->AttributeStatement = attributes(statement);
	return paper_tree(work, node, out);
}
