/* test_router.c: addresses to rows. */
#include "unit/http/unit.h"

#include "http/router.h"

static enum err nothing(struct request *rq)
{
	(void)rq;
	return OK;
}

static const struct route first[] = {
	{ "GET", "/login", nothing, LANE_QUICK, SPEAKS_HTML, 0, 0 },
	{ "POST", "/login", nothing, LANE_SLOW, SPEAKS_HTML, NEEDS_CSRF, 100 },
	{ "GET", "/", nothing, LANE_INLINE, SPEAKS_HTML, 0, 0 },
	{ "GET", "/admin/", nothing, LANE_INLINE, SPEAKS_HTML, 0, 0 },
	{ .method = NULL },
};
static const struct route second[] = {
	{ "GET", "/federation/{connection}/callback", nothing, LANE_SLOW, SPEAKS_HTML, 0, 0 },
	{ "GET", "/federation/own/callback", nothing, LANE_INLINE, SPEAKS_HTML, 0, 0 },
	{ "GET", "/api/v1/accounts/{id}", nothing, LANE_QUICK, SPEAKS_JSON, 0, 0 },
	{ "PATCH", "/api/v1/accounts/{id}", nothing, LANE_QUICK, SPEAKS_JSON, 0, 100 },
	{ "DELETE", "/api/v1/accounts/{id}/factors/{factor}", nothing, LANE_QUICK, SPEAKS_JSON, ANY_ORIGIN,
	  0 },
	{ .method = NULL },
};
static const struct route *const tables[] = { first, second, NULL };
static struct router *router;

static int make_router(void **state)
{
	router = router_new(tables);
	return unit_begin(state);
}

static int free_router(void **state)
{
	router_free(router);
	return unit_end(state);
}

static void a_path_and_method_find_their_row(void **state)
{
	static const struct {
		enum method method;
		const char *path;
		const struct route *row;
		bool known;
		const char *one, *two;
	} rows[] = {
		{ METHOD_GET, "/login", &first[0], true, NULL, NULL },
		{ METHOD_HEAD, "/login", &first[0], true, NULL, NULL },
		{ METHOD_POST, "/login", &first[1], true, NULL, NULL },
		{ METHOD_PUT, "/login", NULL, true, NULL, NULL },
		{ METHOD_OTHER, "/login", NULL, true, NULL, NULL },
		{ METHOD_GET, "/", &first[2], true, NULL, NULL },
		{ METHOD_GET, "/login/", NULL, false, NULL, NULL },
		{ METHOD_GET, "/admin/", &first[3], true, NULL, NULL },
		{ METHOD_GET, "/admin", NULL, false, NULL, NULL },
		{ METHOD_GET, "/federation/okta/callback", &second[0], true, "okta", NULL },
		{ METHOD_GET, "/federation/own/callback", &second[1], true, NULL, NULL },
		{ METHOD_GET, "/federation//callback", NULL, false, NULL, NULL },
		{ METHOD_GET, "/federation/a/b/callback", NULL, false, NULL, NULL },
		{ METHOD_GET, "/federation/okta/callback/", NULL, false, NULL, NULL },
		{ METHOD_GET, "/federation/okta", NULL, false, NULL, NULL },
		{ METHOD_PATCH, "/api/v1/accounts/acc_1", &second[3], true, "acc_1", NULL },
		{ METHOD_DELETE, "/api/v1/accounts/acc_1", NULL, true, NULL, NULL },
		{ METHOD_DELETE, "/api/v1/accounts/a%20b/factors/f%C3%BC", &second[4], true, "a b",
		  "f\xc3\xbc" },
		{ METHOD_GET, "/api/v1/accounts/a%2fb", NULL, false, NULL, NULL },
		{ METHOD_GET, "/api/v1/accounts/a%0ab", NULL, false, NULL, NULL },
		{ METHOD_GET, "/api/v1/accounts/a;b", NULL, false, NULL, NULL },
		{ METHOD_GET, "/api/v1/accounts/{id}", &second[2], true, "{id}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *parameter[4] = { NULL };
		bool known;
		const struct route *row =
			router_match(router, arena, rows[i].method, rows[i].path, parameter, &known);

		if (row != rows[i].row || known != rows[i].known)
			fail_msg("%s: %s, known %d", rows[i].path, row ? row->path : "none", known);
		if (rows[i].one)
			assert_string_equal(parameter[0], rows[i].one);
		if (rows[i].two)
			assert_string_equal(parameter[1], rows[i].two);
	}
}

static void allow_names_what_a_path_serves(void **state)
{
	unsigned needs;

	(void)state;
	assert_string_equal(router_allow(router, arena, "/login", &needs), "GET, HEAD, POST, OPTIONS");
	assert_int_equal(needs, NEEDS_CSRF);
	assert_string_equal(router_allow(router, arena, "/api/v1/accounts/x", &needs),
			    "GET, HEAD, PATCH, OPTIONS");
	assert_string_equal(router_allow(router, arena, "/api/v1/accounts/x/factors/y", &needs),
			    "DELETE, OPTIONS");
	assert_int_equal(needs, ANY_ORIGIN);
	assert_null(router_allow(router, arena, "/nowhere", &needs));
}

static void every_row_can_be_walked(void **state)
{
	size_t count = 0;

	(void)state;
	while (router_row(router, count))
		count++;
	assert_int_equal(count, COUNT(first) + COUNT(second) - 2);
	assert_ptr_equal(router_row(router, 0), &first[0]);
}

static void methods_are_words_in_capitals(void **state)
{
	static const struct {
		const char *word;
		enum method method;
	} rows[] = { { "GET", METHOD_GET },   { "HEAD", METHOD_HEAD },   { "OPTIONS", METHOD_OPTIONS },
		     { "get", METHOD_OTHER }, { "TRACE", METHOD_OTHER }, { "CONNECT", METHOD_OTHER },
		     { "", METHOD_OTHER },    { "GETX", METHOD_OTHER } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(method_read(rows[i].word), rows[i].method);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_and_method_find_their_row),
		cmocka_unit_test(allow_names_what_a_path_serves),
		cmocka_unit_test(every_row_can_be_walked),
		cmocka_unit_test(methods_are_words_in_capitals),
	};

	return cmocka_run_group_tests(tests, make_router, free_router);
}
