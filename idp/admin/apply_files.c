/* apply_files.c: files that a document names. */
#include "base/base.h"

#include "admin/apply.h"
#include "base/app.h"
#include "base/json.h"
#include "base/text.h"

static enum err file_take(struct work *work, const struct apply_document *document, const char *path,
			  json_t *entry, const json_t *files)
{
	const char *name = json_get_text(entry, "metadata_file");
	json_t *text = name ? json_object_get(files, name) : NULL;

	if (!name)
		return OK;
	if (!json_is_string(text))
		return apply_complain(work, document, entry, "metadata_file",
				      "%s.metadata_file: files are read by the command lanyard apply on this "
				      "machine alone; write the text as metadata: instead",
				      path);
	/* metadata_file stays, so that a complaint about the text has a place in the document. */
	json_set(entry, "metadata", json_incref(text));
	return OK;
}

static enum err list_take(struct work *work, const struct apply_document *document, const char *path,
			  const json_t *list, const json_t *files)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		TRY(file_take(work, document, path, json_array_get(list, i), files));
	return OK;
}

enum err apply_files(struct work *work, const struct apply_document *document, const json_t *files)
{
	for (size_t i = 0; i < json_array_size(document->practices); i++) {
		const json_t *practice = json_array_get(document->practices, i);
		TRY(list_take(work, document, "practices.connections",
			      json_object_get(practice, "connections"), files));
	}
	return list_take(work, document, "apps", document->apps, files);
}
