#!/bin/sh
# provoked.sh: every row of errors.def is used by the code and named by a test (as ERR_NAME or by its word).
set -eu
cd "$(dirname "$0")/../.."
bad=0
for name in $(sed -n 's/^ERR(\([A-Z_0-9]*\),.*/\1/p' idp/base/errors.def); do
	word=$(printf %s "$name" | tr A-Z a-z)
	grep -rqE "ERR_$name\b" --include='*.c' idp oidc saml || grep -q ", $name, " saml/words.def || { echo "errors.def: nobody answers $name" >&2; bad=1; }
	grep -rqE "ERR_$name\b|\b$word\b" --include='*.c' --include='*.h' --include='*.mjs' tests ||
		{ echo "errors.def: no test provokes $name" >&2; bad=1; }
done
exit $bad
