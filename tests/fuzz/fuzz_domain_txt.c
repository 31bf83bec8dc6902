/* fuzz_domain_txt.c: a DNS answer from anybody on the way. What it proves must stand in it, letter by letter.
 */
#include "base/base.h"

#include "admin/domain_txt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Strings of a record begin with their length: between letters other bytes may stand. */
static bool has_letters(const uint8_t *data, size_t size, const char *wanted)
{
	for (size_t i = 0; i < size && *wanted; i++)
		wanted += data[i] == (uint8_t)*wanted;
	return *wanted == '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char wanted[] = DOMAIN_TXT_WORD "d_01";

	if (size <= 65535 && domain_txt_says(data, size, wanted))
		assert(size > 12 + sizeof wanted && has_letters(data + 12, size - 12, wanted));
	return 0;
}
