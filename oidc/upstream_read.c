/* upstream_read.c: an ID token, or claims, that an administrator pasted: read as a sign-in would, but going
 * on behind a check that failed. */
#include "oidc/upstream_inspect.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/jose.h"
#include "oidc/upstream_checks.h"
#include "oidc/upstream_provider.h"
#include "oidc/upstream_sign_in.h"
#include "people/provision.h"
#include "store/snapshot.h"

#define PASTED_MAX (64 * KB)

void upstream_finding(json_t *findings, const char *check, const char *outcome, const char *why,
		      const char *mend)
{
	json_t *row = json_pack("{s:s, s:s, s:s?, s:s?}", "check", check, "outcome", outcome, "why", why,
				"mend", mend);

	assert(row);
	int added = json_array_append_new(findings, row);

	assert(added == 0);
}

static void forget(void *value)
{
	json_decref(value);
}

/* Claims without a signature: what has to be judged of them is who they are about. */
static enum err read_claims(struct work *w, const char *pasted, struct shown_token *shown, json_t *findings)
{
	AUTO(json_done) json_t *claims = json_read(pasted, strlen(pasted));

	if (!json_is_object(claims))
		return fault(w, ERR_DOCUMENT, "neither an ID token nor a JSON object of claims");
	arena_defer(w->arena, forget, claims);
	shown->claims = TAKE(claims);
	upstream_finding(findings, "signature", "warn",
			 "pasted claims: nothing is signed, nothing is verified",
			 "Paste an ID token, or use `lanyard connection test` for a real sign-in.");
	return OK;
}

static enum err read_token(struct work *w, const char *pasted, struct shown_token *shown, json_t *findings)
{
	struct jose_header header = { 0 };
	struct signed_token verified;
	struct published published;
	json_t *claims = NULL; /* the arena's */
	const char *word = "metadata_unreachable";

	if (jose_peek(w->arena, pasted, &header, &claims) != OK)
		return fault(w, ERR_DOCUMENT, "not a signed token");
	shown->claims = claims;
	shown->alg = header.alg;
	shown->typ = header.typ;
	enum err err = upstream_find(w, shown->connection, false, &published);

	if (err == OK)
		err = upstream_verify(w, &published, pasted, &verified, &word);
	if (err == OK)
		upstream_finding(findings, "signature", "ok", NULL, NULL);
	else
		upstream_finding(findings, word, "fail", w->reason,
				 err == ERR_UPSTREAM_DOWN ? "Can the issuer be reached from here?"
							  : "Is it a token of this provider?");
	return OK;
}

/* Does the row speak of claims alone that say who it is? */
static bool is_about_person(const struct token_check *check)
{
	static const char *const words[] = { "sub", "tid", "oid", "hd", NULL };

	return text_list_has(words, check->word);
}

static void judge(const struct shown_token *shown, bool is_signed, json_t *findings)
{
	for (const struct token_check *check = id_token_checks; check->word; check++) {
		const char *why = is_signed || is_about_person(check) ? check->wrong(shown) : NULL;

		if (!is_signed && !is_about_person(check))
			continue;
		if (!why)
			upstream_finding(findings, check->word, "ok", NULL, NULL);
		else
			upstream_finding(findings, check->word, check->ages ? "warn" : "fail", why,
					 check->ages ? "A token that was pasted late: fine for a preview."
						     : NULL);
	}
}

enum err upstream_read(struct work *w, const struct connection *connection, const char *pasted,
		       struct upstream_person *out, json_t **findings)
{
	AUTO(json_done) json_t *rows = json_array();
	struct shown_token shown = { .arena = w->arena, .connection = connection, .now = w->now, .alg = "" };
	struct upstream_refusal why = { 0 };
	size_t size = strnlen(pasted, PASTED_MAX + 1);

	assert(rows);
	if (size > PASTED_MAX)
		return fault(w, ERR_DOCUMENT, "more than %zu bytes", PASTED_MAX);
	size_t blank = strspn(pasted, " \t\r\n");
	const char *text = arena_textn(w->arena, pasted + blank, strcspn(pasted + blank, "\r\n"));
	bool is_signed = text[0] != '{';

	if (is_signed)
		TRY(read_token(w, text_trim(w->arena, text), &shown, rows));
	else
		TRY(read_claims(w, pasted, &shown, rows));
	judge(&shown, is_signed, rows);
	if (upstream_person_of(w, connection, shown.claims, NULL, out, &why) != OK)
		upstream_finding(rows, why.word, "fail", why.detail, NULL);
	if (!out->subject)
		out->subject = "";
	*findings = TAKE(rows);
	return OK;
}
