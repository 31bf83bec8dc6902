/* logout_wait.c: an app that signed somebody out waits until the others know. */
#include "saml/logout_wait.h"

#include <stdatomic.h>
#include <time.h>

#include "base/app.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "store/outbox.h"
#include "store/saml.h"

#define WAIT_STEPS 20 /* of a quarter of a second: with the frames' three seconds less than ten in all */

/* Who else took part and has not confirmed; from whom something may still come: those who were asked in a
 * frame, and messages of whatever protocol that are to be sent. */
struct others {
	size_t open, awaited;
};

static enum err count_others(struct work *w, const char *sid, const char *asker, struct others *out)
{
	struct outbox_list waiting = { 0 };
	struct saml_session *rows;
	size_t count = 0;

	TRY(saml_sessions_open(w, sid, &rows, &count));
	for (size_t i = 0; i < count; i++) {
		bool other = !text_equal(rows[i].client_id, asker);

		out->open += other;
		out->awaited += other && rows[i].request_id;
	}
	TRY(outbox_waiting(w, w->practice, 200, &waiting));
	for (size_t i = 0; i < waiting.count; i++) {
		AUTO(json_done) json_t *body = json_read(waiting.rows[i].body, strlen(waiting.rows[i].body));

		out->awaited += text_equal(json_get_text(body, "sid"), sid);
	}
	return OK;
}

static enum err count_all(struct work *w, const char *const *sids, const char *asker, struct others *out)
{
	*out = (struct others){ 0 };
	for (; *sids; sids++)
		TRY(count_others(w, *sids, asker, out));
	return OK;
}

static enum err wait_here(struct work *w, const char *const *sids, const char *asker, struct others *others)
{
	static const struct timespec quarter = { .tv_nsec = 250000000 };

	for (int step = 1; others->awaited && step < WAIT_STEPS; step++) {
		(void)nanosleep(&quarter, NULL); /* shorter does no harm */
		TRY(count_all(w, sids, asker, others));
	}
	return OK;
}

/* A thread that waits checks no password: half of the slow lane's wait at most, so that one app that is down
 * when a clinic goes home keeps nobody from signing in. Who may not wait says what is so now. */
enum err logout_wait(struct work *w, const char *const *sids, const char *asker, bool *all)
{
	static _Atomic int64_t waiters;
	struct others others;
	enum err err = count_all(w, sids, asker, &others);

	if (atomic_fetch_add(&waiters, 1) < w->app->config->limits.slow_threads / 2 && err == OK)
		err = wait_here(w, sids, asker, &others);
	atomic_fetch_sub(&waiters, 1);
	*all = err == OK && others.open == 0 && others.awaited == 0;
	return err;
}
