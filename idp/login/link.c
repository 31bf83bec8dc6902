/* link.c: an account here and a person over there become one when both are proven in one flow, in one browser
 * (security.md B1 to B3): the provider has spoken already, now the account's password is shown. */
#include "base/base.h"

#include <jansson.h>

#include "base/app.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "http/metrics.h"
#include "http/request.h"
#include "login/steps.h"
#include "pages.h"
#include "people/account.h"
#include "people/credential.h"
#include "people/provision.h"
#include "store/db.h"
#include "store/snapshot.h"

static const struct connection *connection_of(const struct request *rq)
{
	return snapshot_connection(rq->w.snapshot, json_get_text(rq->flow->link, "connection"));
}

static enum err draw(struct request *rq, const struct trouble *trouble)
{
	const struct connection *connection = connection_of(rq);
	AUTO_BUF page = BUF(64 * KB);

	page_link(&page, &(struct page_link){
				 .frame = sign_in_frame(rq),
				 .flow = rq->flow->id,
				 .csrf = flow_csrf(rq),
				 .username = json_get_text(rq->flow->link, "email"),
				 .name = connection ? connection->name : "",
				 .code = trouble_word(trouble),
				 .message = trouble_text(rq, trouble),
				 .wrong = trouble->code == ERR_SIGN_IN_FAILED,
				 .minutes = trouble_minutes(trouble),
			 });
	return sign_in_page(rq, &page, trouble);
}

enum err link_show(struct request *rq)
{
	struct visit visit;
	bool elsewhere;

	TRY(step_enter(rq, "link", &visit, &elsewhere));
	return elsewhere ? OK : draw(rq, &(struct trouble){ 0 });
}

static enum err show_password(struct request *rq, const char *account_id, int64_t *epoch,
			      int64_t *retry_after)
{
	const char *password = form_get(&rq->form, "password");
	struct subject subject;
	bool continuity;

	if (text_is_empty(password))
		return ERR_SIGN_IN_FAILED;
	TRY(credential_password_of(&rq->w, account_id, password, retry_after));
	TRY(subject_load(&rq->w, account_id, &subject));
	*epoch = subject.account.epoch;
	/* A door like any other where a password counts; not in an outage, since a link outlives it. */
	enum err err = password_may(&rq->w, account_id, NULL, &continuity);

	if (err == ERR_SIGN_IN_ELSEWHERE)
		TRY(audit_no_entry(rq, rq->w.practice, account_id, err));
	return err;
}

/* The link and the end of its proof are one: shown twice, it links once. */
static enum err make(struct request *rq, const struct upstream_person *person, const char *account_id,
		     int64_t epoch)
{
	AUTO(tx_end) struct tx tx = tx_begin(&rq->w);

	flow_forget_proof(rq->flow);
	TRY(flow_save(rq));
	TRY(link_make(&rq->w, person->connection, person->issuer, person->subject, account_id, epoch));
	return tx_commit(&tx);
}

static enum err refuse(struct request *rq, enum err err, int64_t retry_after)
{
	struct trouble trouble = { .code = err, .retry_after = retry_after };

	metric_add(METRIC_SIGN_IN_FAILED, 1);
	if (err == ERR_UNAVAILABLE && retry_after == 0)
		trouble.retry_after = 1;
	if (err == ERR_SIGN_IN_FAILED || err == ERR_LOCKED || err == ERR_UNAVAILABLE ||
	    err == ERR_SIGN_IN_ELSEWHERE)
		return draw(rq, &trouble);
	return err;
}

/* Who waits. *off: the connection is, or another provider stands behind it since. */
static enum err recall(struct request *rq, struct upstream_person *person, bool *off)
{
	const struct connection *connection = connection_of(rq);

	*off = !json_get_text(rq->flow->link, "account") || !connection_is_open(rq, connection);
	if (*off)
		return OK;
	if (!person_unseal(rq, rq->flow->link, connection, person))
		return fault(&rq->w, ERR_INTERNAL, "the person of flow %s is not readable", rq->flow->id);
	*off = connection->issuer && !text_equal(person->issuer, connection->issuer);
	return OK;
}

enum err link_submit(struct request *rq)
{
	struct upstream_person person = { 0 };
	struct visit visit;
	bool elsewhere, off;
	int64_t epoch = 0, retry_after = 0;

	TRY(step_enter(rq, "link", &visit, &elsewhere));
	if (elsewhere)
		return OK;
	TRY(recall(rq, &person, &off));
	if (off)
		return refused_page(rq, NULL, ERR_CONNECTION_OFF, NULL, NULL);

	const struct connection *connection = person.connection;
	const char *account_id = json_get_text(rq->flow->link, "account");

	rq->w.practice = connection->practice_id;
	rq->w.actor = (struct actor){ .kind = ACTOR_NOBODY,
				      .address = rq->w.actor.address,
				      .user_agent = rq->w.actor.user_agent };

	enum err err = show_password(rq, account_id, &epoch, &retry_after);

	if (err != OK)
		return refuse(rq, err, retry_after);
	err = make(rq, &person, account_id, epoch);
	if (err == ERR_CONFLICT)
		return refused_page(rq, connection, ERR_UPSTREAM_STATE, NULL, NULL);
	TRY(err);
	return finish_person(rq, &person);
}
