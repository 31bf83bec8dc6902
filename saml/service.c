/* service.c: choices among what metadata says (SAML Core 3.4.1, Metadata 2.2.3). */
#include "base/base.h"

#include "base/text.h"
#include "saml/service.h"

struct wanted {
	const char *url;
	int64_t index;
	enum saml_binding binding;
};

/* PAOS answers a client that is no browser: it is chosen where it is asked for. */
static bool acs_fits(const struct endpoint *acs, const struct wanted *wanted)
{
	if (wanted->binding != BINDING_NONE ? acs->binding != wanted->binding : acs->binding == BINDING_PAOS)
		return false;
	if (wanted->url != NULL && !text_equal(acs->location, wanted->url))
		return false;
	return wanted->index < 0 || acs->index == wanted->index;
}

const struct endpoint *service_acs(const struct service *service, const char *url, int64_t index,
				   enum saml_binding binding)
{
	const struct wanted wanted = { url, index, binding };
	const struct endpoint *found = NULL;

	for (size_t i = 0; i < service->acs_count; i++) {
		const struct endpoint *acs = &service->acs[i];

		if (!acs_fits(acs, &wanted))
			continue;
		if (acs->is_default)
			return acs;
		if (found == NULL)
			found = acs;
	}
	return found;
}

const struct endpoint *service_slo(const struct service *service, enum saml_binding binding)
{
	for (size_t i = 0; i < service->slo_count; i++) {
		if (service->slo[i].binding == binding)
			return &service->slo[i];
	}
	return NULL;
}

bool certificate_is_valid(const struct certificate *certificate, int64_t now)
{
	return certificate->not_before <= now && now < certificate->not_after;
}

/* A valid one before one that is not; of the same kind the one that ends last. */
static bool is_better(const struct certificate *one, const struct certificate *best, int64_t now)
{
	bool valid = certificate_is_valid(one, now);

	if (!best || valid != certificate_is_valid(best, now))
		return !best || valid;
	return one->not_after > best->not_after;
}

const struct certificate *service_encryption(const struct service *service, int64_t now)
{
	const struct certificate *best = NULL;

	for (size_t i = 0; i < service->certificate_count; i++) {
		const struct certificate *one = &service->certificates[i];

		if (one->encryption && one->rsa && is_better(one, best, now))
			best = one;
	}
	return best;
}

int64_t service_expires(const struct service *service)
{
	int64_t first = 0;

	for (size_t i = 0; i < service->certificate_count; i++) {
		if (first == 0 || service->certificates[i].not_after < first)
			first = service->certificates[i].not_after;
	}
	return first;
}
