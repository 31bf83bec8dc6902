/* argon.c: Argon2id alone with kept buffers: hashes a second on THREADS threads. argon THREADS KIB PASSES
 * SECONDS */
#include <argon2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static atomic_long hashes;
static atomic_int over;
static uint32_t kib, passes;
static __thread uint8_t *kept;

static int take(uint8_t **memory, size_t size)
{
	if (!kept)
		kept = malloc(size);
	*memory = kept;
	return kept ? 0 : -1;
}

static void give(uint8_t *memory, size_t size)
{
	(void)memory, (void)size;
}

static void *work(void *unused)
{
	uint8_t out[32], salt[16] = "0123456789abcde";
	char password[] = "lantern-harbor-violet-58";

	(void)unused;
	while (!atomic_load(&over)) {
		argon2_context context = { .out = out,
					   .outlen = sizeof out,
					   .pwd = (uint8_t *)password,
					   .pwdlen = (uint32_t)strlen(password),
					   .salt = salt,
					   .saltlen = sizeof salt,
					   .t_cost = passes,
					   .m_cost = kib,
					   .lanes = 1,
					   .threads = 1,
					   .version = ARGON2_VERSION_13,
					   .allocate_cbk = take,
					   .free_cbk = give };
		if (argon2id_ctx(&context) != ARGON2_OK)
			exit(1);
		atomic_fetch_add(&hashes, 1);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	long threads = strtol(argv[1], NULL, 10), seconds = strtol(argv[4], NULL, 10);
	pthread_t thread[64];

	kib = (uint32_t)strtoul(argv[2], NULL, 10);
	passes = (uint32_t)strtoul(argv[3], NULL, 10);
	for (long i = 0; i < threads; i++)
		(void)pthread_create(&thread[i], NULL, work, NULL);
	(void)nanosleep(&(struct timespec){ .tv_sec = seconds }, NULL);
	atomic_store(&over, 1);
	for (long i = 0; i < threads; i++)
		(void)pthread_join(thread[i], NULL);
	printf("%.1f\n", (double)hashes / (double)seconds);
	return 0;
}
