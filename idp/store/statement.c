/* statement.c: kept statements by the address of their text. */
#include "base/base.h"

#include "store/statement.h"

size_t statement_params(const char *sql)
{
	size_t highest = 0;
	bool quoted = false;

	for (const char *c = sql; *c; c++) {
		if (*c == '\'')
			quoted = !quoted;
		if (quoted || *c != '$')
			continue;
		size_t n = 0;
		while (c[1] >= '0' && c[1] <= '9' && n <= STATEMENT_VALUES)
			n = n * 10 + (size_t)(*++c - '0');
		if (n > highest)
			highest = n;
	}
	assert(highest <= STATEMENT_VALUES);
	return highest;
}

static size_t slot_of(const struct statements *statements, const char *sql)
{
	/* Fibonacci hashing: addresses of constants differ in their middle bits. */
	size_t at = (size_t)(((uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (statements->room - 1);

	while (statements->at[at] && statements->at[at]->sql != sql)
		at = (at + 1) & (statements->room - 1);
	return at;
}

static void grow(struct statements *statements)
{
	struct statements wider = { .room = statements->room ? statements->room * 2 : 64,
				    .count = statements->count };

	wider.at = calloc(wider.room, sizeof *wider.at);
	assert(wider.at);
	for (size_t i = 0; i < statements->room; i++) {
		if (statements->at[i])
			wider.at[slot_of(&wider, statements->at[i]->sql)] = statements->at[i];
	}
	free(statements->at);
	*statements = wider;
}

struct statement *statements_get(struct statements *statements, const char *sql)
{
	if (statements->count * 4 >= statements->room * 3)
		grow(statements);

	struct statement **slot = &statements->at[slot_of(statements, sql)];

	if (!*slot) {
		*slot = calloc(1, sizeof **slot);
		assert(*slot);
		(*slot)->sql = sql;
		(*slot)->params = statement_params(sql);
		(*slot)->number = (unsigned)++statements->count;
	}
	return *slot;
}

void statements_forget(struct statements *statements, void (*release)(void *handle))
{
	for (size_t i = 0; i < statements->room; i++) {
		if (statements->at[i] && release)
			release(statements->at[i]->handle);
		free(statements->at[i]);
	}
	free(statements->at);
	*statements = (struct statements){ 0 };
}
