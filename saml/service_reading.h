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

/* service_key.c: the certificates of the KeyDescriptors. */
enum err service_read_keys(struct service_reading *r, const xmlNode *role) MUST_USE;
/* service_endpoint.c: the AssertionConsumerServices and SingleLogoutServices. */
enum err service_read_endpoints(struct service_reading *r, const xmlNode *role) MUST_USE;

#endif
