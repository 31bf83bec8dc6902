/* context.c: the table of authentication context classes. */
#include "saml/context.h"

#include "base/text.h"
#include "login/acr.h"

#define CLASSES "urn:oasis:names:tc:SAML:2.0:ac:classes:"
#define FIRST   "urn:lanyard:acr:1fa"
#define SECOND  "urn:lanyard:acr:mfa"

/* The first row of an acr is what is asserted when nothing was asked. */
static const struct context {
	const char *uri, *acr; /* acr NULL: any */
} contexts[] = {
	{ CLASSES "PasswordProtectedTransport", FIRST },
	{ "https://refeds.org/profile/mfa", SECOND },
	{ CLASSES "unspecified", NULL },
	{ CLASSES "Password", FIRST },
	{ "https://refeds.org/profile/sfa", FIRST },
	{ FIRST, FIRST },
	{ CLASSES "MobileTwoFactorContract", SECOND },
	{ "http://schemas.microsoft.com/claims/multipleauthn", SECOND },
	{ SECOND, SECOND },
	{ "urn:lanyard:acr:epcs", "urn:lanyard:acr:epcs" },
};

static const struct context *context_of(const char *uri)
{
	for (size_t i = 0; i < COUNT(contexts); i++)
		if (text_equal(contexts[i].uri, uri))
			return &contexts[i];
	return NULL;
}

/* Whatever a sign-in here can show. */
static const char *strongest(void)
{
	static const char *const everything[] = { "pwd", NULL };

	return acr_of(everything);
}

/* "better" asks for more than the class; "maximum" is met by any sign-in of ours that is not stronger, and
 * nothing weaker than a password is. */
static const char *acr_asked(const struct requested_context *asked, const struct context *context)
{
	if (text_equal(asked->comparison, "maximum"))
		return NULL;
	if (text_equal(asked->comparison, "better"))
		return text_equal(context->acr, FIRST) || !context->acr ? SECOND : "urn:lanyard:acr:epcs";
	return context->acr;
}

bool context_need(const struct requested_context *asked, const char **need)
{
	bool met = false;

	*need = NULL;
	if (!asked->comparison)
		return true;
	for (const char *const *uri = asked->classes; uri && *uri; uri++) {
		const struct context *context = context_of(*uri);
		const char *acr = context ? acr_asked(asked, context) : NULL;

		if (!context || !acr_reaches(strongest(), acr))
			continue;
		/* any one of them will do: the weakest is the least to ask for */
		if (!met || (*need && acr_reaches(*need, acr)))
			*need = acr;
		met = true;
	}
	return met;
}

const char *context_class(const struct requested_context *asked, const char *acr)
{
	for (const char *const *uri = asked->comparison ? asked->classes : NULL; uri && *uri; uri++) {
		const struct context *context = context_of(*uri);

		if (context && context->acr && acr_reaches(acr, acr_asked(asked, context)) &&
		    acr_reaches(acr, context->acr))
			return context->uri;
	}
	for (size_t i = 0; i < COUNT(contexts); i++)
		if (text_equal(contexts[i].acr, acr))
			return contexts[i].uri;
	return CLASSES "unspecified";
}
