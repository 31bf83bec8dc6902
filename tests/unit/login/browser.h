/* browser.h: a browser that keeps cookies, follows our redirects and fills in our forms. Part of world.h. */
#ifndef LOGIN_BROWSER_H
#define LOGIN_BROWSER_H

struct browser {
	char session[100], flow[100], proof[100], onward[100];
	char at[200]; /* last Location or page */
	int status;
	char body[64 * 1024];
	char word[64], csrf[100], flow_id[100], policy[1000], refresh[300], retry[20];
	const char *origin; /* sent with posts; "null" as our pages do */
	bool no_cookies;
};

static char *jar_of(struct browser *b, const char *name)
{
	return strcmp(name, COOKIE_SESSION) == 0     ? b->session
	       : strcmp(name, COOKIE_FLOW) == 0      ? b->flow
	       : strcmp(name, COOKIE_PROOF) == 0     ? b->proof
	       : strcmp(name, "lanyard-onward") == 0 ? b->onward
						     : NULL;
}

static void keep_cookie(struct browser *b, const char *line)
{
	const char *equals = strchr(line, '=');
	char name[64];

	snprintf(name, sizeof name, "%.*s", (int)(equals - line), line);
	char *jar = jar_of(b, name);

	assert(jar && strstr(line, "; HttpOnly") && strstr(line, "SameSite=Lax") && strstr(line, "; Path=/"));
	if (!b->no_cookies)
		snprintf(jar, 100, "%.*s", (int)strcspn(equals + 1, ";"), equals + 1);
}

static void find_between(const char *text, const char *before, char until, char *out, size_t size)
{
	const char *at = text ? strstr(text, before) : NULL;

	out[0] = '\0';
	if (!at)
		return;
	at += strlen(before);
	snprintf(out, size, "%.*s", (int)(strchr(at, until) - at), at);
}

static void take_answer(struct browser *b, const struct request *rq)
{
	const struct response *r = rq->response;
	char word[100];

	assert(r && r->status);
	b->status = r->status;
	snprintf(b->at, sizeof b->at, "%s", r->location ? r->location : "");
	snprintf(b->body, sizeof b->body, "%.*s", (int)r->body.size,
		 r->body.at ? (const char *)r->body.at : "");
	snprintf(b->policy, sizeof b->policy, "%s", r->policy ? r->policy : "");
	b->refresh[0] = b->retry[0] = '\0';
	for (const struct response_field *f = r->fields; f; f = f->next) {
		if (strcmp(f->name, "Set-Cookie") == 0)
			keep_cookie(b, f->value);
		if (strcmp(f->name, "Refresh") == 0)
			snprintf(b->refresh, sizeof b->refresh, "%s", f->value);
		if (strcmp(f->name, "Retry-After") == 0)
			snprintf(b->retry, sizeof b->retry, "%s", f->value);
	}
	find_between(b->body, "<code id=\"error-code\">", '<', b->word, sizeof b->word);
	find_between(b->body, "name=\"csrf\" value=\"", '"', word, sizeof word);
	if (word[0])
		snprintf(b->csrf, sizeof b->csrf, "%s", word);
	find_between(b->body, "name=\"flow\" value=\"", '"', word, sizeof word);
	if (r->location && strstr(r->location, "flow="))
		snprintf(word, sizeof word, "%.*s", (int)strcspn(strstr(r->location, "flow=") + 5, "&"),
			 strstr(r->location, "flow=") + 5);
	if (word[0])
		snprintf(b->flow_id, sizeof b->flow_id, "%s", word);
}

static const struct route *route_in(const struct route *table, const char *method, const char *path)
{
	for (; table->method; table++)
		if (strcmp(table->method, method) == 0 && strcmp(table->path, path) == 0)
			return table;
	return NULL;
}

static const struct route *route_of(const char *method, const char *path)
{
	const struct route *row = route_in(login_routes, method, path);

	if (!row && world.more_routes)
		row = route_in(world.more_routes, method, path);
	return row ? row : route_in(test_routes, method, path);
}

static void add_cookies(struct request *rq, const struct browser *b)
{
	struct cookie *list = arena_array(rq->w.arena, struct cookie, 4);
	const struct cookie all[] = { { COOKIE_SESSION, b->session },
				      { COOKIE_FLOW, b->flow },
				      { COOKIE_PROOF, b->proof },
				      { "lanyard-onward", b->onward } };

	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].value[0])
			list[rq->cookie_count++] =
				(struct cookie){ all[i].name, arena_text(rq->w.arena, all[i].value) };
	rq->cookies = list;
}

/* What front.c does with a request that was routed. */
static void serve(struct request *rq)
{
	bool answered = false;
	enum err err = guard_check(rq, &answered);

	if (err == OK && !answered)
		err = rq->route->handler(rq);
	if (err != OK)
		answer_fault(rq, err);
	assert(!rq->w.db || !tx_is_open(&rq->w));
}

/* One request. target: path and query; form NULL: GET. */
static int request_as(struct browser *b, struct hand *hand, const char *target, const char *form)
{
	struct request rq = { 0 };
	const char *mark = strchr(target, '?');

	work_begin(&rq.w, &world.app, hand->db, hand->arena);
	rq.method = form ? METHOD_POST : METHOD_GET;
	rq.path = mark ? arena_textn(hand->arena, target, (size_t)(mark - target))
		       : arena_text(hand->arena, target);
	rq.raw_query = mark ? arena_text(hand->arena, mark + 1) : NULL;
	rq.route = route_of(form ? "POST" : "GET", rq.path);
	rq.origin = form ? b->origin : NULL;
	rq.content_type = form ? "application/x-www-form-urlencoded" : NULL;
	rq.user_agent = "test/1";
	assert(rq.route && address_parse("192.0.2.7", &rq.peer));
	add_cookies(&rq, b);
	if (rq.raw_query && form_parse(hand->arena, rq.raw_query, strlen(rq.raw_query), 100, &rq.query) != OK)
		abort();
	if (form && form_parse(hand->arena, arena_text(hand->arena, form), strlen(form), 100, &rq.form) != OK)
		abort();
	rq.messages = catalog_choose(NULL, NULL, NULL);
	serve(&rq);
	take_answer(b, &rq);
	work_end(&rq.w);
	return b->status;
}

static int request_of(struct browser *b, const char *target, const char *form)
{
	struct hand hand = { .arena = arena_new(), .db = db_open(kit_store) };
	int status = request_as(b, &hand, target, form);

	db_close(hand.db);
	arena_done(&hand.arena);
	return status;
}

static int get(struct browser *b, const char *target)
{
	return request_of(b, target, NULL);
}

/* Follows our own redirects; ends at a page, a foreign address or the test's continue. */
UNUSED static int follow(struct browser *b)
{
	for (int i = 0; b->status == 303 && b->at[0] == '/'; i++) {
		char next[200];

		assert(i < 10);
		snprintf(next, sizeof next, "%s", b->at);
		if (strncmp(next, "/test/", 6) == 0)
			break;
		get(b, next);
		if (b->status != 303)
			snprintf(b->at, sizeof b->at, "%s", next);
	}
	return b->status;
}

UNUSED static int post(struct browser *b, const char *path, const char *fields)
{
	char form[2000];

	snprintf(form, sizeof form, "flow=%s&csrf=%s%s%s", b->flow_id, b->csrf, fields[0] ? "&" : "", fields);
	return request_of(b, path, form);
}

/* From the app to the form. */
UNUSED static void arrive(struct browser *b)
{
	get(b, "/test/begin");
	follow(b);
}

UNUSED static bool is_at(const struct browser *b, const char *path)
{
	return strncmp(b->at, path, strlen(path)) == 0 &&
	       (b->at[strlen(path)] == '?' || b->at[strlen(path)] == '\0');
}

#define assert_at(b, path)                                                                                   \
	do {                                                                                                 \
		if (!is_at((b), (path)))                                                                     \
			fail_msg("at %s (%d %s), not at %s", (b)->at, (b)->status, (b)->word, (path));       \
	} while (0)

UNUSED static void type_password(struct browser *b, const char *email, const char *password)
{
	char fields[300];

	snprintf(fields, sizeof fields, "username=%s&password=%s", email, password);
	post(b, "/login/password", fields);
}

/* The whole way for somebody of one practice. */
UNUSED static void sign_in(struct browser *b, const char *email)
{
	arrive(b);
	assert_at(b, "/login/password");
	type_password(b, email, PASSWORD);
	follow(b);
}

UNUSED static void go_to_app(struct browser *b)
{
	char next[200];

	assert_at(b, "/test/continue");
	snprintf(next, sizeof next, "%s", b->at);
	get(b, next);
}

UNUSED static bool body_has(const struct browser *b, const char *text)
{
	return strstr(b->body, text) != NULL;
}

/* Is this browser signed in (at the start page)? */
UNUSED static bool is_signed_in(struct browser *b)
{
	struct browser copy = *b;

	get(&copy, "/");
	return body_has(&copy, "id=\"sign-out\"");
}

#endif
