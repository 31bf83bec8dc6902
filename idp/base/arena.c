/* arena.c: blocks from malloc, handed out from front to back, released together. */
#include "base/base.h"

#include <stdalign.h>

#include "base/arena.h"

#define ALIGNMENT  alignof(max_align_t)
#define BLOCK_SIZE (16 * KB)
/* What is larger gets a block of its own, so that it does not throw away the rest of the current one. */
#define LARGE (BLOCK_SIZE / 4)

/* Under the address sanitizer what is not handed out is poisoned and a gap follows each piece, so
 * that a parser reading one byte too far is seen. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define GAP ALIGNMENT
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define GAP                                   ((size_t)0)
#endif

struct block {
	struct block *older;
	size_t room;
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

struct release {
	struct release *older;
	void (*run)(void *thing);
	void *thing;
};

struct arena {
	struct block *first;   /* kept by arena_reset */
	struct block *current; /* small pieces come from here; the first block is the oldest of the chain */
	struct release *releases;
	size_t handed_out;
};

static struct block *block_new(size_t room)
{
	assert(room <= SIZE_MAX - sizeof(struct block));
	struct block *block = malloc(sizeof(*block) + room);

	assert(block != NULL && "out of memory");
	*block = (struct block){ .room = room };
	ASAN_POISON_MEMORY_REGION(block->data, room);
	return block;
}

static void block_free(struct block *block)
{
	ASAN_UNPOISON_MEMORY_REGION(block->data, block->room);
	free(block);
}

/* The size with its gap, rounded so that the next piece is aligned. */
static size_t rounded(size_t size)
{
	assert(size <= SIZE_MAX / 2);
	return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + GAP;
}

/* A block with this much room: the current one, a fresh current one, or one of its own behind it. */
static struct block *block_for(struct arena *arena, size_t need)
{
	struct block *current = arena->current;

	if (current->room - current->used >= need)
		return current;
	if (need > LARGE) {
		struct block *own = block_new(need);

		own->older = current->older;
		current->older = own;
		return own;
	}
	struct block *fresh = block_new(BLOCK_SIZE);

	fresh->older = current;
	arena->current = fresh;
	return fresh;
}

static void *take(struct arena *arena, size_t size)
{
	size_t need = rounded(size);
	struct block *block = block_for(arena, need);
	void *at = block->data + block->used;

	block->used += need;
	arena->handed_out += size;
	ASAN_UNPOISON_MEMORY_REGION(at, size);
	return at;
}

struct arena *arena_new(void)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	assert(arena != NULL && "out of memory");
	arena->first = arena->current = block_new(BLOCK_SIZE);
	return arena;
}

void arena_reset(struct arena *arena)
{
	/* A release may defer another one: it runs too. */
	while (arena->releases != NULL) {
		struct release *release = arena->releases;

		arena->releases = release->older;
		release->run(release->thing);
	}
	/* Blocks of their own may stand behind the first one as well. */
	for (struct block *block = arena->current; block != NULL;) {
		struct block *older = block->older;

		if (block != arena->first)
			block_free(block);
		block = older;
	}
	arena->current = arena->first;
	arena->first->older = NULL;
	arena->first->used = 0;
	ASAN_POISON_MEMORY_REGION(arena->first->data, arena->first->room);
	arena->handed_out = 0;
}

void arena_done(struct arena **arena)
{
	struct arena *gone = TAKE(*arena);

	if (gone == NULL)
		return;
	arena_reset(gone);
	block_free(gone->first);
	free(gone);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return memset(take(arena, size), 0, size);
}

void *arena_alloc_array(struct arena *arena, size_t size, size_t count)
{
	size_t product = 0;
	bool overflow = __builtin_mul_overflow(size, count, &product);

	assert(!overflow);
	return arena_alloc(arena, product);
}

char *arena_text(struct arena *arena, const char *text)
{
	return text != NULL ? arena_textn(arena, text, strlen(text)) : NULL;
}

char *arena_textn(struct arena *arena, const char *text, size_t length)
{
	if (text == NULL)
		return NULL;
	assert(length < SIZE_MAX);
	char *copy = take(arena, length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

struct bytes arena_bytes(struct arena *arena, struct bytes bytes)
{
	uint8_t *copy = take(arena, bytes.size);

	if (bytes.size != 0)
		memcpy(copy, bytes.at, bytes.size);
	return (struct bytes){ copy, bytes.size };
}

char *arena_print(struct arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = arena_vprint(arena, format, args);
	va_end(args);
	return text;
}

char *arena_vprint(struct arena *arena, const char *format, va_list args)
{
	char small[256];
	va_list again;

	va_copy(again, args);
	int size = vsnprintf(small, sizeof(small), format, args);

	assert(size >= 0);
	char *text = take(arena, (size_t)size + 1);

	if ((size_t)size < sizeof(small))
		memcpy(text, small, (size_t)size + 1);
	else
		(void)vsnprintf(text, (size_t)size + 1, format, again); /* same format, room measured */
	va_end(again);
	return text;
}

void arena_defer(struct arena *arena, void (*release)(void *thing), void *thing)
{
	struct release *entry = take(arena, sizeof(*entry));

	*entry = (struct release){ .older = arena->releases, .run = release, .thing = thing };
	arena->releases = entry;
}

size_t arena_used(const struct arena *arena)
{
	return arena->handed_out;
}
