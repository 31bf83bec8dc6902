/* upstream.h: connections of the test world, and people who come by them. */
#ifndef PEOPLE_UPSTREAM_H
#define PEOPLE_UPSTREAM_H

#include "world.h"

#include "people/connection.h"
#include "people/connector.h"
#include "people/provision.h"
#include "store/accounts.h"
#include "store/connections.h"
#include "store/db.h"
#include "store/events.h"
#include "store/metadata.h"
#include "store/roles.h"

static const char *upstream_trouble; /* what the protocol says of a declaration */
static enum err upstream_fetched;    /* what metadata_url answers */
static int upstream_fetches;

static const char *stub_trouble(struct work *work, const json_t *whole, const char *metadata, bool known)
{
	(void)work, (void)whole, (void)metadata, (void)known;
	return upstream_trouble;
}

static enum err stub_fetch(struct work *work, const char *url, struct metadata_row *out)
{
	upstream_fetches++;
	if (upstream_fetched != OK)
		return fault(work, upstream_fetched, "%s does not answer", url);
	*out = (struct metadata_row){ .xml = "<md/>", .fetched_at = work->now, .next_at = work->now + 3600 };
	return OK;
}

static const struct connector stub_oidc = { .protocol = "oidc", .trouble = stub_trouble };
static const struct connector stub_saml = { .protocol = "saml",
					    .trouble = stub_trouble,
					    .fetch = stub_fetch };
static const struct connector *const stub_connectors[] = { &stub_oidc, &stub_saml, NULL };

/* The world of world.h, with domains of the practice and who speaks its connections' protocols. */
UNUSED static void upstream_practice(struct hand *hand, const char *id, const char *domain)
{
	bool changed = false;

	world_practice(hand, id);
	world.app.connectors = stub_connectors;
	const struct practice_change change = { .id = id, .domains = (const char *const[]){ domain, NULL } };

	assert_ok(hand, in_tx(hand, practice_apply(&hand->w, &change, &changed)));
	assert_ok(hand, snapshot_renew(&hand->w));
}

static void release_value(void *value)
{
	json_decref(value);
}

/* ' for " */
static json_t *json_of(struct hand *hand, const char *text)
{
	char *quoted = arena_text(hand->arena, text);

	for (char *at = quoted; (at = strchr(at, '\'')); at++)
		*at = '"';
	json_t *value = json_read(quoted, strlen(quoted));

	if (!value)
		fail_msg("not JSON: %s", text);
	arena_defer(hand->arena, release_value, value);
	return value;
}

UNUSED static enum err upstream_try(struct hand *hand, const char *declared, bool *changed)
{
	struct connection_change change = { .declared = json_of(hand, declared) };
	const char *message = NULL;
	bool created = false;

	TRY(connection_prepare(&hand->w, &change, &message));
	return in_tx(hand, connection_apply(&hand->w, &change, &created, changed));
}

/* Declares it; what is answered outlives the picture that it was seen in. */
UNUSED static const struct connection *upstream_declare(struct hand *hand, const char *declared)
{
	bool changed = false;
	const char *id = json_get_text(json_of(hand, declared), "id");
	struct connection *copy = arena_new_of(hand->arena, struct connection);

	assert_ok(hand, upstream_try(hand, declared, &changed));
	assert_ok(hand, snapshot_renew(&hand->w));
	const struct connection *seen = snapshot_connection(hand->w.snapshot, id);

	assert_non_null(seen);
	connection_fill(hand->arena, json_of(hand, json_text(hand->arena, seen->declaration)), copy);
	copy->practice_id = hand->w.practice;
	copy->sealed_secret = arena_bytes(hand->arena, seen->sealed_secret);
	return copy;
}

/* ID, an issuer of its own, a rule for Doctors and one for Owners, and more members. */
UNUSED static const struct connection *upstream_okta(struct hand *hand, const char *id, const char *more)
{
	static const char form[] =
		"{'id': '%s', 'protocol': 'oidc', 'issuer': 'https://%s.example', 'client_id': 'lanyard',"
		" 'mapping': [{'when': {'claim': 'groups', 'contains': 'Doctors'},"
		"   'grant': {'role': 'provider', 'locations': ['main']}},"
		"  {'when': {'claim': 'groups', 'contains': 'West'},"
		"   'grant': {'role': 'manager', 'locations': ['west']}},"
		"  {'when': {'claim': 'groups', 'contains': 'Owners'},"
		"   'grant': {'role': 'owner', 'locations': 'all'}},"
		"  {'when': {'claim': 'groups', 'contains': 'Guests'}, 'grant': {'class': 'external'}}]%s}";

	return upstream_declare(hand, arena_print(hand->arena, form, id, id, more));
}

/* Somebody with a verified address; groups as JSON. */
UNUSED static struct upstream_person upstream_person(struct hand *hand, const struct connection *connection,
						     const char *subject, const char *email,
						     const char *groups)
{
	const char *claims = arena_print(hand->arena, "{'groups': %s}", groups);

	return (struct upstream_person){ .connection = connection,
					 .issuer = connection->issuer,
					 .subject = subject,
					 .email = email,
					 .email_verified = true,
					 .given_name = "Ada",
					 .family_name = "Okafor",
					 .claims = json_of(hand, claims) };
}

UNUSED static struct provisioned come(struct hand *hand, const struct upstream_person *person)
{
	struct provisioned out = { 0 };

	hand->w.now_us += 1000; /* events are read in the order of their time */
	assert_ok(hand, provision(&hand->w, person, &out));
	return out;
}

UNUSED static void assert_refused(struct hand *hand, const struct upstream_person *person, const char *reason)
{
	struct provisioned out = come(hand, person);

	assert_int_equal(out.verdict, PROVISION_REFUSED);
	assert_string_equal(out.reason, reason);
}

UNUSED static struct account_row account(struct hand *hand, const char *id)
{
	struct account_row row;
	bool found = false;

	assert_ok(hand, accounts_by_id(&hand->w, id, &row, &found));
	assert_true(found);
	return row;
}

UNUSED static int by_words(const void *a, const void *b)
{
	const struct assignment_row *one = a, *other = b;
	int order = strcmp(one->source, other->source);

	return order ? order : strcmp(one->role_id, other->role_id);
}

/* "base:owner@* mapping:provider@main", by source and role */
UNUSED static const char *holds(struct hand *hand, const char *account_id)
{
	struct assignment_row *rows = NULL;
	size_t count = 0;
	const char *text = "";

	assert_ok(hand, assignments_of(&hand->w, account_id, &rows, &count));
	qsort(rows, count, sizeof *rows, by_words);
	for (size_t i = 0; i < count; i++)
		text = arena_print(hand->arena, "%s%s%s:%s@%s", text, *text ? " " : "", rows[i].source,
				   rows[i].role_id, rows[i].locations);
	return text;
}

UNUSED static void give(struct hand *hand, const char *account_id, const char *role)
{
	struct assignment base = { .role_id = role };
	bool changed = false;

	assert_ok(hand, in_tx(hand, assignments_replace(&hand->w, account_id, "base", &base, 1, &changed)));
}

UNUSED static const struct event_row *newest(struct hand *hand, const char *type)
{
	struct event_row *rows = NULL;
	size_t count = 0;

	assert_ok(hand, events_list(&hand->w, type, 0, 1, &rows, &count));
	assert_int_equal(count, 1);
	return &rows[0];
}

UNUSED static int rows_written(struct hand *hand)
{
	return count_of(hand,
			"SELECT (SELECT COUNT(*) FROM account WHERE practice_id = $1) +"
			" (SELECT COUNT(*) FROM upstream_link WHERE practice_id = $1) +"
			" (SELECT COUNT(*) FROM assignment WHERE practice_id = $1) +"
			" (SELECT COUNT(*) FROM event WHERE practice_id = $1)",
			V_TEXT(hand->w.practice));
}

#endif
