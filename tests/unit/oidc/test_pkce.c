/* test_pkce.c: proof key for code exchange (RFC 7636) and scopes as words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

#include "base/arena.h"
#include "oidc/pkce.h"
#include "oidc/scope.h"

#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define X43       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define X128      X43 X43 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void only_the_verifier_of_a_challenge_matches_it(UNUSED void **state)
{
	static const struct {
		const char *challenge, *verifier;
		bool matches;
	} cases[] = {
		{ CHALLENGE, VERIFIER, true },
		{ NULL, NULL, true },
		{ CHALLENGE, NULL, false },
		{ NULL, VERIFIER, false },
		{ CHALLENGE, "", false },
		{ "", "", false },
		{ CHALLENGE, CHALLENGE, false }, /* as `plain` would take it */
		{ VERIFIER, VERIFIER, false },
		{ CHALLENGE, VERIFIER "a", false },
		{ CHALLENGE, " " VERIFIER, false },
		{ CHALLENGE, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX", false },
		{ CHALLENGE, "dBjftJeZ4CVP+mB92K27uhbUJU1p1r/wW1gFWFOEjXk", false },
		{ CHALLENGE, X128 "a", false },
	};
	AUTO(arena_done) struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++)
		if (pkce_matches(arena, cases[i].challenge, cases[i].verifier) != cases[i].matches)
			fail_msg("case %zu", i);
}

static void a_challenge_is_43_canonical_characters(UNUSED void **state)
{
	static const struct {
		const char *challenge;
		bool sound;
	} cases[] = {
		{ CHALLENGE, true },
		{ NULL, false },
		{ "", false },
		{ X43, false }, /* bits beyond the digest */
		{ "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN", false },
		{ "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", false },
		{ CHALLENGE "=", false },
		{ "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", false },
		{ "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw cM", false },
	};
	AUTO(arena_done) struct arena *arena = arena_new();

	for (size_t i = 0; i < COUNT(cases); i++)
		if (pkce_challenge_is_sound(arena, cases[i].challenge) != cases[i].sound)
			fail_msg("case %zu", i);
}

static void a_scope_is_narrowed_to_what_is_allowed(UNUSED void **state)
{
	static const char *const allowed[] = { "openid", "email", "clinic", NULL };
	AUTO(arena_done) struct arena *arena = arena_new();

	assert_string_equal(scope_narrow(arena, "clinic openid admin openid", allowed), "clinic openid");
	assert_string_equal(scope_narrow(arena, "  openid   email ", allowed), "openid email");
	assert_string_equal(scope_narrow(arena, "openidx OPENID", allowed), "");
	assert_string_equal(scope_narrow(arena, NULL, allowed), "");
	assert_string_equal(scope_narrow(arena, "openid", NULL), "");
	assert_string_equal(scope_join(arena, "openid email", "email clinic"), "openid email clinic");
	assert_string_equal(scope_join(arena, NULL, "email"), "email");
	assert_string_equal(scope_without(arena, "openid offline_access email", "offline_access"),
			    "openid email");
}

static void a_scope_stands_within_another_word_by_word(UNUSED void **state)
{
	assert_true(scope_within("openid email", "email clinic openid"));
	assert_true(scope_within(NULL, NULL));
	assert_true(scope_within("", "openid"));
	assert_false(scope_within("openid email", "openid"));
	assert_false(scope_within("open", "openid"));
	assert_false(scope_within("openid", NULL));
	assert_true(scope_is_sound("openid a.b:c/d"));
	assert_false(scope_is_sound("open\"id"));
	assert_false(scope_is_sound("open\\id"));
	assert_false(scope_is_sound("open\tid"));
	assert_false(scope_is_sound("caf\xc3\xa9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_verifier_of_a_challenge_matches_it),
		cmocka_unit_test(a_challenge_is_43_canonical_characters),
		cmocka_unit_test(a_scope_is_narrowed_to_what_is_allowed),
		cmocka_unit_test(a_scope_stands_within_another_word_by_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
