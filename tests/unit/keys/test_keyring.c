/* keyring.h: our keys are made once, move through their states, and nothing else verifies as ours. */
#include "forge.h"

#include "kit/store_kit.h"

#include "base/json.h"
#include "keys/jose.h"
#include "keys/keyring.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "store/signing_keys.h"

enum { HOUR = 3600, DAY = 24 * HOUR };

static const char claims_text[] = "{\"iss\":\"https://id.example\",\"sub\":\"acc_1\"}";
static struct vault *vault;

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
	assert_ok(hand, keyring_open(&hand->w, &hand->app.keyring));
}

static void leave(struct hand *hand)
{
	keyring_close(hand->app.keyring);
	hand_end(hand);
}

/* A store without keys: this node makes them. */
static void begin_first(struct hand *hand)
{
	hand_begin(hand, NULL);
	clear(hand);
	hand_end(hand);
	join(hand);
}

/* The rows that a first node made, to begin with: making RSA keys takes its time, under memcheck half a
 * minute. */
static struct {
	struct arena *arena;
	struct signing_key *rows;
	size_t count;
} begun;

static void make_rows(void)
{
	struct hand hand;

	begin_first(&hand);
	begun.arena = arena_new();
	assert_ok(&hand, signing_keys_all(&hand.w, &begun.rows, &begun.count));
	struct signing_key *rows = arena_array(begun.arena, struct signing_key, begun.count);

	for (size_t i = 0; i < begun.count; i++) {
		rows[i] = begun.rows[i];
		rows[i].kid = arena_text(begun.arena, rows[i].kid);
		rows[i].alg = arena_text(begun.arena, rows[i].alg);
		rows[i].state = arena_text(begun.arena, rows[i].state);
		rows[i].public_jwk = arena_text(begun.arena, rows[i].public_jwk);
		rows[i].sealed = arena_bytes(begun.arena, rows[i].sealed);
	}
	begun.rows = rows;
	leave(&hand);
}

/* When they were written. It stays the time of the test's own work, which may begin in the second behind it.
 */
static int64_t made;

static void begin(struct hand *hand)
{
	if (!begun.arena)
		make_rows();
	hand_begin(hand, NULL);
	clear(hand);
	made = hand->w.now;
	for (size_t i = 0; i < begun.count; i++) {
		struct signing_key row = begun.rows[i];
		bool done = false;

		row.created_at = hand->w.now;
		row.activated_at = row.activated_at ? hand->w.now : 0;
		assert_ok(hand, signing_key_insert(&hand->w, &row, &done));
		assert_true(done);
	}
	hand_end(hand);
	join(hand);
	hand->w.now = made;
}

#define AUTO_NODE AUTO(leave) struct hand

static enum err verify(struct hand *hand, const char *token, const char *typ)
{
	json_t *claims = NULL;
	enum err err = keyring_verify(hand->app.keyring, hand->arena, token, typ, &claims);

	if ((err == OK) != (claims != NULL))
		return ERR_INTERNAL;
	return err;
}

static char *sign(struct hand *hand, const char *alg, const char *typ)
{
	return keyring_sign(hand->app.keyring, hand->arena, alg, typ, BYTES_OF(claims_text));
}

static const char *kid_of(struct hand *hand, const char *token)
{
	struct jose_header header;
	json_t *claims;

	assert_int_equal(jose_peek(hand->arena, token, &header, &claims), OK);
	return header.kid;
}

static const char *jwks_of(struct hand *hand)
{
	const char *body, *etag;

	keyring_jwks(hand->app.keyring, hand->arena, &body, &etag);
	return body;
}

static int keys_in(const char *jwks)
{
	AUTO(json_done) json_t *set = json_read(jwks, strlen(jwks));

	return (int)json_array_size(json_object_get(set, "keys"));
}

static int rows_in(struct hand *hand, const char *state)
{
	return count_of(hand, "SELECT count(*) FROM signing_key WHERE state = $1", V_TEXT(state));
}

static void the_first_node_makes_an_active_and_a_next_key_of_each_kind(UNUSED void **state)
{
	AUTO_NODE node;

	begin_first(&node);
	assert_int_equal(rows_in(&node, "active"), 2);
	assert_int_equal(rows_in(&node, "next"), 2);
	assert_int_equal(keys_in(jwks_of(&node)), 4);
	assert_string_not_equal(kid_of(&node, sign(&node, "ES256", "JWT")),
				kid_of(&node, sign(&node, "RS256", "JWT")));
}

static void nothing_private_is_published_or_stored_in_the_open(UNUSED void **state)
{
	static const char *const members[] = { "\"d\"",  "\"p\"",  "\"q\"", "\"dp\"",
					       "\"dq\"", "\"qi\"", "\"k\"" };
	static const char all[] = "SELECT public_jwk, sealed FROM signing_key WHERE alg <> $1";
	struct rows rows;
	AUTO_NODE node;

	begin(&node);
	assert_ok(&node, db_run(&node.w, &rows, all, V_TEXT("")));
	assert_int_equal(rows.count, 4);
	for (size_t i = 0; i < COUNT(members); i++) {
		assert_null(strstr(jwks_of(&node), members[i]));
		for (size_t row = 0; row < rows.count; row++) {
			struct bytes sealed = rows_bytes(&rows, row, 1);

			assert_null(strstr(rows_text(&rows, row, 0), members[i]));
			assert_null(memmem(sealed.at, sealed.size, members[i], strlen(members[i])));
		}
	}
}

struct start {
	const char *jwks[8];
};

static void open_at_once(struct hand *hand, int number, void *context)
{
	struct start *start = context;
	const char *etag;

	hand->app.vault = vault;
	if (keyring_open(&hand->w, &hand->app.keyring) != OK)
		return;
	AUTO(arena_done) struct arena *arena = arena_new();

	keyring_jwks(hand->app.keyring, arena, &start->jwks[number], &etag);
	start->jwks[number] = strdup(start->jwks[number]);
	keyring_close(hand->app.keyring);
}

static void nodes_that_start_at_once_end_with_the_same_keys(UNUSED void **state)
{
	struct start start = { { NULL } };
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	clear(&hand);
	crew_run(4, NULL, open_at_once, &start);
	assert_int_equal(rows_in(&hand, "active"), 2);
	assert_int_equal(rows_in(&hand, "next"), 2);
	for (int i = 0; i < 4; i++) {
		assert_non_null(start.jwks[i]);
		assert_string_equal(start.jwks[i], start.jwks[0]);
	}
	for (int i = 0; i < 4; i++)
		free((void *)(uintptr_t)start.jwks[i]);
}

static void a_signed_token_verifies_here_and_with_the_published_set(UNUSED void **state)
{
	static const char *const algs[] = { "ES256", "RS256" };
	static const char *const types[] = { "JWT", "at+jwt", "logout+jwt", "token-introspection+jwt" };
	AUTO_NODE node;

	begin(&node);
	const char *jwks = jwks_of(&node);
	struct jose_keys *keys = jose_keys_read(jwks, strlen(jwks));

	for (size_t i = 0; i < COUNT(algs); i++)
		for (size_t j = 0; j < COUNT(types); j++) {
			const char *only[] = { algs[i], NULL };
			struct jose_header header;
			json_t *claims;
			char *token = sign(&node, algs[i], types[j]);

			assert_int_equal(verify(&node, token, types[j]), OK);
			assert_int_equal(jose_verify(keys, node.arena, token, only, &header, &claims), OK);
			assert_string_equal(header.typ, types[j]);
			assert_string_equal(json_get_text(claims, "sub"), "acc_1");
		}
	jose_keys_free(keys);
}

/* RFC 8725 3.11, 3.12: a token of one kind is none of another. */
static void a_token_of_another_type_is_refused(UNUSED void **state)
{
	static const char *const types[] = { "JWT", "at+jwt", "logout+jwt" };
	AUTO_NODE node;

	begin(&node);
	for (size_t i = 0; i < COUNT(types); i++)
		for (size_t j = 0; j < COUNT(types); j++)
			assert_int_equal(verify(&node, sign(&node, "ES256", types[i]), types[j]),
					 i == j ? OK : ERR_TOKEN_ALGORITHM);
	assert_int_equal(verify(&node, sign(&node, "ES256", "JWT"), NULL), ERR_TOKEN_ALGORITHM);
	assert_int_equal(verify(&node, sign(&node, "ES256", "JWT"), "jwt"), ERR_TOKEN_ALGORITHM);
}

static void what_we_did_not_sign_is_refused(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	const char *es = kid_of(&node, sign(&node, "ES256", "JWT")),
		   *rs = kid_of(&node, sign(&node, "RS256", "JWT"));
	EVP_PKEY *ours_not = ec_key("P-256");
	const struct {
		const char *alg, *kid;
		enum err err;
	} rows[] = {
		{ "ES256", es, ERR_TOKEN_SIGNATURE },        { "ES256", rs, ERR_TOKEN_ALGORITHM },
		{ "RS256", es, ERR_TOKEN_ALGORITHM },        { "PS256", rs, ERR_TOKEN_ALGORITHM },
		{ "none", es, ERR_TOKEN_ALGORITHM },         { "HS256", es, ERR_TOKEN_ALGORITHM },
		{ "ES256", "../../x", ERR_TOKEN_ALGORITHM }, { "ES256", "unknown", ERR_TOKEN_ALGORITHM },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *header = arena_print(node.arena, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
					   rows[i].alg, rows[i].kid);

		assert_int_equal(verify(&node, es256_token(node.arena, ours_not, header, claims_text), "JWT"),
				 rows[i].err);
	}
	assert_int_equal(
		verify(&node,
		       es256_token(node.arena, ours_not, "{\"alg\":\"ES256\",\"typ\":\"JWT\"}", claims_text),
		       "JWT"),
		ERR_TOKEN_ALGORITHM); /* ours carry a kid */
	assert_int_equal(verify(&node, "not a token", "JWT"), ERR_TOKEN_MALFORMED);
	assert_int_equal(verify(&node, NULL, "JWT"), ERR_TOKEN_MALFORMED);
	EVP_PKEY_free(ours_not);
}

static void a_planned_rotation_refuses_no_token(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	const char *before = sign(&node, "ES256", "JWT"), *rs = sign(&node, "RS256", "JWT"),
		   *jwks = jwks_of(&node);

	assert_ok(&node, keyring_rotate(&node.w, "ES256", false));
	const char *after = sign(&node, "ES256", "JWT");

	assert_string_not_equal(kid_of(&node, before), kid_of(&node, after));
	assert_non_null(strstr(jwks, kid_of(&node, after))); /* it was published before it signed */
	assert_int_equal(verify(&node, before, "JWT"), OK);
	assert_int_equal(verify(&node, after, "JWT"), OK);
	assert_string_equal(kid_of(&node, rs), kid_of(&node, sign(&node, "RS256", "JWT")));
	assert_int_equal(keys_in(jwks_of(&node)), 5);
	assert_int_equal(rows_in(&node, "retired"), 1);
	assert_int_equal(rows_in(&node, "active"), 2);
	assert_int_equal(rows_in(&node, "next"), 2);
}

static void a_retired_key_is_gone_after_a_day(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	const char *before = sign(&node, "ES256", "JWT");

	assert_ok(&node, keyring_rotate(&node.w, "ES256", false));
	node.w.now += DAY - 1;
	assert_ok(&node, keyring_refresh(&node.w));
	assert_int_equal(verify(&node, before, "JWT"), OK);
	node.w.now += 1;
	assert_ok(&node, keyring_refresh(&node.w));
	assert_int_equal(verify(&node, before, "JWT"), ERR_TOKEN_ALGORITHM);
	assert_null(strstr(jwks_of(&node), kid_of(&node, before)));
	assert_int_equal(rows_in(&node, "retired"), 0);
	assert_int_equal(verify(&node, sign(&node, "ES256", "JWT"), "JWT"), OK);
}

static void a_compromised_key_is_gone_at_once(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	const char *before = sign(&node, "ES256", "at+jwt"), *rs = sign(&node, "RS256", "at+jwt");

	assert_ok(&node, keyring_rotate(&node.w, "ES256", true));
	assert_int_equal(verify(&node, before, "at+jwt"), ERR_TOKEN_ALGORITHM);
	assert_null(strstr(jwks_of(&node), kid_of(&node, before)));
	assert_int_equal(verify(&node, rs, "at+jwt"), OK);
	assert_int_equal(verify(&node, sign(&node, "ES256", "at+jwt"), "at+jwt"), OK);
	assert_int_equal(rows_in(&node, "compromised"), 1);
	assert_int_equal(keys_in(jwks_of(&node)), 4);
}

static void all_kinds_rotate_together_when_none_is_named(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	const char *es = sign(&node, "ES256", "JWT"), *rs = sign(&node, "RS256", "JWT");

	assert_ok(&node, keyring_rotate(&node.w, NULL, true));
	assert_int_equal(verify(&node, es, "JWT"), ERR_TOKEN_ALGORITHM);
	assert_int_equal(verify(&node, rs, "JWT"), ERR_TOKEN_ALGORITHM);
	assert_int_equal(keyring_rotate(&node.w, "HS256", false), ERR_NOT_FOUND);
}

static void another_node_follows_at_its_next_refresh(UNUSED void **state)
{
	AUTO_NODE one, two;

	begin(&one);
	join(&two);
	const char *before = sign(&two, "ES256", "JWT");

	assert_string_equal(jwks_of(&one), jwks_of(&two));
	assert_ok(&one, keyring_rotate(&one.w, "ES256", true));
	assert_int_equal(verify(&two, before, "JWT"), OK);
	assert_ok(&two, keyring_refresh(&two.w));
	assert_int_equal(verify(&two, before, "JWT"), ERR_TOKEN_ALGORITHM);
	assert_string_equal(jwks_of(&one), jwks_of(&two));
	assert_int_equal(verify(&one, sign(&two, "ES256", "JWT"), "JWT"), OK);
}

static void nodes_that_rotate_the_same_key_rotate_it_once(UNUSED void **state)
{
	AUTO_NODE one, two;

	begin(&one);
	join(&two);
	assert_ok(&one, keyring_rotate(&one.w, "ES256", false));
	assert_ok(&two,
		  keyring_rotate(&two.w, "ES256", false)); /* its ring still shows the old one as active */
	assert_int_equal(rows_in(&one, "retired"), 1);
	assert_string_equal(kid_of(&one, sign(&one, "ES256", "JWT")),
			    kid_of(&two, sign(&two, "ES256", "JWT")));
}

static void compromised_wins_over_a_planned_rotation_of_another_node(UNUSED void **state)
{
	AUTO_NODE one, two;

	begin(&one);
	join(&two);
	const char *before = sign(&one, "ES256", "JWT");

	assert_ok(&one, keyring_rotate(&one.w, "ES256", false));
	assert_int_equal(verify(&one, before, "JWT"), OK);
	assert_ok(&two, keyring_rotate(&two.w, "ES256", true));
	assert_int_equal(verify(&two, before, "JWT"), ERR_TOKEN_ALGORITHM);
	assert_ok(&one, keyring_refresh(&one.w));
	assert_int_equal(verify(&one, before, "JWT"), ERR_TOKEN_ALGORITHM);
	assert_int_equal(rows_in(&one, "retired"), 0);
	assert_int_equal(rows_in(&one, "compromised"), 1);
}

static void rotate_at_once(struct hand *hand, UNUSED int number, void *context)
{
	_Atomic int *failed = context;

	hand->app.vault = vault;
	if (keyring_open(&hand->w, &hand->app.keyring) != OK ||
	    keyring_rotate(&hand->w, "ES256", false) != OK)
		(*failed)++;
	keyring_close(hand->app.keyring);
}

static void rotations_at_once_leave_one_active_and_one_next_key(UNUSED void **state)
{
	_Atomic int failed = 0;
	AUTO_NODE node;

	begin(&node);
	crew_run(4, NULL, rotate_at_once, &failed);
	assert_int_equal(failed, 0);
	assert_int_equal(rows_in(&node, "active"), 2);
	assert_int_equal(rows_in(&node, "next"), 2);
	assert_in_range(rows_in(&node, "retired"), 1, 4);
	assert_ok(&node, keyring_refresh(&node.w));
	assert_int_equal(verify(&node, sign(&node, "ES256", "JWT"), "JWT"), OK);
}

static void a_rotation_inside_a_transaction_is_the_callers_to_commit(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	const char *kid = kid_of(&node, sign(&node, "ES256", "JWT"));

	{
		AUTO(tx_end) struct tx tx = tx_begin(&node.w);

		assert_ok(&node, keyring_rotate(&node.w, "ES256", true));
	} /* rolled back */
	assert_ok(&node, keyring_refresh(&node.w));
	assert_string_equal(kid_of(&node, sign(&node, "ES256", "JWT")), kid);
	{
		AUTO(tx_end) struct tx tx = tx_begin(&node.w);

		assert_ok(&node, keyring_rotate(&node.w, "ES256", true));
		assert_ok(&node, tx_commit(&tx));
	}
	assert_ok(&node, keyring_refresh(&node.w));
	assert_string_not_equal(kid_of(&node, sign(&node, "ES256", "JWT")), kid);
}

static void a_key_is_due_after_90_days_if_caches_know_the_next(UNUSED void **state)
{
	AUTO_NODE node;

	begin(&node);
	assert_null(keyring_due(node.app.keyring, made + 90 * DAY - 1));
	assert_non_null(keyring_due(node.app.keyring, made + 90 * DAY));
	node.w.now = made + 90 * DAY;
	for (int i = 0; i < 2; i++)
		assert_ok(&node, keyring_rotate(&node.w, keyring_due(node.app.keyring, node.w.now), false));
	assert_null(keyring_due(node.app.keyring, node.w.now));
	assert_null(keyring_due(node.app.keyring, node.w.now + 90 * DAY - 1));
}

static void the_list_names_states_and_times_without_keys(UNUSED void **state)
{
	struct key_facts *facts;
	size_t count, active = 0;
	AUTO_NODE node;

	begin(&node);
	assert_ok(&node, keyring_rotate(&node.w, "RS256", false));
	assert_ok(&node, keyring_list(&node.w, &facts, &count));
	assert_int_equal(count, 5);
	for (size_t i = 0; i < count; i++) {
		active += text_equal(facts[i].state, "active");
		assert_int_equal(facts[i].created_at, node.w.now);
		assert_int_equal(facts[i].retired_at, text_equal(facts[i].state, "retired") ? node.w.now : 0);
	}
	assert_int_equal(active, 2);
}

static void the_entity_tag_changes_with_the_set_alone(UNUSED void **state)
{
	const char *body, *one, *two, *three;
	AUTO_NODE node;

	begin(&node);
	keyring_jwks(node.app.keyring, node.arena, &body, &one);
	assert_ok(&node, keyring_refresh(&node.w));
	keyring_jwks(node.app.keyring, node.arena, &body, &two);
	assert_ok(&node, keyring_rotate(&node.w, "ES256", false));
	keyring_jwks(node.app.keyring, node.arena, &body, &three);
	assert_string_equal(one, two);
	assert_string_not_equal(one, three);
	assert_null(strpbrk(one, "\"\\ ")); /* whoever sends it adds the quotes */
}

static void a_key_written_into_the_store_by_someone_else_is_not_ours(UNUSED void **state)
{
	static const char swap[] = "UPDATE signing_key SET sealed = (SELECT o.sealed FROM signing_key o "
				   "WHERE o.alg = 'ES256' AND o.state = 'next')"
				   " WHERE alg = 'ES256' AND state = $1";
	static const char plant[] =
		"UPDATE signing_key SET public_jwk = $1 WHERE alg = 'ES256' AND state = 'next'";
	char *private_jwk, *public_jwk, *kid;
	struct keyring *other;
	AUTO_NODE node, again;

	begin(&node);
	assert_int_equal(jose_generate("ES256", node.arena, &private_jwk, &public_jwk, &kid), OK);
	assert_ok(&node, db_run(&node.w, NULL, plant, V_TEXT(public_jwk)));
	assert_int_equal(keyring_open(&node.w, &other), ERR_SEAL);
	begin(&again);
	assert_ok(&again, db_run(&again.w, NULL, swap, V_TEXT("active")));
	assert_int_equal(keyring_open(&again.w, &other), ERR_SEAL);
}

static void a_failed_refresh_leaves_the_keys_as_they_were(UNUSED void **state)
{
	static const char plant[] = "UPDATE signing_key SET public_jwk = $1, retired_at = 1 WHERE alg = "
				    "'ES256' AND state = 'next'";
	AUTO_NODE node;

	begin(&node);
	const char *before = sign(&node, "ES256", "JWT");

	assert_ok(&node, db_run(&node.w, NULL, plant, V_TEXT("{}")));
	assert_int_equal(keyring_refresh(&node.w), ERR_SEAL);
	assert_int_equal(verify(&node, before, "JWT"), OK);
	assert_int_equal(verify(&node, sign(&node, "ES256", "JWT"), "JWT"), OK);
}

static void another_master_key_opens_nothing(UNUSED void **state)
{
	static const uint8_t master[32] = { 5, 5, 6 };
	struct keyring *other;
	AUTO_NODE node;

	begin(&node);
	node.app.vault = vault_open((struct bytes){ master, sizeof master });
	assert_int_equal(keyring_open(&node.w, &other), ERR_SEAL);
	vault_close(node.app.vault);
	node.app.vault = vault;
}

struct traffic {
	struct keyring *keyring;
	_Atomic int refused;
	_Atomic int done;
};

static void sign_and_verify(UNUSED struct hand *hand, int number, void *context)
{
	struct traffic *traffic = context;

	if (number == 0) {
		hand->app = (struct app){ .vault = vault, .keyring = traffic->keyring };
		for (int i = 0; i < 3; i++)
			traffic->refused += keyring_rotate(&hand->w, "ES256", false) != OK;
		traffic->done = 1;
		return;
	}
	while (!traffic->done) {
		AUTO(arena_done) struct arena *arena = arena_new();
		json_t *claims;
		char *token = keyring_sign(traffic->keyring, arena, "ES256", "JWT", BYTES_OF(claims_text));

		traffic->refused += keyring_verify(traffic->keyring, arena, token, "JWT", &claims) != OK;
	}
}

static void no_token_is_refused_while_keys_rotate_under_load(UNUSED void **state)
{
	struct traffic traffic = { 0 };
	AUTO_NODE node;

	begin(&node);
	traffic.keyring = node.app.keyring;
	crew_run(4, NULL, sign_and_verify, &traffic);
	assert_int_equal(traffic.refused, 0);
	assert_int_equal(rows_in(&node, "retired"), 3);
}

int main(void)
{
	static const uint8_t master[32] = { 7, 7, 7, 1 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_node_makes_an_active_and_a_next_key_of_each_kind),
		cmocka_unit_test(nothing_private_is_published_or_stored_in_the_open),
		cmocka_unit_test(nodes_that_start_at_once_end_with_the_same_keys),
		cmocka_unit_test(a_signed_token_verifies_here_and_with_the_published_set),
		cmocka_unit_test(a_token_of_another_type_is_refused),
		cmocka_unit_test(what_we_did_not_sign_is_refused),
		cmocka_unit_test(a_planned_rotation_refuses_no_token),
		cmocka_unit_test(a_retired_key_is_gone_after_a_day),
		cmocka_unit_test(a_compromised_key_is_gone_at_once),
		cmocka_unit_test(all_kinds_rotate_together_when_none_is_named),
		cmocka_unit_test(another_node_follows_at_its_next_refresh),
		cmocka_unit_test(nodes_that_rotate_the_same_key_rotate_it_once),
		cmocka_unit_test(compromised_wins_over_a_planned_rotation_of_another_node),
		cmocka_unit_test(rotations_at_once_leave_one_active_and_one_next_key),
		cmocka_unit_test(a_rotation_inside_a_transaction_is_the_callers_to_commit),
		cmocka_unit_test(a_key_is_due_after_90_days_if_caches_know_the_next),
		cmocka_unit_test(the_list_names_states_and_times_without_keys),
		cmocka_unit_test(the_entity_tag_changes_with_the_set_alone),
		cmocka_unit_test(a_key_written_into_the_store_by_someone_else_is_not_ours),
		cmocka_unit_test(a_failed_refresh_leaves_the_keys_as_they_were),
		cmocka_unit_test(another_master_key_opens_nothing),
		cmocka_unit_test(no_token_is_refused_while_keys_rotate_under_load),
	};

	vault = vault_open((struct bytes){ master, sizeof master });
	int failed = run_on_engines(tests, COUNT(tests));

	arena_done(&begun.arena);
	vault_close(vault);
	return failed;
}
