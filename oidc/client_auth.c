/* client_auth.c: which app is this, and can it prove it: client_secret_basic, client_secret_post,
 * private_key_jwt, none (RFC 6749 2.3, OpenID Connect Core 9). */
#include "oidc/client_auth.h"

#include "base/arena.h"
#include "base/text.h"
#include "http/form.h"
#include "http/request.h"
#include "keys/secret.h"
#include "oidc/provider.h"
#include "oidc/refusals.h"
#include "people/audit.h"
#include "store/counters.h"
#include "store/snapshot.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define BASIC_MAX      2048
#define TRY_COST_US    (INT64_C(30) * 1000000) /* one failure comes back every 30 s, */
#define TRY_BURST_US   (20 * TRY_COST_US)      /* twenty may come at once */

struct credentials {
	const char *method; /* as registered: token_endpoint_auth_method */
	const char *client_id, *secret, *assertion;
};

/* user-id and password are form-encoded before they are joined (RFC 6749 2.3.1). */
static enum err read_basic(struct work *w, const char *header, struct credentials *out)
{
	struct bytes joined;
	char *id, *secret;

	if (strncasecmp(header, "Basic ", 6) != 0 || strlen(header) > BASIC_MAX ||
	    !base64_decode(w->arena, header + 6, strlen(header + 6), &joined))
		return fault(w, ERR_CLIENT_AUTH, "authorization header is not Basic");
	const char *text = (const char *)joined.at;
	const char *colon = joined.size ? memchr(text, ':', joined.size) : NULL;

	if (!colon)
		return fault(w, ERR_CLIENT_AUTH, "authorization header has no colon");
	size_t id_size = (size_t)(colon - text);

	if (!percent_decode(w->arena, text, id_size, true, &id) ||
	    !percent_decode(w->arena, colon + 1, joined.size - id_size - 1, true, &secret))
		return fault(w, ERR_CLIENT_AUTH, "authorization header is not form-encoded");
	*out = (struct credentials){ .method = "client_secret_basic", .client_id = id, .secret = secret };
	return OK;
}

static enum err read_assertion(struct work *w, const struct form *form, struct credentials *out)
{
	const char *assertion = form_get(form, "client_assertion");

	if (!text_equal(form_get(form, "client_assertion_type"), ASSERTION_TYPE) || text_is_empty(assertion))
		return fault(w, ERR_CLIENT_AUTH, "client_assertion or its type is missing");
	*out = (struct credentials){ .method = "private_key_jwt",
				     .client_id = client_assertion_subject(w, assertion),
				     .assertion = assertion };
	return OK;
}

/* An app authenticates in one way per request (RFC 6749 2.3); client_id beside it must say the same. */
static enum err read_credentials(struct request *rq, struct credentials *out)
{
	struct work *w = &rq->w;
	const char *id = form_get(&rq->form, "client_id");
	const char *secret = form_get(&rq->form, "client_secret");
	bool by_assertion =
		form_get(&rq->form, "client_assertion") || form_get(&rq->form, "client_assertion_type");

	if ((rq->authorization != NULL) + (secret != NULL) + by_assertion > 1)
		return fault(w, ERR_REQUEST_INVALID, "more than one way of client authentication");
	*out = (struct credentials){ .method = secret ? "client_secret_post" : "none",
				     .client_id = id,
				     .secret = secret };
	if (rq->authorization)
		TRY(read_basic(w, rq->authorization, out));
	if (by_assertion)
		TRY(read_assertion(w, &rq->form, out));
	if (id && !text_equal(id, out->client_id))
		return fault(w, ERR_CLIENT_AUTH, "client_id is not the one that authenticates");
	/* an empty secret proves nothing, whatever is registered (D11) */
	if (out->secret && !*out->secret)
		return fault(w, ERR_CLIENT_AUTH, "client secret is empty");
	return OK;
}

static enum err check_secret(struct work *w, const struct client *client, const char *secret)
{
	if (!secret_equal(secret_hash(w->arena, "client", secret), client->secret_hash))
		return fault(w, ERR_CLIENT_AUTH, "wrong secret of client %s", client->client_id);
	return OK;
}

static enum err check_credentials(struct work *w, const struct client *client, const struct credentials *c)
{
	if (!text_equal(client->token_endpoint_auth_method, c->method))
		return fault(w, ERR_CLIENT_AUTH, "client %s is registered for %s and used %s",
			     client->client_id, client->token_endpoint_auth_method, c->method);
	if (c->assertion)
		return client_assertion_check(w, client, c->assertion);
	return c->secret ? check_secret(w, client, c->secret) : OK;
}

/* Durable, over all nodes; when the budget is gone this node also stops looking at what comes next. Strangers
 * who name no app of ours share one budget per address, and leave no rows beyond it. */
static enum err count_failure(struct request *rq, const struct client *client)
{
	struct work *w = &rq->w;
	const char *key = arena_print(w->arena, "%s %s", client ? client->client_id : "-",
				      w->actor.address ? w->actor.address : "-");
	bool allowed = false;
	int64_t retry_after_us = 0;
	const char *reason = w->reason;

	TRY(counters_take(w, "client_auth", key, TRY_COST_US, TRY_BURST_US, &allowed, &retry_after_us));
	if (!allowed) {
		if (client)
			refusals_add(oidc_of(w)->refusals, key, w->now_us + retry_after_us);
		return fault(w, ERR_TOO_MANY, "client authentication fails too often: %s", key);
	}
	TRY(audit(w, &(struct audit_note){ .event = EVENT_CLIENT_AUTH_FAILED,
					   .outcome = OUTCOME_FAIL,
					   .reason = reason,
					   .target_kind = "client",
					   .target_id = client ? client->client_id : NULL }));
	return fault(w, ERR_CLIENT_AUTH, "%s", reason ? reason : "not authenticated");
}

static enum err check_budget(struct work *w, const struct client *client)
{
	const char *key =
		arena_print(w->arena, "%s %s", client->client_id, w->actor.address ? w->actor.address : "-");

	if (refusals_have(oidc_of(w)->refusals, key, w->now_us))
		return fault(w, ERR_TOO_MANY, "client authentication failed too often: %s", key);
	return OK;
}

static enum err identify(struct request *rq, const struct client **client)
{
	struct work *w = &rq->w;
	struct credentials c = { 0 };

	*client = NULL;
	TRY(read_credentials(rq, &c));
	*client = snapshot_client(w->snapshot, c.client_id);
	if (!*client || (*client)->disabled)
		return fault(w, ERR_CLIENT_AUTH, "client is %s", *client ? "disabled" : "not registered");
	TRY(check_budget(w, *client));
	return check_credentials(w, *client, &c);
}

enum err client_authenticate(struct request *rq)
{
	const struct client *client = NULL;
	enum err verdict = identify(rq, &client);

	if (verdict == ERR_CLIENT_AUTH)
		return count_failure(rq, client);
	TRY(verdict);
	rq->client = client;
	rq->w.actor.kind = ACTOR_CLIENT;
	rq->w.actor.id = client->client_id;
	rq->w.actor.client_id = client->client_id;
	return OK;
}

enum err client_authenticate_confidential(struct request *rq)
{
	TRY(client_authenticate(rq));
	if (text_equal(rq->client->token_endpoint_auth_method, "none"))
		return fault(&rq->w, ERR_CLIENT_MAY_NOT, "client %s cannot authenticate",
			     rq->client->client_id);
	return OK;
}
