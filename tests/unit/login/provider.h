/* provider.h: a provider of the test's own: what it is asked is kept, what it says is set, and its answers
 * come to /test/callback. Stands on world.h. */
#ifndef LOGIN_PROVIDER_H
#define LOGIN_PROVIDER_H

#include "world.h"

#include "login/connect.h"
#include "login/reach.h"
#include "people/connection.h"
#include "people/connector.h"
#include "people/provision.h"
#include "store/connections.h"

#define ISSUER "https://northside.okta.example"

static struct {
	bool down; /* cannot be reached */
	bool by_form;
	_Atomic int probes, starts;
	char state[128], hint[128], left[300];
	bool fresh, mfa;
	/* who comes back */
	const char *subject, *email, *sid;
	bool unverified, says_mfa;
	int64_t auth_time, ends_at;
	const char *refresh; /* what it can be asked with again */
	const char *refuses; /* the word of a check that fails */
} provider;

/* ---- the connector ---- */

static const char *no_trouble(UNUSED struct work *work, UNUSED const json_t *whole,
			      UNUSED const char *metadata, UNUSED bool known)
{
	return NULL;
}

static enum err provider_start(struct work *work, const struct connect_ask *ask, struct departure *out)
{
	provider.starts++;
	snprintf(provider.state, sizeof provider.state, "%s", ask->state);
	snprintf(provider.hint, sizeof provider.hint, "%s", ask->login_hint ? ask->login_hint : "");
	provider.fresh = ask->fresh;
	provider.mfa = ask->mfa;
	*out = (struct departure){ .url = ISSUER "/authorize" };
	if (provider.by_form) {
		out->field = "SAMLRequest";
		out->value = "PHg+";
		out->relay_state = arena_text(work->arena, ask->state);
	}
	return OK;
}

static enum err provider_probe(struct work *work, UNUSED const struct connection *connection)
{
	provider.probes++;
	return provider.down ? fault(work, ERR_UPSTREAM_DOWN, "does not answer") : OK;
}

static enum err provider_leave(struct work *work, UNUSED const struct connection *connection,
			       struct bytes hint, const char *return_to, const char **url)
{
	snprintf(provider.left, sizeof provider.left, "%.*s %s", (int)hint.size, (const char *)hint.at,
		 return_to);
	if (provider.down)
		return fault(work, ERR_UPSTREAM_DOWN, "does not answer");
	*url = ISSUER "/logout";
	return OK;
}

static const struct connector test_connector = { .protocol = "oidc",
						 .trouble = no_trouble,
						 .start = provider_start,
						 .probe = provider_probe,
						 .leave = provider_leave };
static const struct connector test_saml_connector = {
	.protocol = "saml", .trouble = no_trouble, .start = provider_start, .probe = provider_probe
};
static const struct connector *const test_connectors[] = { &test_connector, &test_saml_connector, NULL };

/* ---- its way back ---- */

static json_t *claims_of_provider(void)
{
	return json_pack("{s:s, s:[s]}", "sub", provider.subject, "groups", "Doctors");
}

static void drop_json(void *value)
{
	json_decref(value);
}

static enum err test_callback(struct request *rq)
{
	static const char *const amr[] = { "mfa", "otp", NULL };
	const struct connection *connection;

	TRY(connect_return(rq, form_get(&rq->query, "connection"), form_get(&rq->query, "state"),
			   &connection));
	if (provider.refuses)
		return connect_refused(rq, connection, ERR_UPSTREAM_ANSWER, provider.refuses, "detail");

	json_t *claims = claims_of_provider();
	struct upstream_person person = {
		.connection = connection,
		.issuer = ISSUER,
		.subject = provider.subject,
		.email = provider.email,
		.email_verified = !provider.unverified,
		.given_name = "Grace",
		.family_name = "Hopper",
		.claims = claims,
		.mfa = provider.says_mfa,
		.amr = provider.says_mfa ? amr : NULL,
		.auth_time = provider.auth_time,
		.ends_at = provider.ends_at,
		.upstream_sid = provider.sid,
		.logout_hint = BYTES_OF("the-id-token"),
		.refresh = provider.refresh ? BYTES_OF(provider.refresh) : (struct bytes){ 0 },
	};

	arena_defer(rq->w.arena, drop_json, claims);
	return connect_finish(rq, &person);
}

static enum err test_unsolicited(struct request *rq)
{
	const struct connection *connection;
	json_t *claims = claims_of_provider();

	arena_defer(rq->w.arena, drop_json, claims);
	TRY(connect_unsolicited(rq, form_get(&rq->query, "connection"), form_get(&rq->query, "relay"),
				&connection));
	return connect_finish(rq, &(struct upstream_person){ .connection = connection,
							     .issuer = ISSUER,
							     .subject = provider.subject,
							     .email = provider.email,
							     .email_verified = true,
							     .claims = claims });
}

static enum err test_try_out(struct request *rq)
{
	AUTO(json_done) json_t *ask = json_pack("{s:s}", "connection", "okta");

	return flow_begin(rq,
			  &(struct flow_start){ .kind = "connection_test", .return_to = "/", .ask = ask });
}

static const struct route provider_routes[] = {
	{ "GET", "/test/callback", test_callback, LANE_REMOTE, SPEAKS_HTML, 0, 0 },
	{ "GET", "/test/unsolicited", test_unsolicited, LANE_REMOTE, SPEAKS_HTML, 0, 0 },
	{ "GET", "/test/try-out", test_try_out, LANE_QUICK, SPEAKS_HTML, 0, 0 },
	{ 0 },
};

/* ---- connections ---- */

static void apply_connection(const char *practice, json_t *declared_taken)
{
	struct connection_change change = { .declared = declared_taken };
	const char *message = NULL;
	struct hand made;
	bool created, changed;

	hand_open(&made, practice);
	if (connection_prepare(&made.w, &change, &message) != OK)
		fail_msg("%s", message);
	hand_end(&made);
	meanwhile(practice, connection_apply(&hand.w, &change, &created, &changed));
	json_decref(declared_taken);
}

/* Members of more replace those of the usual declaration. */
static void declare(const char *id, const char *practice, const char *domain, json_t *more_taken)
{
	json_t *declared = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:{s:s}, s:{s:s, s:s, s:s}}", "id", id, "name",
		"Northside Okta", "protocol", "oidc", "issuer", ISSUER, "client_id", "lanyard",
		"trust_upstream_mfa", true, "client_secret", "0123456789abcdef", "provision", "on_unmapped",
		"default", "default_grant", "class", "staff", "role", "provider", "locations", "all");

	if (domain)
		json_object_set_new(declared, "domains", json_pack("[s]", domain));
	if (more_taken)
		json_object_update(declared, more_taken);
	json_decref(more_taken);
	apply_connection(practice, declared);
}

UNUSED static void declare_saml(const char *id, const char *practice, bool unsolicited)
{
	apply_connection(practice,
			 json_pack("{s:s, s:s, s:s, s:b, s:{s:s}, s:{s:s, s:s, s:s}}", "id", id, "protocol",
				   "saml", "metadata", "<EntityDescriptor/>", "allow_idp_initiated",
				   unsolicited, "provision", "on_unmapped", "default", "default_grant",
				   "class", "staff", "role", "provider", "locations", "all"));
}

static void give_domain(const char *practice, const char *name, const char *domain)
{
	const char *const domains[] = { domain, NULL };
	bool changed;

	meanwhile(practice, practice_apply(&hand.w,
					   &(struct practice_change){ .id = practice,
								      .name = name,
								      .timezone = "UTC",
								      .template = "medium",
								      .domains = domains },
					   &changed));
}

static void set_off(const char *id, bool disabled)
{
	struct hand hand;
	size_t count;

	hand_open(&hand, "north");
	struct tx tx = tx_begin(&hand.w);
	assert_ok(&hand, connection_set_disabled(&hand.w, id, disabled));
	if (disabled)
		assert_ok(&hand, sessions_end_connection(&hand.w, id, &count));
	assert_ok(&hand, tx_commit(&tx));
	tx_end(&tx);
	assert_ok(&hand, snapshot_renew(&hand.w));
	hand_end(&hand);
}

/* After the_clinic_opens. */
static void the_provider_opens(UNUSED void **state)
{
	world.more_routes = provider_routes;
	world.app.connectors = test_connectors;
	world.app.reach = reach_new();
	give_domain("north", "Northside Clinic", "northside.example");
	declare("okta", "north", "northside.example", NULL);
	declare("keycloak", "north", NULL, json_pack("{s:s}", "name", "Northside Keycloak"));
}

static void the_provider_closes(UNUSED void **state)
{
	reach_free(TAKE(world.app.reach));
	world.more_routes = NULL;
}

static int begin_with_provider(void **state)
{
	memset(&provider, 0, sizeof provider);
	provider.subject = "00u1";
	provider.email = "grace@northside.example";
	reach_free(world.app.reach);
	world.app.reach = reach_new();
	return begin_day(state);
}

#define VISIT(test) cmocka_unit_test_setup(test, begin_with_provider)

/* ---- a browser's way ---- */

/* Onward from where our pages want it to go, until it stands at the provider. */
UNUSED static void go_to_provider(struct browser *b)
{
	char target[300];

	if (b->refresh[0]) {
		snprintf(target, sizeof target, "%s", strstr(b->refresh, "url=") + 4);
		get(b, target);
	}
	follow(b);
	if (b->status != 303 || strcmp(b->at, ISSUER "/authorize") != 0)
		fail_msg("at %s (%d %s), not at the provider", b->at, b->status, b->word);
}

UNUSED static void type_address(struct browser *b, const char *email)
{
	char fields[300];

	snprintf(fields, sizeof fields, "username=%s", email);
	post(b, "/login/identify", fields);
}

UNUSED static void press_button(struct browser *b, const char *connection)
{
	char target[300];

	snprintf(target, sizeof target, "/login/upstream?flow=%s&connection=%s", b->flow_id, connection);
	get(b, target);
}

UNUSED static void come_back_by(struct browser *b, const char *connection, const char *state)
{
	char target[300];

	snprintf(target, sizeof target, "/test/callback?connection=%s&state=%s", connection, state);
	get(b, target);
}

/* With what the provider was given last. */
UNUSED static void come_back(struct browser *b)
{
	come_back_by(b, "okta", provider.state);
	follow(b);
}

UNUSED static void sign_in_there(struct browser *b)
{
	arrive(b);
	press_button(b, "okta");
	go_to_provider(b);
	come_back(b);
}

/* The person's account, or "". */
UNUSED static void sub_of(struct browser *b, char out[64])
{
	go_to_app(b);
	find_between(b->body, "\"sub\":\"", '"', out, 64);
}

#endif
