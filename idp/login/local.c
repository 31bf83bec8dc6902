/* local.c: the address and the password of an account here. */
#include "base/base.h"

#include <jansson.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/metrics.h"
#include "http/request.h"
#include "keys/password.h"
#include "keys/secret.h"
#include "login/reach.h"
#include "login/session.h"
#include "login/steps.h"
#include "pages.h"
#include "people/account.h"
#include "people/audit.h"
#include "people/credential.h"
#include "people/provision.h"
#include "store/connections.h"
#include "store/snapshot.h"

#define MATCHES_MAX  4 /* DESIGN.md 3: accounts of one address that are tried without a practice */
#define USERNAME_MAX 254

static void release_json(void *value)
{
	json_decref(value);
}

static enum err draw_with(struct request *rq, const struct visit *visit, const struct trouble *trouble,
			  const char *elsewhere)
{
	size_t count;
	const struct connection **list = connections_shown(rq, &count);
	struct page_login_providers *rows = arena_array(rq->w.arena, struct page_login_providers, count + 1);
	AUTO_BUF page = BUF(SIGN_IN_PAGE_SIZE);

	for (size_t i = 0; i < count; i++)
		rows[i] = (struct page_login_providers){ .id = list[i]->id,
							 .name = list[i]->name,
							 .flow = rq->flow->id };

	page_login(&page, &(struct page_login){
				  .frame = sign_in_frame(rq),
				  .flow = rq->flow->id,
				  .csrf = flow_csrf(rq),
				  .username = username_shown(rq),
				  .code = trouble_word(trouble),
				  .message = trouble_text(rq, trouble),
				  .signed_in = rq->session ? rq->session->email : NULL,
				  .renewed = rq->flow->renewed,
				  .again = rq->session && !visit->refused,
				  .no_access = rq->session && visit->refused,
				  .wrong = trouble->code == ERR_SIGN_IN_FAILED,
				  .minutes = trouble_minutes(trouble),
				  .elsewhere = elsewhere,
				  .providers = rows,
				  .providers_count = count,
			  });
	return sign_in_page(rq, &page, trouble);
}

static enum err draw(struct request *rq, const struct visit *visit, const struct trouble *trouble)
{
	return draw_with(rq, visit, trouble, NULL);
}

/* "Sign in another way" than with a provider. */
static enum err take_this_way(struct request *rq, bool *lost)
{
	struct flow *flow = rq->flow;

	*lost = false;
	if (!text_equal(form_get(&rq->query, "way"), "local") || flow_is_test(flow) ||
	    (flow->local && !flow->connection_id && !flow->link))
		return OK;
	flow_stay_local(flow);

	enum err err = flow_save(rq);

	*lost = err == ERR_CONFLICT;
	return *lost ? flow_next(rq) : err;
}

enum err local_show(struct request *rq)
{
	struct visit visit;
	bool elsewhere;

	TRY(take_this_way(rq, &elsewhere));
	if (elsewhere)
		return OK;
	TRY(step_enter(rq, "person", &visit, &elsewhere));
	return elsewhere ? OK : draw(rq, &visit, &(struct trouble){ 0 });
}

/* One account of those whose password it was. */
struct candidate {
	const char *practice_id, *account_id;
	int64_t epoch;
	bool must_change, continuity;
};

/* Why somebody with the right password may still not go on here, from the most to the least telling. */
static enum err weigh(struct request *rq, const struct account_match *match, struct candidate *out)
{
	struct subject subject;
	bool continuity = false;

	if (rq->flow->expected_sub && !text_equal(rq->flow->expected_sub, match->account_id))
		return ERR_OTHER_PERSON;
	if (rq->client && !client_serves(rq->client, match->practice_id))
		return ERR_NO_ACCESS;
	rq->w.practice = match->practice_id;
	TRY(subject_load(&rq->w, match->account_id, &subject));
	TRY(subject_may(&rq->w, &subject, rq->client));
	TRY(password_may(&rq->w, match->account_id, reach_is_down, &continuity));
	*out = (struct candidate){
		.practice_id = match->practice_id,
		.account_id = match->account_id,
		.epoch = subject.account.epoch,
		.must_change = subject.account.must_change,
		.continuity = continuity,
	};
	return OK;
}

/* The password was right, so this is no failed sign-in; it is told apart for whoever reads the audit. */
enum err audit_no_entry(struct request *rq, const char *practice_id, const char *account_id, enum err why)
{
	rq->w.practice = practice_id;
	rq->w.actor.client_id = rq->flow->client_id;
	return audit(&rq->w, &(struct audit_note){
				     .event = EVENT_ACCESS_DENIED,
				     .outcome = OUTCOME_DENY,
				     .reason = error_row(why)->word,
				     .target_kind = "account",
				     .target_id = account_id,
			     });
}

/* The connection that the account signs in by, for the button. */
static enum err find_way(struct request *rq, const struct account_match *match, const char **way)
{
	struct upstream_link *links;
	size_t count;

	rq->w.practice = match->practice_id;
	TRY(links_of(&rq->w, match->account_id, &links, &count));
	for (size_t i = 0; i < count && !*way; i++)
		if (connection_is_open(rq, snapshot_connection(rq->w.snapshot, links[i].connection_id)))
			*way = links[i].connection_id;
	return OK;
}

/* Those who may go on; when there are none, why the last one may not. */
static enum err sift(struct request *rq, const struct account_match *matches, size_t count,
		     struct candidate *out, size_t *kept, const char **way)
{
	const struct account_match *denied = NULL;
	enum err refusal = ERR_SIGN_IN_FAILED;

	*kept = 0;
	for (size_t i = 0; i < count; i++) {
		enum err err = weigh(rq, &matches[i], &out[*kept]);

		if (err == OK) {
			(*kept)++;
		} else if (err == ERR_OTHER_PERSON || err == ERR_NO_ACCESS || err == ERR_SIGN_IN_ELSEWHERE) {
			denied = &matches[i];
			refusal = err;
		} else if (err != ERR_ACCOUNT_DISABLED && err != ERR_NOT_FOUND) {
			return err;
		}
	}
	if (*kept)
		return OK;
	if (denied)
		TRY(audit_no_entry(rq, denied->practice_id, denied->account_id, refusal));
	if (refusal == ERR_SIGN_IN_ELSEWHERE)
		TRY(find_way(rq, denied, way));
	return refusal;
}

static json_t *matches_json(struct request *rq, const struct candidate *list, size_t count)
{
	json_t *matches = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(matches, json_pack("[s, s, I, b, b]", list[i].practice_id,
							 list[i].account_id, (json_int_t)list[i].epoch,
							 list[i].must_change, list[i].continuity));
	assert(matches && json_array_size(matches) == count);
	arena_defer(rq->w.arena, release_json, matches);
	return matches;
}

/* The new password has to differ from this one; what is kept to tell is as slow to guess as any hash here. */
static enum err keep_old_password(struct request *rq, const struct candidate *list, size_t count,
				  const char *password)
{
	char *hash = NULL;

	for (size_t i = 0; i < count && !hash; i++)
		if (list[i].must_change)
			TRY(password_hash(rq->w.app->passwords, rq->w.arena, password, &hash));
	rq->flow->old_password = hash;
	return OK;
}

static void prove(struct request *rq, const struct candidate *list, size_t count)
{
	struct flow *flow = rq->flow;

	flow->amr = json_pack("[s]", "pwd");
	assert(flow->amr);
	arena_defer(rq->w.arena, release_json, flow->amr);
	flow->proved_at = rq->w.now;
	if (count == 1)
		flow_prove(flow, list[0].practice_id, list[0].account_id, list[0].epoch, list[0].must_change);
	else
		flow->matches = matches_json(rq, list, count);
	flow->continuity = count == 1 && list[0].continuity;
}

static enum err record(struct request *rq, const char *username, const struct candidate *list, size_t count,
		       const char *password)
{
	flow_forget_proof(rq->flow);
	flow_stay_local(rq->flow);
	TRY(keep_old_password(rq, list, count, password));
	prove(rq, list, count);
	rq->flow->username = username;
	return flow_give_proof(rq);
}

/* Whoever signs in here is not the person whose session this browser still has; the record of one practice
 * must not name somebody of another. */
static void act_as_nobody(struct work *w)
{
	w->actor.kind = ACTOR_NOBODY;
	w->actor.id = NULL;
	w->actor.sid = NULL;
}

static enum err check(struct request *rq, const char *username, const char *password, int64_t *retry_after,
		      const char **way)
{
	const char *asked = rq->flow->practice_open ? NULL : rq->flow->practice_id;
	struct account_match matches[MATCHES_MAX];
	struct candidate list[MATCHES_MAX];
	size_t count = 0, kept;

	act_as_nobody(&rq->w);
	rq->w.practice = asked;
	TRY(credential_password(&rq->w, asked, username, password, matches, COUNT(matches), &count,
				retry_after));
	TRY(sift(rq, matches, count, list, &kept, way));

	enum err err = record(rq, username, list, kept, password);

	/* A double click: the browser waits for the later answer alone, so the later proof is the one to
	 * keep. */
	if (err == ERR_CONFLICT) {
		TRY(flow_load(rq));
		err = record(rq, username, list, kept, password);
	}
	return err;
}

/* Is this told on the form itself, with what was typed kept? */
static bool is_shown_on_form(enum err err)
{
	return err == ERR_SIGN_IN_FAILED || err == ERR_LOCKED || err == ERR_OTHER_PERSON ||
	       err == ERR_NO_ACCESS || err == ERR_UNAVAILABLE || err == ERR_SIGN_IN_ELSEWHERE;
}

static enum err refuse(struct request *rq, const struct visit *visit, enum err err, int64_t retry_after,
		       const char *way)
{
	struct trouble trouble = { .code = err, .retry_after = retry_after };

	metric_add(METRIC_SIGN_IN_FAILED, 1);
	if (err == ERR_UNAVAILABLE && retry_after == 0)
		trouble.retry_after = 1;
	return is_shown_on_form(err) ? draw_with(rq, visit, &trouble, way) : err;
}

/* At a shared desk a form may have waited in one tab while somebody else signed in in another. Who types
 * another address means it: going on as the person signed in would give one the other's tokens (D2). So that
 * session does not count for this flow any more, and a provider is asked to authenticate whoever is there. */
static bool names_another(struct request *rq)
{
	const char *typed = form_get(&rq->form, "username");

	return rq->session && !text_is_empty(typed) &&
	       !text_equal_nocase(text_trim(rq->w.arena, typed), rq->session->email);
}

enum err person_enter(struct request *rq, struct visit *visit, bool *elsewhere)
{
	*elsewhere = false;
	if (!names_another(rq) || flow_is_test(rq->flow))
		return step_enter(rq, "person", visit, elsewhere);
	TRY(visit_look(rq, visit));
	if (!visit->session)
		return step_enter(rq, "person", visit, elsewhere);
	rq->flow->select_account = true;
	return OK;
}

enum err local_submit(struct request *rq)
{
	const char *username = form_get(&rq->form, "username"), *password = form_get(&rq->form, "password");
	const char *way = NULL;
	struct visit visit;
	bool elsewhere;
	int64_t retry_after = 0;

	TRY(person_enter(rq, &visit, &elsewhere));
	if (elsewhere)
		return OK;
	/* Nobody is meant by nothing: no account is touched, no hash is spent. */
	if (text_is_empty(username) || strlen(username) > USERNAME_MAX)
		return refuse(rq, &visit, ERR_SIGN_IN_FAILED, 0, NULL);

	enum err err = check(rq, username, password ? password : "", &retry_after, &way);

	if (err != OK && err != ERR_CONFLICT)
		return refuse(rq, &visit, err, retry_after, way);
	metric_add(METRIC_SIGN_IN_OK, 1);
	return flow_next(rq);
}
