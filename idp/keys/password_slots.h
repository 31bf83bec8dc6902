/* password_slots.h: how many password hashes run at once, and the memory they run in. Behind
 * password.h.
 *
 * A slot is held by one thread at a time and keeps its buffer for the next one: from 46 MiB on the
 * page faults of fresh memory are half the cost of a hash. */
#ifndef KEYS_PASSWORD_SLOTS_H
#define KEYS_PASSWORD_SLOTS_H

#include "base/base.h"

struct slots;
struct slot;

struct slots *slots_new(unsigned count); /* 0: one per core this process may use */
void slots_free(struct slots *slots);    /* nobody holds one any more */
unsigned slots_count(const struct slots *slots);

/* NULL when none came free in time. */
struct slot *slots_take(struct slots *slots, int64_t wait_us);
void slots_give(struct slots *slots, struct slot *slot);
/* Runs work(thing) on the slot's own thread and waits for it. That thread stands back while the machine is
 * busy: hashes take whole cores for as long as people sign in, and tokens go first. It holds no lock
 * meanwhile, so nobody else waits because it stands back. */
void slot_run(struct slot *slot, void (*work)(void *thing), void *thing);
/* At least size bytes, kept with the slot; NULL: the machine has none left. */
uint8_t *slot_memory(struct slot *slot, size_t size);
/* Unmaps what nobody used for idle_us. */
void slots_trim(struct slots *slots, int64_t idle_us);
/* Bytes mapped now. */
size_t slots_mapped(struct slots *slots);

#endif
