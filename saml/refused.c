/* refused.c: messages that were refused, on record. */
#include "base/base.h"

#include <stdatomic.h>

#include "base/app.h"
#include "base/log.h"
#include "base/text.h"
#include "http/request.h"
#include "people/audit.h"
#include "saml/refused.h"
#include "saml/sign_on.h"
#include "store/snapshot.h"

/* Anybody can send us such messages: so many rows in so many seconds, the others leave a line in the log
 * alone. */
#define ROWS_MAX    100
#define ROWS_WINDOW 10

static bool may_record(int64_t now)
{
	static _Atomic int64_t window, rows;
	int64_t began = window, here = now / ROWS_WINDOW;

	if (began != here && atomic_compare_exchange_strong(&window, &began, here))
		rows = 0;
	return atomic_fetch_add(&rows, 1) < ROWS_MAX;
}

static enum err log_alone(const struct work *w, const char *word, enum err code)
{
	log_event(LOG_INFO, "saml.refused", "word", word, "reason", w->reason, "reference", w->request_id,
		  "address", w->actor.address, NULL);
	return code;
}

/* Under the practice of an app that serves only one; what nobody sent stands under none. */
static const char *practice_of(const struct client *client)
{
	const char *const *ids = client ? client->practices : NULL;

	return ids && ids[0] && !ids[1] ? ids[0] : NULL;
}

enum err saml_refused(struct request *rq, const char *entity_id, const char *word, enum err code)
{
	struct work *w = &rq->w;
	const struct error_row *row = error_row(code);
	const char *reason = w->reason;

	if (row->http >= 500)
		return code;
	word = word ? word : row->word;
	if (!may_record(w->now))
		return log_alone(w, word, code);
	if (!w->practice)
		w->practice = practice_of(snapshot_saml(w->snapshot, entity_id));
	TRY(audit(w, &(struct audit_note){ .event = EVENT_SAML_REFUSED,
					   .outcome = OUTCOME_DENY,
					   .reason = word,
					   .target_kind = entity_id ? "client" : NULL,
					   .target_id = entity_id }));
	return reason && text_starts(reason, word) ? code
						   : fault(w, code, "%s: %s", word, reason ? reason : "");
}

/* What is our own trouble, or the store's, is none of the provider's. */
static bool is_theirs(enum err code)
{
	return error_row(code)->http < 500 || code == ERR_UPSTREAM_ANSWER;
}

enum err saml_sp_refused(struct request *rq, const struct connection *connection, const char *word,
			 enum err code)
{
	struct work *w = &rq->w;
	const char *reason = w->reason;

	if (!is_theirs(code))
		return code;
	word = word ? word : error_row(code)->word;
	if (!may_record(w->now))
		return log_alone(w, word, code);
	w->practice = connection->practice_id;
	TRY(audit(w, &(struct audit_note){ .event = EVENT_UPSTREAM_REFUSED,
					   .outcome = OUTCOME_DENY,
					   .reason = word,
					   .target_kind = "connection",
					   .target_id = connection->id }));
	return fault(w, code, "%s", reason ? reason : word);
}
