/* sp.c: a provider's answer arrives (SAML Profiles 4.1.2 step 5, 4.1.4.3, 4.1.5; Bindings 3.5). */
#include "saml/sp.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "http/form.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "login/connect.h"
#include "login/crowd.h"
#include "login/flow.h"
#include "login/session.h"
#include "people/audit.h"
#include "people/provision.h"
#include "saml/provider.h"
#include "saml/response.h"
#include "saml/saml.h"
#include "saml/shelf.h"
#include "saml/words.h"
#include "store/connections.h"
#include "store/grants.h"
#include "store/replay.h"
#include "store/snapshot.h"

#define LAID_LIFETIME 90 /* seconds from a form to the GET that follows it */
#define PURPOSE       "saml_answer"
#define BASE64_MAX    (400 * KB)
#define WEIGHT        (16 * KB) /* what a plain answer takes; a larger one counts as several */

enum err sp_connection(struct request *rq, const struct connection **out)
{
	const struct connection *connection = snapshot_connection(rq->w.snapshot, rq->parameter[0]);

	if (!connection || connection->deleted || !text_equal(connection->protocol, "saml"))
		return fault(&rq->w, ERR_NOT_FOUND, "connection %s", rq->parameter[0]);
	rq->w.practice = connection->practice_id;
	*out = connection;
	return OK;
}

const char *sp_request_id(struct work *w, const char *state)
{
	return arena_print(w->arena, "id-%s",
			   vault_mac_text(w->app->vault, w->arena, "upstream-request", state, NULL));
}

/* --- the form ---------------------------------------------------------------------------------------- */

/* Canonical base64, line ends anywhere. */
static bool unpack(struct arena *arena, const char *text, struct bytes *out)
{
	size_t size = strnlen(text, BASE64_MAX + 1), length = 0;
	char *packed = arena_array(arena, char, size + 1);

	if (size > BASE64_MAX)
		return false;
	for (size_t i = 0; i < size; i++)
		if (text[i] != '\r' && text[i] != '\n')
			packed[length++] = text[i];
	return base64_decode(arena, packed, length, out) && out->size > 0;
}

struct posted {
	const char *value, *relay_state;
	struct bytes xml;
};

static const char *read_form(const struct form *form, struct posted *out)
{
	out->value = form_get(form, "SAMLResponse");
	out->relay_state = form_get(form, "RelayState");
	if (form->repeated)
		return "parameter_repeated";
	if (text_is_empty(out->value))
		return "parameter_missing";
	if (form_get(form, "SAMLRequest") || form_get(form, "SAMLart"))
		return "parameter_odd";
	if (form_get(form, "SigAlg") || form_get(form, "Signature"))
		return "query_signature";
	if (out->relay_state && strlen(out->relay_state) > SAML_RELAY_MAX)
		return "relay_state_too_long";
	return NULL;
}

static enum err may_be_unasked(struct request *rq, const struct connection *connection, const char **word)
{
	if (connection->allow_idp_initiated && !connection->disabled)
		return OK;
	*word = saml_words[WORD_UNSOLICITED].word;
	return fault(&rq->w, ERR_UPSTREAM_STATE, "%s: connection %s", *word, connection->id);
}

/* Is it worth keeping? Anybody can post here: what is no answer, or would not be let in whatever is in it, is
 * refused at once, on record. */
static enum err look(struct request *rq, const struct connection *connection, struct posted *out,
		     const char **word)
{
	struct work *w = &rq->w;
	const char *request_id = NULL;

	*word = read_form(&rq->form, out);
	if (*word)
		return fault(w, ERR_UPSTREAM_ANSWER, "%s", *word);
	if (!unpack(w->arena, out->value, &out->xml)) {
		*word = "base64";
		return fault(w, ERR_UPSTREAM_ANSWER, "base64: %zu characters", strlen(out->value));
	}
	TRY(response_peek(w, out->xml, &request_id, word));
	return request_id ? OK : may_be_unasked(rq, connection, word);
}

/* Anybody can lay something here, and it stays for a while: by size it counts against what an address may
 * begin. */
static enum err may_be_kept(struct request *rq, size_t size)
{
	for (size_t more = size / WEIGHT; more > 0; more--)
		TRY(crowd_may(rq));
	return OK;
}

/* Sealed: it may carry a person's data in the clear. */
static enum err lay_aside(struct request *rq, const struct connection *connection,
			  const struct posted *posted)
{
	struct work *w = &rq->w;
	AUTO(secret_wipe) struct secret handle = secret_new();
	AUTO(json_done) json_t *carried = json_object();
	const char *hash = secret_hash(w->arena, PURPOSE, handle.text);

	TRY(may_be_kept(rq, posted->xml.size));
	json_set_text(carried, "response", base64_encode(w->arena, posted->xml));
	json_set_text(carried, "relay", posted->relay_state);
	const char *text = json_text(w->arena, carried);
	struct bytes sealed = seal(w->app->vault, w->arena, PURPOSE, hash, BYTES_OF(text));

	TRY(pushed_insert(w, hash, connection->id, base64url_encode(w->arena, sealed),
			  w->now + LAID_LIFETIME));
	return respond_redirect(rq, arena_print(w->arena, "%s?answer=%s",
						sp_address(w, PATH_SP_ARRIVED, connection->id), handle.text));
}

enum err saml_sp_acs(struct request *rq)
{
	const struct connection *connection;
	struct posted posted = { 0 };
	const char *word = NULL;

	TRY(sp_connection(rq, &connection));
	TRY(crowd_may(rq)); /* a refusal leaves a row, too */
	enum err err = look(rq, connection, &posted, &word);

	return err == OK ? lay_aside(rq, connection, &posted)
			 : connect_refused(rq, connection, err, word, rq->w.reason);
}

/* --- in the browser that began it -------------------------------------------------------------------- */

static enum err take_laid(struct request *rq, const struct connection *connection, const char **text)
{
	struct work *w = &rq->w;
	const char *handle = request_parameter(rq, "answer"), *kept = NULL, *hash;
	struct bytes sealed, clear;
	int64_t number;

	if (!handle || !secret_parse(handle, &number))
		return fault(w, ERR_FLOW_GONE, "no answer is named");
	hash = secret_hash(w->arena, PURPOSE, handle);
	TRY(pushed_take(w, hash, connection->id, &kept));
	if (!kept || !base64url_decode(w->arena, kept, strlen(kept), &sealed))
		return fault(w, ERR_FLOW_GONE, "what a provider posted is gone");
	TRY(unseal(w->app->vault, w->arena, PURPOSE, hash, sealed, &clear));
	*text = arena_textn(w->arena, (const char *)clear.at, clear.size);
	return OK;
}

/* What came, and what it is weighed against. */
struct arrived {
	const struct connection *connection;
	struct bytes xml;
	const char *relay_state;
	struct response_ask ask;
	struct response_said said;
	const char *word; /* of a refusal */
};

/* Only after everything held: who shows a copy with something changed must not use it up. */
static enum err spend(struct work *w, struct arrived *a)
{
	const char *id = arena_print(w->arena, "%s %s", a->connection->id, a->said.assertion_id);
	bool fresh = false;

	TRY(replay_once(w, "saml_assertion", id, a->said.keep_until, &fresh));
	if (fresh)
		return OK;
	a->word = saml_words[WORD_ASSERTION_REPLAYED].word;
	return fault(w, ERR_UPSTREAM_ANSWER, "%s: %s", a->word, a->said.assertion_id);
}

static enum err read_answer(struct request *rq, struct arrived *a, struct upstream_person *person)
{
	struct work *w = &rq->w;

	a->ask.connection = a->connection;
	a->ask.acs = sp_address(w, PATH_SP_ACS, a->connection->id);
	a->ask.audience = sp_address(w, PATH_SP_METADATA, a->connection->id);
	enum err err = shelf_provider(w, a->connection, &a->ask.provider);

	if (err != OK) {
		a->word = "metadata";
		return err;
	}
	TRY(response_read(w, a->xml, &a->ask, &a->said, &a->word));
	TRY(sp_person(w, a->connection, &a->said, person, &a->word));
	return spend(w, a);
}

/* The state goes first: it is good once, in the browser that began it, whatever comes of this (security.md
 * B13, H9). Only then is anything opened or verified. */
static enum err arrive_asked(struct request *rq, struct arrived *a, struct upstream_person *person)
{
	TRY(connect_return(rq, a->connection->id, a->relay_state, &a->connection));
	a->ask.request_id = sp_request_id(&rq->w, a->relay_state);
	a->ask.fresh_since = rq->flow->fresh ? rq->flow->created_at : 0;
	return read_answer(rq, a, person);
}

/* Whose session this browser has; NULL: nobody's. It says nothing about who comes: the work stays what it
 * was. */
static enum err sits_here(struct request *rq, const char **account_id)
{
	const struct actor actor = rq->w.actor;
	enum err err = session_find(rq);

	*account_id = err == OK ? rq->session->account_id : NULL;
	rq->session = NULL;
	rq->w.actor = actor;
	if (err != ERR_SESSION_ENDED)
		return err;
	rq->w.err = OK;
	return OK;
}

/* Anybody could have sent the browser here, with an answer about himself: the session of somebody else who
 * sits before it is neither ended nor taken over (security.md H9). */
static enum err may_take_over(struct request *rq, struct arrived *a, const struct upstream_person *person)
{
	struct work *w = &rq->w;
	const char *account_id;
	struct upstream_link link;
	bool found = false;

	TRY(sits_here(rq, &account_id));
	w->practice = a->connection->practice_id;
	if (!account_id)
		return OK;
	TRY(links_find(w, subject_key(w, a->connection->id, person->issuer, person->subject), &link, &found));
	if (found && text_equal(link.account_id, account_id))
		return OK;
	a->word = saml_words[WORD_UNSOLICITED].word;
	return fault(w, ERR_UPSTREAM_OTHER, "%s: somebody else is signed in here", a->word);
}

/* Nobody asked: a sign-in begins when it is known that the provider says so. */
static enum err arrive_unasked(struct request *rq, struct arrived *a, struct upstream_person *person)
{
	TRY(may_be_unasked(rq, a->connection, &a->word));
	TRY(read_answer(rq, a, person));
	TRY(may_take_over(rq, a, person));
	return connect_unsolicited(rq, a->connection->id, a->relay_state, &a->connection);
}

static enum err arrive(struct request *rq, struct arrived *a, const char *text,
		       struct upstream_person *person)
{
	AUTO(json_done) json_t *carried = json_read(text, strlen(text));
	const char *packed = json_get_text(carried, "response"), *request_id = NULL;

	a->relay_state = arena_text(rq->w.arena, json_get_text(carried, "relay"));
	if (!packed || !base64_decode(rq->w.arena, packed, strlen(packed), &a->xml))
		return fault(&rq->w, ERR_INTERNAL, "what a provider posted is not readable");
	TRY(response_peek(&rq->w, a->xml, &request_id, &a->word));
	return request_id ? arrive_asked(rq, a, person) : arrive_unasked(rq, a, person);
}

/* Who may not know what is inside of an answer does not learn of it by what is wrong with it: an encrypted
 * one is refused in one way (security.md H15). The record has the word. */
static enum err told_of(const struct arrived *a, enum err err)
{
	return a->said.was_encrypted && err != ERR_UPSTREAM_OTHER ? ERR_UPSTREAM_ANSWER : err;
}

/* Refusals of connect.h are on record and told by themselves; ours have a word. */
enum err saml_sp_arrived(struct request *rq)
{
	struct arrived arrived = { 0 };
	struct upstream_person person = { 0 };
	const char *text = NULL;

	TRY(sp_connection(rq, &arrived.connection));
	TRY(take_laid(rq, arrived.connection, &text));
	enum err err = arrive(rq, &arrived, text, &person);

	if (err == OK)
		return connect_finish(rq, &person);
	return arrived.word ? connect_refused(rq, arrived.connection, told_of(&arrived, err), arrived.word,
					      rq->w.reason)
			    : err;
}
