/* account_row.h: a stored account opened. For this room. */
#ifndef PEOPLE_ACCOUNT_ROW_H
#define PEOPLE_ACCOUNT_ROW_H

#include "base/base.h"
#include "people/account.h"
#include "store/accounts.h"

/* ERR_SEAL when its profile does not open. */
enum err account_open(struct work *work, const struct account_row *row, struct account *out) MUST_USE;

#endif
