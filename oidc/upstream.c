/* upstream.c: the connector of OpenID providers (people/connector.h). */
#include "oidc/upstream.h"

#include "oidc/upstream_inspect.h"
#include "oidc/upstream_logout.h"
#include "oidc/upstream_provider.h"
#include "oidc/upstream_sign_in.h"
#include "people/connector.h"

/* Its metadata, now: what every sign-in begins with. */
static enum err probe(struct work *w, const struct connection *connection)
{
	struct published published;

	return upstream_find(w, connection, true, &published);
}

const struct connector oidc_connector = {
	.protocol = "oidc",
	.trouble = upstream_trouble,
	.start = upstream_start,
	.probe = probe,
	.read = upstream_read,
	.examine = upstream_examine,
	.ours = upstream_ours,
	.leave = upstream_leave,
};
