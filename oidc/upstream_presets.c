/* upstream_presets.c: the providers that are known by name, a row each. What they say of themselves: Okta
 * "OpenID Connect & OAuth 2.0" and "ACR values", Microsoft "ID token claims reference", Google "OpenID
 * Connect". */
#include "oidc/upstream_presets.h"

#include "base/text.h"
#include "store/snapshot.h"

static const struct upstream_preset presets[] = {
	{ .name = "other",
	  .fresh_prompt = "login",
	  .asks_consent = true,
	  .groups_mend = "Let the provider put the groups into the ID token, or set userinfo: true." },
	{ .name = "okta",
	  .issuer_hint = "https://YOURS.okta.com",
	  .acr_mfa = "urn:okta:loa:2fa:any",
	  .fresh_prompt = "login",
	  .groups_mend = "In Okta: Applications > the app > Sign On > OpenID Connect ID Token > Groups claim "
			 "filter." },
	/* xms_edov: an address of Entra is what an administrator typed; this claim, where the registration
	 * has it, says whether its domain is the tenant's own (nOAuth, security.md B1). */
	{ .name = "entra",
	  .issuer_hint = "https://login.microsoftonline.com/TENANT-ID/v2.0",
	  .fresh_prompt = "login",
	  .verified_claim = "xms_edov",
	  .has_tenant = true,
	  .groups_mend =
		  "In Entra: App registrations > the app > Token configuration > Add groups claim > Groups "
		  "assigned to the application; or use app roles." },
	/* Knows no prompt=login and says no auth_time: a sign-in that must be fresh cannot be had there. */
	{ .name = "google",
	  .issuer_hint = "https://accounts.google.com",
	  .fresh_prompt = "select_account",
	  .asks_consent = true,
	  .offline = "access_type=offline",
	  .has_domain = true,
	  .no_groups = true,
	  .groups_mend = "Google sends no groups by OpenID Connect: map by address, or connect it by SAML." },
	{ .name = "keycloak",
	  .issuer_hint = "https://HOST/realms/REALM",
	  .fresh_prompt = "login",
	  .groups_mend =
		  "In Keycloak: Clients > the client > Client scopes > the dedicated scope > Add mapper > "
		  "Group Membership." },
	{ .name = "adfs",
	  .issuer_hint = "https://HOST/adfs",
	  .fresh_prompt = "login",
	  .groups_mend =
		  "In AD FS: the application's Issuance Transform Rules > Send LDAP Attributes as Claims." },
};

const struct upstream_preset *upstream_preset_of(const char *name)
{
	for (size_t at = 0; at < COUNT(presets); at++)
		if (text_equal(presets[at].name, name))
			return &presets[at];
	return &presets[0];
}

const char *upstream_acr_mfa(const struct connection *connection)
{
	return connection->acr_mfa ? connection->acr_mfa : upstream_preset_of(connection->preset)->acr_mfa;
}
