/* test_guard.c: what a route row demands is demanded, in order, before any handler. */
#include "world.h"

static void a_form_without_its_token_is_refused(UNUSED void **state)
{
	struct browser b = { 0 };
	char form[300], right[100], wrong[100];

	arrive(&b);
	snprintf(right, sizeof right, "%s", b.csrf);
	snprintf(wrong, sizeof wrong, "%s", b.csrf);
	wrong[5] = wrong[5] == 'a' ? 'b' : 'a';
	const char *const tokens[] = { "", "x", wrong, b.flow, b.flow_id };
	for (size_t i = 0; i < COUNT(tokens); i++) {
		snprintf(form, sizeof form,
			 "flow=%s&csrf=%s&username=solo%%40clinic.example&password=" PASSWORD, b.flow_id,
			 tokens[i]);
		request_of(&b, "/login/password", form);
		assert_int_equal(b.status, 403);
		assert_string_equal(b.word, "form_token");
	}
	snprintf(form, sizeof form, "flow=%s&username=solo%%40clinic.example&password=" PASSWORD, b.flow_id);
	request_of(&b, "/login/password", form);
	assert_string_equal(b.word, "form_token");
	snprintf(b.csrf, sizeof b.csrf, "%s", right);
	type_password(&b, "solo@clinic.example", PASSWORD);
	follow(&b);
	assert_at(&b, "/test/continue");
}

static void a_token_of_another_flow_or_browser_is_refused(UNUSED void **state)
{
	struct browser b = { 0 }, other = { 0 };
	char first[100];

	arrive(&b);
	snprintf(first, sizeof first, "%s", b.csrf);
	arrive(&b);
	assert_string_not_equal(first, b.csrf);
	snprintf(b.csrf, sizeof b.csrf, "%s", first);
	type_password(&b, "solo@clinic.example", PASSWORD);
	assert_string_equal(b.word, "form_token");
	arrive(&other);
	snprintf(b.csrf, sizeof b.csrf, "%s", other.csrf);
	type_password(&b, "solo@clinic.example", PASSWORD);
	assert_string_equal(b.word, "form_token");
}

static void a_foreign_origin_is_refused_with_a_right_token(UNUSED void **state)
{
	static const struct {
		const char *origin;
		bool fine;
	} cases[] = {
		{ NULL, true },
		{ "null", true },
		{ "http://localhost:8080", true },
		{ "http://localhost:8081", false },
		{ "https://localhost:8080", false },
		{ "http://localhost", false },
		{ "http://localhost:8080.evil.example", false },
		{ "https://evil.example", false },
		{ "", false },
		{ "NULL", false },
		{ "http://localhost:8080/", false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct browser b = { .origin = cases[i].origin };

		arrive(&b);
		type_password(&b, "solo@clinic.example", PASSWORD);
		if (cases[i].fine)
			assert_int_equal(b.status, 303);
		else
			assert_string_equal(b.word, "origin");
	}
}

static void a_repeated_parameter_is_refused(UNUSED void **state)
{
	struct browser b = { 0 };
	char target[300];

	arrive(&b);
	snprintf(target, sizeof target, "/login/password?flow=%s&flow=%s", b.flow_id, b.flow_id);
	get(&b, target);
	assert_string_equal(b.word, "parameter_repeated");
	post(&b, "/login/password", "username=solo%40clinic.example&password=" PASSWORD "&password=x");
	assert_string_equal(b.word, "parameter_repeated");
}

static void a_page_that_needs_a_session_leads_to_sign_in_and_back(UNUSED void **state)
{
	struct browser b = { 0 };

	get(&b, "/test/secret");
	follow(&b);
	assert_at(&b, "/login/password");
	type_password(&b, "solo@clinic.example", PASSWORD);
	get(&b, b.at);
	assert_string_equal(b.at, "/test/secret");
	assert_int_equal(get(&b, "/test/secret"), 204);
}

static void a_form_that_needs_a_session_is_refused_without(UNUSED void **state)
{
	struct browser b = { 0 };

	post(&b, "/test/secret", "");
	assert_string_equal(b.word, "session_ended");
}

static void a_form_outside_a_flow_needs_the_token_of_the_session(UNUSED void **state)
{
	struct browser b = { 0 }, other = { 0 };
	char flow_token[100];

	arrive(&b);
	snprintf(flow_token, sizeof flow_token, "%s", b.csrf);
	type_password(&b, "solo@clinic.example", PASSWORD);
	follow(&b);
	snprintf(b.csrf, sizeof b.csrf, "%s", flow_token);
	assert_int_equal(post(&b, "/test/secret", ""), 403);
	sign_in(&other, "solo@clinic.example");
	get(&other, "/");
	get(&b, "/");
	struct browser mixed = b;
	snprintf(mixed.csrf, sizeof mixed.csrf, "%s", other.csrf);
	assert_int_equal(post(&mixed, "/test/secret", ""), 403);
	assert_string_equal(mixed.word, "form_token");
	assert_int_equal(post(&b, "/test/secret", ""), 204);
}

static void every_post_of_a_page_has_a_token(UNUSED void **state)
{
	for (const struct route *row = login_routes; row->method; row++)
		if (strcmp(row->method, "POST") == 0)
			assert_true(row->needs & NEEDS_CSRF);
		else
			assert_int_equal(row->body_limit, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clinic_opens),
		DAY(a_form_without_its_token_is_refused),
		DAY(a_token_of_another_flow_or_browser_is_refused),
		DAY(a_foreign_origin_is_refused_with_a_right_token),
		DAY(a_repeated_parameter_is_refused),
		DAY(a_page_that_needs_a_session_leads_to_sign_in_and_back),
		DAY(a_form_that_needs_a_session_is_refused_without),
		DAY(a_form_outside_a_flow_needs_the_token_of_the_session),
		DAY(every_post_of_a_page_has_a_token),
		cmocka_unit_test(the_clinic_closes),
	};

	return run_on_engines(tests, COUNT(tests));
}
