/* commands_domain.c: lanyard domain ...: the e-mail domains of a practice, and who vouches for each.
 *
 * A domain decides where people are sent to sign in, so it leads nowhere before somebody vouches: a TXT
 * record in its own DNS, or the operator. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/commands_connection.h"
#include "admin/domain_txt.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/secret.h"
#include "people/audit.h"
#include "people/connection.h"
#include "people/email.h"
#include "store/db.h"
#include "store/practices.h"
#include "store/snapshot.h"

static const char *vouched_by(const struct domain_row *row)
{
	return row->checked ? row->checked : "nobody";
}

/* The practice's row of this domain; domain NULL in it: there is none. */
static enum err row_find(struct work *work, const char *domain, struct domain_row *out)
{
	struct domain_row *rows = NULL;
	size_t count = 0;

	*out = (struct domain_row){ 0 };
	TRY(domains_all(work, &rows, &count));
	for (size_t i = 0; i < count; i++)
		if (text_equal(rows[i].practice_id, work->practice) && text_equal(rows[i].domain, domain))
			*out = rows[i];
	return OK;
}

static enum err note(struct work *work, const char *domain, const char *was, const char *is,
		     const char *reason)
{
	AUTO(json_done) json_t *change = json_pack("{s:[s?, s?]}", "vouched_by", was, is);
	AUTO(json_done) json_t *extra = reason ? json_pack("{s:s}", "reason", reason) : NULL;

	TRY(audit(work, &(struct audit_note){ .event = EVENT_DOMAIN_CHECKED,
					      .target_kind = "domain",
					      .target_id = domain,
					      .change = change,
					      .extra = extra }));
	return snapshot_touch(work);
}

enum err domains_vouch(struct work *work, const char *const *domains)
{
	for (; domains && *domains; domains++) {
		struct domain_row row;
		TRY(row_find(work, *domains, &row));
		if (row.domain)
			continue;
		TRY(domains_add(work, work->practice, *domains));
		TRY(note(work, *domains, NULL, DOMAIN_BY_OPERATOR, NULL));
	}
	return OK;
}

/* The argument, in lower case, and the practice. */
static enum err domain_meant(struct work *work, const json_t *arguments, const char **domain)
{
	const struct practice *practice = NULL;

	*domain = text_lower(work->arena, arg(arguments, "domain"));
	if (!domain_is_sound(*domain))
		return fault(work, ERR_PARAMETER_MALFORMED, "%s is not a domain such as clinic.example",
			     arg(arguments, "domain"));
	return practice_meant(work, arguments, &practice);
}

static enum err row_meant(struct work *work, const json_t *arguments, struct domain_row *out)
{
	const char *domain = NULL;

	TRY(domain_meant(work, arguments, &domain));
	TRY(row_find(work, domain, out));
	return out->domain ? OK
			   : fault(work, ERR_NOT_FOUND, "%s has no domain %s: lanyard domain add %s",
				   work->practice, domain, domain);
}

static void tell_record(struct work *work, const char *domain, const char *token, json_t *told)
{
	json_set_text(told, "record", arena_print(work->arena, DOMAIN_TXT_LABEL "%s", domain));
	json_set_text(told, "type", "TXT");
	json_set_text(told, "value", arena_print(work->arena, DOMAIN_TXT_WORD "%s", token));
}

static enum err domain_add(struct work *work, const json_t *arguments, json_t **result, const char **message,
			   int *code)
{
	const char *domain = NULL;
	struct domain_row row;
	const char *token = id_random(work->arena, "d");

	(void)code;
	TRY(domain_meant(work, arguments, &domain));
	TRY(row_find(work, domain, &row));
	if (row.token) /* the record may be in the DNS already */
		token = row.token;
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(domains_begin_check(work, work->practice, domain, token));
	TRY(note(work, domain, row.checked, row.checked, NULL));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s, s:s}", "domain", domain, "practice", work->practice, "vouched_by",
			    vouched_by(&row));
	tell_record(work, domain, token, *result);
	*message = arena_print(
		work->arena,
		"Put this record into the DNS of %s. Next: lanyard domain verify %s --practice %s. "
		"Undo: lanyard domain remove %s.",
		domain, domain, work->practice, domain);
	return OK;
}

static json_t *domain_row_shown(struct work *work, const struct domain_row *row)
{
	const struct practice *practice = snapshot_practice(work->snapshot, row->practice_id);
	const struct connection *connection =
		practice && row->checked ? connection_for_domain(work, practice, row->domain) : NULL;

	return json_pack("{s:s, s:s, s:s, s:o, s:s?}", "domain", row->domain, "practice", row->practice_id,
			 "vouched_by", vouched_by(row), "since", time_shown(work, row->checked_at),
			 "leads_to", connection ? connection->id : NULL);
}

static enum err domain_list(struct work *work, const json_t *arguments, json_t **result, const char **message,
			    int *code)
{
	const struct practice *only = NULL;
	struct domain_row *rows = NULL;
	size_t count = 0;

	(void)message, (void)code;
	if (arg(arguments, "practice"))
		TRY(practice_meant(work, arguments, &only));
	TRY(domains_all(work, &rows, &count));
	*result = json_array();
	for (size_t i = 0; i < count; i++)
		if (!only || text_equal(rows[i].practice_id, only->id))
			append(*result, domain_row_shown(work, &rows[i]));
	return OK;
}

/* By the operator's word, for a network that has no DNS to ask: why is on record. */
static enum err vouch_offline(struct work *work, const json_t *arguments, const char **how,
			      const char **reason)
{
	*how = DOMAIN_BY_OPERATOR;
	*reason = arg(arguments, "reason");
	return text_is_empty(*reason) ? fault(work, ERR_PARAMETER_MALFORMED,
					      "--reason is missing: why is the DNS not asked?")
				      : OK;
}

static enum err vouch_dns(struct work *work, const struct domain_row *row, const char **how)
{
	*how = DOMAIN_BY_DNS;
	if (!row->token)
		return fault(work, ERR_NOT_FOUND,
			     "no record was asked for yet: lanyard domain add %s --practice %s", row->domain,
			     row->practice_id);
	return domain_txt_check(work, row->domain, row->token);
}

static enum err domain_verify(struct work *work, const json_t *arguments, json_t **result,
			      const char **message, int *code)
{
	struct domain_row row;
	const char *how = NULL, *reason = NULL;

	(void)code;
	TRY(row_meant(work, arguments, &row));
	if (arg_is(arguments, "offline"))
		TRY(vouch_offline(work, arguments, &how, &reason));
	else
		TRY(vouch_dns(work, &row, &how));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(domains_checked(work, work->practice, row.domain, how));
	TRY(note(work, row.domain, row.checked, how, reason));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s, s:s}", "domain", row.domain, "practice", work->practice, "vouched_by",
			    how);
	*message = arena_print(
		work->arena,
		"Its people are sent where a connection with this domain says: lanyard connection "
		"set ID --domain %s. Undo: lanyard domain remove %s.",
		row.domain, row.domain);
	return OK;
}

/* A connection that names it would lead nowhere. */
static enum err is_free(struct work *work, const char *domain)
{
	const struct practice *practice = snapshot_practice(work->snapshot, work->practice);

	for (size_t i = 0; i < practice->connection_count; i++) {
		const struct connection *connection = &practice->connections[i];
		if (!connection->deleted && text_list_has(connection->domains, domain))
			return fault(work, ERR_CONFLICT, "the connection %s has %s: change its domains first",
				     connection->id, domain);
	}
	return OK;
}

static enum err domain_remove(struct work *work, const json_t *arguments, json_t **result,
			      const char **message, int *code)
{
	struct domain_row row;

	(void)code;
	TRY(row_meant(work, arguments, &row));
	TRY(is_free(work, row.domain));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(domains_remove(work, work->practice, row.domain));
	TRY(note(work, row.domain, row.checked, NULL, NULL));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s}", "domain", row.domain, "practice", work->practice);
	*message = arena_print(work->arena, "Undo: lanyard domain add %s --practice %s.", row.domain,
			       work->practice);
	return OK;
}

#define NOTHING                                                                                              \
	(const char *const[])                                                                                \
	{                                                                                                    \
		NULL                                                                                         \
	}
#define DOMAIN                                                                                               \
	(const char *const[])                                                                                \
	{                                                                                                    \
		"domain", NULL                                                                               \
	}

/* clang-format off */
const struct command domain_commands[] = {
	{ "domain", "add", "domain add DOMAIN --practice P", "claim an e-mail domain; prints the DNS record that proves it",
	  "lanyard domain add clinic.northside.example --practice northside\nlanyard domain add nodots --practice northside  # exits 2\n", DOMAIN, NOTHING, domain_add, NULL },
	{ "domain", "list", "domain list [--practice P]", "the domains, who vouches for each, and where its people sign in",
	  "lanyard domain list\nlanyard domain list --practice northside\n", NOTHING, NOTHING, domain_list, NULL },
	{ "domain", "verify", "domain verify DOMAIN --practice P [--offline --reason WHY]", "look for the DNS record; --offline: the operator vouches instead",
	  "lanyard domain verify clinic.northside.example --practice northside --offline --reason \"no DNS in this network\"\n"
	  "lanyard domain verify clinic.northside.example --practice northside --offline  # exits 2\n",
	  DOMAIN, (const char *const[]){ "offline", "reason=", NULL }, domain_verify, NULL },
	{ "domain", "remove", "domain remove DOMAIN --practice P", "give a domain up; its people sign in with a password",
	  "lanyard domain remove clinic.northside.example --practice northside\n"
	  "lanyard domain remove clinic.northside.example --practice northside  # exits 3\n", DOMAIN, NOTHING, domain_remove, NULL },
	{ .noun = NULL },
};
/* clang-format on */
