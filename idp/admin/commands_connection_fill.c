/* commands_connection_fill.c: the options of connection add and set as members of a declaration. */
#include "base/base.h"

#include "admin/commands_connection.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

#define PLACES_MAX 200

/* Which option fills which field. */
static const struct {
	const char *option, *field;
	bool list;
} fills[] = {
	{ "name", "name", false },
	{ "issuer", "issuer", false },
	{ "client-id", "client_id", false },
	{ "secret-expires", "secret_expires_on", false },
	{ "auth-method", "token_endpoint_auth_method", false },
	{ "scope", "scopes", true },
	{ "tid", "tid", false },
	{ "hd", "hd", false },
	{ "entity-id", "entity_id", false },
	{ "name-id", "name_id_format", false },
	{ "subject-attribute", "subject_attribute", false },
	{ "domain", "domains", true },
	{ "mfa-value", "mfa_values", true },
	{ "acr-mfa", "acr_mfa", false },
	{ "local-sign-in", "local_sign_in", false },
	{ "continuity", "continuity", false },
	{ "recheck", "recheck", false },
};
/* Each has a "no-" of its own; inside: of which object it is a member. */
static const struct {
	const char *option, *field, *inside;
} flags[] = {
	{ "userinfo", "userinfo", NULL },
	{ "idp-initiated", "allow_idp_initiated", NULL },
	{ "sign-requests", "sign_requests", NULL },
	{ "force-post", "force_post", NULL },
	{ "legacy-encryption", "allow_legacy_encryption", NULL },
	{ "button", "button", NULL },
	{ "trust-email", "trust_email", NULL },
	{ "trust-mfa", "trust_upstream_mfa", NULL },
	{ "upstream-logout", "upstream_logout", NULL },
	{ "create", "create", "provision" },
	{ "update", "update", "provision" },
};

/* The object member of the declaration, begun as it stands: what is not named in it stays. */
static json_t *inner(json_t *declared, const json_t *standing, const char *name)
{
	json_t *object = json_object_get(declared, name), *there = json_object_get(standing, name);

	if (object)
		return object;
	object = json_is_object(there) ? json_deep_copy(there) : json_object();
	json_set(declared, name, object);
	return object;
}

static void fill_texts(struct work *work, const json_t *arguments, json_t *declared)
{
	for (size_t i = 0; i < COUNT(fills); i++) {
		if (!fills[i].list)
			json_set_text(declared, fills[i].field, arg(arguments, fills[i].option));
		else if (arg_list(work, arguments, fills[i].option))
			json_set(declared, fills[i].field,
				 json_list(arg_list(work, arguments, fills[i].option)));
	}
}

static enum err fill_flags(struct work *work, const json_t *arguments, const json_t *standing,
			   json_t *declared)
{
	for (size_t i = 0; i < COUNT(flags); i++) {
		bool on = arg_is(arguments, flags[i].option),
		     off = arg_is(arguments, arena_print(work->arena, "no-%s", flags[i].option));
		if (on && off)
			return fault(work, ERR_PARAMETER_MALFORMED, "--%s and --no-%s exclude each other",
				     flags[i].option, flags[i].option);
		if (on || off)
			json_set(flags[i].inside ? inner(declared, standing, flags[i].inside) : declared,
				 flags[i].field, json_boolean(on));
	}
	return OK;
}

static enum err bad_rule(struct work *work, const char *rule)
{
	return fault(work, ERR_PARAMETER_MALFORMED,
		     "--map %s: write CLAIM=VALUE:ROLE@LOCATION, such as "
		     "\"groups=Clinic Providers:provider@main,west\" or groups=Owners:owner@all",
		     rule);
}

/* "main,west" or "all" */
static json_t *places_of(struct work *work, const char *text)
{
	size_t count = 0;
	char **list = text_split(work->arena, text, ',', &count);

	if (text_equal(text, "all"))
		return json_string("all");
	return count && count <= PLACES_MAX ? json_list((const char *const *)list) : NULL;
}

/* From the right, where nothing but ids stands: a claim or value may be an address with colons. */
static enum err rule_of(struct work *work, const char *text, json_t **out)
{
	const char *equal = strchr(text, '='), *colon = strrchr(text, ':');
	const char *at = colon ? strchr(colon, '@') : NULL;

	if (!equal || !at || equal == text || colon <= equal + 1 || at == colon + 1 || !at[1])
		return bad_rule(work, text);
	json_t *places = places_of(work, at + 1);

	if (!places)
		return bad_rule(work, text);
	*out = json_pack("{s:{s:s%, s:s%}, s:{s:s%, s:o}}", "when", "claim", text, (size_t)(equal - text),
			 "contains", equal + 1, (size_t)(colon - equal - 1), "grant", "role", colon + 1,
			 (size_t)(at - colon - 1), "locations", places);
	return *out ? OK : bad_rule(work, text);
}

static enum err fill_mapping(struct work *work, const json_t *arguments, json_t *declared)
{
	const char *const *rule = arg_list(work, arguments, "map");
	AUTO(json_done) json_t *list = rule ? json_array() : NULL;

	for (; rule && *rule; rule++) {
		json_t *entry = NULL;
		TRY(rule_of(work, *rule, &entry));
		append(list, entry);
	}
	if (list)
		json_set(declared, "mapping", TAKE(list));
	return OK;
}

static enum err fill_default(struct work *work, const json_t *arguments, json_t *declared)
{
	const char *role = arg(arguments, "default-role");
	const char *const *places = arg_list(work, arguments, "default-location");

	if (!role && !places)
		return OK;
	if (!role || !places)
		return fault(work, ERR_PARAMETER_MALFORMED,
			     "--default-role and --default-location go together (a location, or all)");
	bool all = text_list_has(places, "all");

	if (all && places[1])
		return fault(work, ERR_PARAMETER_MALFORMED, "--default-location all stands alone");
	json_set(declared, "default_grant",
		 json_pack("{s:s, s:o}", "role", role, "locations",
			   all ? json_string("all") : json_list(places)));
	return OK;
}

/* --claim email=mail */
static enum err fill_claims(struct work *work, const json_t *arguments, const json_t *standing,
			    json_t *declared)
{
	const char *const *claim = arg_list(work, arguments, "claim");

	for (; claim && *claim; claim++) {
		size_t length = strcspn(*claim, "=");
		if (!length || !(*claim)[length] || !(*claim)[length + 1])
			return fault(work, ERR_PARAMETER_MALFORMED,
				     "--claim %s: write OURS=THEIRS, such as email=mail", *claim);
		json_set_text(inner(declared, standing, "claims"), arena_textn(work->arena, *claim, length),
			      *claim + length + 1);
	}
	return OK;
}

/* Of the two ways to metadata the named one takes the place of the other. */
static void fill_metadata(const json_t *arguments, json_t *declared)
{
	const char *named = arg(arguments, "metadata"), *text = arg(arguments, "metadata_text");

	if (!named)
		return;
	json_set_text(declared, text ? "metadata" : "metadata_url", text ? text : named);
	json_set(declared, text ? "metadata_url" : "metadata", json_null());
}

enum err connection_options(struct work *work, const json_t *arguments, const json_t *standing,
			    json_t *declared)
{
	fill_texts(work, arguments, declared);
	if (text_equal(arg(arguments, "recheck"), "off"))
		json_set(declared, "recheck", json_null());
	fill_metadata(arguments, declared);
	TRY(fill_flags(work, arguments, standing, declared));
	TRY(fill_mapping(work, arguments, declared));
	TRY(fill_default(work, arguments, declared));
	TRY(fill_claims(work, arguments, standing, declared));
	if (arg(arguments, "on-unmapped"))
		json_set_text(inner(declared, standing, "provision"), "on_unmapped",
			      arg(arguments, "on-unmapped"));
	return OK;
}
