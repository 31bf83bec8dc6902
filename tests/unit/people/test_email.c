/* test_email.c: many spellings, one address, or none (security.md B10, B14; P-20). */
#include "world.h"

static void an_address_has_one_form_or_is_none(UNUSED void **state)
{
	static const struct {
		const char *typed, *canonical;
	} cases[] = {
		{ "ada@north.example", "ada@north.example" },
		{ "Ada@North.Example", "ada@north.example" },
		{ "ADA@NORTH.EXAMPLE", "ada@north.example" },
		{ " ada@north.example", "ada@north.example" },
		{ "ada@north.example\t", "ada@north.example" },
		{ "ada.okafor@north.example", "ada.okafor@north.example" },
		{ "ada+billing@north.example", "ada+billing@north.example" },
		{ "o'neil@north.example", "o'neil@north.example" },
		{ "a@b.cd", "a@b.cd" },
		{ "ada@xn--nrth-5qa.example", "ada@xn--nrth-5qa.example" },
		{ "ada@1.example", "ada@1.example" },
		{ NULL, NULL },
		{ "", NULL },
		{ " ", NULL },
		{ "@", NULL },
		{ "ada", NULL },
		{ "ada@", NULL },
		{ "@north.example", NULL },
		{ "ada@@north.example", NULL },
		{ "ada@north@example.org", NULL },
		{ "ada@evil.example@north.example", NULL },
		{ "\"ada@x\"@north.example", NULL },
		{ "\"ada\"@north.example", NULL },
		{ "ada@north.example.", NULL },
		{ "ada@.north.example", NULL },
		{ "ada@north..example", NULL },
		{ "ada@-north.example", NULL },
		{ "ada@north-.example", NULL },
		{ "ada@north_clinic.example", NULL },
		{ "ada@localhost", NULL },
		{ "ada@[127.0.0.1]", NULL },
		{ "ada@127.0.0.1", NULL },
		{ "ada@1.2", NULL },
		{ ".ada@north.example", NULL },
		{ "ada.@north.example", NULL },
		{ "a..da@north.example", NULL },
		{ "ada b@north.example", NULL },
		{ "ada@north .example", NULL },
		{ "ada\n@north.example", NULL },
		{ "ada@north.example\r\nbcc", NULL },
		{ "ada,bob@north.example", NULL },
		{ "ada;bob@north.example", NULL },
		{ "<ada@north.example>", NULL },
		{ "Ada <ada@north.example>", NULL },
		{ "mailto:ada@north.example", NULL },
		{ "ada(c)@north.example", NULL },
		{ "ada\\@north.example", NULL },
		{ "\xc3\xa1"
		  "da@north.example",
		  NULL },
		{ "ada@n\xc3\xb6rth.example", NULL },
		{ "\xd0\xb0"
		  "da@north.example",
		  NULL }, /* Cyrillic a */
		{ "\xef\xbd\x81"
		  "da@north.example",
		  NULL }, /* full-width a: NFKC folds it */
		{ "ada@north\xe3\x80\x82"
		  "example",
		  NULL },                                  /* ideographic full stop: IDNA folds it */
		{ "ada\xe2\x80\x8b@north.example", NULL }, /* zero-width space */
		{ "ada\xff@north.example", NULL },
		{ "ada\x7f@north.example", NULL },
	};
	AUTO(arena_done) struct arena *arena = arena_new();

	assert_true(COUNT(cases) >= 50);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (!text_equal(email_canonical(arena, cases[i].typed), cases[i].canonical))
			fail_msg("case %zu: \"%s\"", i, cases[i].typed ? cases[i].typed : "(null)");
}

static void lengths_stop_where_rfc_5321_stops(UNUSED void **state)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	char local[66], address[400], label[64];

	memset(local, 'a', 65);
	memset(label, 'b', 63);
	label[63] = local[65] = '\0';
	snprintf(address, sizeof(address), "%.64s@north.example", local);
	assert_non_null(email_canonical(arena, address));
	snprintf(address, sizeof(address), "%.65s@north.example", local);
	assert_null(email_canonical(arena, address));
	snprintf(address, sizeof(address), "a@%.63s.%.63s.%.63s.%.60s", label, label, label,
		 label); /* 254 bytes */
	assert_int_equal(strlen(address), 254);
	assert_non_null(email_canonical(arena, address));
	snprintf(address, sizeof(address), "a@%.63s.%.63s.%.63s.%.61s", label, label, label, label);
	assert_null(email_canonical(arena, address));
	snprintf(address, sizeof(address), "a@b%.63s.example", label);
	assert_null(email_canonical(arena, address));
}

static void one_address_is_one_account_whatever_its_spelling(UNUSED void **state)
{
	AUTO_HAND hand;

	world_practice(&hand, "email-spelling");
	const char *id = world_person(&hand, "Ada@North.Example", NULL, NULL);

	assert_string_equal(world_person(&hand, " ada@north.EXAMPLE", NULL, NULL), id);
	assert_string_not_equal(world_person(&hand, "ada.okafor@north.example", NULL, NULL), id);
}

static void the_finder_knows_no_address(UNUSED void **state)
{
	AUTO_HAND hand;

	world_practice(&hand, "email-finder");
	world_person(&hand, "finder@north.example", NULL, NULL);
	assert_int_equal(count_of(&hand, "SELECT COUNT(*) FROM account_finder WHERE practice_id = $1",
				  V_TEXT("email-finder")),
			 1);
	assert_int_equal(count_of(&hand, "SELECT COUNT(*) FROM account_finder WHERE email_key LIKE $1",
				  V_TEXT("%finder@%")),
			 0);
	struct account_match found[4];
	size_t count = 0;

	assert_ok(&hand, accounts_find(&hand.w, "finder@north.example", NULL, found, COUNT(found), &count));
	assert_int_equal(count, 1);
	assert_string_equal(found[0].practice_id, "email-finder");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_one_form_or_is_none),
		cmocka_unit_test(lengths_stop_where_rfc_5321_stops),
		cmocka_unit_test(one_address_is_one_account_whatever_its_spelling),
		cmocka_unit_test(the_finder_knows_no_address),
	};

	return world_close(run_on_engines(tests, COUNT(tests)));
}
