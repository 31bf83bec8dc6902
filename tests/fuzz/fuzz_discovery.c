/* fuzz_discovery.c: any bytes as a provider's metadata. Oracle: what is read is of the issuer that was asked,
 * leads to https addresses alone, to none inside, and to no algorithm but ours. */
#include "base/base.h"

#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/fetch.h"
#include "oidc/upstream_provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void leads_well(const struct config *config, const char *address, bool by_us)
{
	if (!address)
		return;
	assert(strncasecmp(address, "https://", 8) == 0 && !strchr(address, '#'));
	for (const char *at = address; *at; at++)
		assert(*at > 0x20 && *at < 0x7f);
	assert(!by_us || fetch_url_allowed(config, address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct config config = { .issuer = "https://sso.example" };
	AUTO(arena_done) struct arena *arena = arena_new();
	AUTO(json_done) json_t *document = json_read((const char *)data, size);
	struct published out = { 0 };
	const char *why = NULL;
	enum err err = published_read(arena, &config, "https://i", document, &out, &why);

	assert((err == OK) == !why);
	if (err != OK)
		return 0;
	assert(text_equal(json_get_text(document, "issuer"), "https://i"));
	assert(out.authorization_endpoint && out.token_endpoint && out.jwks_uri && out.id_token_algs[0]);
	leads_well(&config, out.authorization_endpoint, false);
	leads_well(&config, out.end_session_endpoint, false);
	leads_well(&config, out.token_endpoint, true);
	leads_well(&config, out.jwks_uri, true);
	leads_well(&config, out.userinfo_endpoint, true);
	for (const char *const *alg = out.id_token_algs; *alg; alg++)
		assert(text_list_has(upstream_algs, *alg));
	return 0;
}
