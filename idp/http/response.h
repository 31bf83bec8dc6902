/* response.h: the answer: status, headers, body. Security headers are put on every answer by kind
 * (pages: CSP without inline, frame-ancestors 'none', nosniff, no-referrer, no-store, HSTS under TLS);
 * the one header setter refuses bytes below 0x20 and 0x7f (it asserts: our values are checked before). */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <jansson.h>

#include "base/base.h"

struct request;
struct buf;

enum err respond_json(struct request *rq, int status, const json_t *body); /* no-store */
enum err respond_body(struct request *rq, int status, const char *content_type,
		      struct bytes body); /* copied */
/* Prebuilt bytes (copied) with an entity tag, given without its quotes: 304 when If-None-Match has it. */
enum err respond_cached(struct request *rq, const char *content_type, const char *body, const char *etag,
			int64_t max_age);
enum err respond_empty(struct request *rq, int status);
/* 303. location: a path of ours ("/login?flow=...") or an already validated absolute URL. */
enum err respond_redirect(struct request *rq, const char *location);
/* A finished page (from the generated page_x functions). form_target: the origin of the validated
 * redirect_uri that a POST of this page may end at, listed in form-action beside 'self'; NULL: none.
 * frame_sources: origins that may be framed (front-channel logout), space-separated; NULL: none. */
enum err respond_page(struct request *rq, int status, const struct buf *page, const char *form_target,
		      const char *frame_sources);
/* A page without anything to press that stands in a hidden frame of a page of ours (SAML logout by form). */
enum err respond_frame(struct request *rq, const struct buf *page, const char *form_target);
/* Replaces an earlier field of that name. May be called before or after respond_...(). */
void response_header(struct request *rq, const char *name, const char *value);
/* Our cookies alone: prefix, Secure, HttpOnly, SameSite=Lax, Path=/ are decided here (http/cookie.h). */

#endif
