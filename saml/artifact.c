/* artifact.c: POST /saml/artifact: an app fetches, once, the answer that a browser brought it a reference to
 * (SAML Bindings 3.6, Core 3.5). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "http/request.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "login/session.h"
#include "people/audit.h"
#include "saml/answer.h"
#include "saml/artifact.h"
#include "saml/desk.h"
#include "saml/sign_on.h"
#include "store/saml.h"
#include "store/snapshot.h"

#define PURPOSE "saml_artifact"

/* Before the message, in one line: whose session it is of, if of one. */
enum err artifact_keep(struct work *w, const char *entity_id, const char *artifact, const char *xml,
		       const char *sid)
{
	const char *hash = secret_hash(w->arena, "artifact", artifact);
	const char *text = sid ? arena_print(w->arena, "%s %s\n%s", w->practice, sid, xml)
			       : arena_print(w->arena, "\n%s", xml);

	return artifacts_insert(w, hash, entity_id,
				seal(w->app->vault, w->arena, PURPOSE, hash, BYTES_OF(text)),
				w->now + SAML_ARTIFACT_LIFETIME);
}

/* As a code leads nowhere when its session ended meanwhile: the app was told before it knew of it. */
static enum err open_kept(struct work *w, const char *kept, const char **xml)
{
	const char *line_end = strchr(kept, '\n'), *blank = strchr(kept, ' ');
	struct session session;

	assert(line_end);
	*xml = line_end + 1;
	if (line_end == kept)
		return OK;
	assert(blank && blank < line_end);
	w->practice = arena_textn(w->arena, kept, (size_t)(blank - kept));
	enum err err =
		session_by_sid(w, arena_textn(w->arena, blank + 1, (size_t)(line_end - blank - 1)), &session);

	if (err != ERR_SESSION_ENDED)
		return err;
	*xml = NULL;
	return OK;
}

/* NULL: used, too old, of another app, of a session that ended, or never there: for the app all the same
 * (Core 3.5.3). */
static enum err take(struct work *w, const char *entity_id, const char *artifact, const char **xml)
{
	const char *hash = secret_hash(w->arena, "artifact", artifact);
	struct bytes sealed = { 0 }, clear;

	*xml = NULL;
	TRY(artifacts_take(w, hash, entity_id, &sealed));
	if (!sealed.at)
		return OK;
	if (unseal(w->app->vault, w->arena, PURPOSE, hash, sealed, &clear) != OK)
		return fault(w, ERR_SEAL, "an artifact of %s does not open", entity_id);
	return open_kept(w, arena_textn(w->arena, (const char *)clear.at, clear.size), xml);
}

/* Whoever fetches must show that it is the app: what is fetched says who somebody is. */
static enum err read_resolve(struct request *rq, struct received *in, const struct service **service)
{
	struct work *w = &rq->w;
	const struct arrival arrival = {
		.binding = BINDING_SOAP,
		.body = rq->body,
		.address = arena_print(w->arena, "%s" PATH_SAML_ARTIFACT, w->app->config->issuer),
	};
	const char *word = NULL;
	enum err err = received_read(w, &arrival, ARTIFACT_RESOLVE, in, &word);

	if (err == OK)
		err = saml_app_find(w, in->issuer, &rq->client, service);
	if (err == OK)
		err = desk_verify(w, *service, in, true);
	return err == OK ? OK : saml_refused(rq, in->issuer, word, err);
}

enum err saml_artifact(struct request *rq)
{
	struct received in = { 0 };
	const struct service *service = NULL;
	const char *xml, *soap;

	TRY(read_resolve(rq, &in, &service));
	rq->w.actor.kind = ACTOR_CLIENT;
	rq->w.actor.id = rq->client->client_id;
	TRY(take(&rq->w, in.issuer, in.artifact, &xml));
	if (!xml) {
		enum err recorded =
			saml_refused(rq, in.issuer, NULL,
				     fault(&rq->w, ERR_SAML_ARTIFACT, "artifact shown by %s", in.issuer));

		if (recorded != ERR_SAML_ARTIFACT)
			return recorded;
	}
	TRY(desk_artifact_response(&rq->w, service, in.id, xml, &soap));
	return answer_soap(rq, soap);
}
