/* apps.c: registered apps as rows, their practices, and their fields (RFC 7591 2; SAML Metadata 2.0). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "store/apps.h"
#include "store/db.h"
#include "store/snapshot.h"

#define AT(member) offsetof(struct client, member)

const struct app_field app_fields[] = {
	{ "client_id", APP_ID, APP_OF_OIDC, NULL, NULL, 1, 128, APP_NOWHERE,
	  "the app's public name in requests; never given again" },
	{ "name", APP_TEXT, APP_OF_BOTH, NULL, NULL, 1, 200, APP_NOWHERE, "what people read" },
	{ "type", APP_WORD, APP_OF_BOTH, "oidc saml", "oidc", 0, 0, APP_NOWHERE, "the protocol" },
	{ "practices", APP_SLUGS, APP_OF_BOTH, NULL, NULL, 1, 1000, APP_NOWHERE,
	  "ids of the practices it serves" },
	{ "disabled", APP_FLAG, APP_OF_BOTH, NULL, "false", 0, 0, APP_NOWHERE, "nothing is issued to it" },
	{ "redirect_uris", APP_REDIRECTS, APP_OF_OIDC, NULL, NULL, 0, 100, AT(redirect_uris),
	  "where codes are sent, compared byte for byte" },
	{ "post_logout_redirect_uris", APP_REDIRECTS, APP_OF_OIDC, NULL, NULL, 0, 100,
	  AT(post_logout_redirect_uris), "where people return to after logout" },
	{ "token_endpoint_auth_method", APP_WORD, APP_OF_OIDC,
	  "client_secret_basic client_secret_post private_key_jwt none", "client_secret_basic", 0, 0,
	  AT(token_endpoint_auth_method), "how it authenticates; none is a public client" },
	{ "application_type", APP_WORD, APP_OF_OIDC, "web native", "web", 0, 0, AT(application_type),
	  "native apps may use loopback and private-use schemes" },
	{ "grant_types", APP_WORDS, APP_OF_OIDC, "authorization_code refresh_token client_credentials",
	  "authorization_code", 1, 3, AT(grant_types), "what it may ask the token endpoint for" },
	{ "response_modes", APP_WORDS, APP_OF_OIDC, "query fragment form_post", "query form_post", 1, 3,
	  AT(response_modes), "how the answer may reach it" },
	{ "scopes", APP_WORDS, APP_OF_OIDC,
	  "openid profile email phone address clinic roles groups offline_access", "openid", 1, 9, AT(scopes),
	  "the most it may be granted" },
	{ "resources", APP_RESOURCES, APP_OF_OIDC, NULL, NULL, 0, 20, AT(resources),
	  "audiences it may ask for (RFC 8707)" },
	{ "first_party", APP_FLAG, APP_OF_OIDC, NULL, "false", 0, 0, AT(first_party),
	  "the practice's own: no consent page" },
	{ "require_pkce", APP_FLAG, APP_OF_OIDC, NULL, "true", 0, 0, AT(require_pkce),
	  "false is possible for a confidential app alone" },
	{ "require_pushed_authorization_requests", APP_FLAG, APP_OF_OIDC, NULL, "false", 0, 0,
	  AT(require_pushed_authorization_requests), "RFC 9126" },
	{ "require_location", APP_FLAG, APP_OF_BOTH, NULL, "false", 0, 0, AT(require_location),
	  "ask for the location at sign-in" },
	{ "backchannel_logout_uri", APP_ADDRESS, APP_OF_OIDC, NULL, NULL, 0, 0, AT(backchannel_logout_uri),
	  "is told of logouts by us" },
	{ "backchannel_logout_session_required", APP_FLAG, APP_OF_OIDC, NULL, "false", 0, 0,
	  AT(backchannel_logout_session_required), "needs sid" },
	{ "frontchannel_logout_uri", APP_ADDRESS, APP_OF_OIDC, NULL, NULL, 0, 0, AT(frontchannel_logout_uri),
	  "is told of logouts in the browser" },
	{ "frontchannel_logout_session_required", APP_FLAG, APP_OF_OIDC, NULL, "false", 0, 0,
	  AT(frontchannel_logout_session_required), "needs sid" },
	{ "jwks", APP_KEYS, APP_OF_OIDC, NULL, NULL, 0, 0, AT(jwks), "its public keys" },
	{ "jwks_uri", APP_ADDRESS, APP_OF_OIDC, NULL, NULL, 0, 0, AT(jwks_uri), "where its public keys are" },
	{ "logo_uri", APP_ADDRESS, APP_OF_BOTH, NULL, NULL, 0, 0, AT(logo_uri), "its picture" },
	{ "client_uri", APP_ADDRESS, APP_OF_OIDC, NULL, NULL, 0, 0, AT(client_uri), "its home page" },
	{ "initiate_login_uri", APP_ADDRESS, APP_OF_OIDC, NULL, NULL, 0, 0, AT(initiate_login_uri),
	  "starts a sign-in at the app" },
	{ "id_token_signed_response_alg", APP_WORD, APP_OF_OIDC, "ES256 RS256", "ES256", 0, 0,
	  AT(id_token_signed_response_alg), "signs ID tokens" },
	{ "access_token_alg", APP_WORD, APP_OF_OIDC, "ES256 RS256", "ES256", 0, 0, AT(access_token_alg),
	  "signs access tokens" },
	{ "access_token_lifetime", APP_SECONDS, APP_OF_OIDC, NULL, "300", 60, 3600, AT(access_token_lifetime),
	  "1 to 10 minutes; up to 60 is a recorded deviation" },
	{ "refresh_token_lifetime", APP_SECONDS, APP_OF_OIDC, NULL, "43200", 300, 31536000,
	  AT(refresh_token_lifetime), "of the whole family" },
	{ "id_token_claims", APP_CLAIMS, APP_OF_OIDC, NULL, NULL, 0, 50, AT(id_token_claims),
	  "released into the ID token for good" },
	{ "roles", APP_SLUGS, APP_OF_BOTH, NULL, NULL, 0, 100, AT(roles),
	  "roles that may use the app; none named: all" },
	{ "entity_id", APP_ENTITY, APP_OF_SAML, NULL, NULL, 1, 1024, APP_NOWHERE,
	  "the app's entity id, as its metadata has it; never given again" },
	{ "metadata", APP_XML, APP_OF_SAML, NULL, NULL, 1, 256 * 1024, AT(saml.metadata),
	  "its SAML metadata, one EntityDescriptor; or metadata_url" },
	{ "metadata_url", APP_ADDRESS, APP_OF_SAML, NULL, NULL, 0, 0, AT(saml.metadata_url),
	  "where its metadata is fetched, at once and again before it gets old; or metadata" },
	{ "attributes", APP_ATTRIBUTES, APP_OF_SAML, NULL, NULL, 1, 100, AT(saml.attributes),
	  "what assertions tell: a list of { preset: clinic } and { claim, name }; preset clinic when "
	  "missing" },
	{ "name_id_format", APP_WORD, APP_OF_SAML, "persistent transient email unspecified", "persistent", 0,
	  0, AT(saml.name_id_format), "what it knows people by, when it does not ask for another" },
	{ "sign", APP_WORD, APP_OF_SAML, "assertion response both", "assertion", 0, 0, AT(saml.sign),
	  "what of an answer is signed" },
	{ "encrypt", APP_WORD, APP_OF_SAML, "auto always never", "auto", 0, 0, AT(saml.encrypt),
	  "assertions are encrypted; auto: when its metadata has a key for it" },
	{ "require_signed_requests", APP_FLAG, APP_OF_SAML, NULL, "false", 0, 0,
	  AT(saml.require_signed_requests), "requests that are not signed are refused" },
	{ "allow_idp_initiated", APP_FLAG, APP_OF_SAML, NULL, "false", 0, 0, AT(saml.allow_idp_initiated),
	  "sign-in may begin here, without a request" },
	{ "allow_ecp", APP_FLAG, APP_OF_SAML, NULL, "false", 0, 0, AT(saml.allow_ecp),
	  "clients that are no browsers may sign in with a password" },
	{ "assertion_lifetime", APP_SECONDS, APP_OF_SAML, NULL, "300", 60, 3600, AT(saml.assertion_lifetime),
	  "how long an assertion may be shown" },
	{ .name = NULL },
};

static const char *const *fill_list(struct arena *arena, const struct app_field *field,
				    const json_t *metadata)
{
	const char *const *list = json_get_list(arena, metadata, field->name);

	if (!list && field->fallback)
		list = (const char *const *)text_split(arena, field->fallback, ' ', NULL);
	return list;
}

static int64_t fill_seconds(const struct app_field *field, const json_t *metadata)
{
	int64_t seconds = 0;
	const char *text = json_get_text(metadata, field->name);

	if (text && text_to_duration(text, &seconds))
		return seconds;
	bool known = text_to_int(field->fallback, field->min, field->max, &seconds);

	assert(known);
	return json_get_int(metadata, field->name, seconds);
}

static void fill(struct arena *arena, const struct app_field *field, const json_t *metadata,
		 struct client *out)
{
	char *place = (char *)out + field->at;

	switch (field->kind) {
	case APP_FLAG: {
		bool flag = json_get_bool(metadata, field->name, text_equal(field->fallback, "true"));
		memcpy(place, &flag, sizeof(flag));
		break;
	}
	case APP_SECONDS: {
		int64_t seconds = fill_seconds(field, metadata);
		memcpy(place, &seconds, sizeof(seconds));
		break;
	}
	case APP_ATTRIBUTES:
	case APP_KEYS: {
		json_t *keys = json_object_get(metadata, field->name);
		memcpy(place, &keys, sizeof(keys));
		break;
	}
	case APP_WORDS:
	case APP_SLUGS:
	case APP_CLAIMS:
	case APP_REDIRECTS:
	case APP_RESOURCES: {
		const char *const *list = fill_list(arena, field, metadata);
		memcpy(place, &list, sizeof(list));
		break;
	}
	case APP_TEXT:
	case APP_ID:
	case APP_ENTITY:
	case APP_XML:
	case APP_WORD:
	case APP_ADDRESS: {
		const char *text = json_get_text(metadata, field->name);
		text = text ? text : field->fallback;
		memcpy(place, &text, sizeof(text));
		break;
	}
	}
}

enum app_type app_type_of(const json_t *declared)
{
	return text_equal(json_get_text(declared, "type"), "saml") ? APP_OF_SAML : APP_OF_OIDC;
}

const char *app_type_word(enum app_type type)
{
	return type == APP_OF_OIDC ? "oidc" : type == APP_OF_SAML ? "saml" : "oidc, saml";
}

const char *app_declared_id(const json_t *declared)
{
	const char *entity_id = json_get_text(declared, "entity_id");

	return entity_id ? entity_id : json_get_text(declared, "client_id");
}

void client_fill(struct arena *arena, const json_t *metadata, struct client *out)
{
	enum app_type type = app_type_of(metadata);

	for (const struct app_field *field = app_fields; field->name; field++)
		if (field->at != APP_NOWHERE && (field->of & type))
			fill(arena, field, metadata, out);
}

static struct app_row app_from(const struct rows *rows, size_t i)
{
	return (struct app_row){
		.client_id = rows_text(rows, i, 0),
		.type = rows_text(rows, i, 1),
		.name = rows_text(rows, i, 2),
		.metadata = rows_text(rows, i, 3),
		.secret_hash = rows_text(rows, i, 4),
		.disabled = rows_bool(rows, i, 5),
		.deleted = !rows_null(rows, i, 6),
	};
}

static const char find_app[] = "SELECT client_id, type, name, metadata, secret_hash, disabled, deleted_at "
			       "FROM app WHERE client_id = $1";

enum err apps_find(struct work *work, const char *client_id, struct app_row *out, bool *found)
{
	struct rows rows;

	TRY(db_run(work, &rows, find_app, V_TEXT(client_id)));
	*found = rows.count == 1;
	if (*found)
		*out = app_from(&rows, 0);
	return OK;
}

static const char all_apps[] = "SELECT client_id, type, name, metadata, secret_hash, disabled, deleted_at "
			       "FROM app ORDER BY client_id";

enum err apps_all(struct work *work, struct app_row **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, all_apps, V_NULL()));
	*out = arena_array(work->arena, struct app_row, rows.count + 1);
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = app_from(&rows, i);
	return OK;
}

static const char insert_app[] = "INSERT INTO app (client_id, type, name, metadata, secret_hash, disabled, "
				 "created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";

enum err apps_insert(struct work *work, const struct app_row *row)
{
	return db_run(work, NULL, insert_app, V_TEXT(row->client_id), V_TEXT(row->type), V_TEXT(row->name),
		      V_TEXT(row->metadata), V_TEXT(row->secret_hash), V_BOOL(row->disabled),
		      V_INT(work->now));
}

static const char update_app[] = "UPDATE app SET name = $2, metadata = $3, secret_hash = $4, disabled = $5 "
				 "WHERE client_id = $1 AND deleted_at IS NULL";

enum err apps_update(struct work *work, const struct app_row *row)
{
	return db_run(work, NULL, update_app, V_TEXT(row->client_id), V_TEXT(row->name),
		      V_TEXT(row->metadata), V_TEXT(row->secret_hash), V_BOOL(row->disabled));
}

/* The id stays as a tombstone; nothing of the app can authenticate again. */
static const char retire_app[] = "UPDATE app SET disabled = TRUE, secret_hash = NULL, deleted_at = $2 WHERE "
				 "client_id = $1 AND deleted_at IS NULL";
static const char forget_app_practices[] = "DELETE FROM app_practice WHERE client_id = $1";

enum err apps_retire(struct work *work, const char *client_id)
{
	TRY(db_run(work, NULL, retire_app, V_TEXT(client_id), V_INT(work->now)));
	return db_run(work, NULL, forget_app_practices, V_TEXT(client_id));
}

static const char all_app_practices[] =
	"SELECT client_id, practice_id FROM app_practice ORDER BY client_id, practice_id";

enum err app_practices_all(struct work *work, struct app_practice_row **out, size_t *count)
{
	struct rows rows;

	TRY(db_run(work, &rows, all_app_practices, V_NULL()));
	*out = arena_array(work->arena, struct app_practice_row, rows.count + 1);
	*count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		(*out)[i] = (struct app_practice_row){ .client_id = rows_text(&rows, i, 0),
						       .practice_id = rows_text(&rows, i, 1) };
	return OK;
}

static const char add_app_practice[] =
	"INSERT INTO app_practice (client_id, practice_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";

enum err app_practices_set(struct work *work, const char *client_id, const char *const *practices)
{
	TRY(db_run(work, NULL, forget_app_practices, V_TEXT(client_id)));
	for (; practices && *practices; practices++)
		TRY(db_run(work, NULL, add_app_practice, V_TEXT(client_id), V_TEXT(*practices)));
	return OK;
}

static const char end_families[] =
	"UPDATE family SET revoked_at = $3 WHERE practice_id = $1 AND client_id = $2 AND revoked_at IS NULL";
static const char end_codes[] = "DELETE FROM code WHERE practice_id = $1 AND client_id = $2";

enum err apps_end_grants(struct work *work, const char *client_id)
{
	TRY(db_run(work, NULL, end_families, V_TEXT(work->practice), V_TEXT(client_id), V_INT(work->now)));
	return db_run(work, NULL, end_codes, V_TEXT(work->practice), V_TEXT(client_id));
}
