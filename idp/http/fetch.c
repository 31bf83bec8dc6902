/* fetch.c: the one door out, through libcurl. */
#include "base/base.h"

#include <curl/curl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/cidr.h"
#include "base/config.h"
#include "base/text.h"
#include "http/fetch.h"
#include "http/fetch_target.h"
#include "http/url.h"
#include "keys/secret.h"

#define BODY_MAX   (256 * KB)
#define ETAG_MAX   198
#define CONNECT_MS 3000L
#define TOTAL_MS   5000L
/* Named, because SSL_CERT_FILE points nowhere in this process (lasso would read it for each key). */
#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

struct fetcher {
	const struct config *config;
	pthread_key_t handle; /* each thread's CURL: its connections stay open between fetches */
};

/* One fetch under way. */
struct going {
	const struct config *config;
	const char *host;
	struct buf body;
	bool refused; /* by address */
	char why[CURL_ERROR_SIZE];
};

#ifdef LANYARD_FAULTS
static _Atomic int64_t fault_in;

void fetch_fault_after(int64_t n)
{
	fault_in = n;
}

static bool fault_is_due(void)
{
	return fault_in > 0 && --fault_in == 0;
}
#else
static bool fault_is_due(void)
{
	return false;
}
#endif

/* ---- handles ---- */

static void close_handle(void *handle)
{
	curl_easy_cleanup(handle);
}

struct fetcher *fetcher_new(const struct config *config)
{
	struct fetcher *fetcher = calloc(1, sizeof *fetcher);

	assert(fetcher);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    pthread_key_create(&fetcher->handle, close_handle) != 0) {
		free(fetcher);
		return NULL;
	}
	fetcher->config = config;
	return fetcher;
}

void fetcher_free(struct fetcher *fetcher)
{
	if (!fetcher)
		return;
	/* Other threads have ended and closed theirs; this one may have fetched too. */
	CURL *mine = pthread_getspecific(fetcher->handle);
	if (mine)
		curl_easy_cleanup(mine);
	pthread_key_delete(fetcher->handle);
	curl_global_cleanup();
	free(fetcher);
}

static CURL *handle_of_thread(struct fetcher *fetcher)
{
	CURL *handle = pthread_getspecific(fetcher->handle);

	if (!handle) {
		handle = curl_easy_init();
		assert(handle);
		pthread_setspecific(fetcher->handle, handle);
	}
	return handle;
}

/* ---- what libcurl calls ---- */

/* After resolution, for each address it tries: what is opened is what was checked. */
static curl_socket_t open_socket(void *clientp, curlsocktype purpose, struct curl_sockaddr *at)
{
	struct going *going = clientp;
	struct address address;

	if (purpose != CURLSOCKTYPE_IPCXN || !address_from_sockaddr(&at->addr, &address) ||
	    !target_address_allowed(going->config, going->host, &address)) {
		going->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

static size_t take_body(char *data, size_t one, size_t size, void *clientp)
{
	struct going *going = clientp;

	buf_add(&going->body, data, one * size);
	return going->body.full ? 0 : one * size;
}

/* ---- asking ---- */

static void set(CURLcode code)
{
	assert(code == CURLE_OK); /* options are ours: a refusal is a mistake here */
}

/* The rules of the door: they hold for every fetch. */
static void set_rules(CURL *curl, struct going *going, const struct url *url)
{
	const char *ca_file = going->config->outbound.ca_file;

	set(curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, url->scheme));
	set(curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L));
	set(curl_easy_setopt(curl, CURLOPT_PROXY, "")); /* none of the environment's either */
	set(curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L));
	set(curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS));
	set(curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TOTAL_MS));
	set(curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)BODY_MAX));
	set(curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
	set(curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L));
	set(curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L));
	set(curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
	set(curl_easy_setopt(curl, CURLOPT_CAINFO, text_is_empty(ca_file) ? SYSTEM_CA : ca_file));
	set(curl_easy_setopt(curl, CURLOPT_CAPATH, NULL));
	set(curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket));
	set(curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, going));
	set(curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body));
	set(curl_easy_setopt(curl, CURLOPT_WRITEDATA, going));
	set(curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, going->why));
	set(curl_easy_setopt(curl, CURLOPT_USERAGENT, "Lanyard"));
}

static void add_header(struct curl_slist **list, struct arena *arena, const char *name, const char *value)
{
	if (!value)
		return;
	for (const unsigned char *p = (const unsigned char *)value; *p; p++)
		assert(*p >= 0x20 && *p != 0x7f);
	struct curl_slist *longer = curl_slist_append(*list, arena_print(arena, "%s: %s", name, value));
	assert(longer);
	*list = longer;
}

static void headers_done(struct curl_slist **list)
{
	for (struct curl_slist *line = *list; line; line = line->next)
		wipe(line->data, strlen(line->data)); /* one may be a credential */
	curl_slist_free_all(*list);
}

static struct curl_slist *headers_of(struct arena *arena, const struct fetch_ask *ask)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* no waiting for 100 Continue */

	assert(list);
	add_header(&list, arena, "Accept", ask->accept);
	add_header(&list, arena, "Content-Type", ask->content_type);
	add_header(&list, arena, "Authorization", ask->authorization);
	add_header(&list, arena, "If-None-Match", ask->if_none_match);
	return list;
}

static void set_ask(CURL *curl, const struct fetch_ask *ask, const struct curl_slist *headers)
{
	set(curl_easy_setopt(curl, CURLOPT_URL, ask->url));
	set(curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers));
	if (!ask->content_type)
		return;
	set(curl_easy_setopt(curl, CURLOPT_POST, 1L));
	set(curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->body.size));
	set(curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ask->body.size > 0 ? (const char *)ask->body.at : ""));
}

/* ---- the answer ---- */

/* RFC 9111 5.2.2: seconds of max-age; nothing kept is 0; -1 when neither is said. */
static int64_t read_max_age(struct arena *arena, CURL *curl)
{
	struct curl_header *header;
	int64_t age = -1;

	if (curl_easy_header(curl, "Cache-Control", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return -1;
	for (char **word = text_split(arena, text_lower(arena, header->value), ',', NULL); *word; word++) {
		const char *directive = text_trim(arena, *word);

		if (text_equal(directive, "no-store") || text_equal(directive, "no-cache"))
			return 0;
		if (text_starts(directive, "max-age=") &&
		    !text_to_int(directive + strlen("max-age="), 0, INT32_MAX, &age))
			age = -1;
	}
	return age;
}

/* RFC 9110 8.8.3: "..." or W/"..." of visible characters; what is not so is none, since it is sent back. */
static const char *read_etag(struct arena *arena, CURL *curl)
{
	struct curl_header *header;

	if (curl_easy_header(curl, "ETag", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	const char *tag = text_trim(arena, header->value);
	const char *inner = text_starts(tag, "W/") ? tag + 2 : tag;
	size_t size = strlen(inner);

	if (size < 2 || size > ETAG_MAX || inner[0] != '"' || strchr(inner + 1, '"') != inner + size - 1)
		return NULL;
	for (const char *at = inner; *at; at++)
		if (*at <= 0x20 || *at >= 0x7f)
			return NULL;
	return tag;
}

/* RFC 9110 6.6.1 */
static int64_t read_date(CURL *curl)
{
	struct curl_header *header;

	if (curl_easy_header(curl, "Date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return 0;
	time_t date = curl_getdate(header->value, NULL);

	return date > 0 ? (int64_t)date : 0;
}

static void read_answer(struct arena *arena, CURL *curl, const struct going *going, struct fetch_answer *out)
{
	const char *type = NULL;
	struct fetch_answer answer = { .max_age = read_max_age(arena, curl),
				       .etag = read_etag(arena, curl),
				       .date = read_date(curl) };

	set(curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status));
	set(curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type));
	if (type)
		answer.content_type =
			text_lower(arena, text_trim(arena, arena_textn(arena, type, strcspn(type, ";"))));
	answer.body = arena_bytes(arena,
				  (struct bytes){ (const uint8_t *)buf_str(&going->body), going->body.size });
	*out = answer;
}

static enum err go(struct work *work, const struct fetch_ask *ask, CURL *curl, struct going *going,
		   struct fetch_answer *answer)
{
	CURLcode code = fault_is_due() ? CURLE_COULDNT_CONNECT : curl_easy_perform(curl);

	if (code == CURLE_OK) {
		read_answer(work->arena, curl, going, answer);
		return OK;
	}
	if (going->refused && code != CURLE_OPERATION_TIMEDOUT)
		return fault(work, ERR_FETCH_REFUSED, "%s leads to a private address", going->host);
	return fault(work, ERR_FETCH, "%s %s: %s", ask->content_type ? "posting to" : "fetching from",
		     going->host, going->why[0] ? going->why : curl_easy_strerror(code));
}

enum err fetch(struct work *work, const struct fetch_ask *ask, struct fetch_answer *answer)
{
	struct fetcher *fetcher = work->app->fetcher;
	struct url url;

	if (!target_form_allowed(fetcher->config, work->arena, ask->url, &url))
		return fault(work, ERR_FETCH_REFUSED, "the form of the address");
	CURL *curl = handle_of_thread(fetcher);
	struct going going = { .config = fetcher->config, .host = url.host, .body = BUF(BODY_MAX) };
	AUTO(headers_done) struct curl_slist *headers = headers_of(work->arena, ask);

	curl_easy_reset(curl); /* keeps its connections */
	set_rules(curl, &going, &url);
	set_ask(curl, ask, headers);
	enum err err = go(work, ask, curl, &going, answer);
	curl_easy_reset(curl); /* nothing of this fetch stays behind */
	buf_done(&going.body);
	return err;
}
