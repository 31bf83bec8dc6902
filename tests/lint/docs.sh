#!/bin/sh
# docs.sh write|check BUILD: the reference pages that come from tables, written or compared.
set -eu
how=$1 build=$2
cd "$(dirname "$0")/../.."
bad=0
page() { # FILE COMMAND...
	file=$1; shift
	if [ "$how" = write ]; then "$@" > "$file"; return; fi
	"$@" | cmp -s - "$file" || { echo "$file differs from the tables: run make docs" >&2; bad=1; }
}
page docs/reference/config.md "$build/lanyard" config reference
page docs/reference/apply.md "$build/lanyard" reference apply
page docs/reference/apply.schema.json "$build/lanyard" reference schema
page docs/reference/commands.md "$build/lanyard" reference commands
page docs/reference/routes.txt "$build/lanyard" routes
page docs/reference/saml-attributes.md "$build/lanyard" reference saml-attributes
page docs/reference/errors.md sh tests/lint/errors-page.sh
exit $bad
