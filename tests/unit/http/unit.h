/* unit.h: what the tests of this room without a server share: an arena and a request by hand. */
#ifndef TESTS_HTTP_UNIT_H
#define TESTS_HTTP_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/config.h"
#include "http/page.h"
#include "http/request.h"

struct unit {
	struct config config;
	struct app app;
	struct request rq;
};
static struct arena *arena;

static inline int unit_begin(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static inline int unit_end(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

/* As a request of https://id.clinic.example, or of a loopback issuer in development. */
static inline void unit_request(struct unit *unit, bool development)
{
	*unit = (struct unit){ .config = { .development = development } };
	unit->config.issuer = development ? "http://localhost:8080" : "https://id.clinic.example";
	unit->config.issuer_host = development ? "localhost:8080" : "id.clinic.example";
	unit->app.config = &unit->config;
	unit->rq.w = (struct work){ .app = &unit->app, .arena = arena };
	memcpy(unit->rq.w.request_id, "7F3K-92QD-TEST", 15);
	unit->rq.messages = catalog_find("en");
	unit->rq.path = "/";
}

#endif
