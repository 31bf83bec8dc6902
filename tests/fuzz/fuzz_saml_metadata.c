/* fuzz_saml_metadata.c: any bytes as a service's metadata. What is read keeps the rules. */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "saml/scan.h"
#include "saml/service.h"

#define NOW INT64_C(1893456000) /* 2030-01-01T00:00:00Z */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_location(const char *location)
{
	assert(!strncasecmp(location, "https://", 8) && !strpbrk(location, "# \t\r\n<>\"\\"));
}

static void check_endpoints(const struct endpoint *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert(list[i].binding != BINDING_NONE && list[i].index >= -1 && list[i].index <= UINT16_MAX);
		check_location(list[i].location);
		if (list[i].response_location)
			check_location(list[i].response_location);
	}
}

static void check_service(const struct service *s)
{
	assert(*s->entity_id && !strpbrk(s->entity_id, " \t\r\n") && s->acs_count > 0);
	assert(s->valid_until == 0 || s->valid_until > NOW);
	assert(!s->requests_signed || s->certificate_count > 0);
	assert(s->format_count <= 4 && s->certificate_count <= 16 && s->cache_seconds >= 0);
	assert(!s->name || text_is_utf8(s->name, strlen(s->name)));
	check_endpoints(s->acs, s->acs_count);
	check_endpoints(s->slo, s->slo_count);
	for (size_t i = 0; i < s->certificate_count; i++)
		assert(s->certificates[i].signing || s->certificates[i].encryption);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	const char *trouble = NULL;
	struct service service;

	if (service_read(arena, (const char *)data, size, NULL, NOW, false, &service, &trouble) != OK) {
		assert(trouble && *trouble);
		return 0;
	}
	check_service(&service);
	return 0;
}
