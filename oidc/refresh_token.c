/* refresh_token.c: the text of a refresh token (RFC 6749 6, RFC 9700 4.14). */
#include "oidc/refresh_token.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "keys/seal.h"
#include "keys/secret.h"
#include "store/snapshot.h"

#define TEXT_MAX 256

char *refresh_token_make(struct work *w, const struct practice *practice, const char *family_id,
			 int64_t generation)
{
	const char *number = arena_print(w->arena, "%" PRId64, generation);
	const char *mac =
		vault_mac_text(w->app->vault, w->arena, "refresh", practice->id, family_id, number, NULL);

	return arena_print(w->arena, "r%" PRId64 ".%s.%s.%s", practice->number, family_id, number, mac);
}

/* Reads loosely and then compares the whole text with the one that we would have made: no second spelling of
 * a token passes (D6). */
bool refresh_token_read(struct work *w, const char *text, struct refresh_token *out)
{
	size_t count = 0;
	int64_t number, generation;

	if (!text || text[0] != 'r' || strlen(text) > TEXT_MAX)
		return false;
	char **part = text_split(w->arena, text + 1, '.', &count);

	if (count != 4 || !text_to_int(part[0], 1, INT64_MAX, &number) ||
	    !text_to_int(part[2], 0, INT64_MAX, &generation))
		return false;
	const struct practice *practice = snapshot_practice_number(w->snapshot, number);

	if (!practice || practice->disabled ||
	    !secret_equal(text, refresh_token_make(w, practice, part[1], generation)))
		return false;
	*out = (struct refresh_token){ .practice = practice, .family_id = part[1], .generation = generation };
	return true;
}
