/* service_reading.h: metadata while it is read; between the files behind service_read alone. */
#ifndef SAML_SERVICE_READING_H
#define SAML_SERVICE_READING_H

#include <libxml/tree.h>

#include "base/base.h"
#include "saml/service.h"

#define CERTIFICATES_MAX 16

struct service_reading {
	struct arena *arena;
	struct service *out;
	int64_t now;
	bool development;
	const char *trouble; /* the first complaint */
};

/* Notes what is wrong; ERR_DOCUMENT. */
enum err service_complain(struct service_reading *r, const char *format, ...) PRINTF(2, 3);
#ifdef __clang_analyzer__
/* As with fault(): that a complaint is never OK stands in another file. */
#define service_complain(r, ...) ((void)(service_complain)((r), __VA_ARGS__), ERR_DOCUMENT)
#endif
/* What stands in their metadata, fit for a message; NULL: "(none)". */
const char *service_told(struct service_reading *r, const char *text);

/* service_read.c: what metadata of apps and of identity providers share. */
enum err service_parse(struct service_reading *r, struct bytes text, xmlNode **root) MUST_USE;
/* entityID of an EntityDescriptor. expected NULL: any. */
enum err service_read_entity(struct service_reading *r, const xmlNode *entity, const char *expected) MUST_USE;
/* validUntil and cacheDuration: of all that are read the first to end counts. */
enum err service_read_lifetime(struct service_reading *r, const xmlNode *node) MUST_USE;
/* The one descriptor of this name that speaks SAML 2.0; other: the name of the other side's, and what to say
 * of it. */
struct service_role {
	const char *name, *other, *complaint;
};
enum err service_find_role(struct service_reading *r, const xmlNode *entity,
			   const struct service_role *wanted, const xmlNode **out) MUST_USE;
void service_read_formats(struct service_reading *r, const xmlNode *role);
const char *service_read_name(struct service_reading *r, const xmlNode *entity, const xmlNode *role);

/* service_key.c: the certificates of the KeyDescriptors. */
enum err service_read_keys(struct service_reading *r, const xmlNode *role) MUST_USE;
bool service_has_signing_key(const struct service *service);
/* service_endpoint.c: the AssertionConsumerServices and SingleLogoutServices. */
enum err service_read_endpoints(struct service_reading *r, const xmlNode *role) MUST_USE;
/* Those of one name whose binding we speak. */
enum err service_read_endpoints_of(struct service_reading *r, const xmlNode *role, const char *name,
				   const struct endpoint **out, size_t *count) MUST_USE;

#endif
