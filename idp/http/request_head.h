/* request_head.h: inside this room: from the guarded head to struct request. */
#ifndef HTTP_REQUEST_HEAD_H
#define HTTP_REQUEST_HEAD_H

#include "base/base.h"

struct address;
struct arena;
struct config;
struct head;
struct request;

/* target NULL: the head was refused; only what the answer needs is taken (Accept, language). */
void request_take_head(struct request *rq, struct arena *arena, const struct config *config,
		       const struct address *socket_peer, const struct head *head, const char *target);

#endif
