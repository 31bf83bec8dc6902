/* page.h: what all pages share, and how a handler draws one.
 *
 * Templates (pages/NAME.html) are compiled at build time by tools/tplc.c into one typed struct
 * page_NAME and one function `void page_NAME(struct buf *out, const struct page_NAME *page)`; a
 * misspelt variable or a missing message is a build error with file and line. The language:
 *
 *	@str username            a declaration per line at the top; also @int @bool @url
 *	@list practices: id name active?      a list of rows; field? is a bool, field:url and field:int
 *	                         as above, the others are text
 *	@page sign_in.title      the message key of <title>; a page draws its own <h1>
 *	{{username}}             escaped for text and for quoted attributes; a @url lets only https:, loopback
 *	                         http: and same-site paths through, else "#"
 *	{{t sign_in.button}}     a message, escaped; {name} in its text takes the variable of that name
 *	{{#if failed}} .. {{else}} .. {{/if}}     bool, a str or url that is not NULL or "", an int that
 *	                         is not 0, a list that has rows
 *	{{#each practices}} {{.name}} {{#if .active}} .. {{/if}} {{/each}}
 *	{{!-- a comment --}}
 *
 * The fields of struct page_frame (language, practice_name, app_name, reference) are known in every page.
 * Attribute values are quoted. In href, src, action and formaction the address starts with a @url or
 * with text; a variable after text ("/login?flow={{flow}}") is percent-encoded as a part of it. Inline
 * scripts, styles and on... attributes are build errors: the answers' policy would block them.
 *
 * Every page stands in pages/_frame.html, which gets {{{content}}} (the only raw place) and the
 * fields of struct page_frame. Messages: idp/locales/en.json and es.json, flat keys, both complete. */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include "base/base.h"

struct request;
struct catalog;
struct arena;

/* In every page struct as .frame; page_frame(rq) fills it, names of practice and app are the caller's. */
struct page_frame {
	const struct catalog *messages;
	const char *language;      /* "en" */
	const char *practice_name; /* NULL when not known */
	const char *app_name;      /* "to continue to <app>"; NULL */
	const char *reference;     /* request id, shown on errors */
};
struct page_frame page_frame(const struct request *rq);

/* NULL for an unknown language; the keys are checked at build time. */
const struct catalog *catalog_find(const char *language);
/* By ui_locales (space-separated; may be NULL), cookie, Accept-Language, then English. */
const struct catalog *catalog_choose(const char *ui_locales, const char *cookie, const char *accept_language);
const char *catalog_language(const struct catalog *catalog);
/* The text of a key known at run time alone ("error.flow_gone"); NULL when there is none. */
const char *catalog_text(const struct catalog *catalog, const char *key);

#endif
