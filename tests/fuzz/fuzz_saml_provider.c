/* fuzz_saml_provider.c: any bytes as a provider's metadata. What is read keeps the rules. */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "saml/provider.h"

#define NOW INT64_C(1893456000) /* 2030-01-01T00:00:00Z */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_location(const char *location)
{
	assert(!strncasecmp(location, "https://", 8) && !strpbrk(location, "# \t\r\n<>\"\\"));
}

static void check_endpoints(const struct endpoint *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert(list[i].binding == BINDING_REDIRECT || list[i].binding == BINDING_POST ||
		       list[i].binding == BINDING_SOAP);
		check_location(list[i].location);
		if (list[i].response_location)
			check_location(list[i].response_location);
	}
}

/* Answers can always be checked: there is a key for that (security.md H8). */
static void check_provider(const struct provider *p)
{
	size_t signing = 0;

	assert(*p->entity.entity_id && !strpbrk(p->entity.entity_id, " \t\r\n"));
	assert(p->entity.valid_until == 0 || p->entity.valid_until > NOW);
	assert(p->entity.acs_count == 0 && p->sso_count > 0 && p->entity.cache_seconds >= 0);
	assert(provider_sso(p, BINDING_REDIRECT) || provider_sso(p, BINDING_POST));
	assert(text_starts(p->entity.version, "idp "));
	check_endpoints(p->sso, p->sso_count);
	check_endpoints(p->entity.slo, p->entity.slo_count);
	for (size_t i = 0; i < p->entity.certificate_count; i++)
		signing += p->entity.certificates[i].signing;
	assert(signing > 0 && p->entity.certificate_count <= 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const ids[] = { NULL, PROVIDER_ANY, "https://idp.example/saml" };

	for (size_t i = 0; i < COUNT(ids); i++) {
		AUTO(arena_done) struct arena *arena = arena_new();
		const char *trouble = NULL;
		struct provider provider;

		if (provider_read(arena, (const char *)data, size, ids[i], NOW, false, &provider, &trouble) !=
		    OK) {
			assert(trouble && *trouble);
			continue;
		}
		check_provider(&provider);
		assert(!ids[i] || !*ids[i] || text_equal(provider.entity.entity_id, ids[i]));
	}
	return 0;
}
