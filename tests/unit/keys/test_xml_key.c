/* xml_key.h: the key of SAML is made once with its certificate, moves by command alone, and is no key of
 * tokens. */
#include "forge.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "kit/store_kit.h"

#include "base/config.h"
#include "base/json.h"
#include "keys/keyring.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "keys/xml_key.h"
#include "store/signing_keys.h"

enum { DAY = 24 * 3600 };

static struct vault *vault;
static struct config config = { .issuer = "https://id.clinic.example:8443",
				.issuer_host = "id.clinic.example:8443" };

static void clear(struct hand *hand)
{
	static const char sql[] = "DELETE FROM signing_key";

	assert_ok(hand, db_run(&hand->w, NULL, sql, V_NULL()));
}

/* A node: a hand with a keyring of its own. */
static void join(struct hand *hand)
{
	hand_begin(hand, NULL);
	hand->app.vault = vault;
	hand->app.config = &config;
	assert_ok(hand, keyring_open(&hand->w, &hand->app.keyring));
}

static void leave(struct hand *hand)
{
	keyring_close(hand->app.keyring);
	hand_end(hand);
}

#define AUTO_NODE AUTO(leave) struct hand

/* The rows that a first node made, to begin with: making RSA keys takes its time. */
static struct {
	struct arena *arena;
	struct signing_key *rows;
	size_t count;
} begun;

static void keep_rows(const struct signing_key *rows, size_t count)
{
	begun.arena = arena_new();
	begun.count = count;
	begun.rows = arena_array(begun.arena, struct signing_key, count);
	for (size_t i = 0; i < count; i++) {
		begun.rows[i] = rows[i];
		begun.rows[i].kid = arena_text(begun.arena, rows[i].kid);
		begun.rows[i].alg = arena_text(begun.arena, rows[i].alg);
		begun.rows[i].state = arena_text(begun.arena, rows[i].state);
		begun.rows[i].public_jwk = arena_text(begun.arena, rows[i].public_jwk);
		begun.rows[i].sealed = arena_bytes(begun.arena, rows[i].sealed);
	}
}

static void make_rows(void)
{
	AUTO_NODE node;
	const struct xml_key *keys;
	struct signing_key *rows;
	size_t count;

	join(&node);
	assert_ok(&node, xml_keys(&node.w, &keys, &count));
	assert_ok(&node, signing_keys_all(&node.w, &rows, &count));
	assert_int_equal(count, 6);
	keep_rows(rows, count);
}

/* The rows of the first node; without those of SAML when they are not wanted. */
static void begin_with(struct hand *hand, bool saml)
{
	if (!begun.arena)
		make_rows();
	hand_begin(hand, NULL);
	clear(hand);
	for (size_t i = 0; i < begun.count; i++) {
		struct signing_key row = begun.rows[i];
		bool done = false;

		if (!saml && text_equal(row.alg, XML_KEY_ALG))
			continue;
		row.created_at = hand->w.now;
		row.activated_at = row.activated_at ? hand->w.now : 0;
		assert_ok(hand, signing_key_insert(&hand->w, &row, &done));
		assert_true(done);
	}
	hand_end(hand);
	join(hand);
}

static void begin(struct hand *hand)
{
	begin_with(hand, true);
}

static const struct xml_key *keys_of(struct hand *hand)
{
	const struct xml_key *keys;
	size_t count;

	assert_ok(hand, xml_keys(&hand->w, &keys, &count));
	assert_int_equal(count, 2);
	assert_string_equal(keys[0].state, "active");
	assert_string_equal(keys[1].state, "next");
	return keys;
}

static int rows_in(struct hand *hand, const char *state)
{
	return count_of(hand, "SELECT count(*) FROM signing_key WHERE alg = 'SAML' AND state = $1",
			V_TEXT(state));
}

static X509 *certificate_of(struct hand *hand, const struct xml_key *key)
{
	struct bytes der;

	assert_true(base64_decode(hand->arena, key->certificate, strlen(key->certificate), &der));
	const unsigned char *at = der.at;
	X509 *certificate = d2i_X509(NULL, &at, (long)der.size);

	assert_non_null(certificate);
	assert_string_equal(hex_encode(hand->arena, sha256(hand->arena, der)), key->kid);
	return certificate;
}

static void the_first_asking_makes_an_active_and_a_next_key(UNUSED void **state)
{
	AUTO_NODE node;

	begin_with(&node, false);
	assert_int_equal(rows_in(&node, "active") + rows_in(&node, "next"), 0);
	const struct xml_key *keys = keys_of(&node);

	assert_int_equal(rows_in(&node, "active"), 1);
	assert_int_equal(rows_in(&node, "next"), 1);
	assert_string_not_equal(keys[0].kid, keys[1].kid);
	assert_string_not_equal(keys[0].certificate, keys[1].certificate);
	assert_null(strpbrk(keys[0].certificate, " \r\n\t"));
}

static char *common_name_of(struct arena *arena, const X509_NAME *name)
{
	unsigned char *text = NULL;
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);

	assert_int_equal(X509_NAME_entry_count(name), 1);
	assert_true(at >= 0);
	assert_true(ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))) > 0);
	char *kept = arena_text(arena, (const char *)text);

	OPENSSL_free(text);
	return kept;
}

/* RFC 5280 4.1, 4.2. */
static void the_certificate_is_a_sound_self_signed_one(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	for (size_t i = 0; i < 2; i++) {
		const struct xml_key *key = &keys_of(&node)[i];
		X509 *certificate = certificate_of(&node, key);
		time_t soon = (time_t)node.w.now - DAY + 3600, late = (time_t)node.w.now + 3652L * DAY,
		       over = (time_t)node.w.now + 3654L * DAY;

		assert_int_equal(X509_get_version(certificate), X509_VERSION_3);
		assert_int_equal(X509_verify(certificate, X509_get0_pubkey(certificate)), 1);
		assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(certificate)), 2048);
		assert_int_equal(X509_check_ca(certificate), 0);
		assert_int_equal(X509_get_key_usage(certificate), KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
		assert_non_null(X509_get0_subject_key_id(certificate));
		assert_string_equal(common_name_of(node.arena, X509_get_subject_name(certificate)),
				    "id.clinic.example");
		assert_int_equal(
			X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)),
			0);
		assert_int_equal(X509_cmp_time(X509_get0_notBefore(certificate), &soon), -1);
		assert_int_equal(X509_cmp_time(X509_get0_notAfter(certificate), &late), 1);
		assert_int_equal(X509_cmp_time(X509_get0_notAfter(certificate), &over), -1);
		assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(certificate)), 16);
		assert_in_range(key->not_after, node.w.now + 3652L * DAY, node.w.now + 3654L * DAY);
		X509_free(certificate);
	}
}

static void a_host_that_is_longer_than_a_common_name_may_be_is_not_said(UNUSED void **state)
{
	static const struct {
		const char *host, *name;
	} rows[] = {
		{ "localhost:8080", "localhost" },
		{ "[::1]:8080", "[::1]" },
		{ "a234567890.b234567890.c234567890.d234567890.e234567890.f2345678.ab", "lanyard" },
		{ "a234567890.b234567890.c234567890.d234567890.e234567890.f23456789",
		  "a234567890.b234567890.c234567890.d234567890.e234567890.f23456789" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config other = { .issuer_host = rows[i].host };
		AUTO_NODE node;

		begin_with(&node, false);
		node.app.config = &other;
		X509 *certificate = certificate_of(&node, &keys_of(&node)[0]);

		assert_string_equal(common_name_of(node.arena, X509_get_subject_name(certificate)),
				    rows[i].name);
		X509_free(certificate);
	}
}

static void the_private_key_fits_the_active_certificate_and_is_sealed_in_the_store(UNUSED void **state)
{
	static const char all[] = "SELECT public_jwk, sealed FROM signing_key WHERE alg = $1";
	char *pem, *certificate_pem;
	const char *kid;
	struct rows rows;
	AUTO_NODE node;

	begin(&node);
	const struct xml_key *active = &keys_of(&node)[0];

	assert_ok(&node, xml_key_private(&node.w, &kid, &pem, &certificate_pem));
	BIO *bio = BIO_new_mem_buf(pem, -1), *other = BIO_new_mem_buf(certificate_pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	X509 *certificate = certificate_of(&node, active), *same = PEM_read_bio_X509(other, NULL, NULL, NULL);
	unsigned char *der = NULL;
	int size = i2d_PrivateKey(key, &der);

	assert_string_equal(kid, active->kid);
	assert_int_equal(X509_check_private_key(certificate, key), 1);
	assert_int_equal(X509_cmp(certificate, same), 0);
	assert_true(size > 600);
	assert_ok(&node, db_run(&node.w, &rows, all, V_TEXT(XML_KEY_ALG)));
	for (size_t i = 0; i < rows.count; i++)
		for (int at = 300; at < 600; at += 100) /* beyond the modulus, which is public */
			assert_null(memmem(rows_bytes(&rows, i, 1).at, rows_bytes(&rows, i, 1).size, der + at,
					   16));
	OPENSSL_free(der);
	X509_free(certificate);
	X509_free(same);
	EVP_PKEY_free(key);
	BIO_free(bio);
	BIO_free(other);
	xml_key_release(pem);
}

static void keys_that_are_there_cost_no_statement(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	struct db *db = TAKE(node.w.db);
	char *pem, *certificate;
	const char *kid;

	assert_string_equal(keys_of(&node)[0].state, "active");
	assert_ok(&node, xml_key_private(&node.w, &kid, &pem, &certificate));
	xml_key_release(pem);
	node.w.db = db;
}

static void keys_are_not_made_where_they_could_be_rolled_back(UNUSED void **state)
{
	const struct xml_key *keys;
	size_t count;
	AUTO_NODE node;

	begin_with(&node, false);
	{
		AUTO(tx_end) struct tx tx = tx_begin(&node.w);

		assert_int_equal(xml_keys(&node.w, &keys, &count), ERR_INTERNAL);
	}
	struct db *db = TAKE(node.w.db);

	assert_int_equal(xml_keys(&node.w, &keys, &count), ERR_INTERNAL);
	node.w.db = db;
	assert_int_equal(rows_in(&node, "active"), 0);
}

static void what_was_answered_lives_as_long_as_the_work(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	const struct xml_key *before = keys_of(&node);
	char *kid = arena_text(node.arena, before[0].kid);

	assert_ok(&node, keyring_rotate(&node.w, XML_KEY_ALG, true));
	assert_string_equal(before[0].kid, kid);
	assert_string_not_equal(keys_of(&node)[0].kid, kid);
}

struct start {
	char kids[4][2][65];
};

static void ask_at_once(struct hand *hand, int number, void *context)
{
	struct start *start = context;
	const struct xml_key *keys;
	size_t count;

	hand->app.vault = vault;
	hand->app.config = &config;
	if (keyring_open(&hand->w, &hand->app.keyring) != OK)
		return;
	if (xml_keys(&hand->w, &keys, &count) == OK && count == 2)
		for (size_t i = 0; i < count; i++)
			snprintf(start->kids[number][i], sizeof start->kids[number][i], "%s", keys[i].kid);
	keyring_close(hand->app.keyring);
}

static void nodes_that_ask_at_once_end_with_the_same_keys(UNUSED void **state)
{
	struct start start = { 0 };
	AUTO_NODE node;

	begin_with(&node, false);
	crew_run(4, NULL, ask_at_once, &start);
	assert_int_equal(rows_in(&node, "active"), 1);
	assert_int_equal(rows_in(&node, "next"), 1);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 2; j++) {
			assert_int_equal(strlen(start.kids[i][j]), 64);
			assert_string_equal(start.kids[i][j], start.kids[0][j]);
		}
}

static int keys_in_jwks(struct hand *hand)
{
	const char *body, *etag;

	keyring_jwks(hand->app.keyring, hand->arena, &body, &etag);
	AUTO(json_done) json_t *set = json_read(body, strlen(body));

	return (int)json_array_size(json_object_get(set, "keys"));
}

static void the_keys_of_saml_are_no_keys_of_tokens(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	int64_t made = node.w.now;

	assert_int_equal(keys_in_jwks(&node), 4);
	for (int i = 0; i < 4; i++) { /* ES256, RS256, then nothing is due: never SAML */
		const char *due = keyring_due(node.app.keyring, made + 100 * DAY);

		if (!due)
			break;
		assert_string_not_equal(due, XML_KEY_ALG);
		node.w.now = made + 100 * DAY;
		assert_ok(&node, keyring_rotate(&node.w, due, false));
	}
	assert_null(keyring_due(node.app.keyring, made + 100 * DAY));
	assert_int_equal(rows_in(&node, "retired"), 0);
}

static void a_rotation_by_name_moves_it_alone(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	const struct xml_key *before = keys_of(&node);

	assert_ok(&node, keyring_rotate(&node.w, XML_KEY_ALG, false));
	const struct xml_key *after = keys_of(&node);

	assert_string_equal(after[0].kid, before[1].kid); /* apps know it from the metadata */
	assert_string_not_equal(after[1].kid, before[0].kid);
	assert_int_equal(rows_in(&node, "retired"), 1);
	assert_int_equal(
		count_of(&node, "SELECT count(*) FROM signing_key WHERE alg <> $1", V_TEXT(XML_KEY_ALG)), 4);
	assert_int_equal(keys_in_jwks(&node), 4);
	node.w.now += DAY;
	assert_ok(&node, keyring_refresh(&node.w));
	assert_int_equal(rows_in(&node, "retired"), 0);
}

static void it_moves_with_all_when_none_is_named(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	const struct xml_key *before = keys_of(&node);

	assert_ok(&node, keyring_rotate(&node.w, NULL, true));
	assert_string_equal(keys_of(&node)[0].kid, before[1].kid);
	assert_int_equal(rows_in(&node, "compromised"), 1);
	assert_int_equal(rows_in(&node, "retired"), 0);
}

static void without_one_there_is_none_to_rotate(UNUSED void **state)
{
	AUTO_NODE node;

	begin_with(&node, false);
	assert_int_equal(keyring_rotate(&node.w, XML_KEY_ALG, false), ERR_NOT_FOUND);
	assert_ok(&node, keyring_rotate(&node.w, "ES256", false));
	assert_int_equal(rows_in(&node, "active") + rows_in(&node, "next"), 0);
}

static void another_node_follows_at_its_next_refresh(UNUSED void **state)
{
	AUTO_NODE one, two;

	begin(&one);
	join(&two);
	const struct xml_key *before = keys_of(&two);

	assert_string_equal(keys_of(&one)[0].kid, before[0].kid);
	assert_ok(&one, keyring_rotate(&one.w, XML_KEY_ALG, false));
	assert_string_equal(keys_of(&two)[0].kid, before[0].kid);
	assert_ok(&two, keyring_refresh(&two.w));
	assert_string_equal(keys_of(&two)[0].kid, keys_of(&one)[0].kid);
	assert_string_equal(keys_of(&two)[1].kid, keys_of(&one)[1].kid);
}

/* Each is what somebody with the store, and without the master key, can write. */
static void a_key_written_into_the_store_by_someone_else_is_not_ours(UNUSED void **state)
{
	static const char certificate[] = "UPDATE signing_key SET public_jwk = (SELECT o.public_jwk FROM "
					  "signing_key o WHERE o.alg = $1 AND"
					  " o.state = 'next') WHERE alg = $1 AND state = 'active'";
	static const char sealed[] =
		"UPDATE signing_key SET sealed = (SELECT o.sealed FROM signing_key o WHERE o.alg = $1 AND"
		" o.state = 'next') WHERE alg = $1 AND state = 'active'";
	static const char both[] =
		"UPDATE signing_key SET public_jwk = (SELECT o.public_jwk FROM signing_key o WHERE o.alg = "
		"$1 AND"
		" o.state = 'next'), sealed = (SELECT o.sealed FROM signing_key o WHERE o.alg = $1 AND"
		" o.state = 'next') WHERE alg = $1 AND state = 'active'";
	static const char cut[] =
		"UPDATE signing_key SET public_jwk = 'MIIC' WHERE alg = $1 AND state = 'next'";
	static const char none[] = "UPDATE signing_key SET public_jwk = '' WHERE alg = $1";
	static const char kid[] = "UPDATE signing_key SET kid = 'ours' WHERE alg = $1 AND state = 'active'";
	static const char token_key[] =
		"UPDATE signing_key SET alg = $1, state = 'active' WHERE alg = 'RS256' AND"
		" state = 'next'";
	static const char *const all[] = { certificate, sealed, both, cut, none, kid, token_key };

	for (size_t i = 0; i < COUNT(all); i++) {
		struct keyring *other = NULL;
		AUTO_NODE node;

		begin_with(&node, all[i] != token_key);
		assert_ok(&node, db_run(&node.w, NULL, all[i], V_TEXT(XML_KEY_ALG)));
		assert_int_equal(keyring_open(&node.w, &other), ERR_SEAL);
		assert_null(other);
	}
}

static void another_master_key_opens_nothing(UNUSED void **state)
{
	static const char others[] = "DELETE FROM signing_key WHERE alg <> $1";
	static const uint8_t master[32] = { 5, 5, 6 };
	struct keyring *other;
	AUTO_NODE node;

	begin(&node);
	assert_ok(&node, db_run(&node.w, NULL, others, V_TEXT(XML_KEY_ALG)));
	node.app.vault = vault_open((struct bytes){ master, sizeof master });
	assert_int_equal(keyring_open(&node.w, &other), ERR_SEAL);
	vault_close(node.app.vault);
	node.app.vault = vault;
}

int main(void)
{
	static const uint8_t master[32] = { 7, 7, 7, 2 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_asking_makes_an_active_and_a_next_key),
		cmocka_unit_test(the_certificate_is_a_sound_self_signed_one),
		cmocka_unit_test(a_host_that_is_longer_than_a_common_name_may_be_is_not_said),
		cmocka_unit_test(the_private_key_fits_the_active_certificate_and_is_sealed_in_the_store),
		cmocka_unit_test(keys_that_are_there_cost_no_statement),
		cmocka_unit_test(keys_are_not_made_where_they_could_be_rolled_back),
		cmocka_unit_test(what_was_answered_lives_as_long_as_the_work),
		cmocka_unit_test(nodes_that_ask_at_once_end_with_the_same_keys),
		cmocka_unit_test(the_keys_of_saml_are_no_keys_of_tokens),
		cmocka_unit_test(a_rotation_by_name_moves_it_alone),
		cmocka_unit_test(it_moves_with_all_when_none_is_named),
		cmocka_unit_test(without_one_there_is_none_to_rotate),
		cmocka_unit_test(another_node_follows_at_its_next_refresh),
		cmocka_unit_test(a_key_written_into_the_store_by_someone_else_is_not_ours),
		cmocka_unit_test(another_master_key_opens_nothing),
	};

	vault = vault_open((struct bytes){ master, sizeof master });
	int failed = run_on_engines(tests, COUNT(tests));

	arena_done(&begun.arena);
	vault_close(vault);
	return failed;
}
