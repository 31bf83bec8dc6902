/* token.c: the token endpoint: who asks, by which grant (RFC 6749 3.2). */
#include "oidc/token.h"

#include "base/text.h"
#include "http/metrics.h"
#include "http/request.h"
#include "oidc/client_auth.h"
#include "store/snapshot.h"

static const struct {
	const char *type;
	enum err (*grant)(struct request *rq);
} grants[] = {
	{ "authorization_code", oidc_grant_code },
	{ "refresh_token", oidc_grant_refresh },
	{ "client_credentials", oidc_grant_client },
};

static enum err grant(struct request *rq)
{
	const char *type = request_parameter(rq, "grant_type");

	if (!type)
		return fault(&rq->w, ERR_REQUEST_INVALID, "grant_type is missing");
	for (size_t at = 0; at < COUNT(grants); at++) {
		if (!text_equal(grants[at].type, type))
			continue;
		if (!text_list_has(rq->client->grant_types, type))
			return fault(&rq->w, ERR_CLIENT_MAY_NOT, "client %s has no %s", rq->client->client_id,
				     type);
		return grants[at].grant(rq);
	}
	return fault(&rq->w, ERR_GRANT_TYPE, "grant_type is not known");
}

/* Nothing in the address: it would stand in logs (RFC 6749 2.3.1). */
static enum err answer(struct request *rq)
{
	if (rq->query.count)
		return fault(&rq->w, ERR_REQUEST_INVALID, "parameters in the address");
	TRY(client_authenticate(rq));
	return grant(rq);
}

enum err oidc_token(struct request *rq)
{
	enum err verdict = answer(rq);

	if (verdict != OK)
		metric_add(METRIC_TOKEN_ERRORS, 1);
	return verdict;
}
