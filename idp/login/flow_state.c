/* flow_state.c: what a flow's row holds, as JSON, described once. */
#include "base/base.h"

#include <jansson.h>

#include "base/arena.h"
#include "base/json.h"
#include "http/request.h"
#include "login/steps.h"

enum kind { KIND_TEXT, KIND_FLAG, KIND_NUMBER, KIND_JSON };
struct field {
	const char *name;
	enum kind kind;
	bool asked; /* part of what was asked, so a renewed flow keeps it */
	size_t at;
};
#define ASKED(kind, name)                                                                                    \
	{                                                                                                    \
#name, kind, true, offsetof(struct flow, name)                                               \
	}
#define SHOWN(kind, name)                                                                                    \
	{                                                                                                    \
#name, kind, false, offsetof(struct flow, name)                                              \
	}

/* id, kind, ask, version, times and `finished` are columns of the row. */
static const struct field fields[] = {
	ASKED(KIND_TEXT, return_to),     ASKED(KIND_TEXT, form_target),   ASKED(KIND_TEXT, client_id),
	ASKED(KIND_TEXT, login_hint),    ASKED(KIND_TEXT, ui_locales),    ASKED(KIND_TEXT, need_acr),
	ASKED(KIND_TEXT, expected_sub),  ASKED(KIND_FLAG, fresh),         ASKED(KIND_FLAG, select_account),
	ASKED(KIND_FLAG, need_location), ASKED(KIND_TEXT, practice_id),   ASKED(KIND_TEXT, location_id),
	SHOWN(KIND_TEXT, username),      SHOWN(KIND_JSON, matches),       SHOWN(KIND_TEXT, account_id),
	SHOWN(KIND_JSON, amr),           SHOWN(KIND_NUMBER, proved_at),   SHOWN(KIND_NUMBER, epoch),
	SHOWN(KIND_TEXT, proof_hash),    SHOWN(KIND_TEXT, old_password),  SHOWN(KIND_TEXT, sid),
	SHOWN(KIND_FLAG, must_change),   SHOWN(KIND_FLAG, practice_open), SHOWN(KIND_FLAG, location_chosen),
	SHOWN(KIND_FLAG, renewed),       ASKED(KIND_TEXT, domain_hint),   SHOWN(KIND_TEXT, connection_id),
	SHOWN(KIND_TEXT, state_hash),    SHOWN(KIND_JSON, via),           SHOWN(KIND_JSON, link),
	SHOWN(KIND_FLAG, local),         SHOWN(KIND_FLAG, continuity),
};

static void release_json(void *value)
{
	json_decref(value);
}

static json_t *write_field(const struct field *f, const char *base)
{
	const void *at = base + f->at;

	switch (f->kind) {
	case KIND_TEXT:
		return *(const char *const *)at ? json_string(*(const char *const *)at) : NULL;
	case KIND_FLAG:
		return *(const bool *)at ? json_true() : NULL;
	case KIND_NUMBER:
		return *(const int64_t *)at ? json_integer(*(const int64_t *)at) : NULL;
	case KIND_JSON:
		return json_incref(*(json_t *const *)at);
	}
	return NULL;
}

char *flow_state_write(struct request *rq, const struct flow *flow)
{
	AUTO(json_done) json_t *state = json_object();

	for (size_t i = 0; i < COUNT(fields); i++) {
		json_t *value = write_field(&fields[i], (const char *)flow);

		if (value)
			json_set(state, fields[i].name, value);
	}
	return json_text(rq->w.arena, state);
}

static void read_field(struct arena *arena, const struct field *f, json_t *value, char *base)
{
	void *at = base + f->at;

	switch (f->kind) {
	case KIND_TEXT:
		*(const char **)at = arena_text(arena, json_string_value(value));
		break;
	case KIND_FLAG:
		*(bool *)at = json_is_true(value);
		break;
	case KIND_NUMBER:
		*(int64_t *)at = json_integer_value(value);
		break;
	case KIND_JSON:
		*(json_t **)at = json_incref(value);
		if (value)
			arena_defer(arena, release_json, value);
		break;
	}
}

bool flow_state_read(struct request *rq, const char *text, struct flow *out)
{
	AUTO(json_done) json_t *state = json_read(text, strlen(text));

	if (!json_is_object(state))
		return false;
	for (size_t i = 0; i < COUNT(fields); i++)
		read_field(rq->w.arena, &fields[i], json_object_get(state, fields[i].name), (char *)out);
	return out->return_to != NULL;
}

static void copy_field(const struct field *f, const struct flow *from, struct flow *to)
{
	static const size_t sizes[] = {
		[KIND_TEXT] = sizeof(char *),
		[KIND_FLAG] = sizeof(bool),
		[KIND_NUMBER] = sizeof(int64_t),
		[KIND_JSON] = sizeof(json_t *),
	};

	memcpy((char *)to + f->at, (const char *)from + f->at, sizes[f->kind]);
}

struct flow flow_state_asked(const struct flow *flow)
{
	struct flow asked = { .kind = flow->kind, .ask = flow->ask };

	for (size_t i = 0; i < COUNT(fields); i++)
		if (fields[i].asked)
			copy_field(&fields[i], flow, &asked);
	if (flow->practice_open)
		asked.practice_id = NULL;
	if (flow->location_chosen)
		asked.location_id = NULL;
	return asked;
}
