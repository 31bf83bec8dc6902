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
#include "store/db.h"
#include "store/metadata.h"
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
static void unchanged(const struct work *work, const struct metadata_row *before,
		      const struct fetch_answer *answer, struct metadata_row *out)
{
	*out = *before;
	out->trouble = NULL;
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
			    const struct metadata_meant *meant, struct metadata_row *out)
{
	const char *trouble = NULL, *xml = (const char *)answer->body.at;
	struct service service;

	if (!text_is_utf8(xml, answer->body.size))
		return fault(work, ERR_SAML_METADATA, "what stands there is no UTF-8 text");
	if (read_as(work, xml, answer->body.size, meant, &service, &trouble) != OK)
		return fault(work, ERR_SAML_METADATA, "what stands there is refused: %s", trouble);
	*out = (struct metadata_row){
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
			const struct metadata_row *before, struct metadata_row *out)
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
	TRY(read_answer(work, &answer, meant, out));
	out->owner = before ? before->owner : NULL;
	return OK;
}

/* What failed waits for an hour and keeps what is there. */
static void failed(struct work *work, const struct metadata_row *before, struct metadata_row *out)
{
	*out = *before;
	out->next_at = work->now + HOUR;
	out->trouble = text_bounded(work->arena, work->reason, strlen(work->reason), TROUBLE_MAX);
	work->err = OK;
}

/* --- whose -------------------------------------------------------------------------------------------- */

struct source {
	const char *url;
	struct metadata_meant meant;
};

static bool app_source(struct work *work, const struct metadata_row *row, struct source *out)
{
	const struct client *client = snapshot_saml(work->snapshot, row->owner);

	if (!client || !client->saml.metadata_url)
		return false;
	*out = (struct source){ client->saml.metadata_url, { .entity_id = client->client_id } };
	return true;
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

static bool connection_source(struct work *work, const struct metadata_row *row, struct source *out)
{
	const struct connection *connection = snapshot_connection(work->snapshot, row->owner);

	if (!connection || connection->deleted || !connection->metadata_url)
		return false;
	work->practice = connection->practice_id;
	*out = (struct source){ connection->metadata_url,
				{ .provider = true, .entity_id = id_meant(work, connection, row->xml) } };
	return true;
}

static const struct side {
	enum metadata_side side;
	const char *kind;
	enum event refreshed, failed;
	/* Where to look now, and in whose name it is put on record. False: another node declared the owner
	 * just now, or it is gone: the lease ends by itself. */
	bool (*source)(struct work *work, const struct metadata_row *row, struct source *out);
} sides[] = {
	{ METADATA_OF_APP, "app", EVENT_APP_METADATA_REFRESHED, EVENT_APP_METADATA_FAILED, app_source },
	{ METADATA_OF_CONNECTION, "connection", EVENT_CONNECTION_METADATA_REFRESHED,
	  EVENT_CONNECTION_METADATA_FAILED, connection_source },
};

/* --- a look --------------------------------------------------------------------------------------------- */

static bool is_fresh(const struct metadata_row *before, const struct metadata_row *after)
{
	return !text_equal(before->xml, after->xml);
}

/* Told when something is new: another text, another trouble. */
static enum err tell(struct work *work, const struct side *side, const struct metadata_row *before,
		     const struct metadata_row *after)
{
	if (after->trouble ? text_equal(after->trouble, before->trouble) : !is_fresh(before, after))
		return OK;
	AUTO(json_done) json_t *extra = after->trouble ? json_pack("{s:s}", "trouble", after->trouble) : NULL;

	return audit(work, &(struct audit_note){ .event = after->trouble ? side->failed : side->refreshed,
						 .outcome = after->trouble ? OUTCOME_FAIL : OUTCOME_OK,
						 .target_kind = side->kind,
						 .target_id = after->owner,
						 .extra = extra });
}

/* What came of a look, once: who declared the owner anew meanwhile has the later word. */
static enum err keep(struct work *work, const struct side *side, const struct metadata_row *before,
		     const struct metadata_row *after)
{
	bool won = false;
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(metadata_keep(work, side->side, after, before->next_at, &won));
	if (won)
		TRY(tell(work, side, before, after));
	if (won && is_fresh(before, after))
		TRY(snapshot_touch(work));
	return tx_commit(&tx);
}

static enum err look(struct work *work, const struct side *side, const struct metadata_row *before)
{
	struct source source;
	struct metadata_row after;

	if (!side->source(work, before, &source))
		return OK;
	if (metadata_fetch(work, source.url, &source.meant, before, &after) != OK)
		failed(work, before, &after);
	return keep(work, side, before, &after);
}

static enum err look_at_due(struct work *work, const struct side *side)
{
	for (int i = 0; i < AT_A_TIME; i++) {
		struct metadata_row before;
		bool found = false;

		TRY(metadata_take(work, side->side, &before, &found));
		if (!found)
			return OK;
		enum err err = look(work, side, &before);

		work->practice = NULL;
		TRY(err);
	}
	return OK;
}

enum err metadata_refresh_due(struct work *work)
{
	for (size_t i = 0; i < COUNT(sides); i++)
		TRY(look_at_due(work, &sides[i]));
	return OK;
}
