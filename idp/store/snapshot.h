/* snapshot.h: what every request reads and few requests change: practices, locations, roles, apps.
 *
 * An immutable picture of those tables, loaded whole (a deployment has hundreds of practices and
 * apps, not millions), swapped by pointer and counted. A work holds one picture from begin to end,
 * so a request never sees half a change. Every transaction that changes one of these tables calls
 * snapshot_touch; the node that commits reloads at once, others within 250 ms (they watch one row). */
#ifndef STORE_SNAPSHOT_H
#define STORE_SNAPSHOT_H

#include <jansson.h>

#include "base/base.h"

struct app;
struct work;
struct network;

struct location {
	const char *id, *parent_id, *name, *timezone; /* timezone: own or the practice's */
	const char *const *networks_text;             /* as typed */
	const struct network *networks;
	size_t network_count;
	bool archived;
};

struct role {
	const char *id, *name;
	const char *const *inherits; /* role ids */
	json_t *permissions; /* {"billing": ["read"], "notes": ["create", {"edit": "own"}]} as declared */
	bool built_in, additive, deleted;
};

/* practice.policy, parsed; 0 = the default that people/practice.h names. */
struct policy {
	int64_t session_idle, session_absolute; /* seconds */
	int64_t password_min_length;
	const char *password_preset; /* "nist-2025" | "classic" */
	json_t *document;            /* as declared, for export */
};

/* An upstream identity provider of a practice; the fields as they are declared (store/connections.h). */
enum on_unmapped { UNMAPPED_REFUSE, UNMAPPED_HOLD, UNMAPPED_DEFAULT };
enum local_sign_in { LOCAL_OUTAGE, LOCAL_ALWAYS, LOCAL_NEVER };
struct connection {
	const char *id, *practice_id, *name;
	const char *protocol; /* oidc | saml */
	const char *preset;   /* okta | entra | google | keycloak | adfs | other */
	bool disabled, deleted;
	const char *const *domains; /* whose people sign in here; lower case */
	bool button;                /* shown on the sign-in page */
	/* OIDC */
	const char *issuer, *client_id;
	const char
		*token_endpoint_auth_method; /* client_secret_basic | client_secret_post | private_key_jwt */
	const char *const *scopes;
	const char *tid, *hd;          /* Entra's tenant, Google's hosted domain */
	bool userinfo;                 /* asked too */
	struct bytes sealed_secret;    /* people/connection.h opens it */
	const char *secret_expires_on; /* a date; NULL */
	int64_t recheck_seconds;       /* how often it is asked about sessions; 0: never */
	/* SAML */
	const char *metadata;     /* XML, as declared or as fetched last; NULL: not fetched yet */
	const char *metadata_url; /* NULL: declared */
	const char *entity_id;    /* of the provider, where its metadata has several; NULL */
	bool sign_requests, force_post, allow_idp_initiated;
	bool allow_legacy_encryption;  /* AES-CBC and RSA 1.5 are decrypted too: a recorded deviation */
	const char *name_id_format;    /* asked for; NULL: none */
	const char *subject_attribute; /* the identity, instead of the NameID; NULL */
	/* both */
	const char *acr_mfa; /* asked for when a second factor is needed; NULL: as the preset does */
	const char *const *mfa_values;        /* acr or amr values that count as a second factor */
	bool trust_upstream_mfa, trust_email; /* people/provision.h */
	const char *email_claim, *given_name_claim, *family_name_claim;
	bool create, update;
	enum on_unmapped on_unmapped;
	json_t *mapping, *default_grant; /* NULL: none */
	enum local_sign_in local_sign_in;
	int64_t continuity_seconds; /* how long a session by the local way lives while it is down */
	bool upstream_logout;       /* signing out here signs out there */
	json_t *declaration;        /* as declared, for export */
};

struct practice {
	const char *id, *name, *timezone, *template;
	int64_t number; /* stands in the open in handles */
	int64_t epoch;  /* "log everyone out" adds one; sessions and families carry it */
	bool disabled;
	bool deleted; /* for good; disabled too */
	const char *const *domains;
	struct policy policy;
	const struct location *locations;
	size_t location_count; /* in declared order */
	const struct role *roles;
	size_t role_count;
	const struct connection *connections;
	size_t connection_count; /* by id; also disabled and deleted ones */
};

/* What a SAML service provider has beside what all apps have. */
struct saml_app {
	const char *metadata;       /* XML, as declared or as fetched last; NULL: not fetched yet */
	const char *metadata_url;   /* NULL: declared */
	json_t *attributes;         /* [{"preset": "clinic"}, {"claim": "npi", "name": "urn:x"}] */
	const char *name_id_format; /* persistent | transient | email | unspecified */
	const char *sign;           /* assertion | response | both */
	const char *encrypt;        /* auto (when its metadata has a key for it) | always | never */
	bool require_signed_requests, allow_idp_initiated, allow_ecp;
	int64_t assertion_lifetime; /* seconds */
};

/* An app. For an OIDC client in the terms of RFC 7591 and OpenID Connect Registration; a SAML service
 * provider's client_id is its entity id, and of the rest it has name, practices, roles, disabled,
 * require_location, logo_uri and saml. */
struct client {
	const char *client_id, *name, *type;    /* type: "oidc" | "saml" */
	const char *const *practices;           /* ids it serves */
	bool disabled, deleted;                 /* deleted: for good; disabled too */
	const char *secret_hash;                /* SHA-256 with purpose prefix, base64url; NULL: none */
	const char *token_endpoint_auth_method; /* client_secret_basic | client_secret_post | private_key_jwt
						   | none */
	const char *application_type;           /* web | native */
	const char *const *redirect_uris, *const *post_logout_redirect_uris;
	const char *const *grant_types, *const *response_modes, *const *scopes, *const *resources;
	const char *backchannel_logout_uri, *frontchannel_logout_uri, *jwks_uri, *logo_uri, *client_uri,
		*initiate_login_uri;
	bool backchannel_logout_session_required, frontchannel_logout_session_required;
	json_t *jwks;                             /* inline key set, or NULL */
	const char *id_token_signed_response_alg; /* ES256 (default) | RS256 */
	const char *access_token_alg;             /* ES256 (default) | RS256 */
	const char *const *id_token_claims;       /* released into the ID token for good */
	const char *const *roles;                 /* roles that may use the app; NULL: all */
	int64_t access_token_lifetime;            /* seconds; 300 by default */
	int64_t refresh_token_lifetime;           /* seconds; 12 h by default */
	bool first_party, require_pkce, require_pushed_authorization_requests, require_location;
	struct saml_app saml;
	json_t *metadata; /* the whole declared document, for export */
};

struct snapshot {
	int64_t version;
	const struct practice *practices;
	size_t practice_count; /* sorted by id */
	const struct client *clients;
	size_t client_count;                     /* sorted by client_id */
	const struct practice *const *by_number; /* the practices again; NULL in a picture made by hand */
};

struct snapshots; /* the holder of the current one */

struct snapshots *snapshots_new(void);
void snapshots_free(struct snapshots *snapshots);
/* Loads if the store's version moved (force: always). Safe from any thread. */
enum err snapshots_refresh(struct work *work, bool force) MUST_USE;
/* Inside a transaction that changed such a table. */
enum err snapshot_touch(struct work *work) MUST_USE;
/* After its commit: this node sees it at once. The work keeps its old picture; take a new one with
 * snapshot_renew. */
enum err snapshot_renew(struct work *work) MUST_USE;
/* Counted; a work does both itself (work_begin, work_end). */
const struct snapshot *snapshot_hold(struct snapshots *snapshots);
void snapshot_drop(const struct snapshot *snapshot);

/* All NULL when there is none (also a NULL id). Deleted and disabled things are found: status is
 * the caller's to check, where something is issued. */
const struct practice *snapshot_practice(const struct snapshot *s, const char *id);
const struct practice *snapshot_practice_number(const struct snapshot *s, int64_t number);
/* The one practice in use with this e-mail domain (lower case); NULL too when several have it. */
const struct practice *snapshot_practice_domain(const struct snapshot *s, const char *domain);
/* An OIDC client, a SAML service provider, either: a door of one protocol never finds an app of the other. */
const struct client *snapshot_client(const struct snapshot *s, const char *client_id);
const struct client *snapshot_saml(const struct snapshot *s, const char *entity_id);
const struct client *snapshot_app(const struct snapshot *s, const char *id);
const struct connection *snapshot_connection(const struct snapshot *s, const char *id); /* of any practice */
const struct location *practice_location(const struct practice *p, const char *id);
const struct role *practice_role(const struct practice *p, const char *id);
bool client_serves(const struct client *c, const char *practice_id);

#endif
