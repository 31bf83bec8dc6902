/* finish.c: somebody came from a provider: what people/provision makes of it, and what the browser sees then.
 */
#include "base/base.h"

#include <jansson.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "http/metrics.h"
#include "http/request.h"
#include "keys/seal.h"
#include "login/connect.h"
#include "login/steps.h"
#include "pages.h"
#include "people/account.h"
#include "people/provision.h"
#include "store/flows.h"
#include "store/snapshot.h"

#define HINT_MAX    (32 * KB) /* an ID token; a longer one is not kept, and the provider asks at logout */
#define REFRESH_MAX (16 * KB)
#define CLOCK_SKEW  120

static void release_json(void *value)
{
	json_decref(value);
}

/* ---- pages ---- */

enum err refused_page(struct request *rq, const struct connection *connection, enum err code,
		      const char *word, const char *message)
{
	const struct trouble trouble = { .code = code };
	AUTO_BUF page = BUF(64 * KB);

	page_upstream_refused(&page, &(struct page_upstream_refused){
					     .frame = sign_in_frame(rq),
					     .flow = rq->flow ? rq->flow->id : NULL,
					     .connection = rq->flow && connection ? connection->id : NULL,
					     .code = word ? word : trouble_word(&trouble),
					     .message = message ? message : trouble_text(rq, &trouble),
				     });
	return sign_in_page(rq, &page, &trouble);
}

static enum err held_page(struct request *rq, const struct upstream_person *person)
{
	AUTO_BUF page = BUF(64 * KB);

	page_held(&page, &(struct page_held){
				 .frame = sign_in_frame(rq),
				 .name = person->connection->name,
				 .email = person->email,
				 .code = "held",
			 });
	return sign_in_page(rq, &page, &(struct trouble){ .code = ERR_UPSTREAM_PERSON });
}

/* ---- the proof ---- */

/* Who was refused here is not who provision said; the session that follows looks again. */
static enum err check_entry(struct request *rq, const char *account_id, int64_t epoch)
{
	struct subject subject;

	if (rq->flow->expected_sub && !text_equal(rq->flow->expected_sub, account_id))
		return ERR_OTHER_PERSON;
	if (rq->client && !client_serves(rq->client, rq->w.practice))
		return ERR_NO_ACCESS;
	TRY(subject_load(&rq->w, account_id, &subject));
	if (subject.account.epoch != epoch)
		return ERR_ACCOUNT_DISABLED;
	return subject_may(&rq->w, &subject, rq->client);
}

/* Asked to authenticate again, the provider has to have done it since (OpenID Connect Core 3.1.2.1). */
static bool is_stale(const struct flow *flow, const struct upstream_person *person)
{
	return flow->fresh && person->auth_time && person->auth_time + CLOCK_SKEW < flow->created_at;
}

static int64_t auth_time_of(const struct flow *flow, const struct upstream_person *person, int64_t now)
{
	if (!person->auth_time || person->auth_time > now)
		return 0;
	return flow->fresh && person->auth_time < flow->created_at ? flow->created_at : person->auth_time;
}

/* For the session, until there is one: of this flow alone. */
static void keep_sealed(struct request *rq, json_t *via, const char *name, const char *purpose,
			struct bytes clear)
{
	struct arena *arena = rq->w.arena;
	const char *row = arena_print(arena, "flow/%s", rq->flow->id);

	if (clear.at)
		json_set_text(via, name,
			      base64url_encode(arena, seal(rq->w.app->vault, arena, purpose, row, clear)));
}

static json_t *via_of(struct request *rq, const struct upstream_person *person, const char *subject_key)
{
	json_t *via = json_pack("{s:s, s:s, s:b, s:I, s:I}", "connection", person->connection->id,
				"subject_key", subject_key, "mfa", person->mfa, "auth_time",
				(json_int_t)auth_time_of(rq->flow, person, rq->w.now), "ends_at",
				(json_int_t)person->ends_at);

	assert(via);
	arena_defer(rq->w.arena, release_json, via);
	json_set_text(via, "sid", person->upstream_sid);
	if (person->logout_hint.size <= HINT_MAX)
		keep_sealed(rq, via, "hint", "upstream_hint", person->logout_hint);
	if (person->refresh.size <= REFRESH_MAX)
		keep_sealed(rq, via, "refresh", "upstream_refresh", person->refresh);
	return via;
}

static enum err prove(struct request *rq, const struct upstream_person *person, const char *account_id,
		      int64_t epoch, const char *subject_key)
{
	struct flow *flow = rq->flow;

	flow_forget_proof(flow);
	flow->amr = json_list(person->amr);
	arena_defer(rq->w.arena, release_json, flow->amr);
	flow->proved_at = rq->w.now;
	flow_prove(flow, person->connection->practice_id, account_id, epoch, false);
	flow->via = via_of(rq, person, subject_key);
	return flow_give_proof(rq);
}

/* Somebody pressed something else meanwhile: the proof still counts while the flow is with this provider. */
static enum err prove_again(struct request *rq, const struct upstream_person *person, const char *account_id,
			    int64_t epoch, const char *subject_key)
{
	TRY(flow_load_of(rq, rq->flow->id));
	if (!text_equal(rq->flow->connection_id, person->connection->id))
		return fault(&rq->w, ERR_UPSTREAM_STATE, "another way was chosen meanwhile");
	return prove(rq, person, account_id, epoch, subject_key);
}

enum err finish_signed_in(struct request *rq, const struct upstream_person *person, const char *account_id,
			  int64_t epoch, const char *subject_key)
{
	enum err err = check_entry(rq, account_id, epoch);

	if (err == ERR_OTHER_PERSON || err == ERR_NO_ACCESS) {
		TRY(audit_no_entry(rq, rq->w.practice, account_id, err));
		return refused_page(rq, person->connection, err, NULL, NULL);
	}
	TRY(err);
	err = prove(rq, person, account_id, epoch, subject_key);
	if (err == ERR_CONFLICT)
		err = prove_again(rq, person, account_id, epoch, subject_key);
	TRY(err);
	metric_add(METRIC_SIGN_IN_OK, 1);
	return flow_next(rq);
}

/* ---- the verdicts ---- */

/* The account has this address: its password has to be shown in this browser before the two are one. */
static enum err ask_for_link(struct request *rq, const struct upstream_person *person,
			     const struct provisioned *found)
{
	struct flow *flow = rq->flow;
	json_t *sealed = person_seal(rq, person);

	if (!sealed)
		return fault(&rq->w, ERR_TOO_LARGE, "what %s says of a person", person->connection->id);
	flow_forget_proof(flow);
	flow->link =
		json_pack("{s:s, s:s, s:s, s:o}", "connection", person->connection->id, "account",
			  found->account_id, "email", person->email ? person->email : "", "person", sealed);
	assert(flow->link);
	arena_defer(rq->w.arena, release_json, flow->link);

	enum err err = flow_give_proof(rq);

	return err == OK || err == ERR_CONFLICT ? flow_next(rq) : err;
}

static enum err refuse(struct request *rq, const struct upstream_person *person, const char *reason)
{
	const char *word = reason ? reason : "refused";
	const char *message =
		catalog_text(rq->messages, arena_print(rq->w.arena, "upstream_refused.%s", word));
	bool off = text_equal(word, "connection_disabled") || text_equal(word, "practice_disabled");

	metric_add(METRIC_SIGN_IN_FAILED, 1);
	return refused_page(rq, off ? NULL : person->connection,
			    off ? ERR_CONNECTION_OFF : ERR_UPSTREAM_PERSON, word, message);
}

enum err finish_person(struct request *rq, const struct upstream_person *person)
{
	struct provisioned found = { .verdict = PROVISION_REFUSED };

	rq->w.actor.client_id = rq->flow->client_id;
	enum err err = provision(&rq->w, person, &found);

	/* Twice at the same moment for the first time: the other one has made the account. */
	if (err == ERR_CONFLICT)
		err = provision(&rq->w, person, &found);
	TRY(err);
	switch (found.verdict) {
	case PROVISION_SIGNED_IN:
		return finish_signed_in(rq, person, found.account_id, found.epoch, found.subject_key);
	case PROVISION_HELD:
		return held_page(rq, person);
	case PROVISION_LINK:
		return ask_for_link(rq, person, &found);
	case PROVISION_REFUSED:
		break;
	}
	return refuse(rq, person, found.reason);
}

/* ---- a test ---- */

/* "all", or the places with commas between. */
static const char *places_text(struct arena *arena, const json_t *places)
{
	AUTO_BUF text = BUF(4 * KB);

	if (json_is_string(places))
		return json_string_value(places);
	for (size_t i = 0; i < json_array_size(places); i++) {
		const char *id = json_string_value(json_array_get(places, i));

		buf_text(&text, i > 0 ? ", " : "");
		buf_text(&text, id ? id : "");
	}
	return arena_text(arena, buf_str(&text));
}

/* "ada@clinic.example (Ada Okafor)"; NULL: none would be had. */
static const char *account_text(struct arena *arena, const json_t *result)
{
	const json_t *account = json_object_get(result, "account");
	const char *email = json_get_text(account, "email"), *given = json_get_text(account, "given_name"),
		   *family = json_get_text(account, "family_name");

	if (!email)
		return NULL;
	return arena_print(arena, "%s (%s %s)", email, given ? given : "", family ? family : "");
}

static void add_roles(struct arena *arena, const json_t *result, struct page_upstream_test *page)
{
	const json_t *roles = json_object_get(result, "roles");
	size_t count = json_array_size(roles);
	struct page_upstream_test_roles *rows =
		arena_array(arena, struct page_upstream_test_roles, count + 1);

	for (size_t i = 0; i < count; i++) {
		const json_t *row = json_array_get(roles, i);

		rows[i].role = json_get_text(row, "role");
		rows[i].locations = places_text(arena, json_object_get(row, "locations"));
	}
	page->roles = rows;
	page->roles_count = count;
}

/* What a person may read; long ones are cut, the preview command shows all. */
static const char *shown_json(struct arena *arena, const json_t *value)
{
	const char *text = value && (json_object_size(value) || json_array_size(value))
				   ? json_pretty(arena, value)
				   : NULL;

	return text && strlen(text) > 32 * KB ? arena_print(arena, "%.*s ...", 32 * 1024, text) : text;
}

static enum err test_page(struct request *rq, struct page_upstream_test *shown)
{
	AUTO_BUF page = BUF(512 * KB);
	bool won;

	/* Whoever finished it, it is over. */
	TRY(flows_finish(&rq->w, rq->flow->id, rq->flow->version, &won));
	shown->frame = sign_in_frame(rq);
	page_upstream_test(&page, shown);
	return sign_in_page(rq, &page, &(struct trouble){ 0 });
}

static enum err finish_test(struct request *rq, const struct upstream_person *person)
{
	AUTO(json_done) json_t *result = NULL;
	struct arena *arena = rq->w.arena;
	struct page_upstream_test shown = { .connection = person->connection->id };

	TRY(provision_preview(&rq->w, person, &result));
	const char *rules = json_array_size(json_object_get(result, "applied"))
				    ? json_text(arena, json_object_get(result, "applied"))
				    : NULL;

	shown.verdict = json_get_text(result, "verdict");
	shown.reason = json_get_text(result, "reason");
	shown.account = account_text(arena, result);
	shown.created = json_get_bool(result, "created", false);
	shown.class = json_get_text(result, "class");
	shown.rules = rules;
	shown.changes = shown_json(arena, json_object_get(result, "changes"));
	shown.said = shown_json(arena, person->claims);
	add_roles(arena, result, &shown);
	return test_page(rq, &shown);
}

enum err finish_test_refused(struct request *rq, const struct connection *connection, enum err err,
			     const char *word, const char *detail)
{
	return test_page(
		rq, &(struct page_upstream_test){
			    .connection = connection->id,
			    .verdict = error_row(err)->word,
			    .reason = word,
			    .detail = detail ? text_bounded(rq->w.arena, detail, strlen(detail), 500) : NULL,
		    });
}

enum err connect_finish(struct request *rq, const struct upstream_person *person)
{
	assert(rq->flow && person->connection && person->issuer && person->subject);
	rq->w.practice = person->connection->practice_id;
	if (flow_is_test(rq->flow))
		return finish_test(rq, person);
	if (is_stale(rq->flow, person))
		return connect_refused(rq, person->connection, ERR_UPSTREAM_ANSWER, "auth_time",
				       "signed in before it was asked to authenticate again");
	return finish_person(rq, person);
}
