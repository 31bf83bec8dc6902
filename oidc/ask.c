/* ask.c: an authorization request read once into struct ask, and its passage through a flow row. */
#include "oidc/ask.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "http/form.h"

/* Known parameters; longer values than these no app of ours needs. */
static const struct parameter {
	const char *name;
	size_t at;
	size_t max;
} parameters[] = {
#define PARAMETER(name, max)                                                                                 \
	{                                                                                                    \
#name, offsetof(struct ask, name), max                                                       \
	}
	PARAMETER(client_id, 255),      PARAMETER(redirect_uri, 2048),
	PARAMETER(response_type, 64),   PARAMETER(scope, 1024),
	PARAMETER(state, 4096),         PARAMETER(nonce, 1024),
	PARAMETER(code_challenge, 128), PARAMETER(code_challenge_method, 16),
	PARAMETER(response_mode, 32),   PARAMETER(prompt, 64),
	PARAMETER(max_age, 16),         PARAMETER(login_hint, 254),
	PARAMETER(id_token_hint, 8192), PARAMETER(acr_values, 512),
	PARAMETER(claims, 4096),        PARAMETER(ui_locales, 128),
	PARAMETER(tenant, 64),          PARAMETER(location, 64),
	PARAMETER(resource, 2048),      PARAMETER(request, 16384),
	PARAMETER(request_uri, 512),    PARAMETER(domain_hint, 253),
#undef PARAMETER
};

static const char **slot(struct ask *ask, const struct parameter *row)
{
	return (const char **)(void *)((char *)ask + row->at);
}

static const char *value_of(const struct ask *ask, const struct parameter *row)
{
	return *(const char *const *)(const void *)((const char *)ask + row->at);
}

static enum err read_one(struct work *w, const struct form *form, struct ask *ask,
			 const struct parameter *row)
{
	const char *value = form_get(form, row->name);

	/* RFC 6749 3.1: a parameter without a value is treated as omitted */
	if (!value || !*value)
		return OK;
	if (strlen(value) > row->max)
		return fault(w, ERR_PARAMETER_MALFORMED, "%s is longer than %zu bytes", row->name, row->max);
	*slot(ask, row) = value;
	return OK;
}

enum err ask_read(struct work *w, const struct form *form, struct ask *out)
{
	struct ask ask = { .max_age_seconds = -1 };

	if (form->repeated)
		return fault(w, ERR_PARAMETER_REPEATED, "%s came twice", form->repeated);
	for (size_t at = 0; at < COUNT(parameters); at++)
		TRY(read_one(w, form, &ask, &parameters[at]));
	*out = ask;
	return OK;
}

bool ask_parameter(const struct ask *ask, size_t at, const char **name, const char **value)
{
	if (at >= COUNT(parameters))
		return false;
	*name = parameters[at].name;
	*value = value_of(ask, &parameters[at]);
	return true;
}

/* What was verified once and costs to verify again (the hint) travels as its result; the rest is
 * read again by the checks of ASK_CONTINUE. */
json_t *ask_to_json(const struct ask *ask)
{
	json_t *json = json_object();

	for (size_t at = 0; at < COUNT(parameters); at++)
		if (strcmp(parameters[at].name, "id_token_hint") != 0)
			json_set_text(json, parameters[at].name, value_of(ask, &parameters[at]));
	json_set(json, "pushed", json_boolean(ask->pushed));
	json_set_text(json, "expected_sub", ask->expected_sub);
	return json;
}

void ask_from_json(struct work *w, const json_t *json, struct ask *out)
{
	*out = (struct ask){ .max_age_seconds = -1 };
	for (size_t at = 0; at < COUNT(parameters); at++)
		*slot(out, &parameters[at]) = arena_text(w->arena, json_get_text(json, parameters[at].name));
	out->pushed = json_get_bool(json, "pushed", false);
	out->expected_sub = arena_text(w->arena, json_get_text(json, "expected_sub"));
}
