/* domain_txt.c: TXT records, by the system's resolver library (RFC 1035 3.3.14). */
#include "base/base.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include "admin/domain_txt.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/text.h"

#define ANSWER_MAX  16384
#define SERVERS_MAX 2
#define WHOLE_US    ((int64_t)5000000)
#define ONE_US      ((int64_t)2000000) /* what one question may take: a second for each server */

static void close_resolver(struct __res_state *state)
{
	res_nclose(state);
}

/* "192.0.2.53:53" */
static bool server_of(const char *text, struct sockaddr_in *out)
{
	char host[INET_ADDRSTRLEN];
	size_t length = strcspn(text, ":");
	int64_t port = NAMESERVER_PORT;

	if (length >= sizeof host || (text[length] && !text_to_int(text + length + 1, 1, 65535, &port)))
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	*out = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	return inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

static bool open_resolver(const struct config *config, struct __res_state *state)
{
	if (res_ninit(state) != 0)
		return false;
	state->retrans = 1;
	state->retry = 1;
	state->options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES); /* the name as it stands */
	if (state->nscount > SERVERS_MAX)
		state->nscount = SERVERS_MAX;
	if (text_is_empty(config->outbound.resolver))
		return true;
	state->nscount = 1;
	return server_of(config->outbound.resolver, &state->nsaddr_list[0]);
}

/* A record is a row of strings, each with its length before it; they are one text (RFC 7208 3.3). */
static bool record_is(const uint8_t *at, size_t size, const char *wanted)
{
	size_t left = strlen(wanted);

	for (size_t i = 0; i < size;) {
		size_t length = at[i++];
		if (length > size - i || length > left || memcmp(at + i, wanted, length) != 0)
			return false;
		i += length;
		wanted += length;
		left -= length;
	}
	return left == 0;
}

bool domain_txt_says(const uint8_t *answer, size_t size, const char *wanted)
{
	ns_msg message;
	ns_rr record;

	if (size > INT32_MAX || ns_initparse(answer, (int)size, &message) != 0)
		return false;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		if (ns_parserr(&message, ns_s_an, i, &record) != 0)
			return false;
		if (ns_rr_class(record) == ns_c_in && ns_rr_type(record) == ns_t_txt &&
		    record_is(ns_rr_rdata(record), ns_rr_rdlen(record), wanted))
			return true;
	}
	return false;
}

/* One name asked: OK, ERR_NOT_FOUND, ERR_FETCH; without a fault. */
static enum err ask(struct work *work, struct __res_state *state, const char *name, const char *wanted)
{
	uint8_t *answer = arena_alloc(work->arena, ANSWER_MAX);
	int size = res_nquery(state, name, ns_c_in, ns_t_txt, answer, ANSWER_MAX);

	if (size < 0)
		return state->res_h_errno == HOST_NOT_FOUND || state->res_h_errno == NO_DATA ? ERR_NOT_FOUND
											     : ERR_FETCH;
	size_t whole = size < ANSWER_MAX ? (size_t)size : ANSWER_MAX;

	return domain_txt_says(answer, whole, wanted) ? OK : ERR_NOT_FOUND;
}

enum err domain_txt_check(struct work *work, const char *domain, const char *token)
{
	AUTO(close_resolver) struct __res_state state = { 0 };
	const char *names[] = { arena_print(work->arena, DOMAIN_TXT_LABEL "%s", domain), domain };
	const char *wanted = arena_print(work->arena, DOMAIN_TXT_WORD "%s", token);
	int64_t deadline = clock_monotonic_us() + WHOLE_US;
	enum err err = ERR_FETCH;

	if (!open_resolver(work->app->config, &state))
		return fault(work, ERR_FETCH, "the resolver could not be opened");
	for (size_t i = 0; i < COUNT(names) && clock_monotonic_us() + ONE_US <= deadline; i++) {
		enum err said = ask(work, &state, names[i], wanted);
		if (said == OK)
			return OK;
		err = said == ERR_NOT_FOUND ? said : err;
	}
	return err == ERR_NOT_FOUND ? fault(work, err, "the DNS has no TXT record %s with %s (nor %s)",
					    names[0], wanted, domain)
				    : fault(work, err, "no resolver answered for %s", names[0]);
}
