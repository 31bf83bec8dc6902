/* response.h, decrypt.h: an encrypted assertion is opened with our keys alone, by few algorithms, and is a
 * stranger's until its own signature or the one around it holds (security.md H7, H15). */
#include "response_kit.h"

#include "saml/decrypt.h"

#define GCM_OAEP ((struct sealing){ .cipher = "aes256-gcm", .wrap = "rsa-oaep-mgf1p" })

static const char *without_declaration(const char *xml)
{
	return text_starts(xml, "<?xml") ? strchr(xml, '\n') + 1 : xml;
}

/* The assertion is signed or not; then it is encrypted; then the Response is signed or not. */
static char *sealed_answer(struct hand *hand, const char *certificate, const struct sealing *how,
			   unsigned what)
{
	struct arena *arena = hand->arena;
	const char *assertion = ASSERTION;

	if (what & SIGN_ASSERTION)
		assertion = signed_by(arena, assertion, SIGN_ASSERTION, &app_one);
	assertion = without_declaration(assertion);
	char *xml = arena_print(arena, "%s%s%s", HEAD STATUS, sealed_as(arena, assertion, certificate, how),
				TAIL);

	return what & SIGN_RESPONSE ? signed_by(arena, xml, SIGN_RESPONSE, &app_one) : xml;
}

static void an_assertion_signed_inside_outside_or_both_is_opened_and_taken(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	for (unsigned what = SIGN_ASSERTION; what <= SIGN_BOTH; what++) {
		const struct try_ t =
			read_it(&hand, sealed_answer(&hand, our_certificate(&hand), &GCM_OAEP, what));

		assert_fine(&hand, &t);
		assert_true(t.said.was_encrypted);
		assert_string_equal(t.said.session_index, "_session-1");
	}
}

static void encrypted_and_unsigned_is_refused(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const struct try_ t = read_it(&hand, sealed_answer(&hand, our_certificate(&hand), &GCM_OAEP, 0));

	assert_word("unsigned", &t, "assertion_unsigned");
}

static void what_is_inside_is_weighed_as_anything_else(UNUSED void **state)
{
	static const struct {
		const char *from, *to, *word;
	} rows[] = {
		{ "<saml:Audience>" SP, "<saml:Audience>urn:other", "audience" },
		{ "<saml:Subject>", "<!-- x --><saml:Subject>", "xml_comment" },
		{ "<saml:Assertion", "<!DOCTYPE x><saml:Assertion", "xml_doctype" },
		{ "saml:Assertion", "saml:Advice", "xml_unbalanced" },
		{ "</saml:Assertion>", "</saml:Assertion><saml:Assertion/>", "xml_outside" },
		{ " xmlns:saml=\"" NS_ASSERTION "\"", "", "xml_parser" },
		{ "<saml:OneTimeUse/>", "<saml:OneTimeUse/><saml:Assertion/>", "assertion_count" },
		{ "<saml:AuthnContext>", "<saml:AuthnContext ID=\"_assertion-0123456789\">", "id_repeated" },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *inner =
			sealed_as(hand.arena, swapped(hand.arena, ASSERTION, rows[i].from, rows[i].to, 0),
				  our_certificate(&hand), &GCM_OAEP);
		const char *xml = arena_print(hand.arena, "%s%s%s", HEAD STATUS, inner, TAIL);
		const struct try_ t = read_it(&hand, signed_by(hand.arena, xml, SIGN_RESPONSE, &app_one));

		assert_word(rows[i].to, &t, rows[i].word);
	}
}

static const struct sealing strong[] = {
	{ .cipher = "aes256-gcm", .wrap = "rsa-oaep-mgf1p" },
	{ .cipher = "aes128-gcm", .wrap = "rsa-oaep-mgf1p", .beside = true },
	{ .cipher = "aes256-gcm",
	  .wrap = "rsa-oaep-mgf1p",
	  .digest = "http://www.w3.org/2000/09/xmldsig#sha1" },
	{ .cipher = "aes256-gcm", .wrap = "rsa-oaep-mgf1p", .digest = NS_ENC "sha256" },
	{ .cipher = "aes256-gcm",
	  .wrap = "rsa-oaep",
	  .digest = NS_ENC "sha256",
	  .mask = NS_E11 "mgf1sha256" },
	{ .cipher = "aes128-gcm", .wrap = "rsa-oaep", .digest = NS_ENC "sha512", .mask = NS_E11 "mgf1sha1" },
	{ .cipher = "aes128-gcm", .wrap = "rsa-oaep" },
	{ .cipher = "aes256-gcm",
	  .wrap = "rsa-oaep",
	  .digest = "http://www.w3.org/2001/04/xmldsig-more#sha384",
	  .mask = NS_E11 "mgf1sha384" },
};
static const struct sealing weak[] = {
	{ .cipher = "aes256-cbc", .wrap = "rsa-oaep-mgf1p" },
	{ .cipher = "aes128-cbc", .wrap = "rsa-oaep-mgf1p" },
	{ .cipher = "aes256-gcm", .wrap = "rsa-1_5" },
	{ .cipher = "aes128-cbc", .wrap = "rsa-1_5", .beside = true },
};

static void gcm_and_oaep_are_opened(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	for (size_t i = 0; i < COUNT(strong); i++) {
		const struct try_ t = read_it(
			&hand, sealed_answer(&hand, our_certificate(&hand), &strong[i], SIGN_ASSERTION));

		assert_fine(&hand, &t);
	}
}

static void cbc_and_rsa_1_5_are_opened_only_where_that_is_recorded(UNUSED void **state)
{
	const struct provider provider = provider_with(&app_one, "idp 1");
	struct connection legacy = kit_connection;
	struct response_ask ask = ask_of(&provider);
	AUTO_OURS hand;

	ours_begin(&hand);
	legacy.allow_legacy_encryption = true;
	for (size_t i = 0; i < COUNT(weak); i++) {
		const char *xml = sealed_answer(&hand, our_certificate(&hand), &weak[i], SIGN_ASSERTION);

		ask.connection = &kit_connection;
		struct try_ t = read_with(&hand, xml, &ask);

		assert_word(weak[i].cipher, &t, "encryption_algorithm");
		ask.connection = &legacy;
		t = read_with(&hand, xml, &ask);
		assert_fine(&hand, &t);
	}
}

/* Wherever it was changed it is the same refusal: nothing tells a key from a padding from a tag. */
static void what_does_not_open_is_one_refusal(UNUSED void **state)
{
	const struct provider provider = provider_with(&app_one, "idp 1");
	struct connection legacy = kit_connection;
	struct response_ask ask = ask_of(&provider);
	const struct sealing hows[] = { GCM_OAEP, weak[0], weak[3] };
	size_t tried = 0;
	AUTO_OURS hand;

	ours_begin(&hand);
	legacy.allow_legacy_encryption = true;
	ask.connection = &legacy;
	for (size_t i = 0; i < COUNT(hows); i++) {
		const char *xml = sealed_answer(&hand, our_certificate(&hand), &hows[i], 0);

		for (int nth = 0; nth < 2; nth++) {
			char *other = arena_text(hand.arena, xml), *at = strstr(other, "<xenc:CipherValue>");

			if (nth)
				at = strstr(at + 1, "<xenc:CipherValue>");
			at += strlen("<xenc:CipherValue>") + 40;
			at[0] = at[0] == 'A' ? 'Q' : 'A';
			at[4] = at[4] == 'A' ? 'Q' : 'A';
			const struct try_ t = read_with(&hand, other, &ask);

			/* one changed block of CBC leaves XML that is none */
			assert_word(hows[i].cipher, &t, "decryption");
			tried++;
		}
	}
	assert_int_equal(tried, 6);
}

static void what_is_for_another_key_does_not_open(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const struct try_ t =
		read_it(&hand, sealed_answer(&hand, app_other.certificate, &GCM_OAEP, SIGN_BOTH));

	assert_word("another key", &t, "decryption");
}

static void the_key_before_still_opens_and_a_compromised_one_does_not(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *old = arena_text(hand.arena, our_certificate(&hand));
	const char *xml = sealed_answer(&hand, old, &GCM_OAEP, SIGN_ASSERTION);

	assert_ok(&hand, keyring_rotate(&hand.w, XML_KEY_ALG, false));
	assert_string_not_equal(our_certificate(&hand), old);
	struct try_ t = read_it(&hand, xml);

	assert_fine(&hand, &t);
	xml = sealed_answer(&hand, our_certificate(&hand), &GCM_OAEP, SIGN_ASSERTION);
	t = read_it(&hand, xml);
	assert_fine(&hand, &t);
	assert_ok(&hand, keyring_rotate(&hand.w, XML_KEY_ALG, true));
	t = read_it(&hand, xml);
	assert_word("compromised", &t, "decryption");
}

/* security.md H15: what nobody asked for is opened only under the provider's signature. */
static void unsolicited_it_is_opened_only_when_the_response_is_signed(UNUSED void **state)
{
	const struct provider provider = provider_with(&app_one, "idp 1");
	struct response_ask ask = ask_of(&provider);
	AUTO_OURS hand;

	ours_begin(&hand);
	ask.request_id = NULL;
	char *xml = sealed_answer(&hand, our_certificate(&hand), &GCM_OAEP, SIGN_ASSERTION);

	xml = swapped(hand.arena, xml, " InResponseTo=\"" REQUEST "\"", "", 0);
	struct try_ t = read_with(&hand, xml, &ask);

	assert_word("not signed", &t, "assertion_unsigned");
	assert_false(t.said.was_encrypted);
	t = read_with(&hand, signed_by(hand.arena, xml, SIGN_RESPONSE, &app_one), &ask);
	assert_word("signed", &t, "confirmation_in_response_to"); /* it was opened */
}

static void an_odd_envelope_is_refused(UNUSED void **state)
{
	static const struct {
		const char *from, *to, *word;
		int nth;
	} rows[] = {
		{ "<xenc:CipherData><xenc:CipherValue>",
		  "<xenc:CipherData><xenc:CipherReference/><xenc:CipherValue>", "encryption", 0 },
		{ "<xenc:EncryptedKey", "<xenc:Other", "xml_unbalanced", 0 },
		{ "xmlenc#rsa-oaep-mgf1p\">", "xenc#rsa-oaep-mgf1p\"><xenc:OAEPparams>AAAA</xenc:OAEPparams>",
		  "encryption_algorithm", 0 },
		{ "xmlenc#rsa-oaep-mgf1p\">",
		  "xmlenc#rsa-oaep-mgf1p\"><ds:DigestMethod xmlns:ds=\"" NS_SIGNATURE
		  "\" Algorithm=\"urn:md5\"/>",
		  "encryption_algorithm", 0 },
		{ "xmlenc11#aes256-gcm", "xmlenc#tripledes-cbc", "encryption_algorithm", 0 },
		{ "</xenc:EncryptedData>",
		  "</xenc:EncryptedData><xenc:EncryptedData xmlns:xenc=\"" NS_ENC "\"/>", "encryption", 0 },
		{ "</saml:EncryptedAssertion>",
		  "</saml:EncryptedAssertion><saml:EncryptedAssertion xmlns:saml=\"" NS_ASSERTION "\"/>",
		  "assertion_count", 0 },
	};
	AUTO_OURS hand;

	ours_begin(&hand);
	const char *good = sealed_answer(&hand, our_certificate(&hand), &GCM_OAEP, SIGN_ASSERTION);

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct try_ t =
			read_it(&hand, swapped(hand.arena, good, rows[i].from, rows[i].to, rows[i].nth));

		assert_word(rows[i].to, &t, rows[i].word);
	}
}

#define NOTHING(size)   base64_encode(arena, (struct bytes){ zeros, size })
#define BODY(how, text) ciphered(arena, text, how, zeros)

/* Whoever cannot wrap a key for us cannot choose the one that we try; and of a body everything is there. */
static void what_is_put_together_without_our_key_is_not_opened(UNUSED void **state)
{
	static const struct sealing big = { .cipher = "aes256-gcm", .wrap = "rsa-oaep-mgf1p" },
				    small = { .cipher = "aes128-gcm", .wrap = "rsa-oaep-mgf1p" },
				    cbc = { .cipher = "aes256-cbc", .wrap = "rsa-oaep-mgf1p" };
	static const uint8_t zeros[512];
	AUTO_OURS hand;

	ours_begin(&hand);
	struct arena *arena = hand.arena;
	const char *mine = our_certificate(&hand);
	const char *good = without_declaration(signed_by(arena, ASSERTION, SIGN_ASSERTION, &app_one));
	const char *for_big = wrapped_key(arena, mine, &big, zeros, 32);
	const struct {
		const char *what;
		const struct sealing *how;
		const char *key, *body;
	} rows[] = {
		{ "a key of zeros, and nothing of ours around it", &big, NOTHING(256), BODY(&big, good) },
		{ "a wrapped key that is cut", &big, NOTHING(255), BODY(&big, good) },
		{ "a key longer than the cipher's", &small, for_big, BODY(&small, good) },
		{ "a key shorter than the cipher's", &big, wrapped_key(arena, mine, &big, zeros, 16),
		  BODY(&big, good) },
		{ "a byte alone", &big, for_big, NOTHING(1) },
		{ "a nonce and a part of a tag", &big, for_big, NOTHING(27) },
		{ "nothing between nonce and tag", &big, for_big, BODY(&big, "") },
		{ "one block of CBC", &cbc, for_big, NOTHING(16) },
		{ "two blocks and a half", &cbc, for_big, NOTHING(40) },
	};
	const struct provider provider = provider_with(&app_one, "idp 1");
	struct connection connection = kit_connection;
	struct response_ask ask = ask_of(&provider);

	connection.allow_legacy_encryption = true;
	ask.connection = &connection;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *sealed = envelope_of(arena, rows[i].how, rows[i].key, rows[i].body);
		const struct try_ t =
			read_with(&hand, arena_print(arena, "%s%s%s", HEAD STATUS, sealed, TAIL), &ask);

		assert_word(rows[i].what, &t, "decryption");
	}
}

/* --- wrapped inside ---------------------------------------------------------------------------------- */

static const char *evil_of(struct arena *arena, const char *assertion)
{
	return swapped(arena, assertion, GOOD_ID, "victim@hospital.example", 0);
}

/* The good assertion with its signature is carried along inside of another one: where, the row says. */
static const char *carried(struct arena *arena, const char *evil, const char *before, const char *good,
			   const char *after)
{
	return swapped(arena, evil, before, arena_print(arena, "%s%s%s", before, good, after), 0);
}

static void what_is_wrapped_inside_is_refused(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	struct arena *arena = hand.arena;
	const char *good = without_declaration(signed_by(arena, ASSERTION, SIGN_ASSERTION, &app_one));
	const char *signature = strstr(good, "<Signature"), *behind = strstr(good, "</Signature>");
	const char *cut =
		arena_textn(arena, signature, (size_t)(behind - signature) + strlen("</Signature>"));
	const char *bare = evil_of(arena, ASSERTION),
		   *moved = swapped(arena, bare, "_assertion-0", "_other-0", 0);
	const char *other = without_declaration(signed_by(arena, bare, SIGN_ASSERTION, &app_other));
	const char *issuer = "</saml:Issuer>", *same = swapped(arena, bare, "_assertion-", "_response-", 0);
	const struct {
		const char *what, *inner, *word;
	} rows[] = {
		{ "changed after signing", evil_of(arena, good), "assertion_signature" },
		{ "by a key that it brings", other, "assertion_signature" },
		{ "a good one in Advice",
		  carried(arena, moved, "</saml:Conditions>",
			  arena_print(arena, "<saml:Advice>%s</saml:Advice>", good), ""),
		  "assertion_count" },
		{ "its signature on another ID", carried(arena, moved, issuer, cut, ""),
		  "signature_reference" },
		{ "the good one in its signature's Object",
		  carried(arena, moved, issuer,
			  swapped(arena, cut, "</Signature>",
				  arena_print(arena, "<Object>%s</Object></Signature>", good), 0),
			  ""),
		  "signature_structure" },
		{ "a signature of the Response's ID", carried(arena, same, issuer, cut, ""),
		  "signature_reference" },
		{ "another sealed one in it",
		  carried(arena, moved, "</saml:Conditions>",
			  "<saml:Advice><saml:EncryptedAssertion/></saml:Advice>", ""),
		  "assertion_count" },
		{ "an ID of another kind",
		  swapped(arena, carried(arena, moved, issuer, cut, ""), "<saml:Subject>",
			  "<saml:Subject xml:id=\"_assertion-0123456789\">", 0),
		  "signature_reference" },
		{ "a namespace of its own for what is signed",
		  swapped(arena, good, "<saml:Subject>", "<saml:Subject xmlns:saml=\"urn:x\">", 0),
		  "child_unexpected" },
		{ "a document type with an entity",
		  arena_print(arena, "<!DOCTYPE x [<!ENTITY y \"z\">]>%s", good), "xml_doctype" },
		{ "an assertion of SAML 1.1",
		  "<Assertion xmlns=\"urn:oasis:names:tc:SAML:1.0:assertion\" ID=\"_assertion-0123456789\"/>",
		  "encryption" },
		{ "a Response", arena_print(arena, "%s%s%s%s", HEAD, STATUS, good, TAIL), "encryption" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *sealed = sealed_as(arena, rows[i].inner, our_certificate(&hand), &GCM_OAEP);
		const struct try_ t =
			read_it(&hand, arena_print(arena, "%s%s%s%s", HEAD, STATUS, sealed, TAIL));

		assert_word(rows[i].what, &t, rows[i].word);
	}
}

/* What the Response's signature covers is what was sent, not what somebody puts in its place. */
static void a_sealed_one_beside_or_instead_of_another_is_refused(UNUSED void **state)
{
	AUTO_OURS hand;

	ours_begin(&hand);
	struct arena *arena = hand.arena;
	const char *ours = our_certificate(&hand);
	const char *good = without_declaration(signed_by(arena, ASSERTION, SIGN_ASSERTION, &app_one));
	const char *sealed = sealed_as(arena, good, ours, &GCM_OAEP);
	const char *evil = sealed_as(arena, evil_of(arena, ASSERTION), ours, &GCM_OAEP);
	const char *whole = signed_by(arena, arena_print(arena, "%s%s%s%s", HEAD, STATUS, sealed, TAIL),
				      SIGN_RESPONSE, &app_one);
	const char *at = strstr(whole, "<saml:EncryptedAssertion"), *end = strstr(at, TAIL);
	const struct {
		const char *what, *xml, *word;
	} rows[] = {
		{ "instead", arena_print(arena, "%.*s%s%s", (int)(at - whole), whole, evil, end),
		  "response_signature" },
		{ "a clear one instead",
		  arena_print(arena, "%.*s%s%s", (int)(at - whole), whole, evil_of(arena, ASSERTION), end),
		  "response_signature" },
		{ "beside", arena_print(arena, "%s%s%s%s%s", HEAD, STATUS, sealed, evil, TAIL),
		  "assertion_count" },
		{ "a clear one beside", arena_print(arena, "%s%s%s%s%s", HEAD, STATUS, good, evil, TAIL),
		  "assertion_count" },
		{ "in Extensions",
		  arena_print(arena, "%s<samlp:Extensions>%s</samlp:Extensions>%s%s%s", HEAD, evil, STATUS,
			      sealed, TAIL),
		  "assertion_count" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct try_ t = read_it(&hand, rows[i].xml);

		assert_word(rows[i].what, &t, rows[i].word);
	}
	const struct try_ t = read_it(&hand, whole);

	assert_fine(&hand, &t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_assertion_signed_inside_outside_or_both_is_opened_and_taken),
		cmocka_unit_test(encrypted_and_unsigned_is_refused),
		cmocka_unit_test(what_is_inside_is_weighed_as_anything_else),
		cmocka_unit_test(gcm_and_oaep_are_opened),
		cmocka_unit_test(cbc_and_rsa_1_5_are_opened_only_where_that_is_recorded),
		cmocka_unit_test(what_does_not_open_is_one_refusal),
		cmocka_unit_test(what_is_for_another_key_does_not_open),
		cmocka_unit_test(unsolicited_it_is_opened_only_when_the_response_is_signed),
		cmocka_unit_test(an_odd_envelope_is_refused),
		cmocka_unit_test(what_is_put_together_without_our_key_is_not_opened),
		cmocka_unit_test(what_is_wrapped_inside_is_refused),
		cmocka_unit_test(a_sealed_one_beside_or_instead_of_another_is_refused),
		cmocka_unit_test(the_key_before_still_opens_and_a_compromised_one_does_not),
	};

	saml_library_start();
	return cmocka_run_group_tests(tests, begin_desk, end_desk);
}
