/* work.c: begins and ends a piece of work (base/app.h). */
#include <sys/random.h>

#include "base/base.h"
#include "base/app.h"
#include "base/clock.h"

#include "store/snapshot.h"

/* 32 letters and digits that people do not mistake on the telephone: no 0, O, 1, I. */
static const char plain_letters[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
static_assert(sizeof plain_letters == 33, "five bits a letter");

/* References need to differ, not to be secret: one call to the kernel serves twenty of them. */
static uint8_t chance(void)
{
	static _Thread_local uint8_t pool[240];
	static _Thread_local size_t left;

	if (left == 0) {
		while (getrandom(pool, sizeof pool, 0) != (ssize_t)sizeof pool)
			;
		left = sizeof pool;
	}
	return pool[--left];
}

static void make_reference(char *out)
{
	for (unsigned i = 0; i < 12; i++) {
		if (i == 4 || i == 8)
			*out++ = '-';
		*out++ = plain_letters[chance() & 31];
	}
	*out = '\0';
}

void work_begin(struct work *work, struct app *app, struct db *db, struct arena *arena)
{
	*work = (struct work){ .app = app, .db = db, .arena = arena };
	work->now_us = clock_now_us();
	work->now = work->now_us / 1000000;
	work->snapshot = app && app->snapshots ? snapshot_hold(app->snapshots) : NULL;
	make_reference(work->request_id);
}

void work_end(struct work *work)
{
	if (work->snapshot)
		snapshot_drop(work->snapshot);
	work->snapshot = NULL;
}
