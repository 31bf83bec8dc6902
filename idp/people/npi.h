/* npi.h: National Provider Identifier (45 CFR 162.406): ten digits, the last a check digit. */
#ifndef PEOPLE_NPI_H
#define PEOPLE_NPI_H

#include "base/base.h"

/* Luhn over 80840 and the number. Sites outside the US and sample data fail it, so it only warns. */
bool npi_is_valid(const char *npi);
/* What may be stored at all: 1 to 20 letters and digits. */
bool npi_is_storable(const char *npi);

#endif
