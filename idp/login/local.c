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
#include "login/session.h"
#include "login/steps.h"
#include "pages.h"
#include "people/account.h"
#include "people/audit.h"
#include "people/credential.h"
#include "store/snapshot.h"

#define MATCHES_MAX  4 /* DESIGN.md 3: accounts of one address that are tried without a practice */
#define USERNAME_MAX 254
#define LOCK_MINUTES 60 /* a wait that is told as an hour has no end of its own (people/credential.c) */

static void release_json(void *value)
{
	json_decref(value);
}

/* What stands in the field: typed, hinted by the app, or who is signed in. */
static const char *username_shown(const struct request *rq)
{
	const struct flow *flow = rq->flow;
	const char *typed = form_get(&rq->form, "username");

	if (!typed)
		typed = flow->username ? flow->username : flow->login_hint;
	if (!typed && rq->session && !flow->select_account)
		typed = rq->session->email;
	return typed && strlen(typed) <= USERNAME_MAX ? typed : NULL;
}

/* The wait in words, never shorter than it is. 0: there is none, or nobody but an administrator ends it. */
static int64_t minutes_of(const struct trouble *trouble)
{
	int64_t minutes = (trouble->retry_after + 59) / 60;

	if (trouble->code != ERR_LOCKED || minutes >= LOCK_MINUTES)
		return 0;
	return minutes < 2 ? 2 : minutes;
}

static enum err draw(struct request *rq, const struct visit *visit, const struct trouble *trouble)
{
	AUTO_BUF page = BUF(64 * KB);

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
				  .minutes = minutes_of(trouble),
			  });
	return sign_in_page(rq, &page, trouble);
}

enum err local_show(struct request *rq)
{
	struct visit visit;
	bool elsewhere;

	TRY(step_enter(rq, "person", &visit, &elsewhere));
	return elsewhere ? OK : draw(rq, &visit, &(struct trouble){ 0 });
}

/* One account of those whose password it was. */
struct candidate {
	const char *practice_id, *account_id;
	int64_t epoch;
	bool must_change;
};

/* Why somebody with the right password may still not go on here, from the most to the least telling. */
static enum err weigh(struct request *rq, const struct account_match *match, struct candidate *out)
{
	struct subject subject;

	if (rq->flow->expected_sub && !text_equal(rq->flow->expected_sub, match->account_id))
		return ERR_OTHER_PERSON;
	if (rq->client && !client_serves(rq->client, match->practice_id))
		return ERR_NO_ACCESS;
	rq->w.practice = match->practice_id;
	TRY(subject_load(&rq->w, match->account_id, &subject));
	TRY(subject_may(&rq->w, &subject, rq->client));
	*out = (struct candidate){
		.practice_id = match->practice_id,
		.account_id = match->account_id,
		.epoch = subject.account.epoch,
		.must_change = subject.account.must_change,
	};
	return OK;
}

/* The password was right, so this is no failed sign-in; it is told apart for whoever reads the audit. */
static enum err audit_denied(struct request *rq, const struct account_match *match, enum err why)
{
	rq->w.practice = match->practice_id;
	rq->w.actor.client_id = rq->flow->client_id;
	return audit(&rq->w, &(struct audit_note){
				     .event = EVENT_ACCESS_DENIED,
				     .outcome = OUTCOME_DENY,
				     .reason = error_row(why)->word,
				     .target_kind = "account",
				     .target_id = match->account_id,
			     });
}

/* Those who may go on; when there are none, why the last one may not. */
static enum err sift(struct request *rq, const struct account_match *matches, size_t count,
		     struct candidate *out, size_t *kept)
{
	const struct account_match *denied = NULL;
	enum err refusal = ERR_SIGN_IN_FAILED;

	*kept = 0;
	for (size_t i = 0; i < count; i++) {
		enum err err = weigh(rq, &matches[i], &out[*kept]);

		if (err == OK) {
			(*kept)++;
		} else if (err == ERR_OTHER_PERSON || err == ERR_NO_ACCESS) {
			denied = &matches[i];
			refusal = err;
		} else if (err != ERR_ACCOUNT_DISABLED && err != ERR_NOT_FOUND) {
			return err;
		}
	}
	if (*kept)
		return OK;
	if (denied)
		TRY(audit_denied(rq, denied, refusal));
	return refusal;
}

static json_t *matches_json(struct request *rq, const struct candidate *list, size_t count)
{
	json_t *matches = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(matches,
				      json_pack("[s, s, I, b]", list[i].practice_id, list[i].account_id,
						(json_int_t)list[i].epoch, list[i].must_change));
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
}

/* The cookie goes out only with a proof that was saved: it would take the place of a better one. */
static enum err record(struct request *rq, const char *username, const struct candidate *list, size_t count,
		       const char *password)
{
	AUTO(secret_wipe) struct secret proof = secret_new();

	flow_forget_proof(rq->flow);
	TRY(keep_old_password(rq, list, count, password));
	prove(rq, list, count);
	rq->flow->username = username;
	rq->flow->proof_hash = secret_hash(rq->w.arena, "proof", proof.text);
	TRY(flow_save(rq));
	cookie_set(rq, COOKIE_PROOF, proof.text, 0);
	return OK;
}

/* Whoever signs in here is not the person whose session this browser still has; the record of one practice
 * must not name somebody of another. */
static void act_as_nobody(struct work *w)
{
	w->actor.kind = ACTOR_NOBODY;
	w->actor.id = NULL;
	w->actor.sid = NULL;
}

static enum err check(struct request *rq, const char *username, const char *password, int64_t *retry_after)
{
	struct account_match matches[MATCHES_MAX];
	struct candidate list[MATCHES_MAX];
	size_t count = 0, kept;

	act_as_nobody(&rq->w);
	rq->w.practice = rq->flow->practice_id;
	TRY(credential_password(&rq->w, rq->flow->practice_id, username, password, matches, COUNT(matches),
				&count, retry_after));
	TRY(sift(rq, matches, count, list, &kept));

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
	       err == ERR_NO_ACCESS || err == ERR_UNAVAILABLE;
}

static enum err refuse(struct request *rq, const struct visit *visit, enum err err, int64_t retry_after)
{
	struct trouble trouble = { .code = err, .retry_after = retry_after };

	metric_add(METRIC_SIGN_IN_FAILED, 1);
	if (err == ERR_UNAVAILABLE && retry_after == 0)
		trouble.retry_after = 1;
	return is_shown_on_form(err) ? draw(rq, visit, &trouble) : err;
}

/* At a shared desk a form may have waited in one tab while somebody else signed in in another. Who types
 * another address means it: going on as the person signed in would give one the other's tokens (D2). */
static bool names_another(struct request *rq)
{
	const char *typed = form_get(&rq->form, "username");

	return rq->session && !text_is_empty(typed) &&
	       !text_equal_nocase(text_trim(rq->w.arena, typed), rq->session->email);
}

static enum err enter(struct request *rq, struct visit *visit, bool *elsewhere)
{
	*elsewhere = false;
	if (!names_another(rq))
		return step_enter(rq, "person", visit, elsewhere);
	TRY(visit_look(rq, visit));
	return visit->session ? OK : step_enter(rq, "person", visit, elsewhere);
}

enum err local_submit(struct request *rq)
{
	const char *username = form_get(&rq->form, "username"), *password = form_get(&rq->form, "password");
	struct visit visit;
	bool elsewhere;
	int64_t retry_after = 0;

	TRY(enter(rq, &visit, &elsewhere));
	if (elsewhere)
		return OK;
	/* Nobody is meant by nothing: no account is touched, no hash is spent. */
	if (text_is_empty(username) || strlen(username) > USERNAME_MAX)
		return refuse(rq, &visit, ERR_SIGN_IN_FAILED, 0);

	enum err err = check(rq, username, password ? password : "", &retry_after);

	if (err != OK && err != ERR_CONFLICT)
		return refuse(rq, &visit, err, retry_after);
	metric_add(METRIC_SIGN_IN_OK, 1);
	return flow_next(rq);
}
