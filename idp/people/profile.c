/* profile.c: personal members (OpenID Connect Core 5.1) with their checks, sealed in the store. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/seal.h"
#include "people/change.h"
#include "people/profile.h"

enum { PROFILE_MAX = 16 * 1024, URL_MAX = 2048 };

static bool is_text(const json_t *value)
{
	return name_is_fine(json_string_value(value));
}

static bool is_flag(const json_t *value)
{
	return json_is_boolean(value);
}

/* E.164: + and up to 15 digits, the first not 0 (OpenID Connect Core 5.1 recommends it). */
static bool is_phone(const json_t *value)
{
	const char *text = json_string_value(value);
	size_t size = text ? strlen(text) : 0;

	return size >= 8 && size <= 16 && text[0] == '+' && text[1] != '0' &&
	       strspn(text + 1, "0123456789") == size - 1;
}

/* YYYY-MM-DD, 0000-MM-DD or YYYY (OpenID Connect Core 5.1). */
static bool is_birthdate(const json_t *value)
{
	const char *text = json_string_value(value);
	int64_t month = 0, day = 0;
	size_t size = text ? strlen(text) : 0;

	if (size == 4)
		return strspn(text, "0123456789") == 4;
	if (size != 10 || strspn(text, "0123456789") != 4 || text[4] != '-' || text[7] != '-')
		return false;
	char parts[2][3] = { { text[5], text[6] }, { text[8], text[9] } };

	return text_to_int(parts[0], 1, 12, &month) && text_to_int(parts[1], 1, 31, &day);
}

/* Letters, digits and hyphens as BCP 47 writes them. */
static bool is_locale(const json_t *value)
{
	const char *text = json_string_value(value);
	size_t size = text ? strlen(text) : 0;

	return size >= 2 && size <= 35 &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == size &&
	       text[0] != '-' && text[size - 1] != '-' && !strstr(text, "--");
}

static bool is_zone(const json_t *value)
{
	return timezone_is_known(json_string_value(value));
}

static bool is_url(const json_t *value)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) > URL_MAX ||
	    !(text_starts(text, "https://") || text_starts(text, "http://")))
		return false;
	for (; *text; text++)
		if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7f || strchr("\"<>\\", *text))
			return false;
	return true;
}

static bool is_lines(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 || *text == 0x7f) && *text != '\r' && *text != '\n')
			return false;
	return true;
}

/* An object of known texts alone; an address may have line breaks (OpenID Connect Core 5.1.1). */
static bool has_only(const json_t *object, const char *const *known)
{
	const char *name = NULL;
	json_t *value = NULL;

	json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
		const char *text = json_string_value(value);

		if (!text || strlen(text) > 1000 || !is_lines(text) || !text_list_has(known, name))
			return false;
	}
	return json_object_size(object) > 0;
}

static bool is_address(const json_t *value)
{
	static const char *const members[] = { "formatted",   "street_address", "locality", "region",
					       "postal_code", "country",        NULL };

	return has_only(value, members);
}

static bool is_list_of(const json_t *list, bool (*is_one)(const json_t *))
{
	if (!json_is_array(list) || json_array_size(list) > 20)
		return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!is_one(json_array_get(list, i)))
			return false;
	return true;
}

/* Ten letters and digits (NUCC provider taxonomy). */
static bool is_taxonomy_code(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && strlen(text) == 10 && strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 10;
}

static bool is_taxonomy(const json_t *value)
{
	return is_list_of(value, is_taxonomy_code);
}

static bool is_license_entry(const json_t *value)
{
	static const char *const members[] = { "type",        "number",      "jurisdiction",
					       "valid_until", "verified_at", NULL };

	return has_only(value, members) && json_get_text(value, "number");
}

static bool is_license(const json_t *value)
{
	return is_list_of(value, is_license_entry);
}

static const struct {
	const char *name;
	bool (*is_fine)(const json_t *value);
	const char *expected;
} members[] = {
	{ "middle_name", is_text, "text" },
	{ "nickname", is_text, "text" },
	{ "preferred_username", is_text, "text" },
	{ "gender", is_text, "text" },
	{ "birthdate", is_birthdate, "YYYY-MM-DD, 0000-MM-DD or YYYY" },
	{ "locale", is_locale, "a language tag as en-US" },
	{ "zoneinfo", is_zone, "a time zone known here" },
	{ "profile", is_url, "an http or https address" },
	{ "picture", is_url, "an http or https address" },
	{ "website", is_url, "an http or https address" },
	{ "phone_number", is_phone, "a number in E.164 form: +13125550100" },
	{ "phone_number_verified", is_flag, "true or false" },
	{ "address", is_address,
	  "an object of formatted, street_address, locality, region, postal_code, country" },
	{ "taxonomy", is_taxonomy, "a list of NUCC codes" },
	{ "license", is_license,
	  "a list of objects with number, type, jurisdiction, valid_until, verified_at" },
};

static const char *unknown(struct arena *arena, const char *name)
{
	const char *known[COUNT(members) + 1] = { NULL };
	const char *bounded = text_bounded(arena, name, strlen(name), 64);

	for (size_t i = 0; i < COUNT(members); i++)
		known[i] = members[i].name;
	const char *nearest = text_nearest(bounded, known);

	return nearest ? arena_print(arena, "unknown field %s, did you mean %s?", bounded, nearest)
		       : arena_print(arena, "unknown field %s", bounded);
}

static const char *member_trouble(struct arena *arena, const char *name, const json_t *value)
{
	for (size_t i = 0; i < COUNT(members); i++)
		if (text_equal(members[i].name, name))
			return json_is_null(value) || members[i].is_fine(value)
				       ? NULL
				       : arena_print(arena, "%s: %s is expected", name, members[i].expected);
	return unknown(arena, name);
}

/* Who proves a number proves that number. */
static void phone_unverify(const json_t *old, const json_t *change, json_t *merged)
{
	if (json_object_get(change, "phone_number") && !json_object_get(change, "phone_number_verified") &&
	    !json_equal(json_object_get(old, "phone_number"), json_object_get(change, "phone_number")))
		(void)json_object_del(merged, "phone_number_verified"); /* it may not be there */
}

enum err profile_merge(struct arena *arena, const json_t *old, const json_t *change, json_t **out,
		       const char **message)
{
	json_t *value = NULL;
	const char *name = NULL;
	AUTO(json_done) json_t *merged = old ? json_deep_copy(old) : json_object();

	*message = json_is_object(change) ? NULL : "an object is expected";
	phone_unverify(old, change, merged);
	json_object_foreach ((json_t *)(uintptr_t)change, name, value) {
		*message = *message ? *message : member_trouble(arena, name, value);
		if (json_is_null(value))
			(void)json_object_del(merged, name); /* it may not be there */
		else
			json_set(merged, name, json_deep_copy(value));
	}
	if (!*message && strlen(json_text(arena, merged)) > PROFILE_MAX)
		*message = "more than 16 KiB";
	if (*message)
		return ERR_DOCUMENT;
	*out = TAKE(merged);
	return OK;
}

static const char *row_name(struct work *work, const char *account_id)
{
	return arena_print(work->arena, "account/%s", account_id);
}

struct bytes profile_seal(struct work *work, const char *account_id, const json_t *profile)
{
	if (!json_object_size(profile))
		return (struct bytes){ .at = NULL };
	return seal(work->app->vault, work->arena, "profile", row_name(work, account_id),
		    BYTES_OF(json_canonical(work->arena, profile)));
}

static void release_json(void *thing)
{
	json_decref(thing);
}

enum err profile_open(struct work *work, const char *account_id, struct bytes sealed, json_t **out)
{
	struct bytes clear;

	*out = NULL;
	if (!sealed.at)
		return OK;
	if (unseal(work->app->vault, work->arena, "profile", row_name(work, account_id), sealed, &clear) !=
	    OK)
		return fault(work, ERR_SEAL, "the profile of %s does not open", account_id);
	json_t *profile = json_read((const char *)clear.at, clear.size);

	if (!profile)
		return fault(work, ERR_SEAL, "the profile of %s is not JSON", account_id);
	arena_defer(work->arena, release_json, profile);
	*out = profile;
	return OK;
}
