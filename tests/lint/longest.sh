#!/bin/sh
# longest.sh [FILE...]: the ten longest functions; for looking, not for failing.
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- $(find idp oidc saml ldap-bridge -name '*.c' 2>/dev/null | sort)
ctags --languages=C --kinds-C=f --fields=+ne -f - "$@" |
awk -F '\t' '{
	start = end = 0
	for (i = 4; i <= NF; i++) {
		if ($i ~ /^line:/) start = substr($i, 6)
		if ($i ~ /^end:/) end = substr($i, 5)
	}
	if (end) printf "%4d  %s:%d  %s\n", end - start + 1, $2, start, $1
}' | sort -rn | head -10
