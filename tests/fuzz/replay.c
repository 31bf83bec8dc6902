/* replay.c: runs a fuzz target over the files named, once each. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	static uint8_t data[1 << 20];

	for (int at = 1; at < argc; at++) {
		FILE *file = fopen(argv[at], "rb");
		if (!file) {
			perror(argv[at]);
			return 1;
		}
		size_t size = fread(data, 1, sizeof data, file);
		(void)fclose(file);
		/* A copy of the exact size, so that a byte read past the end is seen. */
		uint8_t *exact = malloc(size ? size : 1);
		if (!exact)
			return 1;
		for (size_t i = 0; i < size; i++)
			exact[i] = data[i];
		(void)LLVMFuzzerTestOneInput(exact, size);
		free(exact);
	}
	return 0;
}
