/* refresh.c: metadata by address: fetched, read strictly, kept, and looked at again (SAML Metadata 2.0 4.3).
 */
#include "saml/refresh.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/fetch.h"
#include "people/audit.h"
#include "saml/service.h"
#include "store/db.h"
#include "store/saml.h"
#include "store/snapshot.h"

#define HOUR        ((int64_t)3600)
#define DAY         (24 * HOUR)
#define TROUBLE_MAX 300
#define AT_A_TIME   8

/* When it is looked at again: as its cacheDuration says, or the answer's max-age, within an hour and a day,
 * and an hour before it ends. */
static int64_t next_look(const struct work *work, int64_t seconds, int64_t valid_until)
{
	int64_t wait = seconds > 0 && seconds < DAY ? seconds : DAY;

	if (valid_until && valid_until - HOUR < work->now + wait)
		wait = valid_until - HOUR - work->now;
	return work->now + (wait < HOUR ? HOUR : wait);
}

/* The same as before: only its times move on. */
static void unchanged(const struct work *work, const struct app_metadata *before,
		      const struct fetch_answer *answer, struct app_metadata *out)
{
	*out = *before;
	out->fetched_at = work->now;
	out->next_at = next_look(work, answer->max_age, before->valid_until);
	out->trouble = NULL;
}

static enum err read_answer(struct work *work, const struct fetch_answer *answer, const char *entity_id,
			    struct app_metadata *out)
{
	const char *trouble = NULL, *xml = (const char *)answer->body.at;
	struct service service;

	if (!text_is_utf8(xml, answer->body.size))
		return fault(work, ERR_SAML_METADATA, "what stands there is no UTF-8 text");
	if (service_read(work->arena, xml, answer->body.size, entity_id, work->now,
			 work->app->config->development, &service, &trouble) != OK)
		return fault(work, ERR_SAML_METADATA, "what stands there is refused: %s", trouble);
	*out = (struct app_metadata){
		.xml = arena_textn(work->arena, xml, answer->body.size),
		.etag = answer->etag,
		.fetched_at = work->now,
		.next_at = next_look(work, service.cache_seconds ? service.cache_seconds : answer->max_age,
				     service.valid_until),
		.valid_until = service.valid_until,
	};
	return OK;
}

enum err metadata_fetch(struct work *work, const char *url, const char *entity_id,
			const struct app_metadata *before, struct app_metadata *out)
{
	struct fetch_answer answer = { 0 };
	const struct fetch_ask ask = { .url = url,
				       .accept = "application/samlmetadata+xml, application/xml, text/xml",
				       .if_none_match = before && before->xml ? before->etag : NULL };
	enum err err = fetch(work, &ask, &answer);

	if (err != OK)
		return fault(work, err, "it could not be fetched (%s): save the file and use metadata_file",
			     work->reason);
	if (answer.status == 304 && ask.if_none_match) {
		unchanged(work, before, &answer, out);
		return OK;
	}
	if (answer.status != 200)
		return fault(
			work, ERR_FETCH,
			"it could not be fetched (the answer is %ld): save the file and use metadata_file",
			answer.status);
	return read_answer(work, &answer, entity_id, out);
}

/* --- the job ----------------------------------------------------------------------------------------------
 */

static enum err note(struct work *work, const struct app_metadata *row)
{
	AUTO(json_done) json_t *extra = row->trouble ? json_pack("{s:s}", "trouble", row->trouble) : NULL;

	return audit(work, &(struct audit_note){ .event = row->trouble ? EVENT_APP_METADATA_FAILED
								       : EVENT_APP_METADATA_REFRESHED,
						 .outcome = row->trouble ? OUTCOME_FAIL : OUTCOME_OK,
						 .target_kind = "app",
						 .target_id = row->client_id,
						 .extra = extra });
}

/* What came of a look, once: who declared the app anew meanwhile has the later word. Told in the audit when
 * something is new: another text, another trouble. */
static enum err keep(struct work *work, const struct app_metadata *before, const struct app_metadata *after)
{
	bool won = false, fresh = !text_equal(before->xml, after->xml);
	bool told = after->trouble ? !text_equal(before->trouble, after->trouble) : fresh;
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(app_metadata_keep(work, after, before->next_at, &won));
	if (won && told)
		TRY(note(work, after));
	if (won && fresh)
		TRY(snapshot_touch(work));
	return tx_commit(&tx);
}

static enum err refresh(struct work *work, const struct app_metadata *before)
{
	const struct client *client = snapshot_saml(work->snapshot, before->client_id);
	struct app_metadata after = *before;

	if (!client || !client->saml.metadata_url)
		return OK; /* another node declared it just now: the lease ends by itself */
	if (metadata_fetch(work, client->saml.metadata_url, client->client_id, before, &after) != OK) {
		after = *before;
		after.next_at = work->now + HOUR;
		after.trouble = text_bounded(work->arena, work->reason, strlen(work->reason), TROUBLE_MAX);
		work->err = OK;
	}
	after.client_id = before->client_id;
	return keep(work, before, &after);
}

enum err metadata_refresh_due(struct work *work)
{
	for (int i = 0; i < AT_A_TIME; i++) {
		struct app_metadata before;
		bool found = false;

		TRY(app_metadata_take(work, &before, &found));
		if (!found)
			return OK;
		TRY(refresh(work, &before));
	}
	return OK;
}
