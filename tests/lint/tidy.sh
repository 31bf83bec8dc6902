#!/bin/sh
# tidy.sh FLAG...: clang-tidy over the server's sources, a few at a time; each line printed is a finding.
# Programs of the build (tools/) are left out: they end with their memory.
set -eu
cd "$(dirname "$0")/../.."
found=$(mktemp)
trap 'rm -f "$found"' EXIT
rc=0
git ls-files -co --exclude-standard 'idp/*.c' 'oidc/*.c' 'saml/*.c' | grep -v '/tools/' |
	xargs -r -d '\n' -P "$(nproc)" -n 5 sh -c '
		flags=$1; shift
		# The compiler that asks is gcc: warnings that clang does not know are none of its business.
		clang-tidy --quiet "$@" -- $flags -Wno-unknown-warning-option 2>&1' tidy "$*" > "$found" || rc=$?
# clang-tidy counts aloud what it leaves out.
grep -vE '^[0-9]+ warnings? (generated|treated as error)' "$found" || exit "$rc"
exit 1
