/* sign_on.c: what an app asks for, checked (SAML Core 3.4, Profiles 4.1.4.1). */
#include "saml/sign_on.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "http/request.h"
#include "login/acr.h"
#include "login/session.h"
#include "people/account.h"
#include "saml/context.h"
#include "saml/desk.h"
#include "saml/shelf.h"
#include "store/snapshot.h"

static bool serves_somebody(const struct work *w, const struct client *client)
{
	for (const char *const *id = client->practices; id && *id; id++) {
		const struct practice *practice = snapshot_practice(w->snapshot, *id);

		if (practice && !practice->disabled)
			return true;
	}
	return false;
}

enum err saml_app_find(struct work *w, const char *entity_id, const struct client **client,
		       const struct service **service)
{
	*client = snapshot_saml(w->snapshot, entity_id);
	if (!*client || (*client)->disabled || !serves_somebody(w, *client))
		return fault(w, ERR_CLIENT_UNKNOWN, "no SAML app %s",
			     entity_id ? entity_id : "without issuer");
	return shelf_service(w, *client, service);
}

static const struct practice *only_practice(const struct work *w, const struct client *client)
{
	const char *const *ids = client->practices;

	return ids && ids[0] && !ids[1] ? snapshot_practice(w->snapshot, ids[0]) : NULL;
}

/* The app and everything about it that may change while somebody signs in. */
static enum err settle_app(struct work *w, struct sign_on *on)
{
	TRY(saml_app_find(w, on->entity_id, &on->client, &on->service));
	on->practice = only_practice(w, on->client);
	return OK;
}

/* Core 3.4.1: an address of the metadata, or none (H14). */
static enum err settle_address(struct work *w, const struct received *in, struct sign_on *on)
{
	const struct endpoint *acs;

	if (in->protocol_binding)
		return fault(w, ERR_SAML_ACS, "%s asked for binding %s", on->entity_id, in->protocol_binding);
	if (in->acs_index >= 0 && (in->acs_url || in->acs_binding != BINDING_NONE))
		return fault(w, ERR_SAML_MALFORMED, "%s gave an index and an address", on->entity_id);
	acs = service_acs(on->service, in->acs_url, in->acs_index,
			  in->binding == BINDING_SOAP ? BINDING_PAOS : in->acs_binding);
	if (!acs)
		return fault(w, ERR_SAML_ACS, "%s asked for an answer at %s", on->entity_id,
			     in->acs_url ? in->acs_url : "an address that it does not have");
	on->acs_url = acs->location;
	on->acs_binding = acs->binding;
	return OK;
}

static enum err settle_name_id(struct work *w, const struct received *in, struct sign_on *on)
{
	const char *wanted = on->client->saml.name_id_format;

	on->format = NAME_ID_PERSISTENT;
	for (enum name_id_format format = NAME_ID_UNSPECIFIED; format <= NAME_ID_EMAIL; format++)
		if (text_equal(name_id_word(format), wanted))
			on->format = format;
	if (in->sp_name_qualifier && !text_equal(in->sp_name_qualifier, on->entity_id))
		return fault(w, ERR_SAML_UNSUPPORTED, "%s asked for a name of %s", on->entity_id,
			     in->sp_name_qualifier);
	/* unspecified asks for nothing in particular (Core 8.3.1): the app's own */
	if (in->name_id_policy && !text_equal(in->name_id_policy, name_id_uri(NAME_ID_UNSPECIFIED)) &&
	    !name_id_of(in->name_id_policy, &on->format))
		return fault(w, ERR_SAML_UNSUPPORTED, "%s asked for a name of format %s", on->entity_id,
			     in->name_id_policy);
	/* an address is one person's in one practice: in another its administrator could give it to anybody
	 */
	if (on->format == NAME_ID_EMAIL && !on->practice)
		return fault(w, ERR_SAML_UNSUPPORTED,
			     "%s serves several practices: an address names nobody there", on->entity_id);
	return OK;
}

static void take(const struct received *in, struct sign_on *on)
{
	*on = (struct sign_on){
		.entity_id = in->issuer,
		.request_id = in->id,
		.relay_state = in->relay_state,
		.issued = in->issue_instant,
		.subject = in->subject,
		.force_authn = in->force_authn,
		.is_passive = in->is_passive,
		.context = in->context,
	};
}

/* What must hold before anything is answered to the app. */
static enum err check_asker(struct work *w, const struct received *in, struct sign_on *on)
{
	TRY(settle_app(w, on));
	TRY(desk_verify(w, on->service, in,
			on->client->saml.require_signed_requests || on->service->requests_signed));
	TRY(settle_address(w, in, on));
	on->answerable = true;
	return OK;
}

enum err sign_on_read(struct request *rq, const struct arrival *arrival, struct sign_on *on)
{
	struct work *w = &rq->w;
	struct received in = { 0 };
	const char *word = NULL;
	enum err err = received_read(w, arrival, AUTHN_REQUEST, &in, &word);

	take(&in, on);
	if (err == OK)
		err = check_asker(w, &in, on);
	if (err != OK)
		return saml_refused(rq, on->entity_id, word, err);
	rq->client = on->client;
	err = settle_name_id(w, &in, on);
	if (err == OK && !context_need(&on->context, &on->need_acr))
		err = fault(w, ERR_UNMET_ACR, "%s asked for a class that no sign-in here reaches",
			    on->entity_id);
	return err;
}

enum err sign_on_unasked(struct request *rq, const char *entity_id, const char *relay_state,
			 struct sign_on *on)
{
	struct work *w = &rq->w;
	const struct received nothing = { .message = AUTHN_REQUEST,
					  .binding = BINDING_REDIRECT,
					  .acs_index = -1 };

	*on = (struct sign_on){ .entity_id = entity_id, .relay_state = relay_state };
	TRY(settle_app(w, on));
	rq->client = on->client;
	if (!on->client->saml.allow_idp_initiated)
		return fault(w, ERR_SAML_UNSUPPORTED, "%s does not allow sign-ons that it did not ask for",
			     entity_id);
	if (relay_state && strlen(relay_state) > SAML_RELAY_MAX)
		return fault(w, ERR_PARAMETER_MALFORMED, "RelayState is longer than %d bytes",
			     SAML_RELAY_MAX);
	TRY(settle_address(w, &nothing, on));
	return settle_name_id(w, &nothing, on);
}

/* ---- through the sign-in ---- */

json_t *sign_on_to_json(const struct sign_on *on)
{
	json_t *out = json_object();

	json_set_text(out, "entity", on->entity_id);
	json_set_text(out, "id", on->request_id);
	json_set_text(out, "relay", on->relay_state);
	json_set_text(out, "acs", on->acs_url);
	json_set_text(out, "binding", saml_binding_uri(on->acs_binding));
	json_set_text(out, "format", name_id_uri(on->format));
	json_set_text(out, "subject", on->subject);
	json_set_text(out, "comparison", on->context.comparison);
	if (on->context.classes)
		json_set(out, "classes", json_list(on->context.classes));
	json_set(out, "issued", json_integer(on->issued));
	json_set(out, "force", json_boolean(on->force_authn));
	json_set(out, "passive", json_boolean(on->is_passive));
	return out;
}

static void read_json(struct work *w, const json_t *json, struct sign_on *on)
{
	*on = (struct sign_on){
		.entity_id = json_get_text(json, "entity"),
		.request_id = json_get_text(json, "id"),
		.relay_state = json_get_text(json, "relay"),
		.acs_url = json_get_text(json, "acs"),
		.acs_binding = saml_binding_of(json_get_text(json, "binding")),
		.subject = json_get_text(json, "subject"),
		.context = { .comparison = json_get_text(json, "comparison"),
			     .classes = json_get_list(w->arena, json, "classes") },
		.issued = json_get_int(json, "issued", 0),
		.force_authn = json_get_bool(json, "force", false),
		.is_passive = json_get_bool(json, "passive", false),
	};
}

enum err sign_on_from_json(struct work *w, const json_t *json, struct sign_on *on)
{
	read_json(w, json, on);
	TRY(settle_app(w, on));
	/* the metadata may have lost the address meanwhile */
	if (!service_acs(on->service, on->acs_url, -1, on->acs_binding))
		return fault(w, ERR_SAML_ACS, "%s has no address %s any more", on->entity_id, on->acs_url);
	on->answerable = true;
	if (!name_id_of(json_get_text(json, "format"), &on->format))
		return fault(w, ERR_INTERNAL, "a sign-on of %s without a name format", on->entity_id);
	return context_need(&on->context, &on->need_acr)
		       ? OK
		       : fault(w, ERR_UNMET_ACR, "%s asked for a class that is gone", on->entity_id);
}

/* ---- may it be? ---- */

/* The right practice, strong enough, recently enough (Core 3.4.1: ForceAuthn). */
static enum err check_session(struct work *w, const struct sign_on *on, const struct session *s,
			      int64_t since)
{
	if (on->practice ? on->practice != s->practice : !client_serves(on->client, s->practice->id))
		return fault(w, ERR_LOGIN_REQUIRED, "the session is of practice %s", s->practice->id);
	if (!acr_reaches(s->acr, on->need_acr))
		return fault(w, ERR_LOGIN_REQUIRED, "the session is of %s", s->acr);
	if (on->force_authn && (!since || s->auth_time < since))
		return fault(w, ERR_LOGIN_REQUIRED, "a fresh sign-in was asked for");
	return OK;
}

static enum err choose_location(struct work *w, const struct sign_on *on, const struct session *s,
				struct permission *out)
{
	bool stands = s->location_id && standing_at(&out->subject->standing, s->location_id);

	if (!stands && on->client->require_location)
		return fault(w, ERR_INTERACTION_REQUIRED, "a location has to be chosen");
	out->location_id = stands ? s->location_id : NULL;
	return OK;
}

enum err sign_on_permit(struct request *rq, const struct sign_on *on, const struct session *s, int64_t since,
			struct permission *out)
{
	struct work *w = &rq->w;

	TRY(check_session(w, on, s, since));
	w->practice = s->practice->id;
	w->actor.kind = ACTOR_ACCOUNT;
	w->actor.id = s->account_id;
	w->actor.sid = s->sid;
	w->actor.client_id = on->entity_id;
	out->subject = arena_new_of(w->arena, struct subject);
	TRY(subject_load(w, s->account_id, out->subject));
	TRY(subject_may(w, out->subject, on->client));
	return choose_location(w, on, s, out);
}
