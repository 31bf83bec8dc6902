/* scan.h: a look at XML bytes before any library sees them: linear, without allocation, refusing by limits.
 *
 * Refused: anything but UTF-8 without byte order mark, NUL and control characters; `<!` of every kind
 * (DOCTYPE, CDATA; comments unless allowed); processing instructions but for an XML declaration at the start
 * that says 1.0 and UTF-8; entities beyond the five and character references of what is not a character;
 * names that are too long or not ASCII; more elements, attributes or depth than the limits; unbalanced tags;
 * relative namespace addresses
 * ("xmlns:x" that is no absolute URI); anything after the root. (security.md G1, H3, H4, H11.) */
#ifndef SAML_SCAN_H
#define SAML_SCAN_H

#include "base/base.h"

struct xml_limits {
	size_t bytes, elements, depth;
	size_t attributes;        /* in all, with namespace declarations */
	size_t attributes_of_one; /* of one element */
	bool comments;            /* outside of values they do no harm: in metadata files alone */
};
extern const struct xml_limits xml_of_request;  /* 64 KB */
extern const struct xml_limits xml_of_response; /* 256 KB */
extern const struct xml_limits xml_of_metadata; /* 256 KB */

/* NULL: fine. Else a stable word of what is wrong, for the audit: "xml_doctype", "xml_too_deep",
 * "xml_comment", ... */
const char *xml_scan(struct bytes text, const struct xml_limits *limits);

#endif
