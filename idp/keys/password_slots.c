/* password_slots.c: how many password hashes run at once, and the memory they run in. */
#include "base/base.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "keys/password_slots.h"

enum { SLOTS_MAX = 256, NICE = 10, SLICE_NS = 100000000 };

/* The thread of a slot, made with its first hash. */
struct hasher {
	pthread_t thread;
	bool runs, over;
	void (*work)(void *thing);
	void *thing;
	sem_t start, done;
};

struct slot {
	struct hasher hasher;
	void *memory; /* NULL: none mapped */
	size_t size;
	int64_t used_at; /* monotonic microseconds */
	bool taken;
};

struct slots {
	pthread_mutex_t lock;
	pthread_cond_t free;
	unsigned count;
	struct slot slot[SLOTS_MAX];
};

static unsigned cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 1;
	int count = CPU_COUNT(&set);

	return count > 0 ? (unsigned)count : 1;
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem) != 0)
		; /* a signal */
}

/* As the kernel has it (sched_setattr(2)); the C library does not. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* Wishes, for this thread alone: a small share beside others, who take the core from it as soon as they wake.
 * The latter is what the long slice says (Linux 6.12): whoever has a shorter one need not wait for its end.
 * An idle class would say it too, but keep people from signing in while apps keep the machine busy. */
static void stand_back(void)
{
	const struct scheduling wish = {
		.size = sizeof wish, .policy = SCHED_BATCH, .nice = NICE, .runtime = SLICE_NS
	};

	if (syscall(SYS_sched_setattr, 0, &wish, 0U) != 0)
		(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
}

static void *hash_on(void *argument)
{
	struct hasher *hasher = argument;

	(void)pthread_setname_np(pthread_self(), "hash"); /* a name for people only */
	stand_back();
	for (;;) {
		wait_for(&hasher->start);
		if (hasher->over)
			return NULL;
		hasher->work(hasher->thing);
		(void)sem_post(&hasher->done); /* never more than one */
	}
}

/* Signals belong to the main thread. */
static bool hasher_start(struct hasher *hasher)
{
	sigset_t all, before;

	sigfillset(&all);
	if (sem_init(&hasher->start, 0, 0) != 0 || sem_init(&hasher->done, 0, 0) != 0)
		return false;
	pthread_sigmask(SIG_SETMASK, &all, &before);
	hasher->runs = pthread_create(&hasher->thread, NULL, hash_on, hasher) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return hasher->runs;
}

static void hasher_stop(struct hasher *hasher)
{
	if (!hasher->runs)
		return;
	hasher->over = true;
	(void)sem_post(&hasher->start); /* it waits there */
	pthread_join(hasher->thread, NULL);
	sem_destroy(&hasher->start);
	sem_destroy(&hasher->done);
}

void slot_run(struct slot *slot, void (*work)(void *thing), void *thing)
{
	struct hasher *hasher = &slot->hasher;

	if (!hasher->runs && !hasher_start(hasher))
		return work(thing); /* no thread to be had: here, then */
	hasher->work = work;
	hasher->thing = thing;
	(void)sem_post(&hasher->start);
	wait_for(&hasher->done);
}

struct slots *slots_new(unsigned count)
{
	struct slots *slots = calloc(1, sizeof *slots);
	pthread_condattr_t attributes;

	assert(slots);
	slots->count = count ? count : cores();
	if (slots->count > SLOTS_MAX)
		slots->count = SLOTS_MAX;
	/* Deadlines by the monotonic clock: a set clock must not make people wait. */
	bool done = pthread_condattr_init(&attributes) == 0 &&
		    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
		    pthread_cond_init(&slots->free, &attributes) == 0 &&
		    pthread_mutex_init(&slots->lock, NULL) == 0;

	assert(done);
	(void)pthread_condattr_destroy(&attributes);
	return slots;
}

static void unmap(void *memory, size_t size)
{
	if (memory)
		(void)munmap(memory, size); /* cannot fail for what mmap gave */
}

void slots_free(struct slots *slots)
{
	if (!slots)
		return;
	for (unsigned i = 0; i < slots->count; i++) {
		assert(!slots->slot[i].taken);
		hasher_stop(&slots->slot[i].hasher);
		unmap(slots->slot[i].memory, slots->slot[i].size);
	}
	(void)pthread_cond_destroy(&slots->free);
	(void)pthread_mutex_destroy(&slots->lock);
	free(slots);
}

unsigned slots_count(const struct slots *slots)
{
	return slots->count;
}

/* The one used last, so that under little load the others cool down and are unmapped. */
static struct slot *warmest(struct slots *slots)
{
	struct slot *best = NULL;

	for (unsigned i = 0; i < slots->count; i++) {
		struct slot *slot = &slots->slot[i];

		if (!slot->taken && (!best || slot->used_at > best->used_at))
			best = slot;
	}
	return best;
}

static struct timespec monotonic(int64_t at_us)
{
	return (struct timespec){ .tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000 };
}

struct slot *slots_take(struct slots *slots, int64_t wait_us)
{
	struct timespec deadline = monotonic(clock_monotonic_us() + wait_us);
	struct slot *slot;
	int waited = 0;

	pthread_mutex_lock(&slots->lock);
	while (!(slot = warmest(slots)) && waited == 0)
		waited = pthread_cond_timedwait(&slots->free, &slots->lock, &deadline);
	if (slot)
		slot->taken = true;
	pthread_mutex_unlock(&slots->lock);
	return slot;
}

void slots_give(struct slots *slots, struct slot *slot)
{
	pthread_mutex_lock(&slots->lock);
	assert(slot->taken);
	slot->taken = false;
	slot->used_at = clock_monotonic_us();
	pthread_cond_signal(&slots->free);
	pthread_mutex_unlock(&slots->lock);
}

uint8_t *slot_memory(struct slot *slot, size_t size)
{
	if (slot->size >= size)
		return slot->memory;
	unmap(slot->memory, slot->size);
	slot->memory = NULL;
	slot->size = 0;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* Wishes: fewer page faults, and nothing of a password in a core dump. */
	(void)madvise(memory, size, MADV_HUGEPAGE);
	(void)madvise(memory, size, MADV_DONTDUMP);
	slot->memory = memory;
	slot->size = size;
	return slot->memory;
}

/* One at a time, so that nobody waits for the lock while the kernel takes the pages back. */
static bool trim_one(struct slots *slots, int64_t before)
{
	void *memory = NULL;
	size_t size = 0;

	pthread_mutex_lock(&slots->lock);
	for (unsigned i = 0; i < slots->count && !memory; i++) {
		struct slot *slot = &slots->slot[i];

		if (slot->taken || !slot->memory || slot->used_at > before)
			continue;
		memory = TAKE(slot->memory);
		size = slot->size;
		slot->size = 0;
	}
	pthread_mutex_unlock(&slots->lock);
	unmap(memory, size);
	return memory != NULL;
}

void slots_trim(struct slots *slots, int64_t idle_us)
{
	int64_t before = clock_monotonic_us() - idle_us;

	while (trim_one(slots, before))
		;
}

size_t slots_mapped(struct slots *slots)
{
	size_t mapped = 0;

	pthread_mutex_lock(&slots->lock);
	for (unsigned i = 0; i < slots->count; i++)
		mapped += slots->slot[i].size;
	pthread_mutex_unlock(&slots->lock);
	return mapped;
}
