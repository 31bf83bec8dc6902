/* signin.c: discovery, authorization code with PKCE, userinfo, refresh, sign-out
 * (OpenID Connect Core 3.1, RFC 7636, RFC 6749 6, OpenID Connect RP-Initiated Logout 1.0) */
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "relying.h"

struct answer {
	char *text;
	size_t size;
	long status;
};

static size_t collect(char *data, size_t one, size_t count, void *context)
{
	struct answer *answer = context;
	size_t more = one * count;

	if (answer->size + more > 256 * 1024)
		return 0;
	char *grown = realloc(answer->text, answer->size + more + 1);
	if (!grown)
		return 0;
	memcpy(grown + answer->size, data, more);
	answer->text = grown;
	answer->size += more;
	grown[answer->size] = '\0';
	return more;
}

/* form NULL: GET. The app signs in at the token endpoint with its id and secret, as RFC 6749 2.3.1 says. */
static json_t *ask(const struct demo *demo, const char *url, const char *form, const char *bearer,
		   long *status)
{
	struct answer answer = { 0 };
	CURL *curl = curl_easy_init();

	if (!curl)
		return NULL;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	if (demo->settings.ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, demo->settings.ca_file);
	if (bearer) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, bearer);
	}
	if (form) {
		char *id = curl_easy_escape(curl, demo->settings.client_id, 0);
		char *secret = curl_easy_escape(curl, demo->settings.secret, 0);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form);
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(curl, CURLOPT_USERNAME, id);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, secret);
		curl_free(id);
		curl_free(secret);
	}
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
	curl_easy_cleanup(curl);
	json_t *value = code == CURLE_OK && answer.text
				? json_loads(answer.text, JSON_REJECT_DUPLICATES, NULL)
				: NULL;
	*status = answer.status;
	free(answer.text);
	return value;
}

/* name=value&... from pairs; ends with NULL. A value that is NULL or "" is left out. */
static char *query(const char *start, const char *const *pairs)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const char *join = strchr(start, '?') ? "&" : *start ? "?" : "";

	fputs(start, out);
	for (; *pairs; pairs += 2) {
		if (!pairs[1] || !*pairs[1])
			continue;
		char *value = curl_easy_escape(NULL, pairs[1], 0);
		fprintf(out, "%s%s=%s", join, pairs[0], value);
		curl_free(value);
		join = "&";
	}
	fclose(out);
	return text;
}

bool keys_reload(struct demo *demo)
{
	long status = 0;
	json_t *keys = ask(demo, text_of(demo->provider, "jwks_uri"), NULL, NULL, &status);

	demo->keys_at = time(NULL);
	if (status != 200 || !json_is_array(json_object_get(keys, "keys"))) {
		json_decref(keys);
		return false;
	}
	json_decref(demo->keys);
	demo->keys = keys;
	return true;
}

bool provider_find(struct demo *demo)
{
	long status = 0;
	char url[512];

	snprintf(url, sizeof url, "%s/.well-known/openid-configuration", demo->settings.issuer);
	json_t *found = ask(demo, url, NULL, NULL, &status);
	/* The document must be about the issuer that was asked (OpenID Connect Discovery 4.3). */
	if (status != 200 || strcmp(text_of(found, "issuer"), demo->settings.issuer)) {
		json_decref(found);
		return false;
	}
	json_decref(demo->provider);
	demo->provider = found;
	return keys_reload(demo);
}

static void callback_address(const struct demo *demo, char *out, size_t size)
{
	snprintf(out, size, "%s/callback", demo->settings.url);
}

char *signin_address(struct demo *demo, struct visitor *visitor, const char *location, const char *prompt)
{
	char callback[256], challenge[HANDLE];

	/* state binds the answer to this browser, nonce binds the ID token to this sign-in, and the
	 * verifier proves at the token endpoint that we are who asked. */
	handle_new(visitor->state);
	handle_new(visitor->nonce);
	handle_new(visitor->verifier);
	challenge_of(visitor->verifier, challenge);
	callback_address(demo, callback, sizeof callback);
	const char *const pairs[] = { "response_type",
				      "code",
				      "client_id",
				      demo->settings.client_id,
				      "redirect_uri",
				      callback,
				      "scope",
				      "openid profile email clinic roles offline_access",
				      "state",
				      visitor->state,
				      "nonce",
				      visitor->nonce,
				      "code_challenge",
				      challenge,
				      "code_challenge_method",
				      "S256",
				      "location",
				      location,
				      "prompt",
				      prompt,
				      NULL };
	return query(text_of(demo->provider, "authorization_endpoint"), pairs);
}

static void keep(char **slot, const char *text)
{
	if (!*text)
		return;
	free(*slot);
	*slot = strdup(text);
}

static const char *id_token_fault(const struct visitor *visitor, const json_t *claims,
				  const char *access_token)
{
	bool first = !visitor->claims;

	if (first && strcmp(text_of(claims, "nonce"), visitor->nonce))
		return "the ID token belongs to another sign-in";
	if (!first && (strcmp(text_of(claims, "sub"), text_of(visitor->claims, "sub")) ||
		       strcmp(text_of(claims, "tenant"), text_of(visitor->claims, "tenant"))))
		return "the new ID token is about somebody else";
	if (!token_fits(access_token, text_of(claims, "at_hash")))
		return "the ID token belongs to another access token";
	return NULL;
}

/* Takes a token answer: nothing is kept unless all of it holds. */
static bool take_tokens(struct demo *demo, struct visitor *visitor, const json_t *answer, const char **why)
{
	const char *access = text_of(answer, "access_token");
	json_t *claims = token_verify(demo, text_of(answer, "id_token"), ID_TOKEN, why);

	if (!claims)
		return false;
	*why = id_token_fault(visitor, claims, access);
	json_t *access_claims = *why ? NULL : token_verify(demo, access, ACCESS_TOKEN, why);
	if (access_claims && strcmp(text_of(access_claims, "sub"), text_of(claims, "sub")))
		*why = "the two tokens are about different people";
	json_decref(access_claims);
	if (*why) {
		json_decref(claims);
		return false;
	}
	json_decref(visitor->claims);
	visitor->claims = claims;
	keep(&visitor->id_token, text_of(answer, "id_token"));
	keep(&visitor->access_token, access);
	keep(&visitor->refresh_token, text_of(answer, "refresh_token"));
	return true;
}

/* Name and e-mail come from userinfo; its sub must be the ID token's (OpenID Connect Core 5.3.2). */
static void learn_person(struct demo *demo, struct visitor *visitor)
{
	long status = 0;
	json_t *person =
		ask(demo, text_of(demo->provider, "userinfo_endpoint"), NULL, visitor->access_token, &status);

	if (status != 200 || strcmp(text_of(person, "sub"), text_of(visitor->claims, "sub"))) {
		json_decref(person);
		return;
	}
	json_decref(visitor->person);
	visitor->person = person;
}

static bool exchange(struct demo *demo, struct visitor *visitor, const char *const *pairs, const char **why)
{
	long status = 0;
	char *form = query("", pairs);
	json_t *answer = ask(demo, text_of(demo->provider, "token_endpoint"), form, NULL, &status);
	bool taken = false;

	OPENSSL_cleanse(form, strlen(form));
	free(form);
	*why = "the issuer refused, or could not be reached";
	if (status == 200 && json_is_object(answer))
		taken = take_tokens(demo, visitor, answer, why);
	json_decref(answer);
	if (taken)
		learn_person(demo, visitor);
	return taken;
}

bool signin_finish(struct demo *demo, struct visitor *visitor, const char *code, const char **why)
{
	char callback[256];

	callback_address(demo, callback, sizeof callback);
	const char *const pairs[] = {
		"grant_type",    "authorization_code", "code", code, "redirect_uri", callback,
		"code_verifier", visitor->verifier,    NULL
	};
	return exchange(demo, visitor, pairs, why);
}

bool signin_refresh(struct demo *demo, struct visitor *visitor, const char **why)
{
	const char *const pairs[] = { "grant_type", "refresh_token", "refresh_token", visitor->refresh_token,
				      NULL };

	*why = "there is no refresh token";
	return visitor->refresh_token && exchange(demo, visitor, pairs, why);
}

char *signout_address(struct demo *demo, const struct visitor *visitor)
{
	char home[256];

	snprintf(home, sizeof home, "%s/", demo->settings.url);
	const char *const pairs[] = { "id_token_hint",
				      visitor->id_token,
				      "client_id",
				      demo->settings.client_id,
				      "post_logout_redirect_uri",
				      home,
				      NULL };
	return query(text_of(demo->provider, "end_session_endpoint"), pairs);
}
