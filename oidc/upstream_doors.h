/* upstream_doors.h: the addresses that providers and the browsers they send come to. */
#ifndef OIDC_UPSTREAM_DOORS_H
#define OIDC_UPSTREAM_DOORS_H

#include "base/base.h"

struct connection;
struct request;

/* The OIDC connection of the path, whether on or off, as the one whose practice this is: w->practice.
 * ERR_NOT_FOUND. */
enum err upstream_door(struct request *rq, const struct connection **out) MUST_USE;

enum err upstream_callback(struct request *rq);
enum err upstream_keys(struct request *rq); /* ours, for private_key_jwt */
/* A sign-in without side effects, by a ticket of `lanyard connection test`; of either protocol. */
enum err upstream_test(struct request *rq);
enum err upstream_backchannel_logout(struct request *rq);
enum err upstream_frontchannel_logout(struct request *rq);

#endif
