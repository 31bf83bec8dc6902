/* command.c: the tables together; a command is found, run, and its fault turned into words and an exit code.
 */
#include "base/base.h"

#include "admin/command.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "store/snapshot.h"

const struct command *const admin_nouns[] = {
	practice_commands, location_commands, domain_commands,  connection_commands, user_commands,
	link_commands,     role_commands,     grant_commands,   app_commands,        session_commands,
	keys_commands,     apply_commands,    explain_commands, doctor_commands,     NULL,
};

const struct command *command_find(const char *noun, const char *verb)
{
	for (const struct command *const *table = admin_nouns; *table; table++)
		for (const struct command *row = *table; row->noun; row++)
			if (text_equal(row->noun, noun) && (!row->verb || text_equal(row->verb, verb)))
				return row;
	return NULL;
}

bool command_noun(const char *noun)
{
	for (const struct command *const *table = admin_nouns; *table; table++)
		for (const struct command *row = *table; row->noun; row++)
			if (text_equal(row->noun, noun))
				return true;
	return false;
}

static int code_of(enum err err)
{
	/* Every other fault is a plain failure. */
	static const struct {
		enum err err;
		int code;
	} codes[] = {
		{ OK, EXIT_OK },
		{ ERR_PARAMETER_MALFORMED, EXIT_USAGE },
		{ ERR_NOT_FOUND, EXIT_NOT_FOUND },
		{ ERR_NO_PRACTICE, EXIT_NOT_FOUND },
		{ ERR_REFUSED, EXIT_NOT_ALLOWED },
		{ ERR_LAST_OWNER, EXIT_NOT_ALLOWED },
		{ ERR_CONFLICT, EXIT_CONFLICT },
	};

	for (size_t i = 0; i < COUNT(codes); i++)
		if (codes[i].err == err)
			return codes[i].code;
	return EXIT_FAILED;
}

/* The operator reads the reason too: who may open this desk may read the log. */
static const char *message_of(struct work *work, enum err err)
{
	/* Here the reason alone says it best. */
	static const enum err plain[] = { ERR_PARAMETER_MALFORMED,
					  ERR_NOT_FOUND,
					  ERR_NO_PRACTICE,
					  ERR_DOCUMENT,
					  ERR_CONFLICT,
					  ERR_REFUSED };
	const char *reason = work->err == err ? work->reason : NULL;

	for (size_t i = 0; i < COUNT(plain); i++)
		if (plain[i] == err)
			return reason ? reason : error_row(err)->text;
	return reason ? arena_print(work->arena, "%s (%s)", error_row(err)->text, reason)
		      : error_row(err)->text;
}

int command_run(struct work *work, const struct command *command, const json_t *arguments, json_t **result,
		const char **message)
{
	int code = EXIT_OK;

	*result = NULL;
	*message = NULL;
	/* Others change things too: look at what is true now. */
	enum err err = snapshot_renew(work);

	if (err == OK)
		err = command->run(work, arguments, result, message, &code);
	if (err != OK) {
		json_done(result);
		*result = NULL;
		*message = message_of(work, err);
		code = code_of(err);
	}
	/* What was changed is seen by the next piece of work; this one keeps its picture, which answers point
	 * into. */
	if (snapshots_refresh(work, false) != OK)
		log_event(LOG_WARN, "snapshot_late", "reason", work->reason, "request_id", work->request_id,
			  NULL);
	return code;
}
