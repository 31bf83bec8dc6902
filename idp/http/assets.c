/* assets.c: the embedded files. Pages name them with ?v=SUM (tools/tplc.c): under that address their
 * bytes never change, so browsers keep them; under another they ask each time (RFC 9111 5.2.2). */
#include "base/base.h"

#include "base/arena.h"
#include "base/embedded.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response_make.h"
#include "http/routes.h"

/* clang-format off */
static const struct {
	const char *ending, *type;
} types[] = {
	{ ".css", "text/css; charset=utf-8" }, { ".js", "text/javascript; charset=utf-8" }, { ".svg", "image/svg+xml" },
	{ ".png", "image/png" },	       { ".woff2", "font/woff2" },		    { ".ico", "image/x-icon" },
};
/* clang-format on */

static const char *type_of(const char *name)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (text_ends(name, types[i].ending))
			return types[i].type;
	return "application/octet-stream";
}

/* FNV-1a, as tplc.c sums: names a version, protects nothing. */
static const char *asset_version(struct arena *arena, const struct embedded *file)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < file->size; i++)
		sum = (sum ^ file->data[i]) * 0x100000001b3u;
	return arena_print(arena, "%016" PRIx64, sum);
}

static const struct embedded *find(const char *name)
{
	for (const struct embedded *file = assets_files; file->name; file++)
		if (text_equal(file->name, name))
			return file;
	return NULL;
}

static enum err asset_get(struct request *rq)
{
	const struct embedded *file = find(rq->parameter[0]);

	if (!file)
		return fault(&rq->w, ERR_NOT_FOUND, "no asset of that name");
	const char *version = asset_version(rq->w.arena, file);
	bool named = text_equal(form_get(&rq->query, "v"), version);

	return respond_static(rq, type_of(file->name), (struct bytes){ file->data, file->size }, version,
			      named ? "public, max-age=31536000, immutable" : "no-cache");
}

const struct route http_routes[] = {
	{ "GET", "/assets/{name}", asset_get, LANE_INLINE, SPEAKS_HTML, 0, 0 },
	{ .method = NULL },
};
