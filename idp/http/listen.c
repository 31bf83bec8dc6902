/* listen.c: listening sockets by address text. */
#include "base/base.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "http/listen.h"

#define BACKLOG 1024

static int fail(const char *address, const char *what, const char *why, char *message, size_t size)
{
	(void)snprintf(message, size, "listen %s: %s: %s", address, what, why); /* cut when long */
	return -1;
}

static int fail_closing(int fd, const char *address, const char *what, char *message, size_t size)
{
	const char *why = strerror(errno);

	close(fd);
	return fail(address, what, why, message, size);
}

static int open_unix(const char *address, char *message, size_t size)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct stat there;
	const char *path = address + strlen("unix:");

	if (strlen(path) >= sizeof at.sun_path)
		return fail(address, "path", "too long", message, size);
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (lstat(path, &there) == 0 && S_ISSOCK(there.st_mode))
		(void)unlink(path); /* of an earlier run; when it stays, bind says so */
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(address, "socket", strerror(errno), message, size);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, BACKLOG) != 0)
		return fail_closing(fd, address, "bind", message, size);
	return fd;
}

/* host and port of "127.0.0.1:80" or "[::1]:80"; literals alone: a listen address needs no DNS. */
static bool split(const char *address, char host[64], const char **port)
{
	const char *colon = strrchr(address, ':');
	size_t n = colon ? (size_t)(colon - address) : 0;
	bool literal6 = n > 2 && address[0] == '[' && address[n - 1] == ']';

	if (n == 0 || n >= 64 || !colon[1])
		return false;
	(void)snprintf(host, 64, "%.*s", (int)(n - 2 * (size_t)literal6),
		       address + literal6); /* fits, by n */
	*port = colon + 1;
	return true;
}

static uint16_t bound_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at = { .v6 = { 0 } };
	socklen_t size = sizeof at;

	if (getsockname(fd, &at.any, &size) != 0)
		return 0;
	return ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
}

static int open_found(const char *address, const struct addrinfo *found, char *message, size_t size)
{
	int on = 1, off = 0;
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fail(address, "socket", strerror(errno), message, size);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
			 sizeof on); /* without it a restart waits, no more */
	if (found->ai_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
		return fail_closing(fd, address, "both families", message, size);
	if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
		return fail_closing(fd, address, "bind", message, size);
	return fd;
}

int listen_open(const char *address, uint16_t *port, char *message, size_t message_size)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	const char *service;
	char host[64];

	*port = 0;
	if (text_starts(address, "unix:"))
		return open_unix(address, message, message_size);
	if (!split(address, host, &service))
		return fail(address, "address", "write 127.0.0.1:8080, [::1]:8080 or unix:/path", message,
			    message_size);
	int rc = getaddrinfo(host, service, &hints, &found);
	if (rc != 0)
		return fail(address, "address", gai_strerror(rc), message, message_size);
	int fd = open_found(address, found, message, message_size);
	freeaddrinfo(found);
	if (fd >= 0)
		*port = bound_port(fd);
	return fd;
}
