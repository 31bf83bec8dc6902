/* provision_plan.c: who somebody of another provider is here, and what they may be (security.md B1 to B4):
 * reads and decides, writes nothing. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/secret.h"
#include "people/account.h"
#include "people/change.h"
#include "people/owner.h"
#include "people/provision_plan.h"
#include "store/practices.h"
#include "store/roles.h"

static enum err refuse(struct plan *p, const char *reason)
{
	p->verdict = PROVISION_REFUSED;
	p->reason = reason;
	return OK;
}

static void release_claims(void *claims)
{
	json_decref(claims);
}

#define WS_ADDRESS "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"

/* A person may write any address into their own profile: one that nobody vouches for gives no roles (nOAuth,
 * security.md B1). */
static const json_t *claims_to_map(struct work *work, const struct plan *p)
{
	static const char *const addresses[] = {
		"email", "mail", "emailAddress", "urn:oid:0.9.2342.19200300.100.1.3", WS_ADDRESS, NULL,
	};

	if (p->person->email_verified || !json_is_object(p->person->claims))
		return p->person->claims;
	json_t *rest = json_copy(p->person->claims);

	assert(rest);
	arena_defer(work->arena, release_claims, rest);
	for (const char *const *name = addresses; *name; name++)
		(void)json_object_del(rest, *name); /* it may not be there */
	if (p->connection.email_claim)
		(void)json_object_del(rest, p->connection.email_claim);
	return rest;
}

/* True: nothing of what they say applies, and there is no grant for such people. */
static bool is_unmapped(struct work *work, struct plan *p)
{
	const struct connection *c = &p->connection;

	mapping_apply(work, p->practice, c->mapping, claims_to_map(work, p), &p->mapped);
	if (json_array_size(p->mapped.applied))
		return false;
	if (c->on_unmapped != UNMAPPED_DEFAULT)
		return true;
	grant_apply(work, p->practice, c->default_grant, &p->mapped);
	return false;
}

/* What the account holds by another way than this mapping, or cannot lose since the practice would have no
 * owner then. */
static enum err stands_without(struct work *work, const struct plan *p, bool *stands, bool *had)
{
	struct assignment_row *rows = NULL;
	size_t count = 0;

	*stands = *had = false;
	TRY(assignments_of(work, p->account.id, &rows, &count));
	for (size_t i = 0; i < count; i++) {
		bool last = false;

		if (text_equal(rows[i].source, "mapping") && text_equal(rows[i].reason, p->connection.id)) {
			*had = true;
			TRY(owner_is_last(work, &rows[i], &last));
		} else {
			last = true;
		}
		*stands = *stands || last;
	}
	return OK;
}

/* Nobody's group any more, and nothing given by hand. Who was approved with nothing stays approved; who falls
 * out of every rule waits again. */
static enum err fall(struct work *work, struct plan *p)
{
	bool stands = false, had = false;

	TRY(stands_without(work, p, &stands, &had));
	if (stands)
		return OK;
	if (p->connection.on_unmapped == UNMAPPED_REFUSE)
		return refuse(p, "unmapped");
	if (had) {
		p->verdict = PROVISION_HELD;
		p->holds = p->changes = true;
		p->account.disabled = true;
		p->account.epoch++;
	}
	return OK;
}

static void set_text(struct plan *p, const char **field, const char *value)
{
	if (!name_is_fine(value) || text_equal(*field, value))
		return;
	*field = value;
	p->changes = true;
}

/* A change of class ends sessions and refresh families wherever they are read next. */
static void set_class(struct plan *p)
{
	if (!p->mapped.class_ || text_equal(p->account.class_, p->mapped.class_))
		return;
	p->account.class_ = p->mapped.class_;
	p->account.epoch++;
	p->changes = true;
}

static enum err set_email(struct work *work, struct plan *p)
{
	const char *canonical = email_canonical(work->arena, p->person->email);
	const char *key = canonical ? email_key(work, canonical) : NULL;
	struct account_row other;
	bool taken = false;

	if (!key || (text_equal(key, p->account.email_key) &&
		     (p->account.email_verified || !p->person->email_verified)))
		return OK;
	if (!p->person->email_verified) {
		p->kept_email = "unverified";
		return OK;
	}
	if (!text_equal(key, p->account.email_key)) {
		TRY(accounts_by_key(work, key, &other, &taken));
		if (taken) {
			p->kept_email = "taken";
			return OK;
		}
		p->account.email = text_trim(work->arena, p->person->email);
		p->account.email_key = key;
	}
	p->account.email_verified = p->moves_email = true;
	return OK;
}

static enum err plan_known(struct work *work, struct plan *p)
{
	bool found = false;

	TRY(accounts_by_id(work, p->link.account_id, &p->old, &found));
	p->account = p->old;
	if (!found || (p->old.disabled && !p->link.held))
		return refuse(p, "account_disabled");
	p->verdict = p->old.disabled ? PROVISION_HELD : PROVISION_SIGNED_IN;
	if (p->verdict == PROVISION_HELD || !p->connection.update)
		return OK;
	p->maps = true;
	if (is_unmapped(work, p))
		TRY(fall(work, p));
	if (p->verdict != PROVISION_SIGNED_IN)
		return OK;
	set_class(p);
	set_text(p, &p->account.given_name, p->person->given_name);
	set_text(p, &p->account.family_name, p->person->family_name);
	return set_email(work, p);
}

static void account_new(struct work *work, struct plan *p, const char *key)
{
	const struct upstream_person *person = p->person;

	p->creates = p->maps = true;
	p->account = (struct account_row){
		.id = id_random(work->arena, "u"),
		.email = text_trim(work->arena, person->email),
		.email_key = key,
		.email_verified = true,
		.class_ = p->mapped.class_ ? p->mapped.class_ : "staff",
		.given_name = name_is_fine(person->given_name) ? person->given_name : NULL,
		.family_name = name_is_fine(person->family_name) ? person->family_name : NULL,
		.disabled = p->holds,
		.epoch = 1,
	};
}

/* Somebody has the address. It may be this person, made since we looked: both came with one commit, so the
 * link is there when the account is. */
static enum err plan_taken(struct work *work, struct plan *p)
{
	TRY(links_find(work, p->subject_key, &p->link, &p->known));
	if (p->known)
		return plan_known(work, p);
	p->account = p->old;
	p->verdict = PROVISION_LINK;
	return OK;
}

/* An address that is not verified leads to the same word whether it is somebody's or not. */
static enum err plan_unknown(struct work *work, struct plan *p)
{
	const char *canonical = email_canonical(work->arena, p->person->email);
	bool taken = false;

	if (p->person->is_recheck) /* unlinked since */
		return refuse(p, "unlinked");
	if (!canonical)
		return refuse(p, "email_missing");
	if (!p->person->email_verified)
		return refuse(p, "email_unverified");
	const char *key = email_key(work, canonical);

	TRY(accounts_by_key(work, key, &p->old, &taken));
	if (taken)
		return plan_taken(work, p);
	if (!p->connection.create)
		return refuse(p, "creation_off");
	bool unmapped = is_unmapped(work, p);

	if (unmapped && p->connection.on_unmapped == UNMAPPED_REFUSE)
		return refuse(p, "unmapped");
	p->holds = unmapped;
	p->verdict = unmapped ? PROVISION_HELD : PROVISION_SIGNED_IN;
	account_new(work, p, key);
	return OK;
}

static enum err decide(struct work *work, struct plan *p)
{
	const struct upstream_person *person = p->person;

	p->practice = snapshot_practice(work->snapshot, work->practice);
	p->subject_key = subject_key(work, p->connection.id, person->issuer, person->subject);
	if (!p->practice)
		return refuse(p, "practice_disabled");
	TRY(links_find(work, p->subject_key, &p->link, &p->known));
	return p->known ? plan_known(work, p) : plan_unknown(work, p);
}

static enum err practice_is_on(struct work *work, bool *on)
{
	struct practice_row row;
	bool found = false;

	TRY(practices_find(work, work->practice, &row, &found));
	*on = found && !row.disabled && !row.deleted;
	return OK;
}

static void release_json(void *thing)
{
	json_decref(thing);
}

/* What was asked and checked over there has to be what stands: another issuer or tenant since is another
 * connection (security.md B8, B11). */
static bool is_the_same(const struct connection *a, const struct connection *b)
{
	return text_equal(a->protocol, b->protocol) && text_equal(a->issuer, b->issuer) &&
	       text_equal(a->client_id, b->client_id) && text_equal(a->tid, b->tid) &&
	       text_equal(a->hd, b->hd) && text_equal(a->entity_id, b->entity_id) &&
	       text_equal(a->subject_attribute, b->subject_attribute);
}

static enum err connection_now(struct work *work, struct plan *p, bool *on)
{
	const struct connection *asked = p->person->connection;
	struct connection_row row;
	bool found = false;

	*on = false;
	TRY(connections_find(work, asked->id, &row, &found));
	if (!found || row.deleted || row.disabled || !text_equal(row.practice_id, work->practice))
		return OK;
	json_t *declaration = json_read(row.declaration, strlen(row.declaration));

	if (!declaration)
		return fault(work, ERR_INTERNAL, "the declaration of connection %s is not JSON", row.id);
	arena_defer(work->arena, release_json, declaration);
	connection_fill(work->arena, declaration, &p->connection);
	p->connection.id = row.id;
	p->connection.practice_id = row.practice_id;
	*on = is_the_same(asked, &p->connection);
	return OK;
}

enum err plan_now(struct work *work, const struct upstream_person *person, struct plan *p)
{
	bool on = false;

	*p = (struct plan){ .person = person, .connection = { .id = person->connection->id } };
	TRY(practice_is_on(work, &on));
	if (!on)
		return refuse(p, "practice_disabled");
	TRY(connection_now(work, p, &on));
	return on ? decide(work, p) : refuse(p, "connection_disabled");
}

enum err plan_draft(struct work *work, const struct upstream_person *person, struct plan *p)
{
	*p = (struct plan){ .person = person, .connection = *person->connection };
	return decide(work, p);
}
