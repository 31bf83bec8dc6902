/* fetch.h: the one door out: https only (http to loopback while the issuer is http loopback), redirects
 * off, size and time bounded (256 KiB, 3 s to connect, 5 s in all), private addresses refused on the
 * socket after resolution unless outbound.allow names the host or network. Runs on SLOW or in jobs:
 * each thread keeps one curl handle. */
#ifndef HTTP_FETCH_H
#define HTTP_FETCH_H

#include "base/base.h"

struct work;
struct config;
struct fetcher;

struct fetch_ask {
	const char *url;
	const char *content_type; /* of the body; NULL: GET */
	struct bytes body;
	const char *accept;        /* NULL: any */
	const char *authorization; /* NULL: none; never logged */
	const char *if_none_match; /* the ETag of what is here already: 304 says it still is so; NULL */
};
struct fetch_answer {
	long status;
	const char *content_type; /* media type, lower case; NULL */
	struct bytes body;
	int64_t max_age;  /* of Cache-Control, seconds; -1 when absent */
	const char *etag; /* as it was sent, at most 200 characters; NULL */
	int64_t date;     /* by the other server's clock, unix seconds; 0 when it does not say */
};
struct fetcher *fetcher_new(const struct config *config);
void fetcher_free(struct fetcher *fetcher);
/* ERR_FETCH (could not), ERR_FETCH_REFUSED (may not). Any HTTP status is OK. */
enum err fetch(struct work *work, const struct fetch_ask *ask, struct fetch_answer *answer) MUST_USE;
/* Would this address be allowed by its form alone? For checking at registration. */
bool fetch_url_allowed(const struct config *config, const char *url);
#ifdef LANYARD_FAULTS
/* The n-th fetch from now cannot reach its server; 0: none. */
void fetch_fault_after(int64_t n);
#endif

#endif
