/* commands_keys.c: lanyard keys ...: the keys that sign tokens and assertions. */
#include "base/base.h"

#include "admin/command.h"
#include "admin/lookup.h"
#include "base/app.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/keyring.h"
#include "login/session.h"
#include "people/audit.h"
#include "people/practice.h"
#include "store/db.h"
#include "store/snapshot.h"

static enum err list_keys(struct work *work, json_t **result)
{
	struct key_facts *facts = NULL;
	size_t count = 0;

	TRY(keyring_list(work, &facts, &count));
	*result = json_array();
	for (size_t i = 0; i < count; i++)
		append(*result,
		       json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "kid", facts[i].kid, "alg", facts[i].alg,
				 "state", facts[i].state, "created", time_shown(work, facts[i].created_at),
				 "active_since", time_shown(work, facts[i].activated_at), "retired",
				 time_shown(work, facts[i].retired_at)));
	return OK;
}

static enum err keys_list(struct work *work, const json_t *arguments, json_t **result, const char **message,
			  int *code)
{
	(void)arguments, (void)message, (void)code;
	return list_keys(work, result);
}

/* Whoever has the key can have made any token: what stands on tokens ends everywhere (security.md 3.3). */
static enum err everybody_out(struct work *work)
{
	const char *outer = work->practice;
	enum err err = OK;

	for (size_t i = 0; i < work->snapshot->practice_count && err == OK; i++) {
		const struct practice *practice = &work->snapshot->practices[i];
		size_t ended = 0;

		if (practice->deleted)
			continue;
		work->practice = practice->id;
		err = sessions_end_practice(work, &ended);
		if (err == OK)
			err = practice_log_out_everyone(work, practice->id);
	}
	work->practice = outer;
	return err;
}

static enum err rotate(struct work *work, const char *alg, bool compromised)
{
	AUTO(json_done)
	json_t *extra = json_pack("{s:s, s:b}", "alg", alg ? alg : "all", "compromised", compromised);
	AUTO(tx_end) struct tx tx = tx_begin(work);

	TRY(keyring_rotate(work, alg, compromised));
	TRY(audit(work, &(struct audit_note){ .event = EVENT_KEYS_ROTATED,
					      .target_kind = "keys",
					      .target_id = alg ? alg : "all",
					      .extra = extra }));
	if (compromised)
		TRY(everybody_out(work));
	TRY(tx_commit(&tx));
	return keyring_refresh(work);
}

static const char *what_became_of_it(const char *alg, bool compromised)
{
	if (compromised)
		return "The old key is gone from the key set; what it signed is refused, and everybody is "
		       "signed out.";
	if (text_equal(alg, "SAML"))
		return "The next key signs from now on; apps that pin a certificate need that one (see "
		       "/saml/metadata).";
	return "The old key stays published until what it signed has expired.";
}

static enum err keys_rotate(struct work *work, const json_t *arguments, json_t **result, const char **message,
			    int *code)
{
	const char *alg = arg(arguments, "alg");
	bool compromised = arg_is(arguments, "compromised");

	(void)code;
	if (alg && !text_equal(alg, "ES256") && !text_equal(alg, "RS256") && !text_equal(alg, "SAML"))
		return fault(work, ERR_PARAMETER_MALFORMED, "--alg is ES256, RS256 or SAML");
	if (compromised)
		TRY(confirmed(
			work, arguments, "compromised",
			"tokens that the old key signed are refused at once, and everybody is signed out"));
	TRY(rotate(work, alg, compromised));
	*message = what_became_of_it(alg, compromised);
	return list_keys(work, result);
}

/* clang-format off */
const struct command keys_commands[] = {
	{ "keys", "list", "keys list", "the signing keys and their states", "lanyard keys list\n",
	  (const char *const[]){ NULL }, (const char *const[]){ NULL }, keys_list, NULL },
	{ "keys", "rotate", "keys rotate [--alg ES256|RS256|SAML] [--compromised]", "let the next key sign from now on",
	  "lanyard keys rotate --alg ES256\nlanyard keys rotate --alg ES256 --compromised  # exits 2\n",
	  (const char *const[]){ NULL }, (const char *const[]){ "alg=", "compromised", "confirm=!", NULL }, keys_rotate, NULL },
	{ .noun = NULL },
};
/* clang-format on */
