/* desk.c: the administration socket: who may open it is who owns the server, or root.
 *
 * One frame each way: four bytes of length, big-endian, then JSON. The directory's permissions, the
 * socket's mode and the peer's uid as the kernel tells it all have to agree. */
#include "base/base.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/command.h"
#include "base/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "store/db.h"

#define REQUEST_MAX (8 * MB)
#define ANSWER_MAX  (256 * MB)
#define EXCHANGE_MS 5000   /* to send a request, or to take an answer */
#define ANSWER_MS   600000 /* a client waits: hashing hundreds of passwords takes minutes */

struct desk {
	struct app *app;
	int listening, wake;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	pthread_t thread;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing is lost: a socket, or a file that was only read */
}

/* TAKE for a descriptor. */
static int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static bool address_of(const char *path, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!path || !*path || strlen(path) >= sizeof out->sun_path)
		return false;
	memcpy(out->sun_path, path, strlen(path));
	return true;
}

/* Waits until the socket is ready; false: time is up, or it broke. */
static bool ready(int fd, short what, int64_t deadline_us)
{
	for (;;) {
		int64_t left = (deadline_us - clock_monotonic_us() + 999) / 1000;
		struct pollfd wait = { .fd = fd, .events = what };
		int count = left > 0 ? poll(&wait, 1, (int)left) : 0;
		if (count > 0)
			return true;
		if (count == 0 || errno != EINTR)
			return false;
	}
}

static bool receive_all(int fd, void *at, size_t size, int64_t deadline_us)
{
	for (char *next = at; size > 0;) {
		if (!ready(fd, POLLIN, deadline_us))
			return false;
		ssize_t got = recv(fd, next, size, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (got > 0) {
			next += got;
			size -= (size_t)got;
		}
	}
	return true;
}

static bool send_all(int fd, const void *at, size_t size, int64_t deadline_us)
{
	for (const char *next = at; size > 0;) {
		if (!ready(fd, POLLOUT, deadline_us))
			return false;
		ssize_t sent = send(fd, next, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (sent > 0) {
			next += sent;
			size -= (size_t)sent;
		}
	}
	return true;
}

static json_t *receive_json(int fd, size_t max, int64_t deadline_us)
{
	uint8_t head[4];

	if (!receive_all(fd, head, sizeof head, deadline_us))
		return NULL;
	size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	char *text = size && size <= max ? malloc(size) : NULL;
	json_t *value = text && receive_all(fd, text, size, deadline_us) ? json_read(text, size) : NULL;

	if (text)
		explicit_bzero(text, size); /* it may carry a password */
	free(text);
	return value;
}

static bool send_json(int fd, const json_t *value, int64_t deadline_us)
{
	char *text = json_dumps(value, JSON_COMPACT);
	size_t size = text ? strlen(text) : 0;
	uint8_t head[4] = { (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
			    (uint8_t)size };
	bool sent = text && size <= UINT32_MAX && send_all(fd, head, sizeof head, deadline_us) &&
		    send_all(fd, text, size, deadline_us);

	if (text)
		explicit_bzero(text, size);
	free(text);
	return sent;
}

static json_t *answer_of(int code, const char *message, json_t *result_taken)
{
	return json_pack("{s:i, s:s?, s:o?}", "code", code, "message", message, "result", result_taken);
}

json_t *desk_answer(struct work *work, const json_t *request)
{
	const char *noun = json_get_text(request, "noun"), *message = NULL;
	const json_t *arguments = json_object_get(request, "arguments");
	const struct command *command = noun ? command_find(noun, json_get_text(request, "verb")) : NULL;
	json_t *result = NULL;

	if (!command)
		return answer_of(EXIT_USAGE, "the server does not know this command: is it another version?",
				 NULL);
	if (!command_accepts(work->arena, command, arguments, &message))
		return answer_of(EXIT_USAGE, message, NULL);
	int code = command_run(work, command, arguments, &result, &message);

	return answer_of(code, message, result);
}

/* The kernel says who is there. */
static bool peer_may(int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t size = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || size != sizeof peer)
		return false;
	*uid = peer.uid;
	return peer.uid == geteuid() || peer.uid == 0;
}

static const char *user_name(struct arena *arena, uid_t uid)
{
	char room[4096];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(uid, &entry, room, sizeof room, &found) == 0 && found)
		return arena_text(arena, found->pw_name);
	return arena_print(arena, "uid %u", (unsigned)uid);
}

static void note(const struct work *work, const json_t *request, const json_t *answer)
{
	char code[16];

	snprintf(code, sizeof code, "%d", (int)json_get_int(answer, "code", EXIT_FAILED));
	log_event(LOG_INFO, "command", "noun", json_get_text(request, "noun"), "verb",
		  json_get_text(request, "verb"), "operator", work->actor.id, "code", code, "request_id",
		  work->request_id, NULL);
}

static void serve(struct desk *desk, struct db *db, struct arena *arena, int fd)
{
	uid_t uid = 0;

	if (!peer_may(fd, &uid)) {
		log_event(LOG_WARN, "command_refused", "reason", "peer is another user", NULL);
		return;
	}
	AUTO(json_done)
	json_t *request = receive_json(fd, REQUEST_MAX, clock_monotonic_us() + EXCHANGE_MS * 1000);

	if (!request)
		return;
	struct work work;

	work_begin(&work, desk->app, db, arena);
	work.actor =
		(struct actor){ .kind = ACTOR_OPERATOR, .id = user_name(arena, uid), .address = "local" };
	AUTO(json_done) json_t *answer = desk_answer(&work, request);

	note(&work, request, answer);
	work_end(&work);
	(void)send_json(fd, answer,
			clock_monotonic_us() + EXCHANGE_MS * 1000); /* who asked has gone: the audit has it */
}

static bool asked_to_stop(const struct desk *desk, struct pollfd waits[2])
{
	waits[0] = (struct pollfd){ .fd = desk->listening, .events = POLLIN };
	waits[1] = (struct pollfd){ .fd = desk->wake, .events = POLLIN };
	while (poll(waits, 2, -1) < 0)
		if (errno != EINTR)
			return true;
	return waits[1].revents != 0;
}

static void *run(void *context)
{
	struct desk *desk = context;
	struct pollfd waits[2];
	AUTO(arena_done) struct arena *arena = arena_new();
	struct db *db = NULL;

	while (!asked_to_stop(desk, waits)) {
		AUTO(close_fd) int fd = accept4(desk->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			continue;
		if (!db)
			db = db_open(desk->app->store);
		if (db)
			serve(desk, db, arena, fd);
		arena_reset(arena);
		(void)malloc_trim(0); /* a document takes a hundred times what a request does */
	}
	if (db)
		db_close(db);
	return NULL;
}

static bool somebody_listens(const struct sockaddr_un *address)
{
	AUTO(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
}

/* Between bind and listen nobody can connect, so the mode is right before the first knock. */
static int listen_at(const struct sockaddr_un *address, const char **why)
{
	struct stat st;
	AUTO(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*why = NULL;
	if (somebody_listens(address))
		*why = "another server listens there";
	else if (lstat(address->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
		*why = "there is a file of that name";
	if (*why)
		return -1;
	(void)unlink(
		address->sun_path); /* what a server left behind that was killed; bind says if it stays */
	if (fd < 0 || bind(fd, (const struct sockaddr *)address, sizeof *address) < 0 ||
	    chmod(address->sun_path, 0600) < 0 || listen(fd, 16) < 0) {
		*why = strerror(errno);
		return -1;
	}
	return take_fd(&fd);
}

struct desk *desk_start(struct app *app, const char *path, char *message, size_t message_size)
{
	struct sockaddr_un address;
	const char *why = "the path is too long";
	int listening = address_of(path, &address) ? listen_at(&address, &why) : -1;
	struct desk *desk = listening >= 0 ? calloc(1, sizeof *desk) : NULL;

	if (!desk) {
		close_fd(&listening);
		snprintf(message, message_size, "could not open the administration socket %s: %s",
			 path ? path : "", why ? why : "no memory");
		return NULL;
	}
	desk->app = app;
	desk->listening = listening;
	desk->wake = eventfd(0, EFD_CLOEXEC);
	snprintf(desk->path, sizeof desk->path, "%s", path);
	if (desk->wake < 0 || pthread_create(&desk->thread, NULL, run, desk) != 0) {
		snprintf(message, message_size, "could not start the administration desk");
		close_fd(&desk->wake);
		close_fd(&desk->listening);
		free(desk);
		return NULL;
	}
	return desk;
}

void desk_stop(struct desk *desk)
{
	uint64_t one = 1;

	if (!desk)
		return;
	ssize_t told = write(desk->wake, &one, sizeof one);

	assert(told == (ssize_t)sizeof one); /* an eventfd at 0 always takes 1 */
	pthread_join(desk->thread, NULL);
	(void)unlink(desk->path); /* the next server clears what stays */
	close_fd(&desk->listening);
	close_fd(&desk->wake);
	free(desk);
}

bool desk_ask(const char *path, const json_t *request, json_t **answer)
{
	struct sockaddr_un address;
	AUTO(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*answer = NULL;
	if (fd < 0 || !address_of(path, &address) ||
	    connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return false;
	if (send_json(fd, request, clock_monotonic_us() + EXCHANGE_MS * 1000))
		*answer = receive_json(fd, ANSWER_MAX, clock_monotonic_us() + (int64_t)ANSWER_MS * 1000);
	if (!*answer)
		*answer = answer_of(EXIT_FAILED, "the server did not answer; look at its log", NULL);
	return true;
}
