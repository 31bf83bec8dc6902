/* world.h: what people stand on in these tests, on the kit's store: vault, password gate, snapshot, and a
 * practice with two locations. A test names its own practice, so tests do not meet in the store. */
#ifndef PEOPLE_WORLD_H
#define PEOPLE_WORLD_H

#include "kit/store_kit.h"

#include "base/config.h"
#include "base/json.h"
#include "keys/password.h"
#include "keys/seal.h"
#include "people/account.h"
#include "people/practice.h"
#include "people/role.h"
#include "store/snapshot.h"

#define PASSWORD       "lantern-harbor-violet-58"
#define OTHER_PASSWORD "copper-meadow-tunnel-19"

static struct {
	struct config config;
	struct app app;
	struct store *of; /* the store that the snapshots are of */
} world;

/* Argon2 as small as it goes: what is tested here is what stands around it. */
UNUSED static void world_open(void)
{
	static const uint8_t master[32] = "people test master key 123456789";
	const struct password_cost cost = { .memory_kib = 64, .passes = 1, .slots = 4 };

	if (world.of == kit_store)
		return;
	if (!world.app.vault) {
		world.app.vault = vault_open((struct bytes){ master, sizeof(master) });
		world.app.passwords = passwords_open(world.app.vault, cost);
		world.config = (struct config){ .development = true };
		world.app.config = &world.config;
	}
	snapshots_free(world.app.snapshots);
	world.app.snapshots = snapshots_new();
	world.app.store = kit_store;
	world.of = kit_store;
}

/* For main's end: leaks are looked for. */
UNUSED static int world_close(int failed)
{
	snapshots_free(TAKE(world.app.snapshots));
	passwords_close(TAKE(world.app.passwords));
	vault_close(TAKE(world.app.vault));
	return failed;
}

/* A hand in the world, in a practice that is there already. */
UNUSED static void world_hand(struct hand *hand, const char *practice)
{
	world_open();
	hand_begin(hand, practice);
	hand->w.app = &world.app;
	assert_ok(hand, snapshot_renew(&hand->w));
}

/* One transaction around an expression. */
#define in_tx(hand, expression)                                                                              \
	({                                                                                                   \
		AUTO(tx_end) struct tx tx_ = tx_begin(&(hand)->w);                                           \
		enum err done_ = (expression);                                                               \
		done_ == OK ? tx_commit(&tx_) : done_;                                                       \
	})

UNUSED static const char *const no_networks[] = { NULL };

/* A practice "ID" with the locations main and west. */
UNUSED static void world_practice(struct hand *hand, const char *id)
{
	bool changed = false;

	world_open();
	hand_begin(hand, id);
	hand->w.app = &world.app;
	assert_ok(hand, in_tx(hand, practice_apply(&hand->w,
						   &(struct practice_change){ .id = id,
									      .name = "Test Clinic",
									      .timezone = "America/Chicago",
									      .template = "medium" },
						   &changed)));
	assert_ok(hand, in_tx(hand, location_apply(&hand->w,
						   &(struct location_change){ .id = "main",
									      .name = "Main Street",
									      .networks = no_networks,
									      .position = 0 },
						   &changed)));
	assert_ok(hand, in_tx(hand, location_apply(&hand->w,
						   &(struct location_change){
							   .id = "west", .name = "West Side", .position = 1 },
						   &changed)));
	assert_ok(hand, snapshot_renew(&hand->w));
}

/* An account with a password and one role everywhere (role NULL: none); its id lives as long as the hand. */
UNUSED static const char *world_person(struct hand *hand, const char *email, const char *password,
				       const char *role)
{
	struct account_change change = { .email = email,
					 .given_name = "Ada",
					 .family_name = "Okafor",
					 .password = password,
					 .disabled = -1 };
	struct assignment all = { .role_id = role };
	const char *id = NULL;
	bool created = false, changed = false;

	assert_ok(hand, account_prepare(&hand->w, &change));
	assert_ok(hand, in_tx(hand, account_apply(&hand->w, &change, &id, &created, &changed)));
	assert_ok(hand, in_tx(hand, assignments_replace(&hand->w, id, "base", &all, role ? 1 : 0, &changed)));
	return id;
}

#endif
