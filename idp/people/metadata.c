/* metadata.c: declared, fetched now, or kept from its address. */
#include "people/metadata.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

enum err metadata_remember(struct work *work, struct metadata_choice *choice)
{
	const char *url = json_get_text(choice->whole, "metadata_url");
	struct metadata_row *row = arena_new_of(work->arena, struct metadata_row);
	bool found = false;

	if (!url || !choice->stored || !text_equal(url, json_get_text(choice->stored, "metadata_url")))
		return OK;
	TRY(metadata_find(work, choice->side, choice->owner, row, &found));
	choice->kept = found && row->xml ? row : NULL;
	return OK;
}

const char *metadata_chosen(const struct metadata_choice *choice, bool *known)
{
	const char *declared = json_get_text(choice->whole, "metadata");

	*known = declared ? text_equal(declared, json_get_text(choice->stored, "metadata"))
			  : !choice->fetched && choice->kept;
	if (declared)
		return declared;
	if (choice->fetched)
		return choice->fetched->xml;
	return choice->kept ? choice->kept->xml : NULL;
}

enum err metadata_write(struct work *work, const struct metadata_choice *choice)
{
	if (!json_get_text(choice->whole, "metadata_url"))
		return metadata_delete(work, choice->side, choice->owner);
	if (choice->fetched)
		return metadata_put(work, choice->side, choice->fetched);
	return choice->kept
		       ? OK
		       : fault(work, ERR_DOCUMENT, "%s: metadata_url: it has not been fetched from there yet",
			       choice->side == METADATA_OF_APP ? "app" : "connection");
}
