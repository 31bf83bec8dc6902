/* test_metadata.c: what was fetched from an address is kept, listed and leased, for apps and for connections.
 */
#include "kit/store_kit.h"

#include "store/metadata.h"

static const enum metadata_side both[] = { METADATA_OF_APP, METADATA_OF_CONNECTION };

/* Whose it may be: the row of an app, or of a connection. */
static void put_owner(struct hand *hand, enum metadata_side side, const char *id)
{
	static const char app[] = "INSERT INTO app (client_id, type, name, metadata, disabled, created_at) "
				  "VALUES ($1, 'saml', 'n', '{}', FALSE, 0) ON CONFLICT DO NOTHING";
	static const char connection[] =
		"INSERT INTO connection (id, practice_id, protocol, name, declaration, disabled, created_at) "
		"VALUES ($1, 'meta-a', 'saml', 'n', '{}', FALSE, 0) ON CONFLICT DO NOTHING";

	kit_practice(hand, "meta-a", 811);
	assert_ok(hand, db_run(&hand->w, NULL, side == METADATA_OF_APP ? app : connection, V_TEXT(id)));
}

static void put_found_and_listed(enum metadata_side side)
{
	struct metadata_row row = { .owner = "b-one", .next_at = 1 << 30 }, out = { 0 }, *list = NULL;
	size_t count = 0;
	bool found = true;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	assert_ok(&hand, metadata_find(&hand.w, side, "b-one", &out, &found));
	assert_false(found);
	put_owner(&hand, side, "b-one");
	put_owner(&hand, side, "B-one");
	assert_ok(&hand, metadata_put(&hand.w, side, &row));
	assert_ok(&hand, metadata_find(&hand.w, side, "b-one", &out, &found));
	assert_true(found && !out.xml && !out.etag && !out.trouble && !out.fetched_at && !out.valid_until);
	row = (struct metadata_row){ "b-one", "<x/>", "\"e\"", 5, INT64_C(1) << 33, 7, "late" };
	assert_ok(&hand, metadata_put(&hand.w, side, &row));
	row.owner = "B-one";
	assert_ok(&hand, metadata_put(&hand.w, side, &row));
	assert_ok(&hand, metadata_all(&hand.w, side, &list, &count));
	assert_int_equal(count, 2);
	assert_string_equal(list[0].owner, "B-one"); /* by bytes on both engines: it is searched in C */
	assert_ptr_equal(metadata_in(list, count, "b-one"), &list[1]);
	assert_null(metadata_in(list, count, "c-one"));
	assert_null(metadata_in(list, 0, "b-one"));
	assert_string_equal(list[1].xml, "<x/>");
	assert_string_equal(list[1].etag, "\"e\"");
	assert_string_equal(list[1].trouble, "late");
	assert_int_equal(list[1].fetched_at, 5);
	assert_int_equal(list[1].valid_until, 7);
	assert_true(list[1].next_at == INT64_C(1) << 33);
	assert_ok(&hand, metadata_delete(&hand.w, side, "b-one"));
	assert_ok(&hand, metadata_find(&hand.w, side, "b-one", &out, &found));
	assert_false(found);
	assert_ok(&hand, metadata_delete(&hand.w, side, "B-one"));
}

static void it_is_put_found_and_listed_by_owner(UNUSED void **state)
{
	for (size_t i = 0; i < COUNT(both); i++)
		put_found_and_listed(both[i]);
}

static void an_owner_that_is_not_there_has_none(UNUSED void **state)
{
	const struct metadata_row row = { .owner = "nobody", .next_at = 1 };
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	for (size_t i = 0; i < COUNT(both); i++)
		assert_int_not_equal(metadata_put(&hand.w, both[i], &row), OK);
}

struct tally {
	enum metadata_side side;
	_Atomic int won, wrong;
};

static void take_due(struct hand *hand, UNUSED int number, void *context)
{
	struct tally *tally = context;
	struct metadata_row row;
	bool found = false;

	tally->wrong += metadata_take(&hand->w, tally->side, &row, &found) != OK;
	tally->won += found;
}

static void leased(enum metadata_side side)
{
	struct tally tally = { .side = side };
	struct metadata_row row = { .owner = "due-one", .next_at = 10 }, taken;
	bool found = false, won = true;
	AUTO_HAND hand;

	hand_begin(&hand, NULL);
	put_owner(&hand, side, "due-one");
	assert_ok(&hand, metadata_put(&hand.w, side, &row));
	crew_run(16, NULL, take_due, &tally);
	assert_int_equal(tally.wrong, 0);
	assert_int_equal(tally.won, 1);
	hand.w.now += 120;
	assert_ok(&hand, metadata_take(&hand.w, side, &taken, &found));
	assert_true(found);
	assert_string_equal(taken.owner, "due-one");
	row.xml = "<new/>";
	row.next_at = hand.w.now + 9999;
	assert_ok(&hand, metadata_keep(&hand.w, side, &row, taken.next_at + 1, &won));
	assert_false(won);
	assert_ok(&hand, metadata_keep(&hand.w, side, &row, taken.next_at, &won));
	assert_true(won);
	assert_ok(&hand, metadata_keep(&hand.w, side, &row, taken.next_at, &won));
	assert_false(won);
	assert_ok(&hand, metadata_find(&hand.w, side, "due-one", &taken, &found));
	assert_string_equal(taken.xml, "<new/>");
	assert_ok(&hand, metadata_take(&hand.w, side, &taken, &found));
	assert_false(found);
}

static void
one_that_is_due_is_leased_to_one_caller_and_its_word_counts_while_the_lease_stands(UNUSED void **state)
{
	for (size_t i = 0; i < COUNT(both); i++)
		leased(both[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_put_found_and_listed_by_owner),
		cmocka_unit_test(an_owner_that_is_not_there_has_none),
		cmocka_unit_test(
			one_that_is_due_is_leased_to_one_caller_and_its_word_counts_while_the_lease_stands),
	};

	return run_on_engines(tests, COUNT(tests));
}
