/* upstream_examine.c: does a SAML connection work, as far as can be seen without a person? */
#include "saml/upstream.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "http/fetch.h"
#include "saml/provider.h"
#include "saml/saml.h"
#include "saml/shelf.h"
#include "store/connections.h"
#include "store/metadata.h"
#include "store/snapshot.h"

#define DAY        86400
#define DAYS_EARLY 30 /* to ask for new metadata */
#define DAYS_OLD   30 /* of a copy by hand nobody looks at again */

struct look {
	struct work *w;
	const struct connection *connection;
	const struct provider *provider;
	json_t *rows;
};

static const char renew[] =
	"Get new metadata from the provider: lanyard connection set ID --metadata FILE|URL";

static void found(struct look *look, const char *check, const char *outcome, const char *why,
		  const char *mend)
{
	saml_finding(look->rows, check, outcome, why, mend);
}

static int64_t days_until(const struct look *look, int64_t at)
{
	return (at - look->w->now) / DAY;
}

static const char *days_told(struct look *look, const char *what, int64_t at)
{
	return arena_print(look->w->arena, "%s: %" PRId64 " days left (%s)", what, days_until(look, at),
			   clock_rfc3339(look->w->arena, at));
}

/* A key is trusted for standing in the metadata, ended or not; that it ended says that a new one is coming.
 */
static void look_at_certificates(struct look *look)
{
	const struct service *entity = &look->provider->entity;

	for (size_t i = 0; i < entity->certificate_count; i++) {
		const struct certificate *one = &entity->certificates[i];
		bool soon = days_until(look, one->not_after) <= DAYS_EARLY;

		if (one->signing)
			found(look, "certificate", soon ? "warn" : "ok",
			      days_told(look, one->subject, one->not_after), soon ? renew : NULL);
	}
}

static void look_at_validity(struct look *look)
{
	int64_t until = look->provider->entity.valid_until;

	if (until)
		found(look, "valid_until",
		      days_until(look, until) <= 1 && !look->connection->metadata_url ? "warn" : "ok",
		      days_told(look, "metadata", until), look->connection->metadata_url ? NULL : renew);
}

static enum err look_at_refresh(struct look *look)
{
	struct metadata_row row;
	bool known = false;

	if (!look->connection->metadata_url || !look->w->db)
		return OK;
	TRY(metadata_find(look->w, METADATA_OF_CONNECTION, look->connection->id, &row, &known));
	if (!known)
		return OK;
	if (row.trouble)
		found(look, "refresh", "warn", row.trouble,
		      "Look at metadata_url; what was fetched before is used until its validUntil.");
	else
		found(look, "refresh", look->w->now - row.fetched_at > DAYS_OLD * DAY ? "warn" : "ok",
		      arena_print(look->w->arena, "fetched %s",
				  clock_rfc3339(look->w->arena, row.fetched_at)),
		      NULL);
	return OK;
}

static void look_at_logout(struct look *look)
{
	bool can = service_slo(&look->provider->entity, BINDING_REDIRECT);

	if (look->connection->upstream_logout && !can)
		found(look, "logout", "fail", "the metadata has no SingleLogoutService for HTTP-Redirect",
		      "Switch upstream_logout off, or have the provider offer it.");
	else
		found(look, "logout", "ok",
		      can ? "the provider takes and sends logouts" : "the provider offers no logout", NULL);
}

static void look_at_requests(struct look *look)
{
	bool unsigned_ = !look->connection->sign_requests && look->provider->wants_requests_signed;

	found(look, "requests", unsigned_ ? "fail" : "ok",
	      unsigned_ ? "the provider takes signed requests alone" : NULL,
	      unsigned_ ? "Set sign_requests." : NULL);
	if (look->connection->allow_legacy_encryption)
		found(look, "encryption", "warn", "AES-CBC and RSA 1.5 are read, too: a deviation",
		      "Have the provider encrypt with AES-GCM and RSA-OAEP, or not at all.");
	if (look->connection->allow_idp_initiated)
		found(look, "unsolicited", "warn",
		      "answers that nobody asked for are taken: anybody can sign a person in as somebody "
		      "else",
		      "Prefer a link to the app, which asks.");
}

/* Its clock as its answers say it. */
static void look_at_clock(struct look *look, const struct fetch_answer *answer)
{
	int64_t ahead = answer->date - clock_now_us() / 1000000, off = ahead < 0 ? -ahead : ahead;

	if (!answer->date)
		found(look, "clock", "warn", "the provider does not say what time it is", NULL);
	else if (off <= SAML_SKEW / 2)
		found(look, "clock", "ok", NULL, NULL);
	else
		found(look, "clock", off > SAML_SKEW ? "fail" : "warn",
		      arena_print(look->w->arena, "the provider's clock is %" PRId64 " s %s ours", off,
				  ahead > 0 ? "ahead of" : "behind"),
		      "Set both machines' clocks by NTP.");
}

static void look_at_address(struct look *look)
{
	struct work *w = look->w;
	struct fetch_answer answer = { 0 };
	const char *address = look->provider->sso[0].location;
	enum err err = fetch(w, &(struct fetch_ask){ .url = address }, &answer);

	w->err = OK;
	if (err == ERR_FETCH_REFUSED)
		found(look, "sign_on", "warn",
		      arena_print(w->arena, "%s may not be asked from here", address),
		      "Name its host or network in outbound.allow, so that it can be seen when it is down.");
	else if (err != OK)
		found(look, "sign_on", "fail", arena_print(w->arena, "%s: %s", address, w->reason), NULL);
	else
		found(look, "sign_on", answer.status < 500 ? "ok" : "fail",
		      arena_print(w->arena, "%s answers %ld", address, answer.status), NULL);
	if (err == OK)
		look_at_clock(look, &answer);
}

enum err saml_examine(struct work *w, const struct connection *connection, json_t **findings)
{
	struct look look = { .w = w, .connection = connection, .rows = json_array() };

	*findings = look.rows;
	if (shelf_provider(w, connection, &look.provider) != OK) {
		found(&look, "metadata", "fail", w->reason, renew);
		w->err = OK;
		return look_at_refresh(&look);
	}
	found(&look, "metadata", "ok", look.provider->entity.entity_id, NULL);
	look_at_validity(&look);
	look_at_certificates(&look);
	look_at_requests(&look);
	look_at_logout(&look);
	TRY(look_at_refresh(&look));
	look_at_address(&look);
	return OK;
}
