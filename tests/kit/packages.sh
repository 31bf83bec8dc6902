#!/bin/sh
# packages.sh "APT COMMAND" PACKAGE...: installs those Debian packages that are missing; says nothing when none is.
set -eu
apt=$1; shift
missing=
for p in "$@"; do
	dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
echo "installing:$missing"
# A package list from today is good enough; an empty or older one is fetched.
if ! $apt install -y --no-install-recommends $missing; then
	$apt update
	$apt install -y --no-install-recommends $missing
fi
