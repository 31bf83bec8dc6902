/* upstream_presets.h: what is known of certain providers. */
#ifndef OIDC_UPSTREAM_PRESETS_H
#define OIDC_UPSTREAM_PRESETS_H

#include "base/base.h"

struct connection;

struct upstream_preset {
	const char *name;
	const char *issuer_hint;    /* for messages: what an issuer of this kind looks like; NULL */
	const char *acr_mfa;        /* asked for when a second factor is needed; NULL: only as declared */
	const char *fresh_prompt;   /* how it is asked to authenticate again */
	const char *verified_claim; /* whether the address's domain is the tenant's own; NULL: none */
	bool asks_consent;          /* gives a refresh token only when consent is asked for (Core 11) */
	const char *offline;        /* how it is asked for one beside the scope offline_access; NULL */
	bool has_tenant;            /* people are who they are by tid and oid, and tid is pinned */
	bool has_domain;            /* hd is pinned */
	bool no_groups;             /* never says groups */
	const char *groups_mend;    /* what to do there when groups are missing */
};
/* Never NULL: "other" for what has no row. */
const struct upstream_preset *upstream_preset_of(const char *name);
/* The acr to ask for; NULL: none. */
const char *upstream_acr_mfa(const struct connection *connection);

#endif
