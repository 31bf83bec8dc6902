/* deadlines.c: the registry of connections and its reaper. */
#include "base/base.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "http/deadlines.h"
#include "http/forwarded.h"

#define SECOND      INT64_C(1000000)
#define TICK        (SECOND / 5)
#define BUCKETS     1024
#define IDLE        60 /* seconds a kept connection may wait for its next request */
#define IDLE_SCARCE 1  /* when nearly all places are taken */

struct registry {
	const struct config *config;
	pthread_mutex_t lock;
	pthread_cond_t stop;
	bool stopping;
	pthread_t reaper;
	struct link *buckets[BUCKETS]; /* by group, so that counting looks at few */
	_Atomic size_t count;          /* changed under the lock, read without: each request asks */
};

/* ---- the lists ---- */

static struct address group_of(const struct address *peer)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	struct address group = *peer;

	/* Whoever has one address of a /64 has them all. */
	if (memcmp(group.at, mapped, sizeof mapped) != 0)
		memset(group.at + 8, 0, 8);
	return group;
}

static struct link **bucket_of(struct registry *registry, const struct address *group)
{
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < sizeof group->at; i++)
		sum = (sum ^ group->at[i]) * 16777619u;
	return &registry->buckets[sum % BUCKETS];
}

static bool has_too_many(struct registry *registry, const struct address *group, int64_t limit)
{
	int64_t count = 0;

	for (struct link *l = *bucket_of(registry, group); l && count <= limit; l = l->next)
		count += memcmp(&l->group, group, sizeof *group) == 0;
	return count > limit;
}

bool registry_is_full_for(struct registry *registry, const struct address *peer)
{
	struct address group = group_of(peer);

	if (is_trusted_proxy(registry->config, peer))
		return false;
	pthread_mutex_lock(&registry->lock);
	bool full = has_too_many(registry, &group, registry->config->limits.connections_per_address - 1);
	pthread_mutex_unlock(&registry->lock);
	return full;
}

void registry_add(struct registry *registry, struct link *link)
{
	link->group = group_of(&link->peer);
	link->proxy = is_trusted_proxy(registry->config, &link->peer);
	link_awaits_headers(registry, link);
	pthread_mutex_lock(&registry->lock);
	struct link **bucket = bucket_of(registry, &link->group);

	link->next = *bucket;
	link->at = bucket;
	if (link->next)
		link->next->at = &link->next;
	*bucket = link;
	registry->count++;
	/* The accept policy looks before others of the same moment are counted; here it is exact. */
	if (!link->proxy &&
	    has_too_many(registry, &link->group, registry->config->limits.connections_per_address))
		(void)shutdown(link->socket, SHUT_RDWR); /* gone already is as good */
	pthread_mutex_unlock(&registry->lock);
}

void registry_remove(struct registry *registry, struct link *link)
{
	pthread_mutex_lock(&registry->lock);
	*link->at = link->next;
	if (link->next)
		link->next->at = link->at;
	registry->count--;
	pthread_mutex_unlock(&registry->lock);
}

size_t registry_count(struct registry *registry)
{
	return atomic_load_explicit(&registry->count, memory_order_relaxed);
}

void registry_shut(struct registry *registry, bool all)
{
	pthread_mutex_lock(&registry->lock);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct link *l = registry->buckets[i]; l; l = l->next)
			if (all || atomic_load(&l->idle))
				(void)shutdown(l->socket, SHUT_RDWR); /* gone already is as good */
	pthread_mutex_unlock(&registry->lock);
}

/* ---- the deadlines ---- */

void link_awaits_headers(struct registry *registry, struct link *link)
{
	atomic_store(&link->idle, false);
	atomic_store(&link->deadline_us,
		     clock_monotonic_us() + registry->config->limits.header_seconds * SECOND);
}

void link_awaits_body(struct registry *registry, struct link *link, int64_t since_us)
{
	int64_t body = clock_monotonic_us() + registry->config->limits.body_seconds * SECOND;
	int64_t end = since_us + registry->config->limits.total_seconds * SECOND;

	atomic_store(&link->deadline_us, body < end ? body : end);
}

int64_t link_awaits_end(struct registry *registry, struct link *link, int64_t since_us)
{
	int64_t end = since_us + registry->config->limits.total_seconds * SECOND;

	atomic_store(&link->deadline_us, end);
	return end;
}

void link_is_idle(struct registry *registry, struct link *link)
{
	bool scarce = (int64_t)registry_count(registry) > registry->config->limits.connections / 10 * 9;

	atomic_store(&link->deadline_us, clock_monotonic_us() + (scarce ? IDLE_SCARCE : IDLE) * SECOND);
	atomic_store(&link->idle, true);
}

/* Bytes received so far; 0 when the kernel does not say (a unix socket). */
static uint64_t bytes_received(int socket)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof info;

	if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		return 0;
	return size >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received
		       ? info.tcpi_bytes_received
		       : 0;
}

/* A kept connection on which a next request begins to drip: the library tells nobody before the whole
 * request line is there, so the kernel's count is asked. From the first byte its headers are due. */
static void watch_idle(struct registry *registry, struct link *link, int64_t now)
{
	int64_t deadline = atomic_load(&link->deadline_us),
		due = now + registry->config->limits.header_seconds * SECOND;

	if (!atomic_load(&link->idle)) {
		link->idle_bytes = 0;
		return;
	}
	uint64_t bytes = bytes_received(link->socket);
	if (link->idle_bytes == 0)
		link->idle_bytes = bytes;
	/* When the request became whole meanwhile, its own deadline stands: the exchange fails. */
	else if (bytes != link->idle_bytes && due < deadline)
		(void)atomic_compare_exchange_strong(&link->deadline_us, &deadline, due);
}

static void reap(struct registry *registry, int64_t now)
{
	size_t late = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct link *l = registry->buckets[i]; l; l = l->next) {
			watch_idle(registry, l, now);
			if (atomic_load(&l->deadline_us) > now)
				continue;
			late += !atomic_load(&l->idle);
			/* Under the lock: the link leaves the list before its socket is closed. */
			(void)shutdown(l->socket, SHUT_RDWR);
		}
	if (late > 0)
		log_print(LOG_DEBUG, "http.late", "%zu connections were cut", late);
}

static void *reaper_run(void *argument)
{
	struct registry *registry = argument;

	pthread_mutex_lock(&registry->lock);
	while (!registry->stopping) {
		struct timespec until;

		(void)clock_gettime(CLOCK_MONOTONIC, &until); /* this clock always works */
		until.tv_nsec += TICK * 1000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		(void)pthread_cond_timedwait(&registry->stop, &registry->lock,
					     &until); /* late or woken: look again */
		if (registry->count > 0)
			reap(registry, clock_monotonic_us());
	}
	pthread_mutex_unlock(&registry->lock);
	return NULL;
}

struct registry *registry_new(const struct config *config)
{
	struct registry *registry = calloc(1, sizeof *registry);
	pthread_condattr_t monotonic;

	assert(registry);
	registry->config = config;
	pthread_mutex_init(&registry->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&registry->stop, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&registry->reaper, NULL, reaper_run, registry) != 0) {
		free(registry);
		return NULL;
	}
	(void)pthread_setname_np(registry->reaper, "reaper"); /* a name for people only */
	return registry;
}

void registry_free(struct registry *registry)
{
	if (!registry)
		return;
	pthread_mutex_lock(&registry->lock);
	registry->stopping = true;
	pthread_cond_signal(&registry->stop);
	pthread_mutex_unlock(&registry->lock);
	pthread_join(registry->reaper, NULL);
	assert(registry->count == 0);
	pthread_cond_destroy(&registry->stop);
	pthread_mutex_destroy(&registry->lock);
	free(registry);
}
