/* email.c: many spellings, one address. ASCII alone is accepted, so no two characters look alike or fold
 * into one another (NFKC); an internationalised domain is written in its A-labels (RFC 5890 2.3.2.1). */
#include "base/base.h"

#include "base/app.h"
#include "base/arena.h"
#include "base/text.h"
#include "keys/seal.h"
#include "people/account.h"
#include "people/email.h"

enum {
	ADDRESS_MAX = 254,
	LOCAL_MAX = 64,
	DOMAIN_MAX = 253,
	LABEL_MAX = 63
}; /* RFC 5321 4.5.3.1, RFC 1035 2.3.4 */

static bool is_domain_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static bool label_is_sound(const char *label, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!is_domain_char(label[i]))
			return false;
	return size > 0 && size <= LABEL_MAX && label[0] != '-' && label[size - 1] != '-';
}

bool domain_is_sound(const char *domain)
{
	size_t labels = 0;

	if (strlen(domain) > DOMAIN_MAX)
		return false;
	for (const char *label = domain;; labels++) {
		size_t size = strcspn(label, ".");

		if (!label_is_sound(label, size))
			return false;
		if (!label[size])
			/* The last label has a letter: otherwise it is an IPv4 address in one of its
			 * spellings. */
			return labels > 0 && strspn(label, "0123456789") < size;
		label += size + 1;
	}
}

/* Dot-atom of RFC 5322 3.2.3; quoted local parts are a second spelling of the same address. */
static bool local_is_sound(const char *local, size_t size)
{
	static const char atext[] = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~.";

	if (size == 0 || size > LOCAL_MAX || local[0] == '.' || local[size - 1] == '.')
		return false;
	for (size_t i = 0; i < size; i++)
		if (!strchr(atext, local[i]) || (local[i] == '.' && local[i + 1] == '.'))
			return false;
	return true;
}

char *email_canonical(struct arena *arena, const char *email)
{
	if (!email || strlen(email) > ADDRESS_MAX + 32) /* room for blanks around it */
		return NULL;
	char *canonical = text_lower(arena, text_trim(arena, email));
	const char *at = strchr(canonical, '@');

	if (!at || strchr(at + 1, '@') || strlen(canonical) > ADDRESS_MAX)
		return NULL;
	return local_is_sound(canonical, (size_t)(at - canonical)) && domain_is_sound(at + 1) ? canonical
											      : NULL;
}

char *email_key(struct work *work, const char *canonical)
{
	return vault_mac_text(work->app->vault, work->arena, "email", canonical, NULL);
}
