/* router.c: method and path to a row. Plain paths are found by bisection, those with {parts} by
 * looking at each: there are few. Paths compare byte for byte; the guard has refused every spelling
 * that is not canonical. */
#include "base/base.h"

#include "base/arena.h"
#include "base/text.h"
#include "http/router.h"

#define PARTS    4
#define PART_MAX 200

struct router {
	const struct route **rows;   /* as given, for router_row */
	const struct route **plain;  /* sorted by path, then method */
	const struct route **shaped; /* with {parts} */
	size_t count, plain_count, shaped_count;
};

static const char *const method_words[] = {
	[METHOD_GET] = "GET",         [METHOD_HEAD] = "HEAD",   [METHOD_POST] = "POST",
	[METHOD_PUT] = "PUT",         [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE",
	[METHOD_OPTIONS] = "OPTIONS", [METHOD_OTHER] = "",
};
static_assert(COUNT(method_words) == METHOD_OTHER + 1, "a word for each method");

/* Methods are case-sensitive (RFC 9110 9.1). */
enum method method_read(const char *word)
{
	for (int m = METHOD_GET; m < METHOD_OTHER; m++)
		if (text_equal(word, method_words[m]))
			return (enum method)m;
	return METHOD_OTHER;
}

/* ---- making ---- */

static int by_path(const void *a, const void *b)
{
	const struct route *const *x = a, *const *y = b;
	int order = strcmp((*x)->path, (*y)->path);

	return order ? order : strcmp((*x)->method, (*y)->method);
}

static bool is_shaped(const struct route *row)
{
	return strchr(row->path, '{') != NULL;
}

static size_t count_rows(const struct route *const *tables)
{
	size_t count = 0;

	for (; *tables; tables++)
		for (const struct route *row = *tables; row->method; row++)
			count++;
	return count;
}

static void add_row(struct router *router, const struct route *row)
{
	enum method method = method_read(row->method);

	/* HEAD follows GET, OPTIONS is answered by this room. */
	assert(method != METHOD_OTHER && method != METHOD_HEAD && method != METHOD_OPTIONS);
	assert(row->path && row->path[0] == '/' && row->handler);
	router->rows[router->count++] = row;
	if (is_shaped(row))
		router->shaped[router->shaped_count++] = row;
	else
		router->plain[router->plain_count++] = row;
}

static void assert_no_doubles(const struct route **rows, size_t count)
{
	qsort(rows, count, sizeof(*rows), by_path);
	for (size_t i = 1; i < count; i++)
		assert(by_path(&rows[i - 1], &rows[i]) != 0);
}

struct router *router_new(const struct route *const *tables)
{
	size_t count = count_rows(tables);
	struct router *router = calloc(1, sizeof(*router));
	const struct route **rows = calloc(3 * count + 1, sizeof(*rows));

	assert(router && rows);
	*router = (struct router){ .rows = rows, .plain = rows + count, .shaped = rows + 2 * count };
	for (; *tables; tables++)
		for (const struct route *row = *tables; row->method; row++)
			add_row(router, row);
	assert_no_doubles(router->plain, router->plain_count);
	assert_no_doubles(router->shaped, router->shaped_count);
	return router;
}

void router_free(struct router *router)
{
	if (!router)
		return;
	free(router->rows);
	free(router);
}

/* ---- matching ---- */

static bool serves(const struct route *row, enum method method)
{
	return text_equal(row->method, method_words[method == METHOD_HEAD ? METHOD_GET : method]);
}

/* A part of a path as text: decoded once, and nothing in it that could be read as a path again. */
static const char *read_part(struct arena *arena, const char *text, size_t size)
{
	char *value;

	if (size == 0 || size > PART_MAX || !percent_decode(arena, text, size, false, &value))
		return NULL;
	for (const unsigned char *p = (const unsigned char *)value; *p; p++)
		if (*p < 0x20 || *p == 0x7f || strchr("/\\;", *p))
			return NULL;
	return value;
}

/* Segment by segment; {name} takes one whole segment. */
static bool fits(const struct route *row, struct arena *arena, const char *path, const char *parameter[PARTS])
{
	const char *shape = row->path;
	const char *found[PARTS] = { NULL };
	size_t part = 0;

	while (*shape && *path) {
		size_t s = strcspn(shape + 1, "/"), p = strcspn(path + 1, "/");

		if (shape[1] == '{') {
			assert(part < PARTS);
			if (!(found[part++] = read_part(arena, path + 1, p)))
				return false;
		} else if (s != p || memcmp(shape + 1, path + 1, s) != 0) {
			return false;
		}
		shape += s + 1;
		path += p + 1;
	}
	if (*shape || *path)
		return false;
	memcpy(parameter, found, sizeof(found));
	return true;
}

/* The first plain row of the path. */
static size_t first_plain(const struct router *router, const char *path)
{
	size_t low = 0, high = router->plain_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(router->plain[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct route *router_match(const struct router *router, struct arena *arena, enum method method,
				 const char *path, const char *parameter[4], bool *known_path)
{
	*known_path = false;
	for (size_t i = first_plain(router, path);
	     i < router->plain_count && text_equal(router->plain[i]->path, path); i++) {
		*known_path = true;
		if (serves(router->plain[i], method))
			return router->plain[i];
	}
	for (size_t i = 0; i < router->shaped_count && !*known_path; i++) {
		const struct route *row = router->shaped[i];

		if (!fits(row, arena, path, parameter))
			continue;
		*known_path = true;
		if (serves(row, method))
			return row;
		/* Another row of the same shape may serve the method. */
		for (size_t j = i + 1;
		     j < router->shaped_count && text_equal(router->shaped[j]->path, row->path); j++)
			if (serves(router->shaped[j], method))
				return router->shaped[j];
	}
	return NULL;
}

const char *router_allow(const struct router *router, struct arena *arena, const char *path, unsigned *needs)
{
	const char *allow = "", *ignored[PARTS];

	*needs = 0;
	for (size_t i = 0; i < router->count; i++) {
		const struct route *row = router->rows[i];

		if (is_shaped(row) ? !fits(row, arena, path, ignored) : !text_equal(row->path, path))
			continue;
		*needs |= row->needs;
		allow = arena_print(arena, "%s%s%s", allow, row->method,
				    text_equal(row->method, "GET") ? ", HEAD, " : ", ");
	}
	return *allow ? arena_print(arena, "%sOPTIONS", allow) : NULL;
}

const struct route *router_row(const struct router *router, size_t at)
{
	return at < router->count ? router->rows[at] : NULL;
}
