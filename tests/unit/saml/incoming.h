/* incoming.h: messages as apps send them, for the tests of what comes in. */
#ifndef TESTS_SAML_INCOMING_H
#define TESTS_SAML_INCOMING_H

#include "base/base.h"

#define ZLIB_CONST
#include <setjmp.h>
#include <cmocka.h>
#include <zlib.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "http/form.h"
#include "saml/received.h"
#include "saml/scan.h"
#include "saml/tree.h"
#include "saml/words.h"

#define HERE  "https://id.example/saml/sso"
#define NOW   INT64_C(1893456000) /* 2030-01-01T00:00:00Z */
#define TIMES "2030-01-01T00:00:00Z"

/* A raw deflate stream of data. */
static struct bytes deflated(struct arena *arena, struct bytes data)
{
	z_stream stream = { .zalloc = Z_NULL };
	int done = deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
	size_t room = deflateBound(&stream, data.size);
	uint8_t *out = arena_alloc(arena, room);

	assert(done == Z_OK);
	stream.next_in = data.at;
	stream.avail_in = (uInt)data.size;
	stream.next_out = out;
	stream.avail_out = (uInt)room;
	done = deflate(&stream, Z_FINISH);
	assert(done == Z_STREAM_END);
	size_t size = room - stream.avail_out;

	(void)deflateEnd(&stream);
	return (struct bytes){ out, size };
}

static char *percent(struct arena *arena, const char *text)
{
	AUTO_BUF out = BUF(8 * MB);

	percent_encode(&out, text);
	return arena_text(arena, buf_str(&out));
}

static struct form *form_of(struct arena *arena, const char *text)
{
	struct form *form = arena_new_of(arena, struct form);
	enum err err = form_parse(arena, text, strlen(text), 50, form);

	assert(err == OK);
	return form;
}

static UNUSED struct arrival by_query(struct arena *arena, const char *query)
{
	return (struct arrival){ .binding = BINDING_REDIRECT,
				 .fields = form_of(arena, query),
				 .raw_query = query,
				 .address = HERE };
}

static UNUSED struct arrival by_form(struct arena *arena, const char *body)
{
	return (struct arrival){ .binding = BINDING_POST, .fields = form_of(arena, body), .address = HERE };
}

static UNUSED struct arrival by_soap(struct arena *arena, const char *body)
{
	return (struct arrival){ .binding = BINDING_SOAP,
				 .body = BYTES_OF(arena_text(arena, body)),
				 .address = HERE };
}

/* name=, packed for a query. */
static UNUSED char *packed_query(struct arena *arena, const char *name, struct bytes xml)
{
	return arena_print(arena, "%s=%s", name, percent(arena, base64_encode(arena, deflated(arena, xml))));
}

static UNUSED char *packed_form(struct arena *arena, const char *name, struct bytes xml)
{
	return arena_print(arena, "%s=%s", name, percent(arena, base64_encode(arena, xml)));
}

static UNUSED char *in_envelope(struct arena *arena, const char *header, const char *body)
{
	return arena_print(arena, "<S:Envelope xmlns:S=\"" NS_SOAP "\">%s<S:Body>%s</S:Body></S:Envelope>",
			   header, body);
}

#define SAMLP       "xmlns:samlp=\"" NS_PROTOCOL "\" xmlns:saml=\"" NS_ASSERTION "\""
#define ID          "_0123456789abcdef"
#define COMMON      "ID=\"" ID "\" Version=\"2.0\" IssueInstant=\"" TIMES "\""
#define ISSUER      "<saml:Issuer>https://sp.example/saml</saml:Issuer>"
#define REQUEST     "<samlp:AuthnRequest " SAMLP " " COMMON
#define LOGOUT      "<samlp:LogoutRequest " SAMLP " " COMMON
#define ANSWER      "<samlp:LogoutResponse " SAMLP " " COMMON
#define RESOLVE     "<samlp:ArtifactResolve " SAMLP " " COMMON
#define END_REQUEST ISSUER "</samlp:AuthnRequest>"
#define MORE        "http://www.w3.org/2001/04/xmldsig-more#"
#define STATUS      "urn:oasis:names:tc:SAML:2.0:status:"

/* One message, read by one binding. */
struct
try {
	struct arena *arena;
	struct work work;
	struct received out;
	const char *word;
	enum err err;
};

static enum err try_arrival(struct try *t, const struct arrival *arrival, enum saml_message expected)
{
	t->work = (struct work){ .arena = t->arena, .now = NOW };
	t->err = received_read(&t->work, arrival, expected, &t->out, &t->word);
	return t->err;
}

static const char *field_of(enum saml_message expected)
{
	return expected == LOGOUT_RESPONSE ? "SAMLResponse" : "SAMLRequest";
}

static UNUSED enum err try_query(struct try *t, enum saml_message expected, const char *xml)
{
	struct arrival arrival =
		by_query(t->arena, packed_query(t->arena, field_of(expected), BYTES_OF(xml)));

	return try_arrival(t, &arrival, expected);
}

static UNUSED enum err try_form(struct try *t, enum saml_message expected, const char *xml)
{
	struct arrival arrival = by_form(t->arena, packed_form(t->arena, field_of(expected), BYTES_OF(xml)));

	return try_arrival(t, &arrival, expected);
}

static UNUSED enum err try_soap(struct try *t, enum saml_message expected, const char *soap)
{
	struct arrival arrival = by_soap(t->arena, soap);

	return try_arrival(t, &arrival, expected);
}

/* Refused by this word, and by its error. */
static UNUSED void assert_refused(const struct try *t, const char *what, const char *word)
{
	if (!text_equal(t->word, word))
		fail_msg("%.300s: %s, not %s", what, t->word ? t->word : "accepted", word);
	assert_int_equal(t->err, saml_words[saml_word_of(word)].err);
	assert_int_equal(t->work.err, t->err);
	assert_true(text_starts(t->work.reason, word));
}

static UNUSED void assert_fine(const struct try *t, const char *what)
{
	if (t->err != OK)
		fail_msg("%.300s: %s", what, t->work.reason);
	assert_null(t->word);
	assert_null(xml_scan(BYTES_OF(t->out.xml), &xml_of_request));
}

static UNUSED int open_try(void **state)
{
	struct try *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->arena = arena_new();
	*state = t;
	return 0;
}

static UNUSED int close_try(void **state)
{
	struct try *t = *state;

	arena_done(&t->arena);
	free(t);
	return 0;
}

#endif
