/* steps.h: inside the room: what a flow's row holds, how the dispatcher sees a visit, and the handlers that
 * routes.c names. Other rooms use flow.h. */
#ifndef LOGIN_STEPS_H
#define LOGIN_STEPS_H

#include "base/base.h"
#include "http/page.h"
#include "login/flow.h"
#include "people/account.h"

struct request;
struct practice;
struct place;
struct buf;
struct connection;
struct upstream_person;

/* A sign-in takes ten minutes at most; its row stays longer, so that a form which was left open is renewed
 * into the same request of the app instead of ending in an error. */
#define FLOW_SECONDS      600
#define FLOW_KEPT_SECONDS 7200
#define COOKIE_PROOF      "lanyard-proof"

/* flow_state.c */
char *flow_state_write(struct request *rq, const struct flow *flow);
/* false: not a state of ours. */
bool flow_state_read(struct request *rq, const char *text, struct flow *out) MUST_USE;
/* What was asked alone, as a new flow begins with it. */
struct flow flow_state_asked(const struct flow *flow);

/* flow.c */
enum flow_standing { FLOW_NONE, FLOW_FOREIGN, FLOW_STALE, FLOW_FINISHED, FLOW_LIVE };
/* Reads ?flow= without judging it; *out is set from FLOW_STALE on. */
enum err flow_look(struct request *rq, struct flow **out, enum flow_standing *standing) MUST_USE;
/* flow_load of this id, wherever it came from; NULL or no id: ERR_FLOW_GONE. */
enum err flow_load_of(struct request *rq, const char *id) MUST_USE;
struct flow flow_of_start(struct request *rq, const struct flow_start *start);
/* A new row for this browser; flow->id is made here. */
enum err flow_insert(struct request *rq, struct flow *flow) MUST_USE;
/* A form that was left open goes on in a new flow for the same request, with the typed address; 303. */
enum err flow_renew(struct request *rq) MUST_USE;
/* The secret in this browser's flow cookie; NULL when there is none of that form. */
const char *flow_browser(struct request *rq);
/* The form token of a flow id in this browser, with or without a row. */
const char *flow_csrf_of(struct request *rq, const char *id);
/* The id that came with the request, if it has the form of one. */
const char *flow_id_given(const struct request *rq);
/* 303 to the dispatcher for this id. */
enum err flow_redirect(struct request *rq, const char *id, bool renewed) MUST_USE;

/* dispatch.c */
struct visit {
	const struct session *session;   /* satisfies the flow, or NULL */
	bool refused;                    /* the session would do, but its person may not use the app */
	bool proved;                     /* the flow's proof stands */
	const struct practice *practice; /* of the subject */
	struct subject subject;          /* who it is: of the session, else of the proof */
	const char *place;               /* the location that needs no asking, or NULL */
};
enum err visit_look(struct request *rq, struct visit *out) MUST_USE;
/* The name of the first step that is needed; NULL: none. */
const char *visit_needs(const struct request *rq, const struct visit *visit);
/* Is this step what the flow needs now? Otherwise the dispatcher's redirect is answered and *elsewhere set: a
 * step can be neither skipped nor repeated by its address (security.md E8). */
enum err step_enter(struct request *rq, const char *step, struct visit *visit, bool *elsewhere) MUST_USE;
/* Saves what the step has shown, then back to the dispatcher. Somebody else's step in between wins. */
enum err step_done(struct request *rq) MUST_USE;
/* The account of a match is who signs in, as of its epoch when the password was shown. */
void flow_prove(struct flow *flow, const char *practice_id, const char *account_id, int64_t epoch,
		bool must_change);
void flow_forget_proof(struct flow *flow);
/* Saves what was shown and gives this browser the cookie that it counts with. The cookie goes out only with a
 * proof that was saved: it would take the place of a better one. */
enum err flow_give_proof(struct request *rq) MUST_USE;

/* identify.c */
bool flow_is_test(const struct flow *flow);
/* The first page for whoever has to show who it is: an address, a password, or straight to a provider. */
const char *person_path(const struct request *rq, const struct visit *visit);
/* Where the flow goes without anybody being asked: by what was chosen, asked for, or hinted. NULL: nowhere.
 */
const struct connection *connection_meant(const struct request *rq);
/* May this sign-in go there? It is on, and of a practice that the app serves. */
bool connection_is_open(const struct request *rq, const struct connection *connection);
/* Those with a button, for the page. */
/* Buttons on a page, and what a page of as many with the longest names that may be declared takes. */
#define CONNECTIONS_SHOWN 200
#define SIGN_IN_PAGE_SIZE (512 * KB)
const struct connection **connections_shown(const struct request *rq, size_t *count);
/* What stands in the field of the address: typed, hinted by the app, or who is signed in. */
const char *username_shown(const struct request *rq);
/* step_enter "person" for a form with an address: who types another one than the session's means it. */
enum err person_enter(struct request *rq, struct visit *visit, bool *elsewhere) MUST_USE;
/* Signs in here from now on, whoever's the address is. */
void flow_stay_local(struct flow *flow);

/* finish.c */
/* The proof of whoever came from a provider (provision said so), saved and given to the browser. */
enum err finish_signed_in(struct request *rq, const struct upstream_person *person, const char *account_id,
			  int64_t epoch, const char *subject_key) MUST_USE;
/* provision, and what its verdict asks for. */
enum err finish_person(struct request *rq, const struct upstream_person *person) MUST_USE;
/* The result of a test, when the provider or a check said no. */
enum err finish_test_refused(struct request *rq, const struct connection *connection, enum err err,
			     const char *word, const char *detail) MUST_USE;
/* A sign-in by a provider that ends here: why, and what else can be done. connection NULL: that one is no way
 * any more. word, message NULL: the code's own. */
enum err refused_page(struct request *rq, const struct connection *connection, enum err code,
		      const char *word, const char *message) MUST_USE;

/* upstream.c: the provider cannot be reached, or too many wait for it (ERR_UNAVAILABLE: the page
 * comes again by itself). */
enum err upstream_down_page(struct request *rq, const struct connection *connection, enum err err) MUST_USE;

/* local.c: who has shown enough, but may not go on; for whoever reads the audit. */
enum err audit_no_entry(struct request *rq, const char *practice_id, const char *account_id,
			enum err why) MUST_USE;

/* person.c: who came from a provider, kept sealed in the flow until the account's password is shown. */
json_t *person_seal(struct request *rq, const struct upstream_person *person);
bool person_unseal(struct request *rq, const json_t *link, const struct connection *connection,
		   struct upstream_person *out) MUST_USE;

/* pages.c */
struct trouble {
	enum err code;   /* OK: none */
	const char *key; /* message instead of the code's own */
	int64_t retry_after;
};
/* The wait in words, never shorter than it is. 0: there is none, or nobody but an administrator ends it. */
int64_t trouble_minutes(const struct trouble *trouble);
struct page_frame sign_in_frame(struct request *rq);
const char *trouble_text(const struct request *rq, const struct trouble *trouble);
const char *trouble_word(const struct trouble *trouble);
/* Answers with a page of the sign-in; the status is the trouble's. */
enum err sign_in_page(struct request *rq, const struct buf *page, const struct trouble *trouble) MUST_USE;

/* Handlers. */
enum err dispatch_show(struct request *rq);
enum err local_show(struct request *rq);
enum err local_submit(struct request *rq);
enum err identify_show(struct request *rq);
enum err identify_submit(struct request *rq);
enum err upstream_show(struct request *rq);
enum err link_show(struct request *rq);
enum err link_submit(struct request *rq);
enum err choose_show(struct request *rq);
enum err choose_submit(struct request *rq);
enum err place_show(struct request *rq);
enum err place_submit(struct request *rq);
enum err change_show(struct request *rq);
enum err change_submit(struct request *rq);
enum err home_show(struct request *rq);
enum err error_show(struct request *rq);
enum err logout_show(struct request *rq);
enum err logout_submit(struct request *rq);
enum err logged_out_show(struct request *rq);
enum err logout_upstream_show(struct request *rq);

#endif
