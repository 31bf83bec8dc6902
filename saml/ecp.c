/* ecp.c: sign-on of clients that are no browsers (SAML Profiles 4.2, ECP): a SOAP request with the app's
 * AuthnRequest in it, the person by HTTP Basic (RFC 7617). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "keys/secret.h"
#include "login/acr.h"
#include "login/session.h"
#include "people/account.h"
#include "people/credential.h"
#include "saml/sign_on.h"
#include "store/db.h"
#include "store/snapshot.h"

#define MATCHES_MAX 4
#define BASIC_MAX   2048

struct basic {
	const char *username, *password;
};

static bool read_basic(struct request *rq, struct basic *out)
{
	static const char scheme[] = "Basic ";
	const char *given = rq->authorization;
	struct bytes clear;

	if (!given || strncasecmp(given, scheme, strlen(scheme)) != 0 || strlen(given) > BASIC_MAX ||
	    !base64_decode(rq->w.arena, given + strlen(scheme), strlen(given) - strlen(scheme), &clear) ||
	    memchr(clear.at, 0, clear.size))
		return false;
	char *text = arena_textn(rq->w.arena, (const char *)clear.at, clear.size), *colon = strchr(text, ':');

	if (!colon || colon == text)
		return false;
	*colon = '\0';
	*out = (struct basic){ .username = text, .password = colon + 1 };
	return true;
}

/* RFC 7235 3.1: the client may ask its person and come again. */
static enum err ask_who(struct request *rq, enum err code)
{
	response_header(rq, "WWW-Authenticate", "Basic realm=\"Lanyard\", charset=\"UTF-8\"");
	return code;
}

/* One account of those whose password it was: there is no page to choose on, and none to change a password
 * on. */
static enum err choose(struct request *rq, const struct sign_on *on, const struct account_match *matches,
		       size_t count, struct subject *out)
{
	struct work *w = &rq->w;
	enum err refusal = ERR_SIGN_IN_FAILED;
	struct subject subject;
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		w->practice = matches[i].practice_id;
		enum err err = subject_load(w, matches[i].account_id, &subject);

		if (err == OK)
			err = subject_may(w, &subject, on->client);
		if (err == OK && subject.account.must_change)
			err = fault(w, ERR_NO_ACCESS, "account %s must change its password first",
				    matches[i].account_id);
		if (err == OK && found++ == 0)
			*out = subject;
		else if (err != OK)
			refusal = err;
	}
	if (found == 1)
		return OK;
	return found ? fault(w, ERR_NO_ACCESS, "the address has accounts in several practices of %s",
			     on->entity_id)
		     : refusal;
}

/* One place needs no page, as after any sign-in; among several nobody can choose here. Asked before there is
 * a session, or each refused try would leave one behind. */
static enum err settle_place(struct work *w, const struct sign_on *on, const struct subject *subject,
			     const char **location_id)
{
	const struct standing *standing = &subject->standing;

	*location_id = standing->place_count == 1 ? standing->places[0].location->id : NULL;
	return *location_id || !on->client->require_location
		       ? OK
		       : fault(w, ERR_NO_ACCESS, "%s needs a location, which cannot be chosen here",
			       on->entity_id);
}

/* A session like any other, only that no browser has its handle: it ends by its limits, by a logout of the
 * app, or with the account. */
static enum err begin_session(struct request *rq, const struct subject *subject, const char *location_id,
			      struct session *session)
{
	static const char *const amr[] = { "pwd", NULL };
	AUTO(secret_wipe) struct secret handle = { 0 };
	AUTO(tx_end) struct tx tx = tx_begin(&rq->w);

	TRY(session_start(rq,
			  &(struct session_start){ .practice = subject->practice,
						   .account_id = subject->account.id,
						   .acr = acr_of(amr),
						   .amr = amr,
						   .location_id = location_id,
						   .account_epoch = subject->account.epoch },
			  session, &handle));
	return tx_commit(&tx);
}

static enum err sign_in(struct request *rq, const struct sign_on *on, struct session *session,
			struct permission *permission)
{
	struct work *w = &rq->w;
	struct account_match matches[MATCHES_MAX];
	struct subject subject = { 0 };
	struct basic basic;
	const char *location_id;
	size_t count = 0;
	int64_t retry_after = 0, began = w->now;

	if (!read_basic(rq, &basic))
		return fault(w, ERR_SIGN_IN_FAILED, "no HTTP Basic credentials");
	enum err err = credential_password(w, on->practice ? on->practice->id : NULL, basic.username,
					   basic.password, matches, COUNT(matches), &count, &retry_after);

	if (err == ERR_LOCKED)
		response_header(rq, "Retry-After", arena_print(w->arena, "%" PRId64, retry_after));
	TRY(err);
	TRY(choose(rq, on, matches, count, &subject));
	w->practice = subject.practice->id;
	TRY(settle_place(w, on, &subject, &location_id));
	TRY(begin_session(rq, &subject, location_id, session));
	return sign_on_permit(rq, on, session, began, permission);
}

enum err saml_ecp(struct request *rq)
{
	struct work *w = &rq->w;
	struct sign_on on = { 0 };
	struct session session = { 0 };
	struct permission permission = { 0 };
	const struct arrival arrival = {
		.binding = BINDING_SOAP,
		.body = rq->body,
		.address = arena_print(w->arena, "%s" PATH_SAML_ECP, w->app->config->issuer),
	};
	enum err verdict = sign_on_read(rq, &arrival, &on);

	if (verdict == OK && !on.client->saml.allow_ecp)
		return saml_refused(rq, on.entity_id, "ecp_not_allowed",
				    fault(w, ERR_CLIENT_MAY_NOT, "%s does not allow ECP", on.entity_id));
	if (verdict == OK)
		verdict = sign_in(rq, &on, &session, &permission);
	if (verdict == ERR_SIGN_IN_FAILED)
		return ask_who(rq, verdict);
	return verdict == OK ? sign_on_answer(rq, &on, &session, &permission)
			     : sign_on_refuse(rq, &on, verdict);
}
