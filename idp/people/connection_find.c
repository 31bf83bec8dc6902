/* connection_find.c: which connection an address leads to, who speaks its protocol, and the ticket of a
 * sign-in without side effects. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "people/account.h"
#include "people/connection.h"
#include "people/connector.h"
#include "people/email.h"
#include "store/replay.h"
#include "store/snapshot.h"

#define TICKET "connection_test"

const struct connector *connector_of(const struct work *work, const char *protocol)
{
	const struct connector *const *connectors = work->app->connectors;

	while (connectors && *connectors && !text_equal((*connectors)->protocol, protocol))
		connectors++;
	assert(connectors && *connectors);
	return *connectors;
}

const struct connection *connection_for_domain(const struct work *work, const struct practice *practice,
					       const char *domain)
{
	const char *lower = domain ? text_lower(work->arena, domain) : NULL;

	if (!lower || !domain_is_sound(lower))
		return NULL;
	if (!practice)
		practice = snapshot_practice_domain(work->snapshot, lower);
	if (!practice || practice->disabled || !text_list_has(practice->domains, lower))
		return NULL;
	for (size_t i = 0; i < practice->connection_count; i++) {
		const struct connection *connection = &practice->connections[i];

		if (!connection->disabled && text_list_has(connection->domains, lower))
			return connection;
	}
	return NULL;
}

const struct connection *connection_for_address(const struct work *work, const struct practice *practice,
						const char *address)
{
	const char *canonical = email_canonical(work->arena, address);

	return canonical ? connection_for_domain(work, practice, strchr(canonical, '@') + 1) : NULL;
}

/* --- tickets ----------------------------------------------------------------------------------------------
 */

static char *ticket_mac(struct work *work, const char *connection_id, const char *end, const char *once)
{
	return vault_mac_text(work->app->vault, work->arena, TICKET, connection_id, end, once, NULL);
}

/* end.once.mac: the middle part tells two of the same second apart. */
char *connection_ticket(struct work *work, const char *connection_id, int64_t expires_at)
{
	const char *end = arena_print(work->arena, "%" PRId64, expires_at);
	const char *once = id_random(work->arena, "t");

	return arena_print(work->arena, "%s.%s.%s", end, once, ticket_mac(work, connection_id, end, once));
}

/* The MAC first: strangers use up nothing. */
static bool ticket_is_ours(struct work *work, const char *connection_id, const char *ticket,
			   int64_t *expires_at)
{
	size_t count = 0;
	char **parts = strlen(ticket) <= 200 ? text_split(work->arena, ticket, '.', &count) : NULL;

	return count == 3 && secret_equal(ticket_mac(work, connection_id, parts[0], parts[1]), parts[2]) &&
	       text_to_int(parts[0], 0, INT64_MAX, expires_at) && *expires_at > work->now;
}

enum err connection_ticket_use(struct work *work, const char *connection_id, const char *ticket)
{
	int64_t expires_at = 0;
	bool fresh = false;

	if (!connection_id || !ticket || !ticket_is_ours(work, connection_id, ticket, &expires_at))
		return fault(work, ERR_NOT_FOUND, "not a ticket of connection %s, or it has ended",
			     connection_id ? connection_id : "(none)");
	TRY(replay_once(work, TICKET, ticket, expires_at, &fresh));
	return fresh ? OK
		     : fault(work, ERR_NOT_FOUND, "a ticket of connection %s, used already", connection_id);
}
