/* attribute_rows.c: the names of what assertions say (requirements: claims.md 1.2, 1.4). */
#include "saml/attribute_rows.h"

#include "base/text.h"

#define ATTR      "urn:lanyard:attr:"
#define XMLSOAP   "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
#define MICROSOFT "http://schemas.microsoft.com/"
#define XSPA      "urn:oasis:names:tc:xspa:1.0:subject:"
#define ACT_OID   "2.16.840.1.113883.5.8", "HL7 ActReason"
#define NHIN_OID  "2.16.840.1.113883.3.18.7.1", "nhin-purpose"

/* Tables that people read as tables. */
/* clang-format off */
const struct attribute_claim attribute_claims[] = {
	{ "sub",                SOURCE_TEXTS, "sub",                      "the person, for good" },
	{ "tenant",             SOURCE_TEXTS, "tenant",                   "the practice's id" },
	{ "practice_id",        SOURCE_TEXTS, "clinic.practice.id",       "the practice's id" },
	{ "practice_name",      SOURCE_TEXTS, "clinic.practice.name",     "its name" },
	{ "location_id",        SOURCE_TEXTS, "clinic.location.id",       "where they work now" },
	{ "location_name",      SOURCE_TEXTS, "clinic.location.name",     "its name" },
	{ "location_ids",       SOURCE_TEXTS, "clinic.locations.id",      "where they have a role" },
	{ "location_names",     SOURCE_TEXTS, "clinic.locations.name",    "their names, in the same order" },
	{ "role",               SOURCE_FIRST, "roles",                    "the first of `roles`" },
	{ "roles",              SOURCE_TEXTS, "roles",                    "at the active location, or everywhere" },
	{ "roles_by_location",  SOURCE_PAIRS, "clinic.locations",         "`location:role`, all of them" },
	{ "groups",             SOURCE_TEXTS, "groups",                   "`location:role`, as the claim `groups`" },
	{ "assignment_exp",     SOURCE_TIME,  "clinic.assignment.exp",    "when the first of their assignments ends" },
	{ "npi",                SOURCE_TEXTS, "clinic.person.npi",        "National Provider Identifier" },
	{ "taxonomy",           SOURCE_TEXTS, "clinic.person.taxonomy",   "NUCC provider taxonomy codes" },
	{ "external",           SOURCE_TEXTS, "clinic.person.external",   "`true` for who is not staff" },
	{ "name",               SOURCE_TEXTS, "name",                     "given and family name" },
	{ "given_name",         SOURCE_TEXTS, "given_name",               "" },
	{ "family_name",        SOURCE_TEXTS, "family_name",              "" },
	{ "middle_name",        SOURCE_TEXTS, "middle_name",              "" },
	{ "nickname",           SOURCE_TEXTS, "nickname",                 "" },
	{ "preferred_username", SOURCE_TEXTS, "preferred_username",       "" },
	{ "profile",            SOURCE_TEXTS, "profile",                  "" },
	{ "picture",            SOURCE_TEXTS, "picture",                  "" },
	{ "website",            SOURCE_TEXTS, "website",                  "" },
	{ "gender",             SOURCE_TEXTS, "gender",                   "" },
	{ "birthdate",          SOURCE_TEXTS, "birthdate",                "" },
	{ "zoneinfo",           SOURCE_TEXTS, "zoneinfo",                 "" },
	{ "locale",             SOURCE_TEXTS, "locale",                   "" },
	{ "updated_at",         SOURCE_TIME,  "updated_at",               "" },
	{ "email",              SOURCE_TEXTS, "email",                    "the sign-in name" },
	{ "email_verified",     SOURCE_TEXTS, "email_verified",           "`true` or `false`" },
	{ "phone_number",       SOURCE_TEXTS, "phone_number",             "" },
	{ "phone_number_verified", SOURCE_TEXTS, "phone_number_verified", "`true` or `false`" },
	{ "address",            SOURCE_TEXTS, "address.formatted",        "as it is written on a letter" },
	{ "organization_uri",   SOURCE_ORGANIZATION, "clinic.practice",   "the practice as a URI" },
	{ "role_code",          SOURCE_ROLES, "roles",                    "`roles` and taxonomy as elements `Role`" },
	{ "purpose_of_use",     SOURCE_PURPOSE, "roles",                  "an element `PurposeOfUse`" },
	{ .name = NULL },
};

const struct attribute_row attribute_rows[] = {
	{ "clinic", "practice_id",       ATTR "practice_id",    "practice_id",    FORMAT_URI },
	{ "clinic", "practice_name",     ATTR "practice_name",  "practice_name",  FORMAT_URI },
	{ "clinic", "location_id",       ATTR "location_id",    "location_id",    FORMAT_URI },
	{ "clinic", "location_ids",      ATTR "location_ids",   "location_ids",   FORMAT_URI },
	{ "clinic", "location_names",    ATTR "location_names", "location_names", FORMAT_URI },
	{ "clinic", "roles",             ATTR "roles",          "roles",          FORMAT_URI },
	{ "clinic", "roles_by_location", ATTR "roles_at",       "roles_at",       FORMAT_URI },
	{ "clinic", "tenant",            ATTR "tenant",         "tenant",         FORMAT_URI },
	{ "clinic", "assignment_exp",    ATTR "assignment_exp", "assignment_exp", FORMAT_URI },
	{ "clinic", "npi",               ATTR "npi",            "npi",            FORMAT_URI },
	/* As service providers of higher education have them in their maps already (MACE-Dir SAML 2.0 profile). */
	{ "clinic", "email",             "urn:oid:0.9.2342.19200300.100.1.3", "mail",        FORMAT_URI },
	{ "clinic", "given_name",        "urn:oid:2.5.4.42",                  "givenName",   FORMAT_URI },
	{ "clinic", "family_name",       "urn:oid:2.5.4.4",                   "sn",          FORMAT_URI },
	{ "clinic", "name",              "urn:oid:2.16.840.1.113730.3.1.241", "displayName", FORMAT_URI },

	{ "flat", "practice_id",       "practice_id",       NULL, FORMAT_BASIC },
	{ "flat", "practice_name",     "practice_name",     NULL, FORMAT_BASIC },
	{ "flat", "location_id",       "location_id",       NULL, FORMAT_BASIC },
	{ "flat", "location_ids",      "location_ids",      NULL, FORMAT_BASIC },
	{ "flat", "location_names",    "location_names",    NULL, FORMAT_BASIC },
	{ "flat", "role",              "role",              NULL, FORMAT_BASIC },
	{ "flat", "roles",             "roles",             NULL, FORMAT_BASIC },
	{ "flat", "roles_by_location", "roles_by_location", NULL, FORMAT_BASIC },
	{ "flat", "email",             "email",             NULL, FORMAT_BASIC },
	{ "flat", "given_name",        "given_name",        NULL, FORMAT_BASIC },
	{ "flat", "family_name",       "family_name",       NULL, FORMAT_BASIC },
	{ "flat", "name",              "name",              NULL, FORMAT_BASIC },
	{ "flat", "npi",               "npi",               NULL, FORMAT_BASIC },

	/* As Entra ID sends them: its "name" is what people sign in with. */
	{ "microsoft", "email",             XMLSOAP "emailaddress", NULL, FORMAT_URI },
	{ "microsoft", "given_name",        XMLSOAP "givenname",    NULL, FORMAT_URI },
	{ "microsoft", "family_name",       XMLSOAP "surname",      NULL, FORMAT_URI },
	{ "microsoft", "email",             XMLSOAP "name",         NULL, FORMAT_URI },
	{ "microsoft", "name",              MICROSOFT "identity/claims/displayname",         NULL, FORMAT_URI },
	{ "microsoft", "sub",               MICROSOFT "identity/claims/objectidentifier",    NULL, FORMAT_URI },
	{ "microsoft", "practice_id",       MICROSOFT "identity/claims/tenantid",            NULL, FORMAT_URI },
	{ "microsoft", "roles",             MICROSOFT "ws/2008/06/identity/claims/role",     NULL, FORMAT_URI },
	{ "microsoft", "roles_by_location", MICROSOFT "ws/2008/06/identity/claims/groups",   NULL, FORMAT_URI },

	{ "okta", "given_name",        "firstName",   NULL, FORMAT_UNSPECIFIED },
	{ "okta", "family_name",       "lastName",    NULL, FORMAT_UNSPECIFIED },
	{ "okta", "email",             "email",       NULL, FORMAT_UNSPECIFIED },
	{ "okta", "email",             "login",       NULL, FORMAT_UNSPECIFIED },
	{ "okta", "name",              "displayName", NULL, FORMAT_UNSPECIFIED },
	{ "okta", "roles_by_location", "groups",      NULL, FORMAT_UNSPECIFIED },

	/* IHE ITI TF-2 3.40.4.1.2: subject-id is the name, not an id. */
	{ PRESET_XUA, "name",             XSPA "subject-id",      "XSPA Subject",         FORMAT_URI },
	{ PRESET_XUA, "practice_name",    XSPA "organization",    "XSPA Organization",    FORMAT_URI },
	{ PRESET_XUA, "organization_uri", XSPA "organization-id", "XSPA Organization ID", FORMAT_URI },
	{ PRESET_XUA, "role_code",        "urn:oasis:names:tc:xacml:2.0:subject:role", "HL7 Role", FORMAT_URI },
	{ PRESET_XUA, "purpose_of_use",   XSPA "purposeofuse",    "HL7 Purpose of Use",   FORMAT_URI },
	{ PRESET_XUA, "npi",              XSPA "npi",             "NPI",                  FORMAT_URI },
	{ .preset = NULL },
};

const struct purpose purposes[] = {
	{ "TREAT",       "treatment",                    ACT_OID },
	{ "ETREAT",      "Emergency Treatment",          ACT_OID },
	{ "CAREMGT",     "care management",              ACT_OID },
	{ "HPAYMT",      "healthcare payment",           ACT_OID },
	{ "COVERAGE",    "coverage under policy or program", ACT_OID },
	{ "HOPERAT",     "healthcare operations",        ACT_OID },
	{ "HSYSADMIN",   "health system administration", ACT_OID },
	{ "HRESCH",      "healthcare research",          ACT_OID },
	{ "PATRQT",      "patient requested",            ACT_OID },
	{ "PUBHLTH",     "public health",                ACT_OID },
	{ "TREATMENT",   "Treatment",                    NHIN_OID },
	{ "PAYMENT",     "Payment",                      NHIN_OID },
	{ "OPERATIONS",  "Healthcare Operations",        NHIN_OID },
	{ "SYSADMIN",    "System Administration",        NHIN_OID },
	{ "RESEARCH",    "Research",                     NHIN_OID },
	{ "PUBLICHEALTH", "Public Health",               NHIN_OID },
	{ .code = NULL },
};

const struct role_purpose role_purposes[] = {
	{ "provider",               "TREAT" },
	{ "billing",                "HPAYMT" },
	{ "assigned-biller",        "HPAYMT" },
	{ "manager",                "HOPERAT" },
	{ "front-desk",             "HOPERAT" },
	{ "employee",               "HOPERAT" },
	{ "inventory",              "HOPERAT" },
	{ "call-operator",          "HOPERAT" },
	{ "practice-administrator", "HSYSADMIN" },
	{ "admin",                  "HSYSADMIN" },
	{ "owner",                  "HSYSADMIN" },
	{ .role = NULL },
};
/* clang-format on */

const struct attribute_claim *attribute_claim_find(const char *name)
{
	for (const struct attribute_claim *claim = attribute_claims; claim->name; claim++)
		if (text_equal(claim->name, name))
			return claim;
	return NULL;
}

const struct purpose *purpose_find(const char *code)
{
	for (const struct purpose *purpose = purposes; purpose->code; purpose++)
		if (text_equal(purpose->code, code))
			return purpose;
	return NULL;
}

const char *attribute_format(const char *word)
{
	static const char *const formats[] = { FORMAT_BASIC, FORMAT_URI, FORMAT_UNSPECIFIED };

	for (size_t i = 0; i < COUNT(formats); i++)
		if (text_equal(formats[i] + strlen(FORMAT_PREFIX), word))
			return formats[i];
	return NULL;
}
