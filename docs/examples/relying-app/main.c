/* main.c: the demo app's settings, visitors and addresses. */
#include <curl/curl.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <unistd.h>

#include "relying.h"

enum { BODY_MAX = 20 * 1024 };

/* One request and its answer. */
struct call {
	struct MHD_Connection *connection;
	const char *rest; /* what follows the route's path */
	char body[BODY_MAX + 1];
	size_t body_size;
	struct visitor *visitor; /* NULL: no cookie that we know */
	bool set_cookie;
	unsigned status;
	char *location; /* of a redirect */
	const char *type;
	FILE *out;
};

void handle_new(char out[HANDLE])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char bytes[HANDLE - 1];

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		abort();
	for (size_t i = 0; i < sizeof bytes; i++)
		out[i] = letters[bytes[i] & 63];
	out[HANDLE - 1] = '\0';
}

void visitor_forget(struct visitor *visitor)
{
	json_decref(visitor->claims);
	json_decref(visitor->person);
	free(visitor->id_token);
	free(visitor->access_token);
	free(visitor->refresh_token);
	OPENSSL_cleanse(visitor, sizeof *visitor);
}

static bool same(const char *a, const char *b)
{
	return *a && strlen(a) == strlen(b) && CRYPTO_memcmp(a, b, strlen(a)) == 0;
}

static const char *parameter(struct call *call, const char *name)
{
	const char *value = MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
	return value ? value : "";
}

static struct visitor *visitor_find(struct demo *demo, const char *cookie)
{
	for (size_t i = 0; cookie && i < VISITORS; i++) {
		if (same(demo->visitors[i].id, cookie))
			return &demo->visitors[i];
	}
	return NULL;
}

/* A free place, or that of whoever was here longest ago. */
static struct visitor *visitor_new(struct demo *demo)
{
	struct visitor *oldest = demo->visitors;

	for (size_t i = 0; i < VISITORS; i++) {
		if (demo->visitors[i].seen < oldest->seen)
			oldest = &demo->visitors[i];
	}
	visitor_forget(oldest);
	handle_new(oldest->id);
	handle_new(oldest->leave);
	oldest->seen = time(NULL);
	return oldest;
}

static void go(struct call *call, char *address)
{
	call->status = MHD_HTTP_SEE_OTHER;
	call->location = address;
}

static void problem(struct call *call, unsigned status, const char *what, const char *next_step)
{
	call->status = status;
	page_head(call->out, "Not possible");
	page_problem(call->out, what, next_step);
}

static void home(struct demo *demo, struct call *call)
{
	page_head(call->out, "Demo clinic app");
	page_home(call->out, demo, call->visitor);
}

static void sign_in(struct demo *demo, struct call *call)
{
	if (!call->visitor || call->visitor->claims) {
		call->visitor = visitor_new(demo);
		call->set_cookie = true;
	}
	go(call, signin_address(demo, call->visitor, parameter(call, "location"), parameter(call, "prompt")));
}

static const char *callback_fault(struct demo *demo, struct call *call)
{
	const char *issuer = parameter(call, "iss");

	if (!call->visitor || !same(call->visitor->state, parameter(call, "state")))
		return "This sign-in was not started in this browser, or is over";
	/* The answer says who answers, so that one issuer cannot pass for another (RFC 9207 2.4). */
	if (strcmp(issuer, demo->settings.issuer))
		return "The answer came from another issuer";
	if (*parameter(call, "error"))
		return parameter(call, "error");
	return *parameter(call, "code") ? NULL : "The answer carries no code";
}

static void callback(struct demo *demo, struct call *call)
{
	const char *why = callback_fault(demo, call);
	struct visitor *started = call->visitor;

	if (why) {
		problem(call, MHD_HTTP_BAD_REQUEST, why, "Sign in again.");
		return;
	}
	OPENSSL_cleanse(started->state, HANDLE); /* an answer is taken once */
	if (!signin_finish(demo, started, parameter(call, "code"), &why)) {
		problem(call, MHD_HTTP_BAD_REQUEST, why, "Sign in again.");
		return;
	}
	handle_new(started->id); /* a cookie known from before the sign-in is worth nothing after it */
	call->set_cookie = true;
	go(call, strdup("/"));
}

static void billing(struct demo *demo, struct call *call)
{
	(void)demo;
	if (!may_bill_somewhere(call->visitor->claims)) {
		problem(call, MHD_HTTP_FORBIDDEN, "None of your roles has to do with billing",
			"Ask your practice manager.");
		return;
	}
	page_head(call->out, "Billing");
	page_billing(call->out, call->visitor->claims);
}

static void place(struct demo *demo, struct call *call)
{
	(void)demo;
	if (!roles_at(call->visitor->claims, call->rest)) {
		problem(call, MHD_HTTP_FORBIDDEN, "You do not work at this location", "Choose one of yours.");
		return;
	}
	page_head(call->out, "Location");
	page_place(call->out, call->visitor->claims, call->rest);
}

static void practice(struct demo *demo, struct call *call)
{
	(void)demo;
	if (strcmp(text_of(call->visitor->claims, "tenant"), call->rest)) {
		problem(call, MHD_HTTP_FORBIDDEN, "That is not your practice", "Go back to yours.");
		return;
	}
	page_head(call->out, "The practice");
	page_practice(call->out, call->visitor->claims);
}

static void refresh(struct demo *demo, struct call *call)
{
	const char *why = NULL;

	if (!signin_refresh(demo, call->visitor, &why)) {
		visitor_forget(call->visitor);
		problem(call, MHD_HTTP_FORBIDDEN, why, "You are signed out here. Sign in again.");
		return;
	}
	go(call, strdup("/"));
}

static void sign_out(struct demo *demo, struct call *call)
{
	if (!same(call->visitor->leave, parameter(call, "leave"))) {
		problem(call, MHD_HTTP_FORBIDDEN, "That link was not made for this session",
			"Use the one on the start page.");
		return;
	}
	char *address = signout_address(demo, call->visitor);
	visitor_forget(call->visitor);
	go(call, address);
}

static void api_refuse(struct call *call, unsigned status, const char *error, const char *why)
{
	call->status = status;
	call->type = "application/json";
	json_t *body = json_pack("{s:s, s:s}", "error", error, "error_description", why);
	json_dumpf(body, call->out, JSON_COMPACT);
	json_decref(body);
}

/* For other programs: the access token says whose data (RFC 6750 2.1). */
static void appointments(struct demo *demo, struct call *call)
{
	const char *header = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Authorization");
	const char *why = "send an access token as Bearer";
	bool bearer = header && !strncasecmp(header, "Bearer ", 7);
	json_t *claims = bearer ? token_verify(demo, header + 7, ACCESS_TOKEN, &why) : NULL;
	const char *wanted = parameter(call, "practice"), *location = parameter(call, "location");

	if (!claims) {
		api_refuse(call, MHD_HTTP_UNAUTHORIZED, "invalid_token", why);
	} else if (*wanted && strcmp(wanted, text_of(claims, "tenant"))) {
		api_refuse(call, MHD_HTTP_FORBIDDEN, "insufficient_scope",
			   "the token is of another practice");
	} else if (*location && !roles_at(claims, location)) {
		api_refuse(call, MHD_HTTP_FORBIDDEN, "insufficient_scope",
			   "the token gives nothing at this location");
	} else {
		call->type = "application/json";
		json_t *body = json_pack("{s:s, s:o}", "practice", text_of(claims, "tenant"), "appointments",
					 appointments_of(text_of(claims, "tenant"), claims, location));
		json_dumpf(body, call->out, JSON_INDENT(2));
		json_decref(body);
	}
	json_decref(claims);
}

/* The issuer says that a session ended (OpenID Connect Back-Channel Logout 1.0 2.5). */
static void backchannel(struct demo *demo, struct call *call)
{
	static const char name[] = "logout_token=";
	const char *why = "send logout_token once";
	char *token = strncmp(call->body, name, sizeof name - 1) ? NULL : call->body + sizeof name - 1;

	if (token)
		token[strcspn(token, "&")] = '\0';
	json_t *claims = token ? token_verify(demo, token, LOGOUT_TOKEN, &why) : NULL;
	if (!claims || !logout_token_is_new(demo, claims)) {
		api_refuse(call, MHD_HTTP_BAD_REQUEST, "invalid_request",
			   claims ? "this token was here before" : why);
		json_decref(claims);
		return;
	}
	const char *member = *text_of(claims, "sid") ? "sid" : "sub";
	for (size_t i = 0; i < VISITORS; i++) {
		if (same(text_of(demo->visitors[i].claims, member), text_of(claims, member)))
			visitor_forget(&demo->visitors[i]);
	}
	json_decref(claims);
}

static void style(struct demo *demo, struct call *call)
{
	(void)demo;
	call->type = "text/css";
	fputs(style_sheet, call->out);
}

/* clang-format off */
/* A path that ends with '/' takes the rest of the address. */
static const struct route {
	const char *method, *path;
	bool signed_in;
	void (*run)(struct demo *demo, struct call *call);
} routes[] = {
	{ "GET", "/", false, home },
	{ "GET", "/sign-in", false, sign_in },
	{ "GET", "/callback", false, callback },
	{ "GET", "/billing", true, billing },
	{ "GET", "/location/", true, place },
	{ "GET", "/practice/", true, practice },
	{ "GET", "/refresh", true, refresh },
	{ "GET", "/sign-out", true, sign_out },
	{ "GET", "/api/appointments", false, appointments },
	{ "GET", "/style.css", false, style },
	{ "POST", "/backchannel-logout", false, backchannel },
};
/* clang-format on */

static const struct route *route_find(const char *method, const char *url, const char **rest)
{
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		size_t length = strlen(routes[i].path);
		bool takes_rest = length > 1 && routes[i].path[length - 1] == '/';
		if (strcmp(method, routes[i].method) || strncmp(url, routes[i].path, length) ||
		    (!takes_rest && url[length]))
			continue;
		*rest = url + length;
		return &routes[i];
	}
	return NULL;
}

/* Keeps the session no longer than the issuer allows (`session_expiry`), and reads roles anew when
 * the tokens are old: what changed at the clinic shows here within minutes. */
static void visitor_check(struct demo *demo, struct call *call)
{
	const char *why = NULL;
	json_int_t now = (json_int_t)time(NULL);
	const json_t *claims = call->visitor ? call->visitor->claims : NULL;
	const json_t *ends = json_object_get(claims, "session_expiry");

	if (!claims)
		return;
	bool over = json_is_integer(ends) && json_integer_value(ends) <= now;
	bool old = json_integer_value(json_object_get(claims, "exp")) <= now;
	if (over || (old && !signin_refresh(demo, call->visitor, &why)))
		visitor_forget(call->visitor);
	else
		call->visitor->seen = time(NULL);
}

static void serve(struct demo *demo, struct call *call, const char *method, const char *url)
{
	const struct route *route = route_find(method, url, &call->rest);

	call->visitor = visitor_find(
		demo, MHD_lookup_connection_value(call->connection, MHD_COOKIE_KIND, "demo-app"));
	visitor_check(demo, call);
	if (!route)
		problem(call, MHD_HTTP_NOT_FOUND, "There is no such page", "");
	else if (route->signed_in && (!call->visitor || !call->visitor->claims))
		go(call, strdup("/sign-in"));
	else
		route->run(demo, call);
}

static enum MHD_Result answer(struct demo *demo, struct call *call, char *body, size_t size)
{
	static const char *const always[] = {
		"Cache-Control",
		"no-store",
		"X-Content-Type-Options",
		"nosniff",
		"Content-Security-Policy",
		"default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
		"Referrer-Policy",
		"no-referrer"
	};
	struct MHD_Response *response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
	char cookie[160];

	for (size_t i = 0; i < sizeof always / sizeof always[0]; i += 2)
		MHD_add_response_header(response, always[i], always[i + 1]);
	MHD_add_response_header(response, "Content-Type", call->type);
	if (call->location)
		MHD_add_response_header(response, "Location", call->location);
	if (call->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
	if (call->set_cookie) {
		snprintf(cookie, sizeof cookie, "demo-app=%s; Path=/; HttpOnly; SameSite=Lax%s",
			 call->visitor->id, strncmp(demo->settings.url, "https:", 6) ? "" : "; Secure");
		MHD_add_response_header(response, "Set-Cookie", cookie);
	}
	enum MHD_Result result = MHD_queue_response(call->connection, call->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data, size_t *size,
				  void **slot)
{
	struct call *call = *slot;
	char *body = NULL;
	size_t body_size = 0;

	(void)version;
	if (!call) { /* first only the headers are here */
		*slot = calloc(1, sizeof *call);
		return *slot ? MHD_YES : MHD_NO;
	}
	if (*size) {
		if (*size > BODY_MAX - call->body_size)
			return MHD_NO;
		memcpy(call->body + call->body_size, data, *size);
		call->body_size += *size;
		*size = 0;
		return MHD_YES;
	}
	call->connection = connection;
	call->status = MHD_HTTP_OK;
	call->type = "text/html; charset=utf-8";
	call->out = open_memstream(&body, &body_size);
	serve(context, call, method, url);
	fclose(call->out);
	return answer(context, call, body, body_size);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
			 enum MHD_RequestTerminationCode code)
{
	struct call *call = *slot;

	(void)context, (void)connection, (void)code;
	if (call)
		free(call->location);
	free(call);
}

static bool read_secret(struct settings *settings, const char *path)
{
	FILE *file = fopen(path, "re");
	bool read = file && fgets(settings->secret, sizeof settings->secret, file);

	if (file)
		fclose(file);
	settings->secret[strcspn(settings->secret, "\r\n")] = '\0';
	return read && *settings->secret;
}

/* --issuer URL or RELYING_ISSUER, and so on; the flag wins. */
static const char *setting(int argc, char **argv, const char *flag, const char *variable,
			   const char *otherwise)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], flag))
			return argv[i + 1];
	}
	const char *value = getenv(variable);
	return value && *value ? value : otherwise;
}

static struct MHD_Daemon *listen_on(struct demo *demo)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_port = htons(demo->settings.port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, demo->settings.port, NULL, NULL, on_request,
				demo, MHD_OPTION_SOCK_ADDR, &here, MHD_OPTION_CONNECTION_TIMEOUT, 20u,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
}

int main(int argc, char **argv)
{
	static struct demo demo;
	struct settings *settings = &demo.settings;
	const char *secret =
		setting(argc, argv, "--secret-file", "RELYING_SECRET_FILE", "docs/examples/demo-secret");
	int caught = 0;
	sigset_t signals;

	settings->issuer = setting(argc, argv, "--issuer", "RELYING_ISSUER", "http://localhost:8080");
	settings->client_id = setting(argc, argv, "--client-id", "RELYING_CLIENT_ID", "demo");
	settings->url = setting(argc, argv, "--url", "RELYING_URL", "http://localhost:8081");
	settings->ca_file = setting(argc, argv, "--ca-file", "RELYING_CA_FILE", NULL);
	settings->port = (uint16_t)strtoul(setting(argc, argv, "--port", "RELYING_PORT", "8081"), NULL, 10);
	if (!read_secret(settings, secret)) {
		fprintf(stderr, "relying-app: could not read the client secret from %s\n", secret);
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	for (unsigned tries = 0; !provider_find(&demo); tries++) {
		if (tries % 10 == 0)
			fprintf(stderr, "relying-app: waiting for %s\n", settings->issuer);
		sleep(1);
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	struct MHD_Daemon *daemon = listen_on(&demo);
	if (!daemon) {
		fprintf(stderr, "relying-app: could not listen on 127.0.0.1:%u\n", settings->port);
		return 1;
	}
	fprintf(stderr, "relying-app: %s (signs people in at %s)\n", settings->url, settings->issuer);
	sigwait(&signals, &caught);
	MHD_stop_daemon(daemon);
	return 0;
}
