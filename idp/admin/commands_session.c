/* commands_session.c: lanyard session ... and logout-all: who is signed in, and how that ends. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/json.h"
#include "base/text.h"
#include "login/session.h"
#include "people/account.h"
#include "people/practice.h"
#include "store/db.h"
#include "store/snapshot.h"

static json_t *row_of(struct work *work, const struct session *session)
{
	int64_t idle = session->seen_at + session->idle_seconds;

	return json_pack("{s:s, s:s, s:s?, s:o, s:o, s:o, s:s, s:s?, s:b}", "sid", session->sid, "email",
			 session->email ? session->email : "", "location", session->location_id, "started",
			 time_shown(work, session->started_at), "seen", time_shown(work, session->seen_at),
			 "ends", time_shown(work, idle < session->ends_at ? idle : session->ends_at), "acr",
			 session->acr, "connection", session->connection_id, "continuity",
			 session->continuity);
}

static enum err session_list(struct work *work, const json_t *arguments, json_t **result,
			     const char **message, int *code)
{
	const struct practice *practice;
	struct subject subject = { 0 };
	struct session *sessions = NULL;
	size_t count = 0;

	(void)message, (void)code;
	if (arg(arguments, "user"))
		TRY(account_meant(work, arguments, &subject));
	else
		TRY(practice_meant(work, arguments, &practice));
	TRY(sessions_list(work, subject.account.id, &sessions, &count));
	*result = json_array();
	for (size_t i = 0; i < count; i++)
		append(*result, row_of(work, &sessions[i]));
	return OK;
}

static enum err session_stop(struct work *work, const json_t *arguments, json_t **result,
			     const char **message, int *code)
{
	const struct practice *practice;
	struct session session;
	const char *sid = arg(arguments, "sid");

	(void)code;
	TRY(practice_meant(work, arguments, &practice));
	if (session_by_sid(work, sid, &session) != OK)
		return fault(work, ERR_NOT_FOUND, "there is no open session %s in %s", sid, practice->id);
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(session_end(work, session.sid));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:s}", "sid", session.sid, "practice", practice->id);
	*message = "Ended; apps that asked for it are told.";
	return OK;
}

static enum err logout_all(struct work *work, const json_t *arguments, json_t **result, const char **message,
			   int *code)
{
	const struct practice *practice;
	size_t ended = 0;

	(void)code;
	TRY(practice_meant(work, arguments, &practice));
	TRY(confirmed(work, arguments, practice->id, "this signs everybody out"));
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(sessions_end_practice(work, &ended));
	TRY(practice_log_out_everyone(work, practice->id));
	TRY(tx_commit(&tx));
	*result = json_pack("{s:s, s:I}", "practice", practice->id, "sessions_ended", (json_int_t)ended);
	*message = "Every session and refresh token of the practice has ended.";
	return OK;
}

/* clang-format off */
const struct command session_commands[] = {
	{ "session", "list", "session list [EMAIL] [--practice P]", "who is signed in",
	  "lanyard session list --practice northside\nlanyard session list ada@northside.example\n",
	  (const char *const[]){ "user?", NULL }, (const char *const[]){ NULL }, session_list, NULL },
	{ "session", "end", "session end SID --practice P", "end one session",
	  "lanyard session end sid_00000000000000000000000000 --practice northside  # exits 3\n",
	  (const char *const[]){ "sid", NULL }, (const char *const[]){ NULL }, session_stop, NULL },
	{ "logout-all", NULL, "logout-all --practice P", "sign everybody of a practice out, at once",
	  "lanyard logout-all --practice riverside --yes\n", (const char *const[]){ NULL }, (const char *const[]){ "confirm=!", NULL }, logout_all, NULL },
	{ .noun = NULL },
};
/* clang-format on */
