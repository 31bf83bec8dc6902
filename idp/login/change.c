/* change.c: a password that somebody else chose is replaced first of all (guide 003: force change). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "http/request.h"
#include "keys/password.h"
#include "login/steps.h"
#include "pages.h"
#include "people/account.h"
#include "people/credential.h"
#include "people/practice.h"
#include "store/db.h"
#include "store/snapshot.h"

static enum err draw(struct request *rq, const struct visit *visit, const struct trouble *trouble)
{
	AUTO_BUF page = BUF(64 * KB);

	page_change_password(&page, &(struct page_change_password){
					    .frame = sign_in_frame(rq),
					    .flow = rq->flow->id,
					    .csrf = flow_csrf(rq),
					    .username = visit->subject.account.email,
					    .message = trouble_text(rq, trouble),
					    .code = trouble_word(trouble),
					    .length = policy_password_min(&visit->practice->policy),
				    });
	return sign_in_page(rq, &page, trouble);
}

static enum err draw_weak(struct request *rq, const struct visit *visit, const char *why)
{
	const char *key = why ? arena_print(rq->w.arena, "change_password.%s", why) : NULL;

	if (key && !catalog_text(rq->messages, key))
		key = NULL;
	return draw(rq, visit, &(struct trouble){ .code = ERR_PASSWORD_WEAK, .key = key });
}

enum err change_show(struct request *rq)
{
	struct visit visit;
	bool elsewhere;

	TRY(step_enter(rq, "change", &visit, &elsewhere));
	return elsewhere ? OK : draw(rq, &visit, &(struct trouble){ 0 });
}

/* The new hash, or ERR_PASSWORD_WEAK and why. */
static enum err hash_new(struct request *rq, const struct visit *visit, char **hash, const char **why)
{
	const char *first = form_get(&rq->form, "new_password");
	const char *second = form_get(&rq->form, "new_password_again");

	*why = "too_short";
	if (text_is_empty(first))
		return ERR_PASSWORD_WEAK;
	*why = "again_differs";
	if (!second || strcmp(first, second) != 0)
		return ERR_PASSWORD_WEAK;
	*why = "same";
	switch (password_check(rq->w.app->passwords, first, rq->flow->old_password)) {
	case PASSWORD_WRONG:
		break;
	case PASSWORD_BUSY:
		return fault(&rq->w, ERR_UNAVAILABLE, "no slot to hash in");
	case PASSWORD_RIGHT:
	case PASSWORD_RIGHT_UPGRADE:
		return ERR_PASSWORD_WEAK;
	}
	return credential_hash_new(&rq->w, &visit->subject.account, first, hash, why);
}

/* The account's epoch moves with the password; the proof goes on as of the new one. */
static enum err save_password(struct request *rq, const char *hash)
{
	struct flow *flow = rq->flow;
	struct subject after;
	AUTO(tx_end) struct tx tx = tx_begin(&rq->w);

	TRY(account_set_password(&rq->w, flow->account_id, hash, false));
	TRY(subject_load(&rq->w, flow->account_id, &after));
	flow->epoch = after.account.epoch;
	flow->must_change = false;
	flow->old_password = NULL;
	TRY(flow_save(rq));
	return tx_commit(&tx);
}

enum err change_submit(struct request *rq)
{
	struct visit visit;
	bool elsewhere;
	char *hash = NULL;
	const char *why = NULL;

	TRY(step_enter(rq, "change", &visit, &elsewhere));
	if (elsewhere)
		return OK;

	enum err err = hash_new(rq, &visit, &hash, &why);

	if (err == ERR_PASSWORD_WEAK)
		return draw_weak(rq, &visit, why);
	TRY(err);
	err = save_password(rq, hash);
	return err == OK || err == ERR_CONFLICT ? flow_next(rq) : err;
}
