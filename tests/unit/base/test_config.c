/* test_config.c: settings from default, file and environment; what is not understood does not start. */
#include "base/base.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cidr.h"
#include "base/config.h"
#include "base/text.h"

#define KEY "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

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

/* NULL with *message when it is refused. */
static const struct config *try(struct arena *arena, const char *text, char *const *variables,
				const char **message)
{
	const struct config *config = NULL;

	*message = NULL;
	enum err err = config_read(arena, text != NULL ? "lanyard.yaml" : NULL, text,
				   text != NULL ? strlen(text) : 0, variables, &config, message);

	assert_int_equal(err, config != NULL ? OK : ERR_CONFIG);
	assert_int_equal(*message == NULL, config != NULL);
	return config;
}

static const struct config *need(struct arena *arena, const char *text, char *const *variables)
{
	const char *message = NULL;
	const struct config *config = try(arena, text, variables, &message);

	if (message != NULL)
		print_error("%s\n", message);
	assert_non_null(config);
	return config;
}

static void without_any_setting_it_is_ready_for_development(void **state)
{
	static const char *const nothing[] = { NULL, "", "# nothing\n", "---\n" };

	for (size_t i = 0; i < COUNT(nothing); i++) {
		const struct config *c = need(*state, nothing[i], NULL);

		assert_string_equal(c->issuer, "http://localhost:8080");
		assert_string_equal(c->issuer_host, "localhost:8080");
		assert_string_equal(c->issuer_origin, "http://localhost:8080");
		assert_true(c->development);
		assert_string_equal(c->listen[0], "127.0.0.1:8080");
		assert_null(c->listen[1]);
		assert_string_equal(c->admin_listen, "127.0.0.1:9080");
		assert_string_equal(c->store, "sqlite:var/lanyard.db");
		assert_string_equal(c->admin_socket, "var/admin.sock");
		assert_string_equal(c->master_key_file, "var/master.key");
		assert_null(c->master_key);
		assert_null(c->tls_key);
		assert_null(c->trusted_proxies[0]);
		assert_int_equal(c->trusted_count, 0);
		assert_false(c->outbound.allow_private_targets);
		assert_int_equal(c->password.memory_kib, 47104);
		assert_true(c->password.slots > 0 && c->limits.quick_threads >= 8 &&
			    c->limits.slow_threads >= 4);
		assert_string_equal(c->log_format, "json");
	}
}

static void a_full_file_is_read(void **state)
{
	const struct config *c =
		need(*state,
		     "issuer: https://id.clinic.example\n"
		     "listen: [\"0.0.0.0:443\", \"[::]:443\"]\n"
		     "tls: { certificate: c.pem, key: k.pem }\n"
		     "admin_listen: \"\"\n"
		     "store: postgresql://lanyard@db/lanyard\n"
		     "master_key: " KEY "\n"
		     "trusted_proxies: [10.1.0.0/16, \"::1\", 10.2.3.*]\n"
		     "log:\n  level: debug\n  format: text\n"
		     "limits:\n  header_seconds: 5\n  total_seconds: 2m\n  queue: 7\n"
		     "password: { memory_kib: 19456, passes: 2, slots: 3 }\n"
		     "outbound:\n  allow: adfs.clinic.example\n  allow_private_targets: true\n",
		     NULL);
	struct address proxy;

	assert_string_equal(c->file, "lanyard.yaml");
	assert_false(c->development);
	assert_string_equal(c->issuer_host, "id.clinic.example");
	assert_string_equal(c->listen[1], "[::]:443");
	assert_string_equal(c->tls_certificate, "c.pem");
	assert_string_equal(c->tls_key, "k.pem");
	assert_string_equal(c->admin_listen, "");
	assert_string_equal(c->admin_socket, "/run/lanyard/admin.sock");
	assert_string_equal(c->master_key, KEY);
	assert_int_equal(c->trusted_count, 3);
	assert_true(address_parse("10.2.3.9", &proxy) && network_has(&c->trusted_networks[2], &proxy));
	assert_string_equal(c->log_level, "debug");
	assert_int_equal(c->limits.header_seconds, 5);
	assert_int_equal(c->limits.total_seconds, 120);
	assert_int_equal(c->limits.queue, 7);
	assert_int_equal(c->password.memory_kib, 19456);
	assert_string_equal(c->outbound.allow[0], "adfs.clinic.example");
	assert_true(c->outbound.allow_private_targets);
}

static void the_environment_goes_over_the_file(void **state)
{
	char *const variables[] = { (char[]){ "PATH=/bin" },
				    (char[]){ "LANYARD_CONFIG=other.yaml" },
				    (char[]){ "LANYARD_ISSUER=https://id.example:8443" },
				    (char[]){ "LANYARD_LISTEN=127.0.0.1:1, 127.0.0.1:2" },
				    (char[]){ "LANYARD_OUTBOUND_CA_FILE=ca.pem" },
				    (char[]){ "LANYARD_OUTBOUND_ALLOW_PRIVATE_TARGETS=true" },
				    (char[]){ "LANYARD_LIMITS_SIGN_IN_WINDOW=30m" },
				    (char[]){ "LANYARD_MASTER_KEY_FILE=/run/secrets/key" },
				    NULL };
	const struct config *c =
		need(*state, "issuer: https://id.clinic.example\nlimits: {queue: 9}\n", variables);

	assert_string_equal(c->issuer, "https://id.example:8443");
	assert_string_equal(c->issuer_host, "id.example:8443");
	assert_string_equal(c->listen[1], "127.0.0.1:2");
	assert_string_equal(c->outbound.ca_file, "ca.pem");
	assert_true(c->outbound.allow_private_targets);
	assert_int_equal(c->limits.sign_in_window, 1800);
	assert_int_equal(c->limits.queue, 9);
	assert_string_equal(c->master_key_file, "/run/secrets/key");
}

static void a_secret_of_the_environment_may_stand_in_a_file(void **state)
{
	char path[] = "/tmp/lanyard-test-XXXXXX";
	int file = mkstemp(path);
	char *const variables[] = { arena_print(*state, "LANYARD_STORE_FILE=%s", path), NULL };
	char *const twice[] = { variables[0], (char[]){ "LANYARD_STORE=sqlite:x" }, NULL };
	const char *message = NULL;

	assert_true(file >= 0);
	assert_int_equal(write(file, "postgresql://u:p@h/d\n", 21), 21);
	assert_string_equal(need(*state, NULL, variables)->store, "postgresql://u:p@h/d");
	assert_null(try(*state, NULL, twice, &message));
	assert_string_equal(message, "LANYARD_STORE: store was given before by LANYARD_STORE_FILE");
	assert_int_equal(ftruncate(file, 8000), 0);
	assert_null(try(*state, NULL, variables, &message));
	close(file);
	unlink(path);
	assert_null(try(*state, NULL, variables, &message));
	assert_string_equal(message,
			    "LANYARD_STORE_FILE: could not read the file: No such file or directory");
}

static void what_is_not_understood_is_named_with_its_line(void **state)
{
	static const char *const rows[][2] = {
		{ "\nisuer: x\n", "lanyard.yaml:2: unknown setting isuer, did you mean issuer?" },
		{ "log:\n  levl: info\n",
		  "lanyard.yaml:2: unknown setting log.levl, did you mean log.level?" },
		{ "tls:\n  cert: x\n",
		  "lanyard.yaml:2: unknown setting tls.cert, did you mean tls.certificate?" },
		{ "lmits: {queue: 5}\n", "lanyard.yaml:1: unknown setting lmits, did you mean limits?" },
		{ "limits.queue: 5\n",
		  "lanyard.yaml:1: limits.queue is written as a section and a setting below it" },
		{ "mail: {}\n", "lanyard.yaml:1: unknown setting mail" },
		{ "issuer:\n  x: y\n", "lanyard.yaml:1: issuer must be " },
		{ "limits: 5\n", "lanyard.yaml:1: limits is a section: its settings stand below it" },
		{ "- a\n", "lanyard.yaml:1: settings are name: value" },
		{ "a: 1\n---\nb: 1\n", "lanyard.yaml: one document alone is read" },
		{ "log:\n  level: info\n  level: warn\n",
		  "lanyard.yaml:3: column 3: this key was given before" },
		{ "issuer: [\n", "lanyard.yaml:2: column 1: " },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *message = NULL;

		assert_null(try(*state, rows[i][0], NULL, &message));
		assert_memory_equal(message, rows[i][1], strlen(rows[i][1]));
	}
}

static void unknown_variables_are_refused_but_not_those_of_others(void **state)
{
	static const char *const rows[][2] = {
		{ "LANYARD_ISUER=x",
		  "environment: unknown variable LANYARD_ISUER, did you mean LANYARD_ISSUER?" },
		{ "LANYARD_ISSUER_FILE=x", "environment: unknown variable LANYARD_ISSUER_FILE" },
		{ "LANYARD_=x", "environment: unknown variable LANYARD_" },
		{ "LANYARD_SMS_URL=x", "environment: unknown variable LANYARD_SMS_URL" },
		{ "LANYARD_LIMITS_QUEUE= 5",
		  "LANYARD_LIMITS_QUEUE: limits.queue must be a whole number from 1 to 65536" },
		{ "LANYARD_OUTBOUND_ALLOW_PRIVATE_TARGETS=yes",
		  "LANYARD_OUTBOUND_ALLOW_PRIVATE_TARGETS: outbound.allow_private_targets must be true or "
		  "false" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *const variables[] = { arena_text(*state, rows[i][0]), NULL };
		const char *message = NULL;

		assert_null(try(*state, NULL, variables, &message));
		assert_memory_equal(message, rows[i][1], strlen(rows[i][1]));
	}
	char *const others[] = { (char[]){ "LANYARDS=x" }, (char[]){ "lanyard_issuer=x" },
				 (char[]){ "LANYARD" }, NULL };

	(void)need(*state, NULL, others);
}

static void an_issuer_is_an_origin_and_http_for_this_machine_alone(void **state)
{
	static const char *const good[] = {
		"https://id.clinic.example", "https://id.clinic.example:8443", "http://localhost",
		"http://localhost:8080",     "http://127.0.0.1:8080",          "http://[::1]:8080",
		"https://10.0.0.7",          "https://[2001:db8::1]",          "https://a"
	};
	static const char *const bad[] = {
		"",
		"id.clinic.example",
		"http://id.clinic.example",
		"http://10.0.0.7:8080",
		"http://0.0.0.0:8080",
		"http://localhost.evil.example",
		"http://127.0.0.1.evil.example",
		"https://id.clinic.example/",
		"https://id.clinic.example/path",
		"https://id.clinic.example?x",
		"https://id.clinic.example#x",
		"https://ID.clinic.example",
		"HTTPS://id.clinic.example",
		"https://id.clinic.example:443",
		"http://localhost:80",
		"https://id.clinic.example:0443",
		"https://id.clinic.example:99999",
		"https://id.clinic.example:",
		"https://user@id.clinic.example",
		"https://",
		"https://a..b",
		"https://-a.b",
		"https://a.b.",
		"https://127.1",
		"https://1",
		"https://0x7f.1",
		"https://[::1",
		"https://[0::1]",
		"https://::1",
		"https://[127.0.0.1]",
		"https://a b",
		"ftp://localhost",
		"https://id_x.example",
		"https://a.b:8443:1",
		"https://id.example:+1",
		"https://id.example:0",
		"https://[::1]x",
		"https://\xC3\xA9.example",
	};

	for (size_t i = 0; i < COUNT(good) + COUNT(bad); i++) {
		const char *issuer = i < COUNT(good) ? good[i] : bad[i - COUNT(good)];
		char *const variables[] = { arena_print(*state, "LANYARD_ISSUER=%s", issuer), NULL };
		const char *message = NULL;
		const struct config *c = try(*state, NULL, variables, &message);

		assert_int_equal(c != NULL, i < COUNT(good));
		if (c != NULL)
			assert_int_equal(c->development, text_starts(issuer, "http:"));
	}
}

/* security.md A10, R-20: no combination that is insecure or half is started. */
static void what_does_not_go_together_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "issuer: https://a.example\nlisten: 0.0.0.0:8080\n",
		  "lanyard.yaml:2: listening on 0.0.0.0:8080 without tls needs trusted_proxies" },
		{ "issuer: https://a.example\nlisten: [\"127.0.0.1:8080\", \"[::]:80\"]\n",
		  "lanyard.yaml:2: listening on [::]:80" },
		{ "issuer: https://a.example\ntls:\n  key: k.pem\n",
		  "lanyard.yaml:3: tls.certificate and tls.key go together" },
		{ "tls: {key: k.pem, certificate: c.pem}\n", "lanyard.yaml:1: tls needs an https issuer" },
		{ "listen: []\n", "lanyard.yaml:1: listen must name at least one" },
		{ "trusted_proxies: [0.0.0.0/0]\n", "lanyard.yaml:1: trusted_proxies must be" },
		{ "trusted_proxies: [\"::/0\"]\n", "lanyard.yaml:1: trusted_proxies must be" },
		{ "trusted_proxies: [\"*.*.*.*\"]\n", "lanyard.yaml:1: trusted_proxies must be" },
		{ "trusted_proxies: [proxy.example]\n", "lanyard.yaml:1: trusted_proxies must be" },
		{ "master_key: " KEY "\nmaster_key_file: x\n",
		  "lanyard.yaml:1: master_key and master_key_file do not go together" },
		{ "password: {memory_kib: 19456}\n",
		  "lanyard.yaml:1: password.memory_kib below 47104 needs" },
		{ "limits: {total_seconds: 5}\n", "lanyard.yaml:1: limits.total_seconds must not be below" },
		{ "limits:\n  queue: 7\n  body_seconds: 40s\n",
		  "lanyard.yaml:3: limits.total_seconds must not be below" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *message = NULL;

		assert_null(try(*state, rows[i][0], NULL, &message));
		assert_memory_equal(message, rows[i][1], strlen(rows[i][1]));
	}
	(void)need(*state, "issuer: https://a.example\n", NULL);
	(void)need(*state, "issuer: https://a.example\nlisten: 0.0.0.0:80\ntrusted_proxies: 10.0.0.7\n",
		   NULL);
}

static void a_value_of_another_type_or_out_of_range_is_refused(void **state)
{
	static const char *const bad[] = {
		"limits: {queue: 0}",
		"limits: {queue: 65537}",
		"limits: {queue: \"5\"}",
		"limits: {queue: 5.0}",
		"limits: {queue: 0x10}",
		"limits: {queue: 1e3}",
		"limits: {queue: -5}",
		"limits: {queue: null}",
		"limits: {queue: [5]}",
		"limits: {header_seconds: 0s}",
		"limits: {header_seconds: 10 s}",
		"limits: {header_seconds: true}",
		"password: {memory_kib: 8}",
		"log: {level: INFO}",
		"log: {format: xml}",
		"listen: 8080",
		"listen: localhost:8080",
		"listen: 0.0.0.0",
		"listen: 127.0.0.1:65536",
		"listen: \"::1:80\"",
		"listen: {a: b}",
		"listen: [1]",
		"listen: [[\"127.0.0.1:80\"]]",
		"listen: [\"127.0.0.1:80,127.0.0.1:81\"]",
		"listen: \"\"",
		"admin_listen: off",
		"store: lanyard.db",
		"store: \"sqlite:\"",
		"store: mysql://x",
		"master_key: short",
		"master_key: " KEY "0",
		"master_key_file: \"\"",
		"issuer: null",
		"issuer: true",
		"outbound: {allow_private_targets: yes}",
		"outbound: {allow_private_targets: 1}",
		"outbound: {allow: [\"https://x\"]}",
		"tls: {certificate: \"a\\u0001b\"}",
		"admin_socket: " KEY KEY,
		"store: sqlite:/" KEY KEY "/lanyard.db",
	};
	static const char *const good[] = {
		"listen: \"[::1]:8080\"",
		"listen: 127.0.0.1:0",
		"limits: {header_seconds: 10}",
		"limits: {header_seconds: 10s}",
		"master_key: " KEY,
		"master_key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"outbound: {allow: [10.1.2.0/24]}",
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *message = NULL;

		if (try(*state, bad[i], NULL, &message) != NULL)
			fail_msg("accepted: %s", bad[i]);
		assert_memory_equal(message, "lanyard.yaml:1: ", 16);
		assert_null(strstr(message, KEY));
	}
	for (size_t i = 0; i < COUNT(good); i++)
		(void)need(*state, good[i], NULL);
}

static void showing_masks_secrets_and_says_where_from(void **state)
{
	char *const variables[] = {
		(char[]){ "LANYARD_STORE=postgresql://ada:lan@tern@db:5432/l?password=harbor" }, NULL
	};
	char *text =
		config_show(*state, need(*state, "master_key: " KEY "\nlimits:\n  queue: 9\n", variables));

	assert_null(strstr(text, KEY));
	assert_null(strstr(text, "lan@tern"));
	assert_null(strstr(text, "tern@"));
	assert_null(strstr(text, "harbor"));
	assert_non_null(strstr(text, "postgresql://ada:***@db:5432/l?***"));
	assert_non_null(strstr(text, "(LANYARD_STORE)"));
	assert_non_null(strstr(text, "(lanyard.yaml:3)"));
	assert_non_null(strstr(text, "(default)"));
}

/* Every line of the template is a setting that can be used as it stands, but for those that exclude each
 * other. */
static void the_template_is_short_and_its_lines_are_accepted(void **state)
{
	char *template = config_template(*state);
	AUTO_BUF file = BUF(64 * KB);
	size_t lines = 0;
	char *rest = template;

	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"), lines++) {
		bool setting = line[0] == '#' && line[1] != ' ';
		bool deep = line[0] == '#' && text_starts(line, "#  ");

		if ((setting || deep) && strstr(line, "master_key:") == NULL &&
		    strstr(line, "issuer:") == NULL)
			buf_print(&file, "%s\n", line + 1);
	}
	assert_true(lines < 120);
	assert_non_null(strstr(buf_str(&file), "  queue: 1024\n"));
	(void)need(*state, arena_print(*state, "issuer: https://a.example\n%s", buf_str(&file)), NULL);
}

static void the_reference_page_is_the_one_in_the_tree(void **state)
{
	AUTO_BUF page = BUF(MB);
	char part[4096];
	FILE *file = fopen("docs/reference/config.md", "r");

	assert_non_null(file); /* tests are run from the top of the tree */
	for (size_t size = fread(part, 1, sizeof(part), file); size > 0;
	     size = fread(part, 1, sizeof(part), file))
		buf_add(&page, part, size);
	fclose(file);
	assert_string_equal(buf_str(&page), config_reference(*state));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_any_setting_it_is_ready_for_development),
		cmocka_unit_test(a_full_file_is_read),
		cmocka_unit_test(the_environment_goes_over_the_file),
		cmocka_unit_test(a_secret_of_the_environment_may_stand_in_a_file),
		cmocka_unit_test(what_is_not_understood_is_named_with_its_line),
		cmocka_unit_test(unknown_variables_are_refused_but_not_those_of_others),
		cmocka_unit_test(an_issuer_is_an_origin_and_http_for_this_machine_alone),
		cmocka_unit_test(what_does_not_go_together_is_refused),
		cmocka_unit_test(a_value_of_another_type_or_out_of_range_is_refused),
		cmocka_unit_test(showing_masks_secrets_and_says_where_from),
		cmocka_unit_test(the_template_is_short_and_its_lines_are_accepted),
		cmocka_unit_test(the_reference_page_is_the_one_in_the_tree),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
