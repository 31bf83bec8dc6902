/* arrival.c: fields and bodies to XML bytes (SAML Bindings 3.2.2, 3.4.4, 3.5.4). */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "http/form.h"
#include "saml/inflate.h"
#include "saml/reading.h"

#define DEFLATE_ENCODING "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
#define SIGNATURE_MAX    2048 /* bytes of RSA with 16384 bits */

static const char *field_of(enum saml_message message)
{
	return message == LOGOUT_RESPONSE ? "SAMLResponse" : "SAMLRequest";
}

/* The value of the field that carries the message. */
static enum err find_message(struct reading *r, const char **value)
{
	const struct form *fields = r->arrival->fields;
	const char *name = field_of(r->out->message);
	const char *other = r->out->message == LOGOUT_RESPONSE ? "SAMLRequest" : "SAMLResponse";

	if (fields->repeated != NULL)
		return reading_refuse(r, WORD_PARAMETER_REPEATED, "%s", reading_told(r, fields->repeated));
	*value = form_get(fields, name);
	if (text_is_empty(*value))
		return reading_refuse(r, WORD_PARAMETER_MISSING, "no %s", name);
	if (form_get(fields, other) != NULL)
		return reading_refuse(r, WORD_PARAMETER_ODD, "%s beside %s", other, name);
	return OK;
}

static enum err read_relay_state(struct reading *r)
{
	const char *state = form_get(r->arrival->fields, "RelayState");

	if (state != NULL && strlen(state) > SAML_RELAY_MAX)
		return reading_refuse(r, WORD_RELAY_STATE_TOO_LONG, "%zu bytes", strlen(state));
	r->out->relay_state = state;
	return OK;
}

static enum err refuse_packing(struct reading *r, enum saml_word word, const char *value)
{
	return reading_refuse(r, word, "%zu characters in %s", strlen(value), field_of(r->out->message));
}

/* The bytes behind "name=" as they stand in the query; NULL: not written plainly like that. They must mean
 * what the form reader read, or one message would be verified and another one read. */
static const char *raw_value(struct reading *r, const char *name)
{
	struct arena *arena = r->work->arena;
	size_t size = strlen(name);
	char *meant = NULL;

	for (const char *at = r->arrival->raw_query;; at++) {
		size_t length = strcspn(at, "&");

		if (length > size && strncmp(at, name, size) == 0 && at[size] == '=') {
			const char *raw = arena_textn(arena, at + size + 1, length - size - 1);
			bool same = percent_decode(arena, raw, strlen(raw), true, &meant) &&
				    text_equal(meant, form_get(r->arrival->fields, name));

			return same ? raw : NULL;
		}
		at += length;
		if (*at == '\0')
			return NULL;
	}
}

static enum err check_method(struct reading *r, const char *method, const char *signature)
{
	struct bytes bytes;

	if (!signature_method_allowed(method))
		return reading_refuse(r, WORD_SIGNATURE_ALGORITHM, "%s", reading_told(r, method));
	if (unpack_base64(r->work->arena, signature, true, &bytes) != WORD_NONE || bytes.size > SIGNATURE_MAX)
		return reading_refuse(r, WORD_BASE64, "Signature of %zu characters", strlen(signature));
	return OK;
}

/* The signature covers the values as the sender encoded them, in one order (Bindings 3.4.4.1). */
static enum err collect_signed(struct reading *r)
{
	const char *name = field_of(r->out->message), *message = raw_value(r, name);
	const char *state = raw_value(r, "RelayState"), *method = raw_value(r, "SigAlg");
	const char *signature = raw_value(r, "Signature");

	if (!message || !method || !signature || (!state && r->out->relay_state))
		return reading_refuse(r, WORD_PARAMETER_ODD, "a signed parameter has an encoded name");
	r->out->signed_query =
		arena_print(r->work->arena, "%s=%s%s%s&SigAlg=%s&Signature=%s", name, message,
			    state ? "&RelayState=" : "", state ? state : "", method, signature);
	r->out->has_signature = true;
	return OK;
}

static enum err read_query_signature(struct reading *r)
{
	const char *method = form_get(r->arrival->fields, "SigAlg");
	const char *signature = form_get(r->arrival->fields, "Signature");

	if (method == NULL && signature == NULL)
		return OK;
	if (method == NULL || signature == NULL)
		return reading_refuse(r, WORD_QUERY_SIGNATURE, "%s alone", method ? "SigAlg" : "Signature");
	TRY(check_method(r, method, signature));
	return collect_signed(r);
}

static enum err unpack_query(struct reading *r, struct bytes *text)
{
	const char *value, *encoding = form_get(r->arrival->fields, "SAMLEncoding");
	struct bytes packed;

	TRY(find_message(r, &value));
	TRY(read_relay_state(r));
	if (encoding != NULL && !text_equal(encoding, DEFLATE_ENCODING))
		return reading_refuse(r, WORD_ENCODING_UNKNOWN, "%s", reading_told(r, encoding));
	enum saml_word word = unpack_base64(r->work->arena, value, false, &packed);

	if (word == WORD_NONE)
		word = unpack_deflate(r->work->arena, packed, text);
	return word == WORD_NONE ? read_query_signature(r) : refuse_packing(r, word, value);
}

/* A signature beside the message is the SimpleSign binding, which we do not speak; passing over it would be
 * to ignore a signature that is there. */
static enum err unpack_form(struct reading *r, struct bytes *text)
{
	const char *value;

	TRY(find_message(r, &value));
	TRY(read_relay_state(r));
	if (form_get(r->arrival->fields, "SigAlg") || form_get(r->arrival->fields, "Signature"))
		return reading_refuse(r, WORD_QUERY_SIGNATURE, "in a form");
	enum saml_word word = unpack_base64(r->work->arena, value, true, text);

	return word == WORD_NONE ? OK : refuse_packing(r, word, value);
}

enum err arrival_unpack(struct reading *r, struct bytes *text)
{
	if (r->arrival->binding == BINDING_REDIRECT)
		return unpack_query(r, text);
	if (r->arrival->binding == BINDING_POST)
		return unpack_form(r, text);
	assert(r->arrival->binding == BINDING_SOAP || r->arrival->binding == BINDING_PAOS);
	*text = r->arrival->body;
	return OK;
}
