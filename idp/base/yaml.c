/* yaml.c: strict reading of YAML with libyaml's events. */
#include "base/base.h"

#include <yaml.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"

#define SIZE_LIMIT  MB
#define DEPTH_LIMIT 32

/* Where a value (parent NULL) or the key of a member (parent and key) stood. Holds a reference, so
 * that the pointer stays this value's alone. */
struct place {
	json_t *value;
	const json_t *parent;
	const char *key;
	unsigned line, column;
};

struct yaml_document {
	struct arena *arena;
	json_t *list; /* array: the documents' values */
	struct place *places;
	size_t count, room;
};

struct reading {
	struct yaml_document *documents;
	yaml_parser_t parser;
	yaml_event_t event;
	const char *text;
	size_t size;
	const char *message;
};

static void release_documents(void *thing)
{
	struct yaml_document *documents = thing;

	for (size_t i = 0; i < documents->count; i++)
		json_decref(documents->places[i].value);
	free(documents->places);
	json_decref(documents->list);
}

static void remember(struct yaml_document *documents, const struct place *place)
{
	if (documents->count == documents->room) {
		size_t room = documents->room != 0 ? documents->room * 2 : 64;
		struct place *places = reallocarray(documents->places, room, sizeof(*places));

		assert(places != NULL && "out of memory");
		documents->places = places;
		documents->room = room;
	}
	documents->places[documents->count] = *place;
	json_incref(documents->places[documents->count++].value);
}

static json_t *complain_at(struct reading *r, size_t line, size_t column, const char *what)
{
	if (r->message == NULL)
		r->message = arena_print(r->documents->arena, "line %zu, column %zu: %s", line, column, what);
	return NULL;
}

/* About the event at hand; NULL, so that a reader can return it. */
static json_t *complain(struct reading *r, const char *what)
{
	return complain_at(r, r->event.start_mark.line + 1, r->event.start_mark.column + 1, what);
}

/* The reader's own faults (bad UTF-8, control characters) come with an offset alone. */
static void complain_offset(struct reading *r, size_t offset, const char *what)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < offset && i < r->size; i++) {
		column = r->text[i] == '\n' ? 1 : column + 1;
		line += r->text[i] == '\n';
	}
	(void)complain_at(r, line, column, what);
}

/* Advances to the next event; false with a message when the text is not YAML. */
static bool advance(struct reading *r)
{
	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return true;
	memset(&r->event, 0, sizeof(r->event));
	const char *problem = r->parser.problem != NULL ? r->parser.problem : "not YAML";

	assert(r->parser.error != YAML_MEMORY_ERROR && "out of memory");
	if (r->parser.error == YAML_READER_ERROR)
		complain_offset(r, r->parser.problem_offset, problem);
	else
		(void)complain_at(r, r->parser.problem_mark.line + 1, r->parser.problem_mark.column + 1,
				  problem);
	return false;
}

/* Anchors and tags of any node. "!" alone (the non-specific tag) counts as one. */
static bool is_bare(struct reading *r, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL)
		(void)complain(r, "anchors are not accepted");
	else if (tag != NULL)
		(void)complain(r, "tags are not accepted");
	return anchor == NULL && tag == NULL;
}

static bool is_canonical_integer(const char *text, int64_t *out)
{
	const char *digits = text + (*text == '-');

	if (*digits == '0' && !text_equal(text, "0"))
		return false;
	return text_to_int(text, INT64_MIN, INT64_MAX, out);
}

static json_t *plain_value(const char *text, size_t size)
{
	int64_t number = 0;

	if (text_equal(text, "true"))
		return json_true();
	if (text_equal(text, "false"))
		return json_false();
	if (text_equal(text, "null"))
		return json_null();
	if (is_canonical_integer(text, &number))
		return json_integer(number);
	return json_stringn(text, size);
}

/* The text of a scalar event, checked; NULL with a message. */
static const char *scalar_text(struct reading *r, size_t *size)
{
	const char *text = (const char *)r->event.data.scalar.value;

	*size = r->event.data.scalar.length;
	if (!is_bare(r, r->event.data.scalar.anchor, r->event.data.scalar.tag))
		return NULL;
	if (!text_is_utf8(text, *size)) {
		(void)complain(r, "NUL is not accepted");
		return NULL;
	}
	return text;
}

static json_t *read_scalar(struct reading *r)
{
	size_t size = 0;
	const char *text = scalar_text(r, &size);

	if (text == NULL)
		return NULL;
	if (r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return plain_value(text, size);
	return json_stringn(text, size);
}

static json_t *read_node(struct reading *r, unsigned depth);

static json_t *read_sequence(struct reading *r, unsigned depth)
{
	AUTO(json_done) json_t *array = json_array();

	while (advance(r)) {
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return TAKE(array);
		json_t *value = read_node(r, depth);

		if (value == NULL)
			return NULL;
		int failed = json_array_append_new(array, value);

		assert(failed == 0);
	}
	return NULL;
}

/* Reads the key at hand and its value into the object. */
static bool read_member(struct reading *r, json_t *object, unsigned depth)
{
	size_t size = 0;
	struct place place = { .parent = object,
			       .line = (unsigned)r->event.start_mark.line + 1,
			       .column = (unsigned)r->event.start_mark.column + 1 };

	if (r->event.type != YAML_SCALAR_EVENT) {
		(void)complain(r, "a key must be plain text");
		return false;
	}
	const char *text = scalar_text(r, &size);

	if (text == NULL)
		return false;
	if (size == 0 || json_object_get(object, text) != NULL) {
		(void)complain(r, size == 0 ? "a key is missing" : "this key was given before");
		return false;
	}
	place.key = arena_textn(r->documents->arena, text, size);
	place.value = advance(r) ? read_node(r, depth) : NULL;
	if (place.value == NULL)
		return false;
	json_set(object, place.key, place.value);
	remember(r->documents, &place);
	return true;
}

static json_t *read_mapping(struct reading *r, unsigned depth)
{
	AUTO(json_done) json_t *object = json_object();

	while (advance(r)) {
		if (r->event.type == YAML_MAPPING_END_EVENT)
			return TAKE(object);
		if (!read_member(r, object, depth))
			return NULL;
	}
	return NULL;
}

static json_t *read_collection(struct reading *r, unsigned depth)
{
	bool mapping = r->event.type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor =
		mapping ? r->event.data.mapping_start.anchor : r->event.data.sequence_start.anchor;
	const yaml_char_t *tag = mapping ? r->event.data.mapping_start.tag : r->event.data.sequence_start.tag;

	if (!is_bare(r, anchor, tag))
		return NULL;
	if (depth >= DEPTH_LIMIT)
		return complain(r, "nested too deeply");
	return mapping ? read_mapping(r, depth + 1) : read_sequence(r, depth + 1);
}

static json_t *read_node(struct reading *r, unsigned depth)
{
	struct place place = { .line = (unsigned)r->event.start_mark.line + 1,
			       .column = (unsigned)r->event.start_mark.column + 1 };

	if (r->event.type == YAML_ALIAS_EVENT)
		return complain(r, "aliases are not accepted");
	place.value = r->event.type == YAML_SCALAR_EVENT ? read_scalar(r) : read_collection(r, depth);
	if (place.value != NULL)
		remember(r->documents, &place);
	return place.value;
}

/* Stream and document events around each value. */
static bool read_stream(struct reading *r)
{
	while (advance(r)) {
		if (r->event.type == YAML_STREAM_END_EVENT)
			return true;
		if (r->event.type != YAML_DOCUMENT_START_EVENT)
			continue;
		json_t *value = advance(r) ? read_node(r, 0) : NULL;

		if (value == NULL)
			return false;
		int failed = json_array_append_new(r->documents->list, value);

		assert(failed == 0);
	}
	return false;
}

/* What libyaml would take but we do not, before it sees a byte. */
static bool is_acceptable(struct reading *r)
{
	const char *nul = memchr(r->text, '\0', r->size);

	if (r->size > SIZE_LIMIT)
		(void)complain_at(r, 1, 1, "more than 1 MB");
	else if (nul != NULL)
		complain_offset(r, (size_t)(nul - r->text), "NUL is not accepted");
	return r->message == NULL;
}

static void parse(struct reading *r)
{
	static const char mark[] = "\xEF\xBB\xBF"; /* some editors begin UTF-8 so */
	size_t skip = r->size >= 3 && memcmp(r->text, mark, 3) == 0 ? 3 : 0;
	int ready = yaml_parser_initialize(&r->parser);

	assert(ready && "out of memory");
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)r->text + skip, r->size - skip);
	bool complete = read_stream(r);

	assert(complete || r->message != NULL);
	yaml_event_delete(&r->event);
	yaml_parser_delete(&r->parser);
}

struct yaml_document *yaml_read(struct arena *arena, const char *text, size_t size, size_t *count,
				const char **message)
{
	struct reading r = { .documents = arena_new_of(arena, struct yaml_document),
			     .text = text,
			     .size = size };

	r.documents->arena = arena;
	r.documents->list = json_array();
	arena_defer(arena, release_documents, r.documents);
	if (is_acceptable(&r))
		parse(&r);
	if (r.message != NULL) {
		*message = r.message;
		return NULL;
	}
	*count = json_array_size(r.documents->list);
	return r.documents;
}

json_t *yaml_value(const struct yaml_document *documents, size_t at)
{
	return json_array_get(documents->list, at);
}

static bool find_place(const struct yaml_document *documents, const json_t *value, const json_t *parent,
		       const char *key, unsigned *line, unsigned *column)
{
	for (size_t i = 0; i < documents->count; i++) {
		const struct place *place = &documents->places[i];

		if (place->parent != parent || !text_equal(place->key, key) ||
		    (value != NULL && place->value != value))
			continue;
		*line = place->line;
		*column = place->column;
		return true;
	}
	return false;
}

bool yaml_position(const struct yaml_document *documents, const json_t *value, unsigned *line,
		   unsigned *column)
{
	if (value == NULL || json_is_boolean(value) || json_is_null(value))
		return false;
	return find_place(documents, value, NULL, NULL, line, column);
}

bool yaml_member_position(const struct yaml_document *documents, const json_t *object, const char *key,
			  unsigned *line, unsigned *column)
{
	return object != NULL && find_place(documents, NULL, object, key, line, column);
}
