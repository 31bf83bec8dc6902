/* pg_wire.c: connecting to PostgreSQL and asking it single things, with our own deadlines. */
#include <poll.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/text.h"

#include "store/pg_wire.h"
#include "store/pg_wait.h"

/* Everything a connection needs before its first statement, in one round trip. The server gives up
 * half a second before we do, so that a slow statement ends with an answer. synchronous_commit off
 * would make promises that a crash breaks; other values are the operator's choice. */
static const char settings[] =
	"SET statement_timeout = 2500; SET lock_timeout = 2500; SET bytea_output = 'hex';"
	"SET default_transaction_isolation = 'read committed'; SET DateStyle = 'ISO';"
	"SET plan_cache_mode = force_generic_plan; SET jit = off;"
	"SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = "
	"'off';"
	"SET ROLE lanyard_app";

static bool conninfo_has(const char *url, const char *keyword)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	bool has = false;

	for (const PQconninfoOption *option = options; option && option->keyword; option++) {
		if (text_equal(option->keyword, keyword))
			has = option->val != NULL;
	}
	PQconninfoFree(options);
	return has;
}

static PGconn *start(const struct pg_address *address)
{
	const char *keywords[8] = { "dbname", "client_encoding", "fallback_application_name" };
	const char *values[8] = { address->url, "UTF8", "lanyard" };
	size_t count = 3;

	/* Of several hosts only the one that takes writes: security state is never read from a standby. */
	if (!conninfo_has(address->url, "target_session_attrs")) {
		keywords[count] = "target_session_attrs";
		values[count++] = "read-write";
	}
	if (address->ca_file && !conninfo_has(address->url, "sslrootcert")) {
		keywords[count] = "sslrootcert";
		values[count++] = address->ca_file;
	}
	return PQconnectStartParams(keywords, values, 1);
}

static bool finish_connecting(PGconn *conn, int64_t deadline_us)
{
	short events = POLLOUT;

	for (;;) {
		if (!pg_wait_socket(PQsocket(conn), events, deadline_us))
			return false;
		switch (PQconnectPoll(conn)) {
		case PGRES_POLLING_OK:
			return true;
		case PGRES_POLLING_READING:
			events = POLLIN;
			break;
		case PGRES_POLLING_WRITING:
			events = POLLOUT;
			break;
		case PGRES_POLLING_FAILED:
		case PGRES_POLLING_ACTIVE:
		default:
			return false;
		}
	}
}

/* A WARNING while committing means that the commit is not as safe as it should be: "canceling wait
 * for synchronous replication" comes in this way, and so does an idle server's farewell. */
static void take_notice(void *wire, const PGresult *notice)
{
	static const char *const grave[] = { "WARNING", "ERROR", "FATAL", "PANIC", NULL };
	const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (severity && text_list_has(grave, severity))
		((struct wire *)wire)->warned = true;
}

static void first_line(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%.*s", (int)strcspn(text, "\r\n"), text);
}

static bool prepare_for_app(struct wire *wire, int64_t deadline_us, char *why, size_t size)
{
	struct wire_answer answer = wire_ask(wire, settings, NULL, deadline_us);

	if (answer.ok && PQenterPipelineMode(wire->conn))
		return true;
	snprintf(why, size, "%s", answer.text);
	return false;
}

bool wire_connect(struct wire *wire, const struct pg_address *address, bool as_app, int64_t deadline_us,
		  char *why, size_t size)
{
	*wire = (struct wire){ .conn = start(address) };
	assert(wire->conn);
	if (PQstatus(wire->conn) == CONNECTION_BAD || !finish_connecting(wire->conn, deadline_us)) {
		bool told = PQerrorMessage(wire->conn)[0] != '\0';

		first_line(why, size, told ? PQerrorMessage(wire->conn) : "no answer in time");
		wire_drop(wire);
		return false;
	}
	PQsetnonblocking(wire->conn, 1);
	PQsetNoticeReceiver(wire->conn, take_notice, wire);
	if (as_app && !prepare_for_app(wire, deadline_us, why, size)) {
		wire_drop(wire);
		return false;
	}
	return true;
}

void wire_drop(struct wire *wire)
{
	if (wire->conn)
		PQfinish(wire->conn);
	statements_forget(&wire->kept, NULL);
	*wire = (struct wire){ 0 };
}

bool wire_is_alive(struct wire *wire)
{
	struct pollfd fd = { .fd = PQsocket(wire->conn), .events = POLLIN };

	/* Between exchanges the server is silent, but for its farewell. */
	wire->warned = false;
	while (poll(&fd, 1, 0) > 0 && !wire->warned) {
		if (!PQconsumeInput(wire->conn) || PQisBusy(wire->conn) ||
		    PQstatus(wire->conn) != CONNECTION_OK)
			return false;
	}
	return !wire->warned;
}

static void take_answer(struct wire_answer *answer, const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *told = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
		if (PQntuples(result) > 0)
			snprintf(answer->text, sizeof answer->text, "%s", PQgetvalue(result, 0, 0));
		return;
	}
	answer->ok = false;
	snprintf(answer->sqlstate, sizeof answer->sqlstate, "%s", state ? state : "");
	first_line(answer->text, sizeof answer->text, told ? told : PQresultErrorMessage(result));
}

struct wire_answer wire_ask(struct wire *wire, const char *sql, const char *value, int64_t deadline_us)
{
	struct wire_answer answer = { .ok = true };
	PGresult *result;
	int sent = value ? PQsendQueryParams(wire->conn, sql, 1, NULL, &value, NULL, NULL, 0)
			 : PQsendQuery(wire->conn, sql);

	while (sent && (sent = pg_wait_result(wire->conn, deadline_us, &result)) && result) {
		if (answer.ok)
			take_answer(&answer, result);
		PQclear(result);
	}
	if (!sent) {
		answer.ok = false;
		first_line(answer.text, sizeof answer.text,
			   PQstatus(wire->conn) == CONNECTION_OK ? "no answer in time"
								 : PQerrorMessage(wire->conn));
	}
	return answer;
}
