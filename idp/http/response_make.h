/* response_make.h: inside this room: the answer as it waits in the request, and what turns it into
 * libmicrohttpd's own. */
#ifndef HTTP_RESPONSE_MAKE_H
#define HTTP_RESPONSE_MAKE_H

#include "http/response.h"

struct MHD_Response;

struct response_field {
	const char *name, *value;
	struct response_field *next;
};
struct response {
	int status;
	struct bytes body; /* lives as long as the connection's arena, or the process */
	const char *content_type, *cache_control, *etag, *location, *policy; /* NULL: not sent */
	struct response_field *fields;                                       /* what handlers added */
};

/* etag without quotes; cache_control as sent. Bytes of the process: not copied. */
enum err respond_static(struct request *rq, const char *content_type, struct bytes body, const char *etag,
			const char *cache_control);
/* A Set-Cookie line, replacing an earlier one of the same cookie. */
void response_cookie(struct request *rq, const char *name, const char *line);
/* The caller destroys it. close: the connection ends with this answer. */
struct MHD_Response *response_make(const struct request *rq, bool close);

#endif
