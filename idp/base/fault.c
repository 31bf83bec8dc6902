/* fault.c: notes why a piece of work cannot go on; the reason is for log and audit alone. */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"

enum err(fault)(struct work *work, enum err code, const char *reason, ...)
{
	va_list args;

	assert(code > OK && code < ERR_COUNT);
	va_start(args, reason);
	work->reason = arena_vprint(work->arena, reason, args);
	va_end(args);
	work->err = code;
	return code;
}
