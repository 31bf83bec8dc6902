/* arena.h: memory and releases that live as long as one piece of work.
 *
 * Nothing in an arena is freed alone. Foreign things are released with it, youngest first.
 * Running out of memory ends the process, which is honest only because every input is bounded
 * at the door. An arena belongs to one thread at a time. Memory comes zeroed. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"

struct arena;

struct arena *arena_new(void);
/* Runs the releases, wipes nothing, keeps one block for the next use. */
void arena_reset(struct arena *arena);
/* For AUTO; *arena may be NULL. */
void arena_done(struct arena **arena);

void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc, returns_nonnull));
#define arena_new_of(arena, type)       ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc_array((arena), sizeof(type), (count)))
/* Asserts that the product does not overflow. */
void *arena_alloc_array(struct arena *arena, size_t size, size_t count)
	__attribute__((malloc, returns_nonnull));

/* Copies; text NULL gives NULL. */
char *arena_text(struct arena *arena, const char *text);
char *arena_textn(struct arena *arena, const char *text, size_t length);
struct bytes arena_bytes(struct arena *arena, struct bytes bytes);
char *arena_print(struct arena *arena, const char *format, ...) PRINTF(2, 3);
char *arena_vprint(struct arena *arena, const char *format, va_list args);

/* Calls release(thing) when the arena is reset or done. */
void arena_defer(struct arena *arena, void (*release)(void *thing), void *thing);

/* Bytes handed out since the last reset (for tests and metrics). */
size_t arena_used(const struct arena *arena);

#endif
