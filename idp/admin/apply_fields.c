/* apply_fields.c: the fields of an apply document, one row each. */
#include "base/base.h"

#include "admin/apply.h"
#include "base/text.h"

#define P "practices"
#define A "apps"

/* clang-format off */
const struct apply_field apply_fields[] = {
	{ P, APPLY_OBJECTS, OPTIONAL, NULL, "the practices: each a wall that nothing crosses", false },
	{ P ".id", APPLY_SLUG, REQUIRED, NULL, "stands in tokens; never changes, is never given again", false },
	{ P ".name", APPLY_TEXT, AT_CREATION, NULL, "what people read", false },
	{ P ".timezone", APPLY_TIMEZONE, AT_CREATION, NULL, "an IANA name such as America/Chicago", false },
	{ P ".domains", APPLY_TEXTS, OPTIONAL, NULL, "e-mail domains, for finding the right sign-in", false },
	{ P ".template", APPLY_WORD, OPTIONAL, "small medium multi-location three-role", "which built-in roles it starts with", false },
	{ P ".policy", APPLY_FREE, OPTIONAL, NULL, "session: { idle, absolute }, password: { preset, min_length }", false },
	{ P ".disabled", APPLY_FLAG, OPTIONAL, NULL, "nobody of the practice can sign in", false },

	{ P ".locations", APPLY_OBJECTS, OPTIONAL, NULL, "sites of the practice; parents make a tree", false },
	{ P ".locations.id", APPLY_SLUG, REQUIRED, NULL, "stands in tokens; never changes", false },
	{ P ".locations.name", APPLY_TEXT, AT_CREATION, NULL, "what people read", false },
	{ P ".locations.parent", APPLY_SLUG, OPTIONAL, NULL, "the location above it", false },
	{ P ".locations.timezone", APPLY_TIMEZONE, OPTIONAL, NULL, "when it differs from the practice's", false },
	{ P ".locations.networks", APPLY_NETWORKS, OPTIONAL, NULL, "addresses of the site: 10.1.2.0/24, 103.171.247.*, 2001:db8::/32", false },
	{ P ".locations.archived", APPLY_FLAG, OPTIONAL, NULL, "closed: stays in the records, gives no access", false },

	{ P ".roles", APPLY_OBJECTS, OPTIONAL, NULL, "the practice's own roles, beside the built-in ones", false },
	{ P ".roles.id", APPLY_SLUG, REQUIRED, NULL, "stands in tokens; never changes", false },
	{ P ".roles.name", APPLY_TEXT, AT_CREATION, NULL, "what people read", false },
	{ P ".roles.inherits", APPLY_SLUGS, OPTIONAL, NULL, "roles whose permissions it has too", false },
	{ P ".roles.permissions", APPLY_FREE, OPTIONAL, NULL, "per feature a list of actions: billing: [read], notes: [create, { edit: own }]", false },

	{ P ".staff", APPLY_OBJECTS, OPTIONAL, NULL, "accounts of the practice", false },
	{ P ".staff.email", APPLY_EMAIL, REQUIRED, NULL, "the sign-in name; unique in the practice", false },
	{ P ".staff.given_name", APPLY_TEXT, OPTIONAL, NULL, "", false },
	{ P ".staff.family_name", APPLY_TEXT, OPTIONAL, NULL, "", false },
	{ P ".staff.class", APPLY_WORD, OPTIONAL, "administrator staff external", "what policies aim at; staff when missing", false },
	{ P ".staff.password", APPLY_SECRET, OPTIONAL, NULL, "at creation; never resets a password", false },
	{ P ".staff.password_hash", APPLY_SECRET, OPTIONAL, NULL, "at creation: Argon2id, bcrypt, PBKDF2 or {SSHA}; replaced at the first sign-in", false },
	{ P ".staff.must_change", APPLY_FLAG, OPTIONAL, NULL, "at creation: the password is changed at the first sign-in", false },
	{ P ".staff.disabled", APPLY_FLAG, OPTIONAL, NULL, "cannot sign in; what is recorded stays", false },
	{ P ".staff.npi", APPLY_NPI, OPTIONAL, NULL, "National Provider Identifier: ten digits", false },
	{ P ".staff.phone_number", APPLY_PHONE, OPTIONAL, NULL, "with country code: +13125550142", true },
	{ P ".staff.phone_number_verified", APPLY_FLAG, OPTIONAL, NULL, "", true },
	{ P ".staff.middle_name", APPLY_TEXT, OPTIONAL, NULL, "", true },
	{ P ".staff.nickname", APPLY_TEXT, OPTIONAL, NULL, "", true },
	{ P ".staff.preferred_username", APPLY_TEXT, OPTIONAL, NULL, "", true },
	{ P ".staff.profile", APPLY_TEXT, OPTIONAL, NULL, "address of a page about the person", true },
	{ P ".staff.picture", APPLY_TEXT, OPTIONAL, NULL, "address of a picture", true },
	{ P ".staff.website", APPLY_TEXT, OPTIONAL, NULL, "", true },
	{ P ".staff.gender", APPLY_TEXT, OPTIONAL, NULL, "", true },
	{ P ".staff.birthdate", APPLY_TEXT, OPTIONAL, NULL, "1984-05-30", true },
	{ P ".staff.locale", APPLY_TEXT, OPTIONAL, NULL, "en-US", true },
	{ P ".staff.zoneinfo", APPLY_TIMEZONE, OPTIONAL, NULL, "", true },
	{ P ".staff.taxonomy", APPLY_TEXTS, OPTIONAL, NULL, "provider taxonomy codes (NUCC)", true },
	{ P ".staff.address", APPLY_OBJECT, OPTIONAL, NULL, "", true },
	{ P ".staff.address.formatted", APPLY_LINES, OPTIONAL, NULL, "may have line breaks", false },
	{ P ".staff.address.street_address", APPLY_LINES, OPTIONAL, NULL, "may have line breaks", false },
	{ P ".staff.address.locality", APPLY_TEXT, OPTIONAL, NULL, "", false },
	{ P ".staff.address.region", APPLY_TEXT, OPTIONAL, NULL, "", false },
	{ P ".staff.address.postal_code", APPLY_TEXT, OPTIONAL, NULL, "in quotes: it is text", false },
	{ P ".staff.address.country", APPLY_TEXT, OPTIONAL, NULL, "", false },
	{ P ".staff.license", APPLY_OBJECTS, OPTIONAL, NULL, "", true },
	{ P ".staff.license.type", APPLY_TEXT, REQUIRED, NULL, "", false },
	{ P ".staff.license.number", APPLY_TEXT, REQUIRED, NULL, "in quotes: it is text", false },
	{ P ".staff.license.jurisdiction", APPLY_TEXT, OPTIONAL, NULL, "", false },
	{ P ".staff.license.valid_until", APPLY_DATE, OPTIONAL, NULL, "", false },

	{ P ".staff.assignments", APPLY_OBJECTS, AT_CREATION, NULL, "roles at locations; the whole list replaces the one before", false },
	{ P ".staff.assignments.role", APPLY_SLUG, REQUIRED, NULL, "a built-in role or one of the practice's own", false },
	{ P ".staff.assignments.locations", APPLY_LOCATIONS, REQUIRED, NULL, "a list of locations, or all", false },
	{ P ".staff.assignments.from", APPLY_DATE, OPTIONAL, NULL, "first day, or a time", false },
	{ P ".staff.assignments.until", APPLY_DATE, OPTIONAL, NULL, "last day, or a time", false },
	{ P ".staff.assignments.reason", APPLY_TEXT, OPTIONAL, NULL, "for the records", false },

	{ P ".connections", APPLY_OBJECTS, OPTIONAL, NULL, "identity providers that staff sign in with, such as Okta or a hospital's own", false },
	{ P ".connections.client_secret", APPLY_SECRET, OPTIONAL, NULL, "changed when it is another one; never exported", false },
	{ P ".connections.metadata_file", APPLY_TEXT, OPTIONAL, NULL, "a file beside the document that becomes metadata", false },

	{ A, APPLY_OBJECTS, OPTIONAL, NULL, "relying apps, in the terms of RFC 7591; SAML service providers", false },
	{ A ".client_secret", APPLY_SECRET, OPTIONAL, NULL, "changed when it is another one", false },
	{ A ".client_secret_hash", APPLY_SECRET, OPTIONAL, NULL, "as export --with-hashes writes it", false },
	{ A ".metadata_file", APPLY_TEXT, OPTIONAL, NULL, "a file beside the document that becomes metadata", false },
	{ NULL, APPLY_TEXT, OPTIONAL, NULL, NULL, false },
};
/* clang-format on */

const char *apply_field_below(const struct apply_field *field, const char *path)
{
	size_t length = strlen(path);

	if (length == 0)
		return strchr(field->path, '.') ? NULL : field->path;
	if (!text_starts(field->path, path) || field->path[length] != '.')
		return NULL;
	const char *member = field->path + length + 1;

	return strchr(member, '.') ? NULL : member;
}

const struct apply_field *apply_field_find(const char *path, const char *member)
{
	for (const struct apply_field *field = apply_fields; field->path; field++)
		if (text_equal(apply_field_below(field, path), member))
			return field;
	return NULL;
}
