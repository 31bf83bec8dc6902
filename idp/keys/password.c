/* password.c: Argon2id (RFC 9106) over the peppered password, in a bounded number of slots.
 *
 * Stored as a PHC string. Its keyid names the pepper; a hash without keyid was made elsewhere
 * without one, is verified as it is and then replaced. */
#include "base/base.h"

#include <argon2.h>

#include "base/arena.h"
#include "base/text.h"
#include "keys/password.h"
#include "keys/password_old.h"
#include "keys/password_slots.h"
#include "keys/seal.h"
#include "keys/secret.h"

enum { SALT = 16, HASH = 32, PEPPERED = 32, KEY_ID = 6, PASSWORD_MAX = 1024, STORED_MAX = 512 };
/* What a stored hash may ask for at most, unless our own cost is higher: KiB, and KiB times passes. */
enum { MEMORY_MAX = 262144, PASSES_MAX = 64, LANES_MAX = 16, EFFORT_MAX = 1048576 };
static const int64_t patience_us = 2000000, idle_us = 10000000;

struct passwords {
	struct vault *vault;
	struct password_cost cost;
	struct slots *slots;
	char key_id[KEY_ID + 1]; /* base64 of the pepper's fingerprint */
};

/* A PHC string, read. */
struct recipe {
	uint32_t memory_kib, passes, lanes;
	const char *key_id; /* NULL: no pepper */
	struct bytes salt, hash;
};

/* libargon2 gives its allocator no argument: the slot this thread runs in. */
static _Thread_local struct slot *slot_here;

static int allocate(uint8_t **memory, size_t size)
{
	*memory = slot_memory(slot_here, size);
	return *memory ? 0 : -1;
}

/* The slot keeps it; libargon2 has wiped it before. */
static void release(uint8_t *memory, size_t size)
{
	(void)memory;
	(void)size;
}

struct hashing {
	struct slot *slot;
	argon2_context *context;
	int code;
};

static void hash_now(void *thing)
{
	struct hashing *hashing = thing;

	slot_here = hashing->slot;
	hashing->code = argon2_ctx(hashing->context, Argon2_id);
	slot_here = NULL;
}

static bool argon2id(struct slot *slot, const struct recipe *recipe, const uint8_t *input, size_t size,
		     uint8_t out[])
{
	argon2_context context = {
		.out = out,
		.outlen = (uint32_t)recipe->hash.size,
		.pwd = (uint8_t *)(uintptr_t)input, /* read only: no flag asks to clear it */
		.pwdlen = (uint32_t)size,
		.salt = (uint8_t *)(uintptr_t)recipe->salt.at,
		.saltlen = (uint32_t)recipe->salt.size,
		.t_cost = recipe->passes,
		.m_cost = recipe->memory_kib,
		.lanes = recipe->lanes,
		.threads = 1,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = allocate,
		.free_cbk = release,
		.flags = ARGON2_DEFAULT_FLAGS,
	};

	struct hashing hashing = { .slot = slot, .context = &context };

	slot_run(slot, hash_now, &hashing);
	assert(hashing.code == ARGON2_OK || hashing.code == ARGON2_MEMORY_ALLOCATION_ERROR);
	return hashing.code == ARGON2_OK;
}

/* False: there was no memory for it. */
static bool run(struct passwords *passwords, struct slot *slot, const struct recipe *recipe,
		struct bytes password, uint8_t out[])
{
	uint8_t peppered[PEPPERED];

	if (!recipe->key_id)
		return argon2id(slot, recipe, password.at, password.size, out);
	vault_mac(passwords->vault, "pepper", password, peppered);
	bool done = argon2id(slot, recipe, peppered, sizeof peppered, out);

	wipe(peppered, sizeof peppered);
	return done;
}

struct passwords *passwords_open(struct vault *vault, struct password_cost cost)
{
	struct passwords *passwords = calloc(1, sizeof *passwords);
	AUTO(arena_done) struct arena *arena = arena_new();
	uint8_t id[32];

	assert(passwords && vault && cost.memory_kib >= 8 && cost.passes >= 1);
	passwords->vault = vault;
	passwords->cost = cost;
	passwords->slots = slots_new(cost.slots);
	vault_mac(vault, "pepper id", BYTES_OF(""), id);
	memcpy(passwords->key_id, base64_encode(arena, (struct bytes){ id, sizeof id }), KEY_ID);
	return passwords;
}

void passwords_close(struct passwords *passwords)
{
	if (!passwords)
		return;
	slots_free(passwords->slots);
	free(passwords);
}

void passwords_trim(struct passwords *passwords)
{
	slots_trim(passwords->slots, idle_us);
}

static struct recipe recipe_now(const struct passwords *passwords, const uint8_t salt[SALT])
{
	return (struct recipe){ .memory_kib = passwords->cost.memory_kib,
				.passes = passwords->cost.passes,
				.lanes = 1,
				.key_id = passwords->key_id,
				.salt = { salt, SALT },
				.hash = { NULL, HASH } };
}

static bool decode_part(struct arena *arena, const char *text, size_t min, size_t max, struct bytes *out)
{
	return password_base64_decode(arena, text, out) && out->size >= min && out->size <= max;
}

static bool read_number(const char *text, const char *name, int64_t min, int64_t max, uint32_t *out)
{
	int64_t value = 0;

	if (!text_starts(text, name) || !text_to_int(text + strlen(name), min, max, &value))
		return false;
	*out = (uint32_t)value;
	return true;
}

/* "m=47104,t=1,p=1" or with ",keyid=..." in this order alone (PHC string format). */
static bool read_costs(struct arena *arena, const char *text, struct recipe *recipe)
{
	size_t count = 0;
	char **part = text_split(arena, text, ',', &count);

	if (count < 3 || count > 4)
		return false;
	if (count == 4) {
		if (!text_starts(part[3], "keyid=") || strlen(part[3]) <= strlen("keyid="))
			return false;
		recipe->key_id = part[3] + strlen("keyid=");
	}
	return read_number(part[2], "p=", 1, LANES_MAX, &recipe->lanes) &&
	       read_number(part[1], "t=", 1, PASSES_MAX, &recipe->passes) &&
	       read_number(part[0], "m=", 8 * (int64_t)recipe->lanes, UINT32_MAX, &recipe->memory_kib);
}

static bool is_payable(const struct recipe *recipe, struct password_cost cost)
{
	uint64_t effort = (uint64_t)recipe->memory_kib * recipe->passes;

	return (recipe->memory_kib <= MEMORY_MAX || recipe->memory_kib <= cost.memory_kib) &&
	       (effort <= EFFORT_MAX || effort <= (uint64_t)cost.memory_kib * cost.passes);
}

static bool recipe_read(struct arena *arena, const char *stored, struct password_cost cost,
			struct recipe *recipe)
{
	static const char prefix[] = "$argon2id$v=19$";
	size_t count = 0;

	if (!stored || strlen(stored) > STORED_MAX || !text_starts(stored, prefix))
		return false;
	char **part = text_split(arena, stored + strlen(prefix), '$', &count);

	return count == 3 && read_costs(arena, part[0], recipe) && is_payable(recipe, cost) &&
	       decode_part(arena, part[1], 8, 64, &recipe->salt) &&
	       decode_part(arena, part[2], 16, 64, &recipe->hash);
}

static bool recipe_is_current(const struct passwords *passwords, const struct recipe *recipe)
{
	return recipe->key_id && recipe->memory_kib == passwords->cost.memory_kib && recipe->lanes == 1 &&
	       recipe->passes == passwords->cost.passes && recipe->salt.size == SALT &&
	       recipe->hash.size == HASH;
}

/* Empty, over long and not UTF-8 are wrong, but not before they cost what the others cost. */
static bool is_usable(const char *password)
{
	size_t size = password ? strlen(password) : 0;

	return size >= 1 && size <= PASSWORD_MAX && text_is_utf8(password, size);
}

static enum password_verdict check_argon2id(struct passwords *passwords, struct slot *slot,
					    const struct recipe *recipe, struct bytes password)
{
	uint8_t made[64];

	if (!run(passwords, slot, recipe, password, made))
		return PASSWORD_BUSY;
	bool same = bytes_equal_secret((struct bytes){ made, recipe->hash.size }, recipe->hash);

	wipe(made, sizeof made);
	/* A hash of another pepper cannot be right; it cost the same all the same. */
	if (!same || (recipe->key_id && !text_equal(recipe->key_id, passwords->key_id)))
		return PASSWORD_WRONG;
	return recipe_is_current(passwords, recipe) ? PASSWORD_RIGHT : PASSWORD_RIGHT_UPGRADE;
}

/* Where nothing is stored, and beside every old scheme: unknown people and imported ones take at
 * least as long as the others. */
static enum password_verdict spend_one_hash(struct passwords *passwords, struct slot *slot,
					    struct bytes password)
{
	uint8_t salt[SALT], made[HASH];
	struct recipe recipe = recipe_now(passwords, salt);

	random_bytes(salt, sizeof salt);
	bool done = run(passwords, slot, &recipe, password, made);

	wipe(made, sizeof made);
	return done ? PASSWORD_WRONG : PASSWORD_BUSY;
}

struct old_check {
	const char *password, *stored;
	bool matches;
};

static void check_old(void *thing)
{
	struct old_check *check = thing;

	check->matches = password_old_matches(check->password, check->stored);
}

static enum password_verdict check_in(struct passwords *passwords, struct slot *slot, const char *password,
				      const char *stored)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct recipe recipe = { 0 };

	if (recipe_read(arena, stored, passwords->cost, &recipe))
		return check_argon2id(passwords, slot, &recipe, BYTES_OF(password));
	enum password_verdict spent = spend_one_hash(passwords, slot, BYTES_OF(password));

	struct old_check check = { password, stored, false };

	if (spent != PASSWORD_BUSY)
		slot_run(slot, check_old, &check);
	return check.matches ? PASSWORD_RIGHT_UPGRADE : spent;
}

enum password_verdict password_check(struct passwords *passwords, const char *password, const char *stored)
{
	bool usable = is_usable(password);
	struct slot *slot = slots_take(passwords->slots, patience_us);

	if (!slot)
		return PASSWORD_BUSY;
	enum password_verdict verdict = check_in(passwords, slot, usable ? password : "", stored);

	slots_give(passwords->slots, slot);
	slots_trim(passwords->slots, idle_us);
	return usable || verdict == PASSWORD_BUSY ? verdict : PASSWORD_WRONG;
}

/* base64 as PHC wants it, without padding. */
static char *encode_part(struct arena *arena, const uint8_t *at, size_t size)
{
	char *text = base64_encode(arena, (struct bytes){ at, size });

	text[strcspn(text, "=")] = '\0';
	return text;
}

enum err password_hash(struct passwords *passwords, struct arena *arena, const char *password, char **out)
{
	uint8_t salt[SALT], made[HASH];
	struct recipe recipe = recipe_now(passwords, salt);

	if (!is_usable(password))
		return ERR_PASSWORD_WEAK;
	random_bytes(salt, sizeof salt);
	struct slot *slot = slots_take(passwords->slots, patience_us);

	if (!slot)
		return ERR_UNAVAILABLE;
	bool done = run(passwords, slot, &recipe, BYTES_OF(password), made);

	slots_give(passwords->slots, slot);
	if (!done)
		return ERR_UNAVAILABLE;
	*out = arena_print(arena, "$argon2id$v=19$m=%" PRIu32 ",t=%" PRIu32 ",p=1,keyid=%s$%s$%s",
			   recipe.memory_kib, recipe.passes, passwords->key_id,
			   encode_part(arena, salt, sizeof salt), encode_part(arena, made, sizeof made));
	wipe(made, sizeof made);
	return OK;
}

bool password_hash_is_known(const char *stored)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct recipe recipe = { 0 };

	return recipe_read(arena, stored, (struct password_cost){ 0 }, &recipe) ||
	       password_old_is_known(stored);
}
