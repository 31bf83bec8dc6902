/* pkce.c: proof key for code exchange, S256 alone (RFC 7636). */
#include "oidc/pkce.h"

#include "base/text.h"
#include "keys/secret.h"

#define CHALLENGE_LENGTH 43
#define VERIFIER_MIN     43 /* RFC 7636 4.1 */
#define VERIFIER_MAX     128

bool pkce_challenge_is_sound(struct arena *arena, const char *challenge)
{
	struct bytes digest;

	return challenge && strlen(challenge) == CHALLENGE_LENGTH &&
	       base64url_decode(arena, challenge, CHALLENGE_LENGTH, &digest) && digest.size == 32;
}

/* unreserved characters alone (RFC 7636 4.1) */
static bool verifier_is_sound(const char *verifier)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t length = strlen(verifier);

	return length >= VERIFIER_MIN && length <= VERIFIER_MAX && strspn(verifier, unreserved) == length;
}

bool pkce_matches(struct arena *arena, const char *challenge, const char *verifier)
{
	if (!challenge || !verifier)
		return !challenge && !verifier;
	if (!verifier_is_sound(verifier))
		return false;
	return secret_equal(base64url_encode(arena, sha256(arena, BYTES_OF(verifier))), challenge);
}
