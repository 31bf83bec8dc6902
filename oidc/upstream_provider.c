/* upstream_provider.c: providers' metadata and keys, as they are kept. */
#include "oidc/upstream_provider.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/jose.h"
#include "oidc/fetched.h"
#include "oidc/jwks_cache.h"
#include "oidc/upstream.h"
#include "store/snapshot.h"

struct upstreams {
	struct fetched *metadata;
	struct jwks_cache *keys;
};

static void *read_metadata(const char *text, size_t size)
{
	AUTO(json_done) json_t *document = json_read(text, size);

	return json_is_object(document) ? TAKE(document) : NULL;
}

static void forget_metadata(void *document)
{
	json_decref(document);
}

static const struct fetched_kind documents = {
	.accept = "application/json",
	.size_max = 64 * KB,
	.read = read_metadata,
	.forget = forget_metadata,
};

struct upstreams *upstreams_new(void)
{
	struct upstreams *upstreams = calloc(1, sizeof *upstreams);

	assert(upstreams);
	upstreams->metadata = fetched_new(&documents);
	upstreams->keys = jwks_cache_new();
	return upstreams;
}

void upstreams_free(struct upstreams *upstreams)
{
	if (!upstreams)
		return;
	fetched_free(upstreams->metadata);
	jwks_cache_free(upstreams->keys);
	free(upstreams);
}

static void give_back(void *upstreams)
{
	upstreams_free(upstreams);
}

/* The process's, or one for this piece of work alone. */
static struct upstreams *upstreams_of(const struct work *w)
{
	if (w->app->upstreams)
		return w->app->upstreams;
	struct upstreams *own = upstreams_new();

	arena_defer(w->arena, give_back, own);
	return own;
}

enum err upstream_find(struct work *w, const struct connection *connection, bool fresh, struct published *out)
{
	struct upstreams *upstreams = upstreams_of(w);
	const char *why, *address = published_address(w->arena, connection->issuer);

	w->reason = NULL;
	struct fetched_item *item =
		fetched_hold(w, upstreams->metadata,
			     &(struct fetched_ask){ .address = address, .fresh = fresh, .patient = true });

	if (!item)
		return fault(w, ERR_UPSTREAM_DOWN, "metadata of connection %s: %s", connection->id,
			     w->reason ? w->reason : "not there a moment ago");
	enum err err = published_read(w->arena, w->app->config, connection->issuer, item->thing, out, &why);

	fetched_let_go(upstreams->metadata, item);
	if (err != OK)
		return fault(w, ERR_UPSTREAM_DOWN, "metadata of connection %s: %s", connection->id, why);
	return OK;
}

/* --- signatures ----------------------------------------------------------------------------------------- */

static const char *word_of(enum err verdict, bool known_alg)
{
	return verdict == ERR_TOKEN_MALFORMED   ? "structure"
	       : verdict == ERR_TOKEN_SIGNATURE ? "signature"
	       : known_alg                      ? "key"
						: "algorithm";
}

enum err upstream_verify(struct work *w, const struct published *published, const char *token,
			 struct signed_token *out, const char **word)
{
	struct upstreams *upstreams = upstreams_of(w);
	struct jose_header header = { 0 };
	json_t *claims = NULL; /* the arena's */

	*word = "structure";
	if (jose_peek(w->arena, token, &header, &claims) != OK)
		return fault(w, ERR_UPSTREAM_ANSWER, "not a token");
	enum err verdict = jwks_cache_verify_at(w, upstreams->keys, published->jwks_uri, token,
						published->id_token_algs, &claims);

	if (verdict == ERR_FETCH) {
		*word = "keys_unreachable";
		return fault(w, ERR_UPSTREAM_DOWN, "%s", w->reason);
	}
	if (verdict != OK) {
		*word = word_of(verdict, text_list_has(published->id_token_algs, header.alg));
		return fault(w, ERR_UPSTREAM_ANSWER, "token with alg %s, kid %s: %s", header.alg,
			     header.kid ? header.kid : "-", *word);
	}
	*word = NULL;
	*out = (struct signed_token){ .alg = header.alg, .typ = header.typ, .claims = claims };
	return OK;
}
