/* config.h: the settings (DESIGN.md: one YAML file, each setting also LANYARD_SECTION_NAME in the
 * environment and, for secrets, ..._FILE). One row each in config_rows.c: name, kind, default, range,
 * help; docs/reference/config.md is generated from the rows. Unknown keys are refused with the
 * nearest known one named. Precedence: default, file, environment. */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/base.h"

struct arena;
struct network;

struct config {
	const char *file;          /* where it was read from, or NULL */
	const char *issuer;        /* "http://localhost:8080"; no trailing slash, query or fragment */
	const char *const *listen; /* "127.0.0.1:8080", "[::]:443"; NULL-terminated */
	const char *tls_certificate, *tls_key; /* both or none: PEM files */
	const char *admin_listen;              /* "127.0.0.1:9080"; "" = off */
	const char *admin_socket;              /* path; beside the store by default */
	const char *store;                     /* "sqlite:var/lanyard.db" or "postgresql://..." */
	const char *master_key;                /* 32 bytes as base64url or hex; NULL: master_key_file */
	const char *master_key_file;           /* path; beside the store by default */
	const char *log_level;                 /* error | warn | info | debug */
	const char *log_format;                /* json | text */
	const char *const *trusted_proxies;
	const struct network *trusted_networks;
	size_t trusted_count; /* the same, parsed */
	struct {
		int64_t connections, connections_per_address, header_seconds, body_seconds, total_seconds,
			quick_threads, slow_threads, remote_threads, queue, body_bytes, sign_in_tries,
			sign_in_window, sign_ins_per_address;
	} limits;
	struct {
		int64_t memory_kib, passes, slots;
	} password; /* Argon2id; slots 0 = cores */
	struct {
		const char *ca_file;
		const char *const *allow;
		bool allow_private_targets;
		const char *resolver; /* "10.1.2.53:53", for checks of domains; NULL: the machine's */
	} outbound;
	/* derived */
	bool development;          /* the issuer is http and loopback: only then is http possible */
	const char *issuer_host;   /* "localhost:8080" as a Host header says it */
	const char *issuer_origin; /* scheme://host[:port] */
	const char *const
		*origins; /* of each row's value, for config_show; NULL when not made by config_read */
};

/* text may be NULL (no file). environ_list as environ. On failure *message says file:line, what
 * and the nearest known name. Everything lives in the arena. */
enum err config_read(struct arena *arena, const char *file, const char *text, size_t size,
		     char *const *environ_list, const struct config **out, const char **message) MUST_USE;
/* Each value with where it came from, secrets masked; for `lanyard config show`. */
char *config_show(struct arena *arena, const struct config *config);
/* The commented template and the reference page, from the rows. */
char *config_template(struct arena *arena);
char *config_reference(struct arena *arena);

#endif
