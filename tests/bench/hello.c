/* hello.c: a bare libmicrohttpd answer: the limit that prebuilt answers lean on. hello PORT THREADS BYTES */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct MHD_Response *answer;

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data, size_t *size,
			      void **state)
{
	static int seen;

	(void)context, (void)url, (void)method, (void)version, (void)data, (void)size;
	if (!*state) {
		*state = &seen;
		return MHD_YES;
	}
	return MHD_queue_response(connection, 200, answer);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	size_t size = strtoul(argv[3], NULL, 10);
	char *body = malloc(size);

	memset(body, 'x', size);
	answer = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
	(void)MHD_add_response_header(answer, "Content-Type", "application/json");
	if (!MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, (uint16_t)strtoul(argv[1], NULL, 10), NULL, NULL,
			      handle, NULL, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)strtoul(argv[2], NULL, 10),
			      MHD_OPTION_CONNECTION_LIMIT, 4096U, MHD_OPTION_END))
		return 1;
	for (;;)
		pause();
}
