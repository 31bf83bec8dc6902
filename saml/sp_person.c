/* sp_person.c: an assertion's names and attributes as a person (SAML Core 2.2.2, 8.3; security.md B1, B14).
 */
#include "saml/sp.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "people/provision.h"
#include "saml/desk.h"
#include "saml/received.h"
#include "saml/response.h"
#include "saml/saml.h"
#include "saml/words.h"
#include "store/snapshot.h"

#define PART_MAX 1024
#define WS       "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

/* As ADFS and Entra call them. */
static const char ws_email[] = WS "emailaddress", ws_given[] = WS "givenname", ws_family[] = WS "surname";

/* As Okta, Entra, ADFS, Keycloak, Shibboleth, SimpleSAMLphp and we ourselves call them; the first that is
 * there. */
static const char *const email_names[] = { "email",  "mail",         "urn:oid:0.9.2342.19200300.100.1.3",
					   ws_email, "emailAddress", NULL };
static const char *const given_names[] = { "given_name",       "givenName", "firstName",
					   "urn:oid:2.5.4.42", ws_given,    NULL };
static const char *const family_names[] = { "family_name",     "sn",      "surname", "lastName",
					    "urn:oid:2.5.4.4", ws_family, NULL };

static enum err refuse(struct work *w, enum saml_word word, const char **told, const char *why)
{
	*told = saml_words[word].word;
	return fault(w, saml_words[word].err, "%s: %s", *told, why);
}

/* --- who --------------------------------------------------------------------------------------------- */

/* What is said by default is not said: a provider may leave it out the next time (Core 8.3.7, 3.7.3.2). */
static const char *unless(const char *text, const char *usual)
{
	return text && !text_equal(text, usual) ? text : "";
}

/* As a part of a text: bounded, with nothing in it that parts others. */
static bool is_part(const char *text)
{
	return strlen(text) <= PART_MAX && !text[strcspn(text, "! \t\r\n")];
}

/* Core 8.3: a URI. So it is neither one of our words nor like an attribute below. */
static bool is_foreign_format(const char *text)
{
	return strchr(text, ':') && *text != '=';
}

/* Parts with '!' between them, none of which has one but the last. */
static enum err name_subject(struct work *w, const struct connection *connection,
			     const struct foreign_name *name, const char *issuer, const char **out,
			     const char **word)
{
	enum name_id_format known = NAME_ID_UNSPECIFIED;
	bool is_known = !name->format || name_id_of(name->format, &known);
	const char *format = is_known ? name_id_word(known) : name->format;
	const char *by = unless(name->name_qualifier, issuer);
	const char *at = unless(name->sp_name_qualifier, sp_address(w, PATH_SP_METADATA, connection->id));

	if (!is_part(format) || !is_part(by) || !is_part(at) || (!is_known && !is_foreign_format(format)))
		return refuse(w, WORD_NAME_ID_QUALIFIER, word, "it could be read in two ways");
	if (is_known && known == NAME_ID_TRANSIENT)
		return refuse(w, WORD_NAME_ID_TRANSIENT, word, "declare subject_attribute");
	*out = arena_print(w->arena, "%s!%s!%s!%s", format, by, at, name->value);
	return OK;
}

/* Exactly one value; NULL: none, or several. */
static const char *only_value(const json_t *attributes, const char *name)
{
	const json_t *list = json_object_get(attributes, name);

	return json_array_size(list) == 1 ? json_string_value(json_array_get(list, 0)) : NULL;
}

static enum err subject_of(struct work *w, const struct connection *connection,
			   const struct response_said *said, const char **out, const char **word)
{
	const char *attribute = connection->subject_attribute;
	const struct foreign_name name = { said->name_id, said->name_id_format, said->name_qualifier,
					   said->sp_name_qualifier };

	if (attribute) {
		const char *value = only_value(said->attributes, attribute);

		if (text_is_empty(value) || strlen(value) > PART_MAX)
			return refuse(w, WORD_NAME_ID_MISSING, word,
				      "subject_attribute has not exactly one value of a length that is kept");
		/* no format begins like that, so it is nobody's NameID */
		*out = arena_print(w->arena, "=%s=%s", attribute, value);
		return OK;
	}
	if (!said->name_id)
		return refuse(w, WORD_NAME_ID_MISSING, word, "no NameID");
	return name_subject(w, connection, &name, said->issuer, out, word);
}

enum err sp_logout_subject(struct work *w, const struct connection *connection, const struct received *in,
			   const char **subject)
{
	const struct foreign_name name = { in->name_id, in->name_id_format, in->name_qualifier,
					   in->name_sp_qualifier };
	enum name_id_format format;
	const char *word;

	*subject = NULL;
	if (connection->subject_attribute ||
	    (name.format && name_id_of(name.format, &format) && format == NAME_ID_TRANSIENT))
		return OK;
	return name_subject(w, connection, &name, in->issuer, subject, &word);
}

/* --- the rest ---------------------------------------------------------------------------------------- */

static const char *one_of(const json_t *attributes, const char *declared, const char *const *usual)
{
	if (declared)
		return only_value(attributes, declared);
	for (; *usual; usual++)
		if (json_object_get(attributes, *usual))
			return only_value(attributes, *usual);
	return NULL;
}

static bool is_address(const struct response_said *said)
{
	enum name_id_format format;

	return said->name_id && said->name_id_format && name_id_of(said->name_id_format, &format) &&
	       format == NAME_ID_EMAIL;
}

static const char *email_of(const struct connection *connection, const struct response_said *said)
{
	const char *email = one_of(said->attributes, connection->email_claim, email_names);

	return email || connection->email_claim || !is_address(said) ? email : said->name_id;
}

/* What the provider says of it counts, where it says something; else the connection's word. */
static bool email_is_verified(const struct connection *connection, const json_t *attributes)
{
	const json_t *list = json_object_get(attributes, "email_verified");
	const char *value = only_value(attributes, "email_verified");

	return list ? text_equal(value, "true") || text_equal(value, "1") : connection->trust_email;
}

/* What the mapping may ask for beside the attributes; nothing that is sent under these names counts. */
static json_t *claims_of(const struct response_said *said)
{
	static const char *const ours[] = { "name_id", "name_id_format", "authn_context" };
	const char *const values[] = { said->name_id, said->name_id_format, said->context_class };
	json_t *claims = said->attributes;

	for (size_t i = 0; i < COUNT(ours); i++) {
		(void)json_object_del(claims, ours[i]); /* -1: it was not there */
		json_set_text(claims, ours[i], values[i]);
	}
	return claims;
}

/* For a logout there: the name has to go back as it came. */
static struct bytes hint_of(struct work *w, const struct response_said *said)
{
	AUTO(json_done) json_t *hint = json_object();

	json_set_text(hint, "name_id", said->name_id);
	json_set_text(hint, "format", said->name_id_format);
	json_set_text(hint, "name_qualifier", said->name_qualifier);
	json_set_text(hint, "sp_name_qualifier", said->sp_name_qualifier);
	json_set_text(hint, "session_index", said->session_index);
	const char *text = json_text(w->arena, hint);

	return BYTES_OF(text);
}

enum err sp_person(struct work *w, const struct connection *connection, const struct response_said *said,
		   struct upstream_person *out, const char **word)
{
	static const char *const none[] = { NULL };
	const char *subject;

	TRY(subject_of(w, connection, said, &subject, word));
	const char *email = email_of(connection, said);

	*out = (struct upstream_person){
		.connection = connection,
		.issuer = said->issuer,
		.subject = subject,
		.email = email,
		.email_verified = email && email_is_verified(connection, said->attributes),
		.given_name = one_of(said->attributes, connection->given_name_claim, given_names),
		.family_name = one_of(said->attributes, connection->family_name_claim, family_names),
		.mfa = connection->trust_upstream_mfa && said->context_class &&
		       text_list_has(connection->mfa_values, said->context_class),
		.amr = none,
		.auth_time = said->auth_time,
		.ends_at = said->session_ends_at,
		.upstream_sid = said->session_index,
	};
	out->claims = claims_of(said);
	if (connection->upstream_logout && said->name_id)
		out->logout_hint = hint_of(w, said);
	return OK;
}
