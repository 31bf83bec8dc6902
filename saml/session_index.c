/* session_index.c: what an app knows a session as, without dots. */
#include "saml/session_index.h"

#include "base/arena.h"
#include "keys/secret.h"

const char *session_index_new(struct arena *arena, int64_t practice_number)
{
	AUTO(secret_wipe) struct secret handle = secret_new_in(practice_number);
	char *index = arena_text(arena, handle.text);

	*strchr(index, '.') = '_';
	return index;
}

/* Before the first "_" stands the number, for it has digits alone; what follows may have others. */
bool session_index_parse(const char *text, int64_t *practice_number)
{
	AUTO(secret_wipe) struct secret handle;
	const char *line = text ? strchr(text, '_') : NULL;

	if (!line || strchr(text, '.') || strlen(text) >= sizeof handle.text)
		return false;
	memcpy(handle.text, text, strlen(text) + 1);
	handle.text[line - text] = '.';
	return secret_parse(handle.text, practice_number);
}
