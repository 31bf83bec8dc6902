#!/bin/sh
# npm.sh: the JavaScript that the stories use, exactly as locked. Node itself is one of the packages.
set -eu
cd "$(dirname "$0")/.."
stamp=node_modules/.lanyard-stamp
[ -f "$stamp" ] && [ "$stamp" -nt package-lock.json ] && exit 0
npm ci --no-audit --no-fund
touch "$stamp"
