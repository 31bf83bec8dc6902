/* apply_files.c: files that a document names. */
#include "base/base.h"

#include "admin/apply.h"
#include "base/app.h"
#include "base/json.h"
#include "base/text.h"

static enum err file_take(struct work *work, const struct apply_document *document, json_t *app,
			  const json_t *files)
{
	const char *name = json_get_text(app, "metadata_file");
	json_t *text = name ? json_object_get(files, name) : NULL;

	if (!name)
		return OK;
	if (!json_is_string(text))
		return apply_complain(
			work, document, app, "metadata_file",
			"apps.metadata_file: files are read by the command lanyard apply on this "
			"machine alone; write the text as metadata: instead");
	/* metadata_file stays, so that a complaint about the text has a place in the document. */
	json_set(app, "metadata", json_incref(text));
	return OK;
}

enum err apply_files(struct work *work, const struct apply_document *document, const json_t *files)
{
	for (size_t i = 0; i < json_array_size(document->apps); i++)
		TRY(file_take(work, document, json_array_get(document->apps, i), files));
	return OK;
}
