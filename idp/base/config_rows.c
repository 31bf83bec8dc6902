/* config_rows.c: one row for each setting, and what a sound value is. */
#include "base/base.h"

#include "base/arena.h"
#include "base/cidr.h"
#include "base/config.h"
#include "base/config_rows.h"
#include "base/text.h"

#define LOWER    "abcdefghijklmnopqrstuvwxyz"
#define DIGITS   "0123456789"
#define PORT_MAX 65535

static bool is_not_empty(const char *text)
{
	return *text != '\0';
}

/* A DNS name in lower case: labels of letters, digits and inner hyphens (RFC 1123 2.1). */
static bool is_host_name(const char *text)
{
	size_t size = strlen(text);

	if (size == 0 || size > 253 || text[strspn(text, LOWER DIGITS "-.")] != '\0')
		return false;
	for (const char *label = text;;) {
		size_t length = strcspn(label, ".");

		if (length == 0 || length > 63 || label[0] == '-' || label[length - 1] == '-')
			return false;
		if (label[length] == '\0')
			break;
		label += length + 1;
	}
	return true;
}

/* Copies what stands before the port; the port may be missing when it need not be there. */
static bool split_port(const char *text, bool needed, char *host, size_t room, int64_t *port)
{
	const char *colon = *text == '[' ? strchr(text, ']') : strchr(text, ':');

	*port = -1;
	if (colon != NULL && *colon == ']')
		colon = *++colon == ':' ? colon : NULL;
	size_t size = colon != NULL ? (size_t)(colon - text) : strlen(text);

	if (size == 0 || size >= room || (colon == NULL && needed))
		return false;
	memcpy(host, text, size);
	host[size] = '\0';
	if (colon == NULL)
		return true;
	return (colon[1] != '0' || colon[2] == '\0') && text_to_int(colon + 1, 0, PORT_MAX, port) &&
	       colon[1] != '-';
}

/* "[::1]" or "127.0.0.1", written the one way that address_text writes it. */
static bool is_address_literal(const char *host, struct address *address)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	size_t size = strlen(host);
	bool six = size > 2 && host[0] == '[' && host[size - 1] == ']';
	const char *inner = six ? arena_textn(arena, host + 1, size - 2) : host;

	return address_parse(inner, address) && (strchr(inner, ':') != NULL) == six &&
	       text_equal(inner, address_text(arena, address));
}

static bool is_listen(const char *text)
{
	struct address address;
	char host[64];
	int64_t port = 0;

	return split_port(text, true, host, sizeof(host), &port) && is_address_literal(host, &address);
}

/* The resolver library takes IPv4 alone as text. */
static bool is_resolver(const char *text)
{
	return is_listen(text) && !strchr(text, '[');
}

static bool is_listen_or_off(const char *text)
{
	return *text == '\0' || is_listen(text);
}

/* Scheme, host and a port that is not the scheme's own: exactly what browsers send as Origin, since
 * Host and Origin are compared with it. An http issuer is possible for this machine alone. */
static bool is_issuer(const char *text)
{
	bool https = text_starts(text, "https://");
	struct address address;
	char host[256];
	int64_t port = 0;

	if (!https && !text_starts(text, "http://"))
		return false;
	if (!split_port(text + (https ? 8 : 7), false, host, sizeof(host), &port) || port == 0 ||
	    port == (https ? 443 : 80))
		return false;
	/* A name whose last label is a number would be read as an address (WHATWG URL 3.5). */
	const char *last = strrchr(host, '.');
	bool numeric = last != NULL && last[1] >= '0' && last[1] <= '9';
	bool literal = is_address_literal(host, &address);

	if (!literal && (numeric || !is_host_name(host) || host[strspn(host, DIGITS)] == '\0'))
		return false;
	return https || text_equal(host, "localhost") || (literal && address_is_loopback(&address));
}

static bool is_store(const char *text)
{
	return (text_starts(text, "sqlite:") && text[7] != '\0') ||
	       (text_starts(text, "postgresql://") && text[13] != '\0');
}

/* Everything would be trusted: the header of any client (security.md A10) could not be told from a proxy's.
 */
static bool is_proxy(const char *text)
{
	static const struct address some_v4 = { { [10] = 0xFF, [11] = 0xFF } };
	struct network network;

	return network_parse(text, &network) && network.bits > (network_has(&network, &some_v4) ? 96 : 0);
}

static bool is_target(const char *text)
{
	struct network network;

	return network_parse(text, &network) || is_host_name(text);
}

/* 32 bytes: 64 hex digits or 43 of base64url. */
static bool is_master_key(const char *text)
{
	AUTO(arena_done) struct arena *arena = arena_new();
	struct bytes bytes;
	size_t size = strlen(text);

	if (size == 64)
		return text[strspn(text, DIGITS "abcdefABCDEF")] == '\0';
	return size == 43 && base64url_decode(arena, text, size, &bytes);
}

/* The address of a local socket must fit into its struct (unix(7)). */
static bool is_socket_path(const char *text)
{
	return *text != '\0' && strlen(text) < 108;
}

static bool is_level(const char *text)
{
	static const char *const words[] = { "error", "warn", "info", "debug", NULL };

	return text_list_has(words, text);
}

static bool is_format(const char *text)
{
	return text_equal(text, "json") || text_equal(text, "text");
}

#define AT(member) offsetof(struct config, member)
#define FILE_PATH  .sound = is_not_empty, .wants = "the path of a file"

/* clang-format off */
const struct setting settings[] = {
	{ .name = "issuer", .kind = SETTING_TEXT, .at = AT(issuer), .fallback = "http://localhost:8080",
	  .sound = is_issuer,
	  .wants = "https://host or https://host:port in lower case, without path or trailing slash; http "
	           "for localhost, 127.0.0.1 or [::1] alone",
	  .help = "The public address of this deployment. It stands in every token; http is possible for "
	          "this machine alone, which is what development means." },
	{ .name = "listen", .kind = SETTING_LIST, .at = AT(listen), .fallback = "127.0.0.1:8080",
	  .sound = is_listen, .wants = "an address and a port such as 127.0.0.1:8080 or [::]:443",
	  .help = "Where requests are taken. With an https issuer and no tls a reverse proxy is expected in "
	          "front; beyond loopback it must be named in trusted_proxies." },
	{ .name = "trusted_proxies", .kind = SETTING_LIST, .at = AT(trusted_proxies), .fallback = "",
	  .sound = is_proxy,
	  .wants = "an address or network such as 10.0.0.7 or 10.1.0.0/16, never all addresses",
	  .help = "Reverse proxies whose forwarding headers are believed. From anybody else these headers "
	          "are dropped." },
	{ .name = "store", .kind = SETTING_TEXT, .at = AT(store), .fallback = "sqlite:var/lanyard.db",
	  .sound = is_store, .secret = true, .wants = "sqlite:PATH or postgresql://USER@HOST/DATABASE",
	  .help = "Where everything is kept: a file of this machine or a PostgreSQL server." },
	{ .name = "master_key", .kind = SETTING_TEXT, .at = AT(master_key), .sound = is_master_key,
	  .secret = true, .wants = "32 bytes as 64 hex digits or 43 characters of base64url",
	  .example = "(64 hex digits)", .help = "Seals every secret in the store. Better given as a file." },
	{ .name = "master_key_file", .kind = SETTING_TEXT, .at = AT(master_key_file), FILE_PATH,
	  .example = "/etc/lanyard/master.key",
	  .help = "The file with the master key, mode 0600. By default master.key beside an SQLite store, "
	          "else var/master.key; made on the first start in development." },
	{ .name = "admin_listen", .kind = SETTING_TEXT, .at = AT(admin_listen), .fallback = "127.0.0.1:9080",
	  .sound = is_listen_or_off,
	  .wants = "an address and a port such as 127.0.0.1:9080, or nothing to switch it off",
	  .help = "Health, readiness and metrics. Empty: off." },
	{ .name = "admin_socket", .kind = SETTING_TEXT, .at = AT(admin_socket), .sound = is_socket_path,
	  .wants = "a path of at most 107 bytes", .example = "/run/lanyard/admin.sock",
	  .help = "The local socket of the administration command. By default admin.sock beside an SQLite "
	          "store, else /run/lanyard/admin.sock." },
	{ .name = "tls.certificate", .kind = SETTING_TEXT, .at = AT(tls_certificate), FILE_PATH,
	  .example = "/etc/lanyard/tls.crt",
	  .help = "PEM file: the certificate, then its chain. Together with tls.key: Lanyard speaks TLS "
	          "itself." },
	{ .name = "tls.key", .kind = SETTING_TEXT, .at = AT(tls_key), FILE_PATH,
	  .example = "/etc/lanyard/tls.key", .help = "PEM file: the private key of tls.certificate." },
	{ .name = "log.level", .kind = SETTING_TEXT, .at = AT(log_level), .fallback = "info",
	  .sound = is_level, .wants = "error, warn, info or debug",
	  .help = "The least important event that is still written." },
	{ .name = "log.format", .kind = SETTING_TEXT, .at = AT(log_format), .fallback = "json",
	  .sound = is_format, .wants = "json or text",
	  .help = "One JSON object per line, or short lines for people." },
	{ .name = "limits.connections", .kind = SETTING_NUMBER, .at = AT(limits.connections),
	  .fallback = "4096", .min = 16, .max = 65536, .help = "Open connections at most." },
	{ .name = "limits.connections_per_address", .kind = SETTING_NUMBER,
	  .at = AT(limits.connections_per_address), .fallback = "100", .min = 1, .max = 65536,
	  .help = "Open connections from one address (IPv6: one /64) at most; trusted proxies are not "
	          "counted." },
	{ .name = "limits.header_seconds", .kind = SETTING_SECONDS, .at = AT(limits.header_seconds),
	  .fallback = "5s", .min = 1, .max = 300, .help = "Until the request's headers must be complete." },
	{ .name = "limits.body_seconds", .kind = SETTING_SECONDS, .at = AT(limits.body_seconds),
	  .fallback = "10s", .min = 1, .max = 600, .help = "Until the request's body must be complete." },
	{ .name = "limits.total_seconds", .kind = SETTING_SECONDS, .at = AT(limits.total_seconds),
	  .fallback = "20s", .min = 1, .max = 3600, .help = "Until the whole exchange must be over." },
	{ .name = "limits.quick_threads", .kind = SETTING_NUMBER, .at = AT(limits.quick_threads),
	  .fallback = "0", .min = 0, .max = 256,
	  .help = "Workers for requests that only use the store. 0: twice the cores, at least 8." },
	{ .name = "limits.slow_threads", .kind = SETTING_NUMBER, .at = AT(limits.slow_threads),
	  .fallback = "0", .min = 0, .max = 256,
	  .help = "Workers for passwords. 0: twice the cores, at least 4." },
	{ .name = "limits.remote_threads", .kind = SETTING_NUMBER, .at = AT(limits.remote_threads),
	  .fallback = "0", .min = 0, .max = 256,
	  .help = "Workers for requests that wait for other servers, such as identity providers; one provider may "
	          "hold half of them. 0: four times the cores, at least 8." },
	{ .name = "limits.queue", .kind = SETTING_NUMBER, .at = AT(limits.queue), .fallback = "1024",
	  .min = 1, .max = 65536,
	  .help = "Requests that may wait for each kind of worker; more are answered 503." },
	{ .name = "limits.body_bytes", .kind = SETTING_NUMBER, .at = AT(limits.body_bytes),
	  .fallback = "1048576", .min = 16384, .max = 16777216,
	  .help = "The largest body any address accepts; most accept less." },
	{ .name = "limits.sign_in_tries", .kind = SETTING_NUMBER, .at = AT(limits.sign_in_tries),
	  .fallback = "10", .min = 3, .max = 100,
	  .help = "Failed sign-ins of one account before it has to wait." },
	{ .name = "limits.sign_in_window", .kind = SETTING_SECONDS, .at = AT(limits.sign_in_window),
	  .fallback = "15m", .min = 60, .max = 86400, .help = "How long failed sign-ins count." },
	{ .name = "limits.sign_ins_per_address", .kind = SETTING_NUMBER, .at = AT(limits.sign_ins_per_address),
	  .fallback = "3000", .min = 10, .max = 100000000,
	  .help = "Sign-ins that one address may begin at once on this server; they come back over ten minutes." },
	{ .name = "password.memory_kib", .kind = SETTING_NUMBER, .at = AT(password.memory_kib),
	  .fallback = "47104", .min = 19456, .max = 1048576,
	  .help = "Memory of one password hash (Argon2id) in KiB. Below 47104 passes must be at least 2." },
	{ .name = "password.passes", .kind = SETTING_NUMBER, .at = AT(password.passes), .fallback = "1",
	  .min = 1, .max = 16, .help = "Passes of one password hash." },
	{ .name = "password.slots", .kind = SETTING_NUMBER, .at = AT(password.slots), .fallback = "0",
	  .min = 0, .max = 256, .help = "Password hashes computed at the same time. 0: as many as cores." },
	{ .name = "outbound.ca_file", .kind = SETTING_TEXT, .at = AT(outbound.ca_file), FILE_PATH,
	  .example = "/etc/lanyard/ca.pem",
	  .help = "PEM file of the authorities that other servers' certificates must come from. By default "
	          "the system's." },
	{ .name = "outbound.allow", .kind = SETTING_LIST, .at = AT(outbound.allow), .fallback = "",
	  .sound = is_target,
	  .wants = "a host name, address or network such as adfs.clinic.example or 10.1.2.0/24",
	  .help = "Private targets that may be fetched although fetching from private addresses is "
	          "refused." },
	{ .name = "outbound.allow_private_targets", .kind = SETTING_SWITCH,
	  .at = AT(outbound.allow_private_targets), .fallback = "false",
	  .help = "For tests: allows every private target." },
	{ .name = "outbound.resolver", .kind = SETTING_TEXT, .at = AT(outbound.resolver),
	  .sound = is_resolver, .wants = "an IPv4 address and a port such as 10.1.2.53:53",
	  .example = "10.1.2.53:53",
	  .help = "The DNS server that lanyard domain verify asks. By default those of the machine." },
};
/* clang-format on */

const size_t setting_count = COUNT(settings);

const struct setting *setting_find(const char *name)
{
	for (size_t i = 0; i < setting_count; i++) {
		if (text_equal(settings[i].name, name))
			return &settings[i];
	}
	return NULL;
}

char *setting_variable(struct arena *arena, const struct setting *setting)
{
	char *name = arena_print(arena, "LANYARD_%s", setting->name);

	for (char *c = name; *c != '\0'; c++) {
		if (*c == '.')
			*c = '_';
		else if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - ('a' - 'A'));
	}
	return name;
}

void *setting_value(const struct setting *setting, const struct config *config)
{
	return (void *)((uintptr_t)config + setting->at);
}
