/* response_checks.c: the table of what must hold of a Response and its Assertion (SAML Core 2.3
 * to 2.7, 3.2.2, 3.4; Profiles 4.1.4.2, 4.1.4.3, 4.1.4.5, 4.1.5). A row each; the signature has been verified
 * before, or in part is yet to be, so that nothing is done with what is read here until all of it holds. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "saml/provider.h"
#include "saml/response_reading.h"
#include "saml/tree.h"
#include "store/snapshot.h"

#define STATUS_SUCCESS "urn:oasis:names:tc:SAML:2.0:status:Success"
#define METHOD_BEARER  "urn:oasis:names:tc:SAML:2.0:cm:bearer"
#define SAID_MAX       200

/* --- helpers ----------------------------------------------------------------------------------------- */

static const char *attribute(struct response_reading *a, const xmlNode *node, const char *name)
{
	return node ? tree_attribute(a->work->arena, node, name) : NULL;
}

static const char *told(struct response_reading *a, const char *what, const char *text)
{
	return arena_print(a->work->arena, "%s %s", what, reading_told(&a->r, text));
}

/* A time that is there and can be read; 0: it is not there; -1: it is none. */
static int64_t time_of(struct response_reading *a, const xmlNode *node, const char *name)
{
	int64_t at = 0;

	return !node || tree_time(a->work->arena, node, name, &at) ? at : -1;
}

static const char *wrong_instant(struct response_reading *a, int64_t at)
{
	int64_t now = a->work->now;

	if (at > now + SAML_SKEW)
		return arena_print(a->work->arena, "%" PRId64 " s ahead of our clock", at - now);
	if (at < now - SAML_REQUEST_LIFETIME - SAML_SKEW)
		return arena_print(a->work->arena, "%" PRId64 " s old", now - at);
	return NULL;
}

/* Both must be there and equal where somebody asked, neither where nobody did (Profiles 4.1.4.5, 4.1.5). */
static const char *wrong_request(struct response_reading *a, const char *said)
{
	const char *asked = a->ask->request_id;

	if (a->ask->findings || (asked ? text_equal(said, asked) : !said))
		return NULL;
	return asked ? told(a, "not ours:", said) : told(a, "nobody asked, and it answers", said);
}

/* --- the Response ------------------------------------------------------------------------------------ */

static const char *last_part(const char *uri)
{
	const char *colon = uri ? strrchr(uri, ':') : NULL;

	return colon ? colon + 1 : uri;
}

static const char *wrong_status(struct response_reading *a)
{
	static const struct slot parts[] = {
		{ NS_PROTOCOL, "StatusCode", SLOT_ONE },
		{ NS_PROTOCOL, "StatusMessage", SLOT_MAYBE },
		{ NS_PROTOCOL, "StatusDetail", SLOT_MAYBE },
	};
	xmlNode *found[COUNT(parts)];

	if (!tree_sequence(a->status, parts, COUNT(parts), found))
		return "a Status that is not of its parts";
	const char *value = attribute(a, found[0], "Value");
	const char *inner = attribute(a, tree_child(found[0], NS_PROTOCOL, "StatusCode"), "Value");
	const char *message = found[1] ? tree_text(a->work->arena, found[1]) : NULL;

	if (text_equal(value, STATUS_SUCCESS))
		return NULL;
	return arena_print(a->work->arena, "%s%s%s%s%s", reading_told(&a->r, last_part(value)),
			   inner ? " " : "", inner ? reading_told(&a->r, last_part(inner)) : "",
			   message ? ": " : "",
			   message ? text_bounded(a->work->arena, message, strlen(message), SAID_MAX) : "");
}

/* Bindings 3.5.5.2: a signed message names its address. */
static const char *wrong_destination(struct response_reading *a)
{
	const char *destination = a->response.head.destination;

	if (text_is_empty(destination))
		return a->response.signature ? "signed, and without Destination" : NULL;
	return text_equal(destination, a->ask->acs) ? NULL : told(a, "is", destination);
}

static const char *wrong_in_response_to(struct response_reading *a)
{
	return wrong_request(a, a->response.head.in_response_to);
}

static const char *wrong_response_issuer(struct response_reading *a)
{
	const char *issuer = a->response.head.issuer;

	return !issuer || text_equal(issuer, a->ask->provider->entity.entity_id) ? NULL
										 : told(a, "is", issuer);
}

static const char *wrong_response_time(struct response_reading *a)
{
	return wrong_instant(a, a->response.head.issue_instant);
}

/* --- the Assertion ----------------------------------------------------------------------------------- */

static const char *wrong_assertion_issuer(struct response_reading *a)
{
	const char *issuer = a->assertion.head.issuer;

	return text_equal(issuer, a->ask->provider->entity.entity_id) ? NULL : told(a, "is", issuer);
}

static const char *wrong_assertion_time(struct response_reading *a)
{
	return wrong_instant(a, a->assertion.head.issue_instant);
}

/* One that is not understood makes the assertion's validity unknown (Core 2.5.1). A ProxyRestriction is
 * understood, and would keep us from saying anything on the strength of it. OneTimeUse is what we do. */
static const char *wrong_conditions(struct response_reading *a)
{
	size_t once = 0;

	if (!a->conditions)
		return "there are none";
	for (const xmlNode *node = tree_first(a->conditions); node; node = tree_next(node)) {
		once += tree_is(node, NS_ASSERTION, "OneTimeUse");
		if (!tree_is(node, NS_ASSERTION, "AudienceRestriction") &&
		    !tree_is(node, NS_ASSERTION, "OneTimeUse"))
			return told(a, "not known:", (const char *)node->name);
	}
	return once > 1 ? "OneTimeUse twice" : NULL;
}

static const char *wrong_start(struct response_reading *a)
{
	int64_t at = time_of(a, a->conditions, "NotBefore");

	if (at < 0)
		return "NotBefore is no time";
	return at <= a->work->now + SAML_SKEW
		       ? NULL
		       : arena_print(a->work->arena, "in %" PRId64 " s", at - a->work->now);
}

static const char *wrong_end_of(struct response_reading *a, const xmlNode *node, bool needed)
{
	int64_t at = time_of(a, node, "NotOnOrAfter");

	if (at < 0 || (needed && at == 0))
		return "NotOnOrAfter is missing, or no time";
	return at == 0 || a->work->now < at + SAML_SKEW
		       ? NULL
		       : arena_print(a->work->arena, "%" PRId64 " s ago", a->work->now - at);
}

static const char *wrong_end(struct response_reading *a)
{
	return wrong_end_of(a, a->conditions, false);
}

/* Of the audiences in one restriction each counts; of two restrictions both would have to hold
 * (Core 2.5.1.4), and nobody sends two. */
static const char *wrong_audience(struct response_reading *a)
{
	const xmlNode *one =
		a->conditions ? tree_child(a->conditions, NS_ASSERTION, "AudienceRestriction") : NULL;
	const char *said = NULL;

	if (!one || tree_following(one))
		return one ? "two AudienceRestrictions" : "no AudienceRestriction";
	for (const xmlNode *node = tree_first(one); node; node = tree_next(node)) {
		said = tree_is(node, NS_ASSERTION, "Audience") ? tree_trimmed(a->work->arena, node) : NULL;
		if (text_equal(said, a->ask->audience))
			return NULL;
	}
	return told(a, "it is for", said);
}

/* Finds it, too: the rows below look at nothing where it is not as it should be. */
static const char *wrong_confirmation(struct response_reading *a)
{
	static const struct slot parts[] = { { NS_ASSERTION, "NameID", SLOT_MAYBE },
					     { NS_ASSERTION, "SubjectConfirmation", SLOT_MAYBE } };
	static const struct slot inner[] = { { NS_ASSERTION, "NameID", SLOT_MAYBE },
					     { NS_ASSERTION, "SubjectConfirmationData", SLOT_ONE } };
	xmlNode *found[COUNT(parts)], *within[COUNT(inner)];

	if (!a->subject || !tree_sequence(a->subject, parts, COUNT(parts), found) || !found[1])
		return "not one SubjectConfirmation in a Subject, or an encrypted name";
	const char *method = attribute(a, found[1], "Method");

	if (!text_equal(method, METHOD_BEARER))
		return told(a, "by", method);
	if (!tree_sequence(found[1], inner, COUNT(inner), within))
		return "without SubjectConfirmationData";
	a->confirmation = found[1];
	a->confirmation_data = within[1];
	return NULL;
}

static const char *wrong_recipient(struct response_reading *a)
{
	const char *recipient = attribute(a, a->confirmation_data, "Recipient");

	return text_equal(recipient, a->ask->acs) ? NULL : told(a, "is", recipient);
}

static const char *wrong_confirmation_end(struct response_reading *a)
{
	return a->confirmation_data ? wrong_end_of(a, a->confirmation_data, true) : "there is none";
}

static const char *wrong_confirmation_start(struct response_reading *a)
{
	return attribute(a, a->confirmation_data, "NotBefore") ? "NotBefore is there" : NULL;
}

static const char *wrong_confirmation_request(struct response_reading *a)
{
	return wrong_request(a, attribute(a, a->confirmation_data, "InResponseTo"));
}

/* Finds it, too. */
static const char *wrong_statement(struct response_reading *a)
{
	xmlNode *one = tree_child(a->assertion.node, NS_ASSERTION, "AuthnStatement");

	if (!one || tree_following(one))
		return one ? "several" : "none";
	if (time_of(a, one, "AuthnInstant") <= 0)
		return told(a, "AuthnInstant is", attribute(a, one, "AuthnInstant"));
	if (!tree_child(one, NS_ASSERTION, "AuthnContext"))
		return "without AuthnContext";
	a->authn = one;
	return NULL;
}

static const char *wrong_authn_instant(struct response_reading *a)
{
	int64_t at = time_of(a, a->authn, "AuthnInstant"), since = a->ask->fresh_since;

	if (at > a->work->now + SAML_SKEW)
		return arena_print(a->work->arena, "%" PRId64 " s ahead of our clock", at - a->work->now);
	if (since && at + SAML_SKEW < since)
		return arena_print(a->work->arena, "%" PRId64 " s before we asked", since - at);
	return NULL;
}

static const char *wrong_session_end(struct response_reading *a)
{
	int64_t at = time_of(a, a->authn, "SessionNotOnOrAfter");

	if (at < 0)
		return "SessionNotOnOrAfter is no time";
	return at == 0 || a->work->now < at
		       ? NULL
		       : arena_print(a->work->arena, "%" PRId64 " s ago", a->work->now - at);
}

/* --- the table --------------------------------------------------------------------------------------- */

struct row {
	enum saml_word word;
	enum response_part part;
	const char *section;
	const char *(*wrong)(struct response_reading *a); /* NULL: it holds */
	bool ages;                                        /* fails of one that was good and is old */
};

/* clang-format off */
static const struct row rows[] = {
	{ WORD_RESPONSE_STATUS,              OF_RESPONSE,  "Core 3.2.2.2",          wrong_status, false },
	{ WORD_RESPONSE_DESTINATION,         OF_RESPONSE,  "Bindings 3.5.5.2",      wrong_destination, false },
	{ WORD_RESPONSE_IN_RESPONSE_TO,      OF_RESPONSE,  "Core 3.2.2",            wrong_in_response_to, false },
	{ WORD_RESPONSE_ISSUER,              OF_RESPONSE,  "Profiles 4.1.4.2",      wrong_response_issuer, false },
	{ WORD_RESPONSE_TIME,                OF_RESPONSE,  "Core 3.2.2",            wrong_response_time, true },
	{ WORD_ASSERTION_ISSUER,             OF_ASSERTION, "Profiles 4.1.4.2",      wrong_assertion_issuer, false },
	{ WORD_ASSERTION_TIME,               OF_ASSERTION, "Core 2.3.3",            wrong_assertion_time, true },
	{ WORD_CONDITIONS,                   OF_ASSERTION, "Core 2.5.1",            wrong_conditions, false },
	{ WORD_CONDITIONS_EARLY,             OF_ASSERTION, "Core 2.5.1.2",          wrong_start, false },
	{ WORD_CONDITIONS_LATE,              OF_ASSERTION, "Core 2.5.1.2",          wrong_end, true },
	{ WORD_AUDIENCE,                     OF_ASSERTION, "Profiles 4.1.4.2",      wrong_audience, false },
	{ WORD_CONFIRMATION,                 OF_ASSERTION, "Profiles 4.1.4.2, 3.3", wrong_confirmation, false },
	{ WORD_CONFIRMATION_RECIPIENT,       OF_ASSERTION, "Profiles 4.1.4.2",      wrong_recipient, false },
	{ WORD_CONFIRMATION_LATE,            OF_ASSERTION, "Profiles 4.1.4.2",      wrong_confirmation_end, true },
	{ WORD_CONFIRMATION_EARLY,           OF_ASSERTION, "Profiles 4.1.4.2",      wrong_confirmation_start, false },
	{ WORD_CONFIRMATION_IN_RESPONSE_TO,  OF_ASSERTION, "Profiles 4.1.4.2",      wrong_confirmation_request, false },
	{ WORD_AUTHN_STATEMENT,              OF_ASSERTION, "Core 2.7.2",            wrong_statement, false },
	{ WORD_AUTHN_OLD,                    OF_ASSERTION, "Core 3.4.1",            wrong_authn_instant, false },
	{ WORD_SESSION_OVER,                 OF_ASSERTION, "Core 2.7.2",            wrong_session_end, true },
};
/* clang-format on */

static void add_finding(struct response_reading *a, enum saml_word word, const char *why, const char *mend,
			bool ages)
{
	json_t *found = json_pack("{s:s, s:s}", "check", saml_words[word].word, "outcome",
				  why == NULL ? "ok"
				  : ages      ? "warn"
					      : "fail");

	json_set_text(found, "why", why);
	if (why)
		json_set_text(found, "mend", mend);
	int failed = json_array_append_new(a->ask->findings, found);

	assert(!failed);
}

static void add_row(struct response_reading *a, const struct row *row, const char *why)
{
	add_finding(a, row->word, why,
		    row->ages ? "An answer that was pasted late: fine for a preview."
			      : arena_print(a->work->arena, "Refused: %s (SAML %s).",
					    saml_words[row->word].meaning, row->section),
		    row->ages);
}

enum err response_weigh(struct response_reading *a, enum saml_word word, enum err err)
{
	if (!a->ask->findings)
		return err;
	add_finding(a, word, err == OK ? NULL : a->work->reason, saml_words[word].meaning, false);
	a->work->err = OK;
	a->r.word = WORD_NONE;
	return OK;
}

enum err response_check(struct response_reading *a, enum response_part part)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].part != part)
			continue;
		const char *why = rows[i].wrong(a);

		if (a->ask->findings)
			add_row(a, &rows[i], why);
		else if (why)
			return reading_refuse(&a->r, rows[i].word, "%s", why);
	}
	return OK;
}
