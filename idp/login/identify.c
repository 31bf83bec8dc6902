/* identify.c: who are you, and where do you sign in? Home-realm discovery looks at the address's domain alone
 * and never at accounts, so that known and unknown people see the same (security.md C5). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"
#include "login/acr.h"
#include "login/session.h"
#include "login/steps.h"
#include "pages.h"
#include "people/account.h"
#include "people/connection.h"
#include "store/snapshot.h"

#define USERNAME_MAX 254

bool flow_is_test(const struct flow *flow)
{
	return text_equal(flow->kind, "connection_test");
}

/* ---- which connections there are ---- */

/* What was asked for; a practice that was only proven stands for nothing here. */
static const char *practice_asked(const struct flow *flow)
{
	return flow->practice_open ? NULL : flow->practice_id;
}

static bool practice_is_meant(const struct request *rq, const struct practice *practice)
{
	const char *asked = practice_asked(rq->flow);

	if (!practice || practice->disabled || (asked && !text_equal(asked, practice->id)))
		return false;
	return !rq->client || client_serves(rq->client, practice->id);
}

/* A test looks at what is not switched on yet. */
bool connection_is_open(const struct request *rq, const struct connection *connection)
{
	if (!connection || connection->deleted || (connection->disabled && !flow_is_test(rq->flow)))
		return false;
	return practice_is_meant(rq, snapshot_practice(rq->w.snapshot, connection->practice_id));
}

static const struct connection *if_open(const struct request *rq, const struct connection *connection)
{
	return connection_is_open(rq, connection) ? connection : NULL;
}

/* True ends the walk. */
typedef bool (*look_at)(const struct request *rq, const struct connection *connection, void *context);

static bool walk(const struct request *rq, look_at look, void *context)
{
	const struct snapshot *s = rq->w.snapshot;

	for (size_t i = 0; s && i < s->practice_count; i++) {
		const struct practice *practice = &s->practices[i];

		if (!practice_is_meant(rq, practice))
			continue;
		for (size_t c = 0; c < practice->connection_count; c++)
			if (connection_is_open(rq, &practice->connections[c]) &&
			    look(rq, &practice->connections[c], context))
				return true;
	}
	return false;
}

static bool has_domains(UNUSED const struct request *rq, const struct connection *connection,
			UNUSED void *context)
{
	return connection->domains && connection->domains[0];
}

struct shown {
	const struct connection **list;
	size_t count;
};

static bool add_shown(UNUSED const struct request *rq, const struct connection *connection, void *context)
{
	struct shown *shown = context;

	if (connection->button)
		shown->list[shown->count++] = connection;
	return shown->count == CONNECTIONS_SHOWN;
}

/* Without an app and a practice nobody is told which practices are here, nor whose provider each has (F212).
 */
static bool may_show(const struct request *rq)
{
	const struct snapshot *s = rq->w.snapshot;
	size_t open = 0;

	for (size_t i = 0; s && i < s->practice_count; i++)
		open += !s->practices[i].disabled;
	return rq->client || practice_asked(rq->flow) || open == 1;
}

const struct connection **connections_shown(const struct request *rq, size_t *count)
{
	struct shown shown = { .list = arena_array(rq->w.arena, const struct connection *,
						   CONNECTIONS_SHOWN) };

	if (may_show(rq))
		(void)walk(rq, add_shown, &shown); /* that the page is full is no news */
	*count = shown.count;
	return shown.list;
}

/* ---- which one is meant ---- */

static const struct practice *practice_for(const struct request *rq)
{
	return snapshot_practice(rq->w.snapshot, practice_asked(rq->flow));
}

static const struct connection *of_address(const struct request *rq, const char *address)
{
	const char *canonical = address ? email_canonical(rq->w.arena, address) : NULL;

	return canonical ? if_open(rq, connection_for_address(&rq->w, practice_for(rq), canonical)) : NULL;
}

static const struct connection *of_domain(const struct request *rq, const char *domain)
{
	return domain ? if_open(rq, connection_for_domain(&rq->w, practice_for(rq),
							  text_lower(rq->w.arena, domain)))
		      : NULL;
}

/* The same person has to show more: the provider that said who it is may say that, too. */
static const struct connection *of_step_up(const struct request *rq)
{
	const struct session *session = rq->session;

	if (!session || !session->connection_id || rq->flow->fresh ||
	    acr_reaches(session->acr, rq->flow->need_acr))
		return NULL;
	return if_open(rq, snapshot_connection(rq->w.snapshot, session->connection_id));
}

const struct connection *connection_meant(const struct request *rq)
{
	const struct flow *flow = rq->flow;
	const char *chosen =
		flow_is_test(flow) ? json_get_text(flow->ask, "connection") : flow->connection_id;
	const struct connection *found;

	if (chosen)
		return snapshot_connection(rq->w.snapshot, chosen);
	if (flow->local || flow->select_account || flow_is_test(flow))
		return NULL;
	found = of_step_up(rq);
	if (!found)
		found = of_domain(rq, flow->domain_hint);
	return found ? found : of_address(rq, flow->login_hint);
}

const char *person_path(const struct request *rq, UNUSED const struct visit *visit)
{
	if (connection_meant(rq))
		return "/login/upstream";
	if (rq->flow->local)
		return "/login/password";
	return walk(rq, has_domains, NULL) ? "/login/identify" : "/login/password";
}

void flow_stay_local(struct flow *flow)
{
	flow->local = true;
	flow->connection_id = flow->state_hash = NULL;
	if (!flow->account_id && !flow->matches)
		flow_forget_proof(flow);
}

const char *username_shown(const struct request *rq)
{
	const struct flow *flow = rq->flow;
	const char *typed = form_get(&rq->form, "username");

	if (!typed)
		typed = flow->username ? flow->username : flow->login_hint;
	if (!typed && rq->session && !flow->select_account)
		typed = rq->session->email;
	return typed && strlen(typed) <= USERNAME_MAX ? typed : NULL;
}

/* ---- the page ---- */

static enum err draw(struct request *rq, const struct visit *visit, const struct trouble *trouble)
{
	size_t count;
	const struct connection **list = connections_shown(rq, &count);
	struct page_identify_providers *rows =
		arena_array(rq->w.arena, struct page_identify_providers, count + 1);
	AUTO_BUF page = BUF(SIGN_IN_PAGE_SIZE);

	for (size_t i = 0; i < count; i++)
		rows[i] = (struct page_identify_providers){ .id = list[i]->id,
							    .name = list[i]->name,
							    .flow = rq->flow->id };
	page_identify(&page, &(struct page_identify){
				     .frame = sign_in_frame(rq),
				     .flow = rq->flow->id,
				     .csrf = flow_csrf(rq),
				     .username = username_shown(rq),
				     .code = trouble_word(trouble),
				     .message = trouble_text(rq, trouble),
				     .signed_in = rq->session ? rq->session->email : NULL,
				     .renewed = rq->flow->renewed,
				     .again = rq->session && !visit->refused,
				     .no_access = rq->session && visit->refused,
				     .providers = rows,
				     .providers_count = count,
			     });
	return sign_in_page(rq, &page, trouble);
}

enum err identify_show(struct request *rq)
{
	struct visit visit;
	bool elsewhere;

	TRY(step_enter(rq, "person", &visit, &elsewhere));
	return elsewhere ? OK : draw(rq, &visit, &(struct trouble){ 0 });
}

/* A redirect of this form to another origin would be blocked by its own policy (CSP 3, form-action), so a
 * small page goes on by itself; without that, its link does. */
static enum err draw_going(struct request *rq, const struct connection *connection)
{
	AUTO_BUF page = BUF(64 * KB);

	page_going(&page, &(struct page_going){
				  .frame = sign_in_frame(rq),
				  .flow = rq->flow->id,
				  .name = connection->name,
			  });
	response_header(rq, "Refresh",
			arena_print(rq->w.arena, "0;url=/login/upstream?flow=%s", rq->flow->id));
	return sign_in_page(rq, &page, &(struct trouble){ 0 });
}

static enum err keep(struct request *rq, const char *username, const struct connection *connection,
		     bool another)
{
	struct flow *flow = rq->flow;

	flow->username = username;
	flow->connection_id = connection ? connection->id : NULL;
	flow->local = false;
	flow->select_account = flow->select_account || another;
	return flow_save(rq);
}

static enum err go_on(struct request *rq, const char *username)
{
	const struct connection *connection = of_address(rq, username);
	bool another = rq->flow->select_account;
	enum err err = keep(rq, username, connection, another);

	/* A double click, or another tab: what was typed here is what the browser waits for. */
	if (err == ERR_CONFLICT) {
		TRY(flow_load(rq));
		err = keep(rq, username, connection, another);
	}
	if (err == ERR_CONFLICT)
		return flow_next(rq);
	TRY(err);
	if (connection)
		return draw_going(rq, connection);
	return respond_redirect(rq, arena_print(rq->w.arena, "/login/password?flow=%s", rq->flow->id));
}

enum err identify_submit(struct request *rq)
{
	const char *username = form_get(&rq->form, "username");
	struct visit visit;
	bool elsewhere;

	TRY(person_enter(rq, &visit, &elsewhere));
	if (elsewhere)
		return OK;
	if (text_is_empty(username) || strlen(username) > USERNAME_MAX)
		return draw(rq, &visit,
			    &(struct trouble){ .code = ERR_PARAMETER_MALFORMED, .key = "identify.missing" });
	return go_on(rq, username);
}
