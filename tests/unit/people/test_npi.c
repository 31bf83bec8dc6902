/* test_npi.c: provider numbers and their check digit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"
#include "people/npi.h"

static void a_check_digit_is_luhn_over_80840_and_the_number(UNUSED void **state)
{
	static const struct {
		const char *npi;
		bool valid;
	} cases[] = {
		{ "1234567893", true },  { "1234567890", false },  { "1234567894", false },
		{ "1003000126", true },  { "2000000002", true },   { "3234567893", false },
		{ "123456789", false },  { "12345678931", false }, { "", false },
		{ "12345 7893", false }, { "123456789x", false },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (npi_is_valid(cases[i].npi) != cases[i].valid)
			fail_msg("%s", cases[i].npi);
}

/* Written another way: the digits of 80840 and the number, doubled from the right. */
static bool plain_luhn(const char *npi)
{
	char whole[24];
	int sum = 0;

	snprintf(whole, sizeof(whole), "80840%s", npi);
	for (int i = 14, place = 0; i >= 0; i--, place++) {
		int digit = whole[i] - '0';

		digit = place % 2 ? digit * 2 : digit;
		sum += digit / 10 + digit % 10;
	}
	return sum % 10 == 0;
}

static void it_agrees_with_plain_luhn_over_20000_numbers(UNUSED void **state)
{
	int valid = 0;

	for (long i = 0; i < 20000; i++) {
		char npi[16];

		snprintf(npi, sizeof(npi), "%ld", 1000000000 + i * 49999);
		assert_int_equal(npi_is_valid(npi), plain_luhn(npi));
		valid += npi_is_valid(npi);
	}
	assert_in_range(valid, 1500, 2500);
}

static void numbers_of_other_countries_can_be_stored(UNUSED void **state)
{
	assert_true(npi_is_storable("A1B2"));
	assert_false(npi_is_storable(""));
	assert_false(npi_is_storable("12345678901234567890x"));
	assert_false(npi_is_storable("12-34"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_digit_is_luhn_over_80840_and_the_number),
		cmocka_unit_test(it_agrees_with_plain_luhn_over_20000_numbers),
		cmocka_unit_test(numbers_of_other_countries_can_be_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
