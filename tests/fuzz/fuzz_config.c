/* fuzz_config.c: whatever stands in the file or the environment, an accepted configuration is not an insecure
 * one. */
#include "base/base.h"

#include "base/arena.h"
#include "base/cidr.h"
#include "base/config.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_proxies(const struct config *c)
{
	for (size_t i = 0; i < c->trusted_count; i++) {
		const struct network *network = &c->trusted_networks[i];
		struct address low, high;
		bool parsed = address_parse("0.0.0.1", &low) && address_parse("255.255.255.254", &high);

		/* No single entry trusts everybody. */
		assert(parsed && !(network_has(network, &low) && network_has(network, &high)) &&
		       network->bits > 0);
	}
}

static void check(struct arena *arena, const struct config *c)
{
	AUTO(arena_done) struct arena *inner = arena_new();
	bool tls = c->tls_certificate != NULL, proxies = c->trusted_count > 0;

	assert(c->development == text_starts(c->issuer, "http://"));
	assert(!c->development || text_starts(c->issuer_host, "localhost") ||
	       text_starts(c->issuer_host, "127.") || text_starts(c->issuer_host, "[::1]"));
	assert(c->development || text_starts(c->issuer, "https://"));
	assert(strpbrk(c->issuer_host, "/?#@ ") == NULL && !text_is_empty(c->issuer_host));
	assert(tls == (c->tls_key != NULL) && !(tls && c->development));
	assert(c->listen[0] != NULL);
	for (size_t i = 0; c->listen[i] != NULL; i++)
		assert(c->development || tls || proxies || text_starts(c->listen[i], "127.") ||
		       text_starts(c->listen[i], "[::1]"));
	assert(c->password.memory_kib >= 47104 ||
	       (c->password.memory_kib >= 19456 && c->password.passes >= 2));
	assert(c->password.slots > 0 && c->limits.quick_threads > 0 && c->limits.slow_threads > 0);
	assert(c->limits.queue > 0 && c->limits.sign_in_tries <= 100 && strlen(c->admin_socket) < 108);
	check_proxies(c);
	/* Nothing of the secret is shown. */
	if (c->master_key != NULL)
		assert(strstr(config_show(inner, c), c->master_key) == NULL);
	assert(!text_is_empty(config_show(arena, c)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const struct config *config = NULL;
	const char *message = NULL;

	/* Up to the first NUL it is a file, after it one variable. */
	size_t file = size > 0 ? strnlen((const char *)data, size) : 0;
	const char *rest = file < size ? (const char *)data + file + 1 : NULL;
	char *variable = rest != NULL ? arena_textn(arena, rest, size - file - 1) : NULL;
	char *const variables[] = { variable, NULL };

	/* A variable that names a file would read it: not from here. */
	if (variable != NULL && text_starts(variable, "LANYARD_STORE_FILE"))
		return 0;
	enum err err =
		config_read(arena, "lanyard.yaml", (const char *)data, file, variables, &config, &message);

	assert((err == OK) == (config != NULL) && (err == OK) == (message == NULL));
	if (config != NULL)
		check(arena, config);
	else
		assert(text_starts(message, "lanyard.yaml") || text_starts(message, "LANYARD_") ||
		       text_starts(message, "environment: "));
	return 0;
}
