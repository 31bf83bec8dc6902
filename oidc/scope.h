/* scope.h: scopes as space-separated words (RFC 6749 3.3): narrowed, compared, joined. */
#ifndef OIDC_SCOPE_H
#define OIDC_SCOPE_H

#include "base/base.h"

struct arena;

/* Words of printable ASCII without quote and backslash, single spaces or more between (RFC 6749 3.3). */
bool scope_is_sound(const char *scope);
/* The words of asked that allowed has, once each, in the order asked; "" when none remains. */
char *scope_narrow(struct arena *arena, const char *asked, const char *const *allowed);
/* asked without one word. */
char *scope_without(struct arena *arena, const char *asked, const char *without);
/* Every word of inner stands in outer; NULL is the empty scope. */
bool scope_within(const char *inner, const char *outer);
/* Both, once each. */
char *scope_join(struct arena *arena, const char *a, const char *b);
/* The words as a list that ends with NULL. */
const char *const *scope_words(struct arena *arena, const char *scope);
/* A list as a scope. */
char *scope_of_list(struct arena *arena, const char *const *list);

#endif
