/* config_derive.c: what follows from the settings, and which of them do not go together. */
#include "base/base.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/cidr.h"
#include "base/config.h"
#include "base/config_reading.h"
#include "base/config_rows.h"
#include "base/text.h"

static const char *origin_of(const struct config_reading *r, const char *name)
{
	const struct setting *s = setting_find(name);

	assert(s != NULL);
	return r->origins[s - settings];
}

static bool was_given(const struct config_reading *r, const char *name)
{
	return origin_of(r, name) != setting_default;
}

static bool derive_issuer(struct config_reading *r)
{
	struct config *c = r->config;

	c->development = text_starts(c->issuer, "http://");
	c->issuer_origin = c->issuer;
	c->issuer_host = strstr(c->issuer, "://") + 3;
	return true;
}

static bool check_tls(struct config_reading *r)
{
	const struct config *c = r->config;
	const char *given = c->tls_certificate != NULL ? "tls.certificate" : "tls.key";

	if ((c->tls_certificate == NULL) != (c->tls_key == NULL))
		return config_refuse(r, origin_of(r, given), "tls.certificate and tls.key go together");
	if (c->tls_certificate != NULL && c->development)
		return config_refuse(r, origin_of(r, given), "tls needs an https issuer");
	return true;
}

static bool is_loopback_listen(struct config_reading *r, const char *listen)
{
	bool six = *listen == '[';
	size_t size = strcspn(listen, six ? "]" : ":");
	struct address address;

	return address_parse(arena_textn(r->arena, listen + six, size - six), &address) &&
	       address_is_loopback(&address);
}

/* Without TLS of our own requests beyond loopback come from a proxy; one that is not trusted would
 * make all visitors look like one address, and passwords might cross the network in the clear. */
static bool check_listen(struct config_reading *r)
{
	const struct config *c = r->config;

	if (c->listen[0] == NULL)
		return config_refuse(r, origin_of(r, "listen"),
				     "listen must name at least one address and port");
	for (const char *const *at = c->listen; *at != NULL; at++) {
		if (!c->development && c->tls_certificate == NULL && c->trusted_proxies[0] == NULL &&
		    !is_loopback_listen(r, *at))
			return config_refuse(r, origin_of(r, "listen"),
					     "listening on %s without tls needs trusted_proxies: the reverse "
					     "proxy in front",
					     *at);
	}
	return true;
}

static bool derive_networks(struct config_reading *r)
{
	struct config *c = r->config;
	size_t count = 0;

	while (c->trusted_proxies[count] != NULL)
		count++;
	struct network *networks = arena_array(r->arena, struct network, count);

	for (size_t i = 0; i < count; i++) {
		bool parsed = network_parse(c->trusted_proxies[i], &networks[i]);

		assert(parsed); /* the row's check did the same */
	}
	c->trusted_networks = networks;
	c->trusted_count = count;
	return true;
}

/* A file beside an SQLite store, else where it stands for a store elsewhere. */
static const char *beside_store(struct config_reading *r, const char *name, const char *elsewhere)
{
	const char *path = r->config->store + strlen("sqlite:");
	const char *slash = strrchr(path, '/');

	if (!text_starts(r->config->store, "sqlite:"))
		return elsewhere;
	return arena_print(r->arena, "%.*s%s", slash != NULL ? (int)(slash + 1 - path) : 0, path, name);
}

static bool derive_paths(struct config_reading *r)
{
	struct config *c = r->config;

	if (was_given(r, "master_key") && was_given(r, "master_key_file"))
		return config_refuse(r, origin_of(r, "master_key"),
				     "master_key and master_key_file do not go together");
	if (c->admin_socket == NULL)
		c->admin_socket = beside_store(r, "admin.sock", "/run/lanyard/admin.sock");
	if (!setting_find("admin_socket")->sound(c->admin_socket))
		return config_refuse(r, origin_of(r, "store"),
				     "the path is too long for admin_socket beside it, set that too");
	if (c->master_key_file == NULL)
		c->master_key_file = beside_store(r, "master.key", "var/master.key");
	return true;
}

static int64_t cores(int64_t factor, int64_t least)
{
	int64_t count = sysconf(_SC_NPROCESSORS_ONLN) * factor;

	return count < least ? least : count > 256 ? 256 : count;
}

/* Said where somebody wrote one of the two: a default alone is never wrong. */
static bool check_total(struct config_reading *r)
{
	static const char *const parts[] = { "limits.header_seconds", "limits.body_seconds" };
	const char *total = "limits.total_seconds";

	for (size_t i = 0; i < COUNT(parts); i++) {
		int64_t part = *(int64_t *)setting_value(setting_find(parts[i]), r->config);

		if (r->config->limits.total_seconds < part)
			return config_refuse(
				r, origin_of(r, was_given(r, total) ? total : parts[i]),
				"limits.total_seconds must not be below header_seconds or body_seconds");
	}
	return true;
}

static bool derive_counts(struct config_reading *r)
{
	struct config *c = r->config;

	if (c->limits.quick_threads == 0)
		c->limits.quick_threads = cores(2, 8);
	if (c->limits.slow_threads == 0)
		c->limits.slow_threads = cores(2, 4);
	if (c->limits.remote_threads == 0)
		c->limits.remote_threads = cores(4, 8);
	if (c->password.slots == 0)
		c->password.slots = cores(1, 1);
	if (!check_total(r))
		return false;
	/* The floor of OWASP's equal choices for Argon2id: 46 MiB once or 19 MiB twice. */
	if (c->password.memory_kib < 47104 && c->password.passes < 2)
		return config_refuse(r, origin_of(r, "password.memory_kib"),
				     "password.memory_kib below 47104 needs password.passes of at least 2");
	return true;
}

bool config_derive(struct config_reading *r)
{
	static bool (*const steps[])(struct config_reading * r) = {
		derive_issuer, check_tls, check_listen, derive_networks, derive_paths, derive_counts,
	};

	for (size_t i = 0; i < COUNT(steps); i++) {
		if (!steps[i](r))
			return false;
	}
	return true;
}
