/* attribute_rows.h: presets, the values that can be told, and the codes of purposes, as tables. For
 * attributes*.c and metadata.c alone. */
#ifndef SAML_ATTRIBUTE_ROWS_H
#define SAML_ATTRIBUTE_ROWS_H

#include "base/base.h"

#define PRESET_DEFAULT "clinic"
#define PRESET_XUA     "xua"

/* SAML Core 8.2. */
#define FORMAT_PREFIX      "urn:oasis:names:tc:SAML:2.0:attrname-format:"
#define FORMAT_BASIC       FORMAT_PREFIX "basic"
#define FORMAT_URI         FORMAT_PREFIX "uri"
#define FORMAT_UNSPECIFIED FORMAT_PREFIX "unspecified"

/* How a value is made out of the claims at its path. */
enum attribute_source {
	SOURCE_TEXTS,        /* each of them */
	SOURCE_FIRST,        /* the first alone */
	SOURCE_TIME,         /* unix seconds as xs:dateTime */
	SOURCE_PAIRS,        /* clinic.locations as "location:role" */
	SOURCE_ORGANIZATION, /* the practice as a URI */
	SOURCE_ROLES,        /* HL7 CE, each */
	SOURCE_PURPOSE       /* HL7 CE */
};

/* What a line of an app can name. */
struct attribute_claim {
	const char *name;
	enum attribute_source source;
	const char *path; /* members, through lists: "clinic.locations.id" */
	const char *help;
};
extern const struct attribute_claim attribute_claims[]; /* ends with name NULL */
const struct attribute_claim *attribute_claim_find(const char *name);

struct attribute_row {
	const char *preset, *claim, *name, *friendly_name, *format;
};
extern const struct attribute_row attribute_rows[]; /* ends with preset NULL */

/* "basic", "uri", "unspecified"; NULL: none of them. */
const char *attribute_format(const char *word);

/* Purposes of use (IHE ITI TF-2 3.40.4.1.2.3). */
struct purpose {
	const char *code, *display_name, *code_system, *code_system_name;
};
extern const struct purpose purposes[]; /* ends with code NULL */
const struct purpose *purpose_find(const char *code);

/* What a built-in role works for, the more telling first. */
struct role_purpose {
	const char *role, *code;
};
extern const struct role_purpose role_purposes[]; /* ends with role NULL */
/* Of whoever has none of these roles: the least that says that somebody works here. */
#define PURPOSE_OF_OTHERS "HOPERAT"

/* Health Care Provider Taxonomy: what somebody is licensed as. */
#define NUCC_OID        "2.16.840.1.113883.6.101"
#define NUCC_NAME       "NUCC Health Care Provider Taxonomy"
#define ROLES_NAME      "Lanyard roles" /* a practice may add to them: no object identifier is known */
#define PRACTICE_PREFIX "urn:lanyard:practice:"

#endif
