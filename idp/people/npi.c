/* npi.c: the check digit of provider numbers (ISO/IEC 7812-1 over the prefix 80840). */
#include "base/base.h"

#include "people/npi.h"

enum { DIGITS = 10, PREFIX_SUM = 24 }; /* what 80840 adds to the sum */

bool npi_is_storable(const char *npi)
{
	static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t size = strlen(npi);

	return size >= 1 && size <= 20 && strspn(npi, allowed) == size;
}

bool npi_is_valid(const char *npi)
{
	int sum = PREFIX_SUM;

	if (strlen(npi) != DIGITS || strspn(npi, "0123456789") != DIGITS || (npi[0] != '1' && npi[0] != '2'))
		return false;
	for (int i = 0; i < DIGITS; i++) {
		int digit = npi[i] - '0';

		if (i % 2 == 0) /* every second one from the right, the check digit not counted */
			digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
		sum += digit;
	}
	return sum % 10 == 0;
}
