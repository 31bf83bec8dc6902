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
#include "saml/provider.h"
#include "saml/service.h"
#include "store/connections.h"
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
static void unchanged(const struct work *work, const struct metadata_copy *before,
		      const struct fetch_answer *answer, struct metadata_copy *out)
{
	*out = *before;
	out->fetched_at = work->now;
	out->next_at = next_look(work, answer->max_age, before->valid_until);
}

static enum err read_as(struct work *work, const char *xml, size_t size, const struct metadata_meant *meant,
			struct service *out, const char **trouble)
{
	bool development = work->app->config->development;
	struct provider provider;

	if (!meant->provider)
		return service_read(work->arena, xml, size, meant->entity_id, work->now, development, out,
				    trouble);
	TRY(provider_read(work->arena, xml, size, meant->entity_id, work->now, development, &provider,
			  trouble));
	*out = provider.entity;
	return OK;
}

static enum err read_answer(struct work *work, const struct fetch_answer *answer,
			    const struct metadata_meant *meant, struct metadata_copy *out)
{
	const char *trouble = NULL, *xml = (const char *)answer->body.at;
	struct service service;

	if (!text_is_utf8(xml, answer->body.size))
		return fault(work, ERR_SAML_METADATA, "what stands there is no UTF-8 text");
	if (read_as(work, xml, answer->body.size, meant, &service, &trouble) != OK)
		return fault(work, ERR_SAML_METADATA, "what stands there is refused: %s", trouble);
	*out = (struct metadata_copy){
		.xml = arena_textn(work->arena, xml, answer->body.size),
		.etag = answer->etag,
		.fetched_at = work->now,
		.next_at = next_look(work, service.cache_seconds ? service.cache_seconds : answer->max_age,
				     service.valid_until),
		.valid_until = service.valid_until,
	};
	return OK;
}

enum err metadata_fetch(struct work *work, const char *url, const struct metadata_meant *meant,
			const struct metadata_copy *before, struct metadata_copy *out)
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
	return read_answer(work, &answer, meant, out);
}

/* What failed waits for an hour and keeps what is there. */
static const char *failed(struct work *work, const struct metadata_copy *before, struct metadata_copy *out)
{
	*out = *before;
	out->next_at = work->now + HOUR;
	work->err = OK;
	return text_bounded(work->arena, work->reason, strlen(work->reason), TROUBLE_MAX);
}

/* What a look brought, for the record. */
struct seen {
	enum event refreshed, failed;
	const char *kind, *id;
	const char *trouble, *trouble_before;
	bool fresh; /* another text */
};

/* Told when something is new: another text, another trouble. */
static enum err tell(struct work *work, const struct seen *seen)
{
	if (seen->trouble ? text_equal(seen->trouble, seen->trouble_before) : !seen->fresh)
		return OK;
	AUTO(json_done) json_t *extra = seen->trouble ? json_pack("{s:s}", "trouble", seen->trouble) : NULL;

	return audit(work, &(struct audit_note){ .event = seen->trouble ? seen->failed : seen->refreshed,
						 .outcome = seen->trouble ? OUTCOME_FAIL : OUTCOME_OK,
						 .target_kind = seen->kind,
						 .target_id = seen->id,
						 .extra = extra });
}

/* --- apps ------------------------------------------------------------------------------------------------
 */

static struct metadata_copy copy_of_app(const struct app_metadata *row)
{
	return (struct metadata_copy){ row->xml, row->etag, row->fetched_at, row->next_at, row->valid_until };
}

static struct app_metadata app_row(const char *client_id, const struct metadata_copy *copy,
				   const char *trouble)
{
	return (struct app_metadata){ .client_id = client_id,
				      .xml = copy->xml,
				      .etag = copy->etag,
				      .fetched_at = copy->fetched_at,
				      .next_at = copy->next_at,
				      .valid_until = copy->valid_until,
				      .trouble = trouble };
}

/* What came of a look, once: who declared the app anew meanwhile has the later word. */
static enum err keep_app(struct work *work, const struct app_metadata *before,
			 const struct app_metadata *after)
{
	bool won = false;
	const struct seen seen = { .refreshed = EVENT_APP_METADATA_REFRESHED,
				   .failed = EVENT_APP_METADATA_FAILED,
				   .kind = "app",
				   .id = after->client_id,
				   .trouble = after->trouble,
				   .trouble_before = before->trouble,
				   .fresh = !text_equal(before->xml, after->xml) };
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(app_metadata_keep(work, after, before->next_at, &won));
	if (won)
		TRY(tell(work, &seen));
	if (won && seen.fresh)
		TRY(snapshot_touch(work));
	return tx_commit(&tx);
}

static enum err refresh_app(struct work *work, const struct app_metadata *row)
{
	const struct client *client = snapshot_saml(work->snapshot, row->client_id);
	const struct metadata_copy before = copy_of_app(row);
	struct metadata_copy after;
	const char *trouble = NULL;

	if (!client || !client->saml.metadata_url)
		return OK; /* another node declared it just now: the lease ends by itself */
	if (metadata_fetch(work, client->saml.metadata_url,
			   &(struct metadata_meant){ .entity_id = client->client_id }, &before, &after) != OK)
		trouble = failed(work, &before, &after);
	const struct app_metadata kept = app_row(row->client_id, &after, trouble);

	return keep_app(work, row, &kept);
}

static enum err refresh_apps(struct work *work)
{
	for (int i = 0; i < AT_A_TIME; i++) {
		struct app_metadata before;
		bool found = false;

		TRY(app_metadata_take(work, &before, &found));
		if (!found)
			return OK;
		TRY(refresh_app(work, &before));
	}
	return OK;
}

/* --- identity providers ----------------------------------------------------------------------------------
 */

static enum err keep_connection(struct work *work, const struct connection_metadata *before,
				const struct connection_metadata *after)
{
	bool won = false;
	const struct seen seen = { .refreshed = EVENT_CONNECTION_METADATA_REFRESHED,
				   .failed = EVENT_CONNECTION_METADATA_FAILED,
				   .kind = "connection",
				   .id = after->connection_id,
				   .trouble = after->trouble,
				   .trouble_before = before->trouble,
				   .fresh = !text_equal(before->xml, after->xml) };
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(connection_metadata_keep(work, after, before->next_at, &won));
	if (won)
		TRY(tell(work, &seen));
	if (won && seen.fresh)
		TRY(snapshot_touch(work));
	return tx_commit(&tx);
}

/* People are linked under this id: that another one stands at the address is for an administrator to decide,
 * who declares it. */
static const char *id_meant(struct work *work, const struct connection *connection, const char *xml)
{
	const char *trouble;
	struct provider provider;

	if (connection->entity_id || !xml ||
	    provider_read(work->arena, xml, strlen(xml), NULL, 0, work->app->config->development, &provider,
			  &trouble) != OK)
		return connection->entity_id;
	return provider.entity.entity_id;
}

static enum err refresh_connection(struct work *work, const struct connection_metadata *row)
{
	const struct connection *connection = snapshot_connection(work->snapshot, row->connection_id);
	const struct metadata_copy before = { row->xml, row->etag, row->fetched_at, row->next_at,
					      row->valid_until };
	struct connection_metadata kept = *row;
	struct metadata_copy after;

	if (!connection || connection->deleted || !connection->metadata_url)
		return OK;
	work->practice = connection->practice_id;
	kept.trouble = NULL;
	if (metadata_fetch(work, connection->metadata_url,
			   &(struct metadata_meant){ .provider = true,
						     .entity_id = id_meant(work, connection, row->xml) },
			   &before, &after) != OK)
		kept.trouble = failed(work, &before, &after);
	kept.xml = after.xml;
	kept.etag = after.etag;
	kept.fetched_at = after.fetched_at;
	kept.next_at = after.next_at;
	kept.valid_until = after.valid_until;
	return keep_connection(work, row, &kept);
}

static enum err refresh_connections(struct work *work)
{
	for (int i = 0; i < AT_A_TIME; i++) {
		struct connection_metadata before;
		bool found = false;

		TRY(connection_metadata_take(work, &before, &found));
		if (!found)
			return OK;
		enum err err = refresh_connection(work, &before);

		work->practice = NULL;
		TRY(err);
	}
	return OK;
}

enum err metadata_refresh_due(struct work *work)
{
	TRY(refresh_apps(work));
	return refresh_connections(work);
}
