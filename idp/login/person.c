/* person.c: who came from a provider waits in the flow, sealed, until the account here is proven too. */
#include "base/base.h"

#include <jansson.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "http/request.h"
#include "keys/seal.h"
#include "login/steps.h"
#include "people/provision.h"
#include "store/snapshot.h"

#define PERSON_MAX (128 * KB)

static const char *row_of(struct request *rq)
{
	return arena_print(rq->w.arena, "flow/%s", rq->flow->id);
}

static void release_json(void *value)
{
	json_decref(value);
}

static json_t *to_json(struct arena *arena, const struct upstream_person *person)
{
	json_t *out = json_object();

	json_set_text(out, "issuer", person->issuer);
	json_set_text(out, "subject", person->subject);
	json_set_text(out, "email", person->email);
	json_set_text(out, "given_name", person->given_name);
	json_set_text(out, "family_name", person->family_name);
	json_set_text(out, "sid", person->upstream_sid);
	json_set(out, "email_verified", json_boolean(person->email_verified));
	json_set(out, "mfa", json_boolean(person->mfa));
	json_set(out, "amr", json_list(person->amr));
	json_set(out, "auth_time", json_integer(person->auth_time));
	json_set(out, "ends_at", json_integer(person->ends_at));
	if (person->claims)
		json_set(out, "claims", json_incref(person->claims));
	if (person->logout_hint.at)
		json_set_text(out, "hint", base64url_encode(arena, person->logout_hint));
	if (person->refresh.at)
		json_set_text(out, "refresh", base64url_encode(arena, person->refresh));
	return out;
}

json_t *person_seal(struct request *rq, const struct upstream_person *person)
{
	AUTO(json_done) json_t *clear = to_json(rq->w.arena, person);
	const char *text = json_text(rq->w.arena, clear);

	if (strlen(text) > PERSON_MAX)
		return NULL;
	return json_string(
		base64url_encode(rq->w.arena, seal(rq->w.app->vault, rq->w.arena, "upstream_person",
						   row_of(rq), BYTES_OF(text))));
}

static struct bytes bytes_of(struct arena *arena, const json_t *in, const char *name)
{
	const char *text = json_get_text(in, name);
	struct bytes out;

	return text && base64url_decode(arena, text, strlen(text), &out) ? out : (struct bytes){ 0 };
}

/* Texts are borrowed from the value, which lives as long as the work. */
static void from_json(struct arena *arena, json_t *in, struct upstream_person *out)
{
	out->issuer = json_get_text(in, "issuer");
	out->subject = json_get_text(in, "subject");
	out->email = json_get_text(in, "email");
	out->given_name = json_get_text(in, "given_name");
	out->family_name = json_get_text(in, "family_name");
	out->upstream_sid = json_get_text(in, "sid");
	out->email_verified = json_get_bool(in, "email_verified", false);
	out->mfa = json_get_bool(in, "mfa", false);
	out->amr = json_get_list(arena, in, "amr");
	out->auth_time = json_get_int(in, "auth_time", 0);
	out->ends_at = json_get_int(in, "ends_at", 0);
	out->claims = json_object_get(in, "claims");
	out->logout_hint = bytes_of(arena, in, "hint");
	out->refresh = bytes_of(arena, in, "refresh");
}

bool person_unseal(struct request *rq, const json_t *link, const struct connection *connection,
		   struct upstream_person *out)
{
	const char *text = json_get_text(link, "person");
	struct bytes sealed, clear;

	if (!text || !base64url_decode(rq->w.arena, text, strlen(text), &sealed) ||
	    unseal(rq->w.app->vault, rq->w.arena, "upstream_person", row_of(rq), sealed, &clear) != OK)
		return false;

	json_t *value = json_read((const char *)clear.at, clear.size);

	if (!value)
		return false;
	arena_defer(rq->w.arena, release_json, value);
	*out = (struct upstream_person){ .connection = connection };
	from_json(rq->w.arena, value, out);
	return out->issuer && out->subject;
}
