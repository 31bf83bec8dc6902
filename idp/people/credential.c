/* credential.c: a password is checked here and nowhere else (security.md E1 to E4, E17).
 *
 * Each account has two budgets: one for the network that asks, small and refilled by time, so that an
 * attacker elsewhere does not lock the person out; and one over all networks that only a success or an unlock
 * refills (NIST SP 800-63B-4 3.2.2: at most 100 consecutive failures). Both are taken before hashing. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/cidr.h"
#include "base/config.h"
#include "base/text.h"
#include "keys/password.h"
#include "keys/seal.h"
#include "people/audit.h"
#include "people/credential.h"
#include "people/practice.h"
#include "store/accounts.h"
#include "store/counters.h"
#include "store/db.h"
#include "store/snapshot.h"

#define SECOND_US    INT64_C(1000000)
#define DAY_US       (24 * 3600 * SECOND_US)
#define KIND_NETWORK "sign_in.network"
#define KIND_CEILING "sign_in.account"
#define KIND_EXCUSED "sign_in.elsewhere"

enum { MATCHES_MAX = 4, CEILING = 100, RETRY_MOST = 3600 };
enum { TRIES = 5, WINDOW = 300 }; /* where no configuration says otherwise */

/* A failure with a known account is forgotten by nobody but its owner or an unlock: ten years each. A name
 * that leads nowhere has no password to guess, only a row to keep small: a day each. */
#define FAILURE_KNOWN_US   (3650 * DAY_US)
#define FAILURE_UNKNOWN_US DAY_US

/* How often a wrong password is excused because it opened another account of the same address: 24 times at
 * once, then one every ten minutes, more than anybody signs in. Without a limit whoever runs a practice would
 * have guesses without number at accounts of others: a password set there makes any guess open something. */
#define EXCUSED_COST_US  (600 * SECOND_US)
#define EXCUSED_BURST_US (24 * EXCUSED_COST_US + SECOND_US)

/* One account, or one name that leads to none, while its password is checked. */
struct candidate {
	const char *practice_id; /* NULL: none is known */
	const char *account_id;  /* NULL: nobody */
	const char *subject;     /* what the budgets and the audit call it */
	int64_t failure_us;
	struct password_row stored;
	bool reserved, verified, matched;
};

static int64_t tries(const struct work *work)
{
	return work->app->config && work->app->config->limits.sign_in_tries > 0
		       ? work->app->config->limits.sign_in_tries
		       : TRIES;
}

static int64_t window_us(const struct work *work)
{
	int64_t window = work->app->config ? work->app->config->limits.sign_in_window : 0;

	return (window > 0 ? window : WINDOW) * SECOND_US;
}

static int64_t cost_us(const struct work *work)
{
	return window_us(work) / tries(work);
}

/* A little more than the tries cost: requests of one moment each have a time of their own. */
static int64_t burst_us(const struct work *work)
{
	int64_t slack = cost_us(work) / 2;

	return cost_us(work) * tries(work) + (slack < SECOND_US ? slack : SECOND_US);
}

/* A household or a clinic: one IPv4 address, the first 64 bits of an IPv6 one. */
static const char *network_of(struct work *work)
{
	struct address address;

	if (!work->actor.address || !address_parse(work->actor.address, &address))
		return "-";
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(address.at, mapped, sizeof(mapped)) != 0)
		memset(address.at + 8, 0, 8);
	return address_text(work->arena, &address);
}

static const char *network_key(struct work *work, const struct candidate *candidate)
{
	return arena_print(work->arena, "%s|%s", candidate->subject, network_of(work));
}

/* Takes a try from both budgets, or from none. */
static enum err reserve(struct work *work, struct candidate *candidate, int64_t *wait_us)
{
	int64_t network_wait = 0, account_wait = 0, cost = cost_us(work);
	bool network = false, account = false;
	const char *key = network_key(work, candidate);

	TRY(counters_take(work, KIND_NETWORK, key, cost, burst_us(work), &network, &network_wait));
	*wait_us = network_wait;
	if (!network)
		return OK;
	TRY(counters_take(work, KIND_CEILING, candidate->subject, candidate->failure_us,
			  CEILING * candidate->failure_us, &account, &account_wait));
	*wait_us = account_wait;
	candidate->reserved = account;
	return account ? OK : counters_refund(work, KIND_NETWORK, key, cost);
}

/* The try was no failure. reset: the failures before it are over, too. */
static enum err give_back(struct work *work, const struct candidate *candidate, bool reset)
{
	int64_t failures = reset ? CEILING : 1;

	TRY(counters_refund(work, KIND_NETWORK, network_key(work, candidate), cost_us(work)));
	return counters_refund(work, KIND_CEILING, candidate->subject, failures * candidate->failure_us);
}

enum err credential_forget_failures(struct work *work, const char *account_id)
{
	TRY(attempts_forget(work, KIND_NETWORK, arena_print(work->arena, "%s|", account_id)));
	TRY(attempts_forget(work, KIND_EXCUSED, account_id));
	return attempts_forget(work, KIND_CEILING, account_id);
}

enum err credential_unlock(struct work *work, const char *account_id)
{
	TRY(credential_forget_failures(work, account_id));
	return audit(work, &(struct audit_note){ .event = EVENT_ACCOUNT_UNLOCKED,
						 .target_kind = "account",
						 .target_id = account_id });
}

static enum err tell(struct work *work, const struct candidate *candidate, enum event event,
		     enum outcome outcome, const char *reason)
{
	return audit(work,
		     &(struct audit_note){ .event = event,
					   .outcome = outcome,
					   .reason = reason,
					   .target_kind = candidate->account_id ? "account" : "email_key",
					   .target_id = candidate->subject });
}

/* Older hashes become ours while the password is at hand; if that fails the old one still works. */
static void upgrade(struct work *work, const struct candidate *candidate, const char *password)
{
	char *hash = NULL;

	if (password_hash(work->app->passwords, work->arena, password, &hash) != OK)
		return;
	if (passwords_swap(work, candidate->account_id, candidate->stored.hash, hash) != OK)
		return; /* the next sign-in tries again */
}

static enum err verify(struct work *work, struct candidate *candidate, const char *password)
{
	enum password_verdict verdict;
	const struct practice *practice = snapshot_practice(work->snapshot, candidate->practice_id);

	TRY(passwords_load(work, candidate->account_id, &candidate->stored));
	verdict = password_check(work->app->passwords, password, candidate->stored.hash);
	if (verdict == PASSWORD_BUSY)
		return fault(work, ERR_UNAVAILABLE, "no slot for a password hash");
	candidate->verified = true;
	bool right = verdict == PASSWORD_RIGHT || verdict == PASSWORD_RIGHT_UPGRADE;

	candidate->matched = right && candidate->account_id && practice && !practice->disabled &&
			     !candidate->stored.disabled;
	if (candidate->matched && verdict == PASSWORD_RIGHT_UPGRADE)
		upgrade(work, candidate, password);
	return OK;
}

static enum err succeed(struct work *work, const struct candidate *candidate)
{
	TRY(give_back(work, candidate, true));
	TRY(accounts_signed_in(work, candidate->account_id));
	return tell(work, candidate, EVENT_SIGN_IN_OK, OUTCOME_OK, NULL);
}

static enum err excuse(struct work *work, const struct candidate *candidate, bool *excused)
{
	int64_t wait = 0;

	return counters_take(work, KIND_EXCUSED, candidate->subject, EXCUSED_COST_US, EXCUSED_BURST_US,
			     excused, &wait);
}

/* elsewhere: the same password opened another account of this address, so it was hardly a guess. */
static enum err fail(struct work *work, const struct candidate *candidate, bool elsewhere)
{
	bool excused = false;

	if (!candidate->reserved)
		return tell(work, candidate, EVENT_SIGN_IN_LOCKED, OUTCOME_DENY, "too_many_failures");
	if (elsewhere)
		TRY(excuse(work, candidate, &excused));
	if (excused)
		return give_back(work, candidate, false);
	return tell(work, candidate, EVENT_SIGN_IN_FAILED, OUTCOME_FAIL,
		    !candidate->account_id       ? "unknown"
		    : candidate->stored.disabled ? "disabled"
						 : "wrong_password");
}

static enum err in_practice(struct work *work, struct candidate *list, size_t count, size_t *reserved,
			    int64_t *wait_us)
{
	*reserved = 0;
	for (size_t i = 0; i < count; i++) {
		int64_t wait = 0;

		TRY(reserve(work, &list[i], &wait));
		*reserved += list[i].reserved;
		if (!list[i].reserved && (!*wait_us || wait < *wait_us))
			*wait_us = wait;
	}
	return OK;
}

static enum err finish(struct work *work, const struct candidate *list, size_t count, bool any)
{
	for (size_t i = 0; i < count; i++) {
		work->practice = list[i].practice_id;
		TRY(list[i].matched ? succeed(work, &list[i]) : fail(work, &list[i], any));
	}
	return OK;
}

/* No slot for the hash: nothing was guessed, so nothing is owed. */
static enum err give_up(struct work *work, const struct candidate *list, size_t count, enum err why)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].reserved && !list[i].verified)
			TRY(give_back(work, &list[i], false));
	return why;
}

/* The whole check of a list of candidates: reserve, hash, settle. */
static enum err check_all(struct work *work, struct candidate *list, size_t count, const char *password,
			  int64_t *retry_after)
{
	size_t reserved = 0;
	int64_t wait_us = 0;
	bool any = false;

	*retry_after = 0;
	TRY(in_practice(work, list, count, &reserved, &wait_us));
	for (size_t i = 0; i < count; i++) {
		if (!list[i].reserved)
			continue;
		work->practice = list[i].practice_id;
		enum err err = verify(work, &list[i], password);

		if (err != OK)
			return give_up(work, list, count, err);
		any = any || list[i].matched;
	}
	TRY(finish(work, list, count, any));
	if (reserved)
		return any ? OK
			   : fault(work, ERR_SIGN_IN_FAILED, "no account with this address and password");
	*retry_after = wait_us / SECOND_US + 1;
	if (*retry_after > RETRY_MOST)
		*retry_after = RETRY_MOST;
	return fault(work, ERR_LOCKED, "too many failed tries");
}

static struct candidate nobody(struct work *work, const char *practice_id, const char *email)
{
	const char *canonical = email_canonical(work->arena, email);
	/* What is no address has one budget per practice and network: its spellings are without number. */
	const char *name = canonical ? canonical : "";

	return (struct candidate){
		.practice_id = practice_id,
		.failure_us = FAILURE_UNKNOWN_US,
		.subject = vault_mac_text(work->app->vault, work->arena, "email",
					  practice_id ? practice_id : "", name, NULL),
	};
}

static struct candidate somebody(const char *practice_id, const char *account_id)
{
	return (struct candidate){ .practice_id = practice_id,
				   .account_id = account_id,
				   .subject = account_id,
				   .failure_us = FAILURE_KNOWN_US };
}

static enum err candidates(struct work *work, const char *practice_id, const char *email,
			   struct candidate *list, size_t *count)
{
	struct account_match found[MATCHES_MAX] = { 0 };
	const char *canonical = email_canonical(work->arena, email);

	TRY(accounts_find(work, canonical ? canonical : "", practice_id, found, MATCHES_MAX, count));
	for (size_t i = 0; i < *count; i++)
		list[i] = somebody(found[i].practice_id, found[i].account_id);
	if (!*count)
		list[(*count)++] = nobody(work, practice_id, email);
	return OK;
}

enum err credential_password(struct work *work, const char *practice_id, const char *email,
			     const char *password, struct account_match *matches, size_t max, size_t *count,
			     int64_t *retry_after)
{
	struct candidate list[MATCHES_MAX] = { 0 };
	const char *outer = work->practice;
	size_t size = 0;

	assert(!tx_is_open(work));
	*count = 0;
	*retry_after = 0;
	TRY(candidates(work, practice_id, email, list, &size));
	enum err err = check_all(work, list, size, password, retry_after);

	work->practice = outer;
	TRY(err);
	for (size_t i = 0; i < size && *count < max; i++)
		if (list[i].matched)
			matches[(*count)++] = (struct account_match){ .practice_id = list[i].practice_id,
								      .account_id = list[i].account_id };
	return OK;
}

enum err credential_password_of(struct work *work, const char *account_id, const char *password,
				int64_t *retry_after)
{
	struct candidate one = somebody(work->practice, account_id);

	assert(!tx_is_open(work));
	return check_all(work, &one, 1, password, retry_after);
}

/* Presets: nist-2025 refuses what can be guessed and the practice's name; classic what is too short or the
 * person's. */
static bool is_classic(const struct policy *policy)
{
	return text_equal(policy->password_preset, "classic");
}

enum err credential_hash_new(struct work *work, const struct account *account, const char *password,
			     char **hash, const char **why)
{
	static const struct policy standard = { 0 };
	const struct practice *practice = snapshot_practice(work->snapshot, work->practice);
	const struct policy *policy = practice ? &practice->policy : &standard;
	const char *place = practice && !is_classic(policy) ? practice->name : "";
	const char *const hints[] = { account->email, account->given_name ? account->given_name : "",
				      account->family_name ? account->family_name : "", place, NULL };

	*why = password_weakness(password, policy_password_min(policy), hints);
	if (*why && !(is_classic(policy) && text_equal(*why, "guessable")))
		return fault(work, ERR_PASSWORD_WEAK, "the new password is %s", *why);
	*why = NULL;
	enum err err = password_hash(work->app->passwords, work->arena, password, hash);

	return err == OK ? OK : fault(work, err, "the new password could not be hashed");
}
