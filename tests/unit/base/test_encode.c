/* test_encode.c: hex, base64, percent, HTML: each value has one text. */
#include "base/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"

static int make(void **state)
{
	*state = arena_new();
	return 0;
}

static int drop(void **state)
{
	struct arena *arena = *state;

	arena_done(&arena);
	return 0;
}

static void rfc_4648_vectors_go_both_ways(void **state)
{
	static const char *const rows[][3] = {
		{ "", "", "" },
		{ "f", "Zg==", "Zg" },
		{ "fo", "Zm8=", "Zm8" },
		{ "foo", "Zm9v", "Zm9v" },
		{ "foob", "Zm9vYg==", "Zm9vYg" },
		{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
		{ "\xFB\xFF\xBE", "+/++", "-_--" },
	};
	struct bytes out;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bytes bytes = BYTES_OF(rows[i][0]);

		assert_string_equal(base64_encode(*state, bytes), rows[i][1]);
		assert_string_equal(base64url_encode(*state, bytes), rows[i][2]);
		assert_true(base64_decode(*state, rows[i][1], strlen(rows[i][1]), &out));
		assert_int_equal(out.size, bytes.size);
		assert_memory_equal(out.at, bytes.at, bytes.size);
		assert_true(base64url_decode(*state, rows[i][2], strlen(rows[i][2]), &out));
		assert_int_equal(out.size, bytes.size);
		assert_memory_equal(out.at, bytes.at, bytes.size);
	}
	assert_string_equal(hex_encode(*state, BYTES_OF("\x01\xAB\xFF")), "01abff");
}

static void base64url_that_is_not_canonical_is_refused(void **state)
{
	static const char *const bad[] = { "Zg==",  "Zg=",  "Z",    "Zm9vY", "Zh", "Zm9",         "Zm9v\n",
					   " Zm9v", "Zm+v", "Zm/v", "Zm9v=", "=",  "Zm9v\xC3\xA9" };
	struct bytes out = { NULL, 99 };

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(base64url_decode(*state, bad[i], strlen(bad[i]), &out));
	assert_false(base64url_decode(*state, "Zg\0\0", 4, &out));
	assert_int_equal(out.size, 99);
}

static void base64_that_is_not_canonical_is_refused(void **state)
{
	static const char *const bad[] = { "Zg",   "Zg=",  "Zh==", "Zm9=", "Zm9v====", "====",
					   "=Zm9", "Zg=a", "Z===", "Zm-v", "Zm9v\n",   "Zm 9" };
	struct bytes out;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(base64_decode(*state, bad[i], strlen(bad[i]), &out));
}

/* security.md D6: no position of a token may be cut, extended or changed and still mean the same bytes. */
static void every_changed_text_means_other_bytes_or_nothing(void **state)
{
	static const char token[] = "mFhc9Pq0-_zA17KkTQ"; /* 13 bytes and 4 zero bits */
	struct bytes real, other;

	assert_true(base64url_decode(*state, token, sizeof(token) - 1, &real));
	for (size_t at = 0; at < sizeof(token) - 1; at++) {
		for (int c = 0; c < 256; c++) {
			char changed[sizeof(token)];

			memcpy(changed, token, sizeof(token));
			changed[at] = (char)c;
			if (changed[at] == token[at] ||
			    !base64url_decode(*state, changed, sizeof(token) - 1, &other))
				continue;
			assert_true(other.size == real.size && memcmp(other.at, real.at, real.size) != 0);
		}
		if (base64url_decode(*state, token, at, &other))
			assert_true(other.size < real.size);
	}
}

static void percent_decoding_is_strict(void **state)
{
	static const struct {
		const char *text;
		bool plus;
		const char *out; /* NULL: refused */
	} rows[] = {
		{ "a%20b", false, "a b" }, { "a+b", true, "a b" },
		{ "a+b", false, "a+b" },   { "%C3%a9", true, "\xC3\xA9" },
		{ "%2B", true, "+" },      { "%2541", true, "%41" },
		{ "%", true, NULL },       { "%2", true, NULL },
		{ "%G0", true, NULL },     { "%0", true, NULL },
		{ "a%00b", true, NULL },   { "%C3", true, NULL },
		{ "%ff", true, NULL },     { "%u0041", true, NULL },
		{ "%+1", true, NULL },     { "% 1", true, NULL },
		{ "", true, "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *out = NULL;

		assert_int_equal(
			percent_decode(*state, rows[i].text, strlen(rows[i].text), rows[i].plus, &out),
			rows[i].out != NULL);
		if (rows[i].out != NULL)
			assert_string_equal(out, rows[i].out);
		else
			assert_null(out);
	}
}

static void percent_encoding_keeps_unreserved_alone(void **state)
{
	AUTO_BUF out = BUF(1000);
	char *back = NULL;

	percent_encode(&out, "aZ09-._~ /?:&=+%\xC3\xA9");
	assert_string_equal(buf_str(&out), "aZ09-._~%20%2F%3F%3A%26%3D%2B%25%C3%A9");
	assert_true(percent_decode(*state, buf_str(&out), out.size, true, &back));
	assert_string_equal(back, "aZ09-._~ /?:&=+%\xC3\xA9");
}

static void html_has_no_special_character_left(void **state)
{
	AUTO_BUF out = BUF(1000);

	(void)state;
	html_escape(&out, "<a href=\"x\" title='y'>&amp;</a> fine");
	assert_string_equal(buf_str(&out),
			    "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt; fine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_4648_vectors_go_both_ways),
		cmocka_unit_test(base64url_that_is_not_canonical_is_refused),
		cmocka_unit_test(base64_that_is_not_canonical_is_refused),
		cmocka_unit_test(every_changed_text_means_other_bytes_or_nothing),
		cmocka_unit_test(percent_decoding_is_strict),
		cmocka_unit_test(percent_encoding_keeps_unreserved_alone),
		cmocka_unit_test(html_has_no_special_character_left),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
