#!/bin/sh
# node.sh ARGUMENTS...: runs the Node that the lock file pins (Debian's own is too old for the clients).
here=$(dirname "$0")/..
for arch in x64 arm64; do
	node=$here/node_modules/node-linux-$arch/bin/node
	[ -x "$node" ] && "$node" --version >/dev/null 2>&1 && exec "$node" "$@"
done
echo "node.sh: run make deps-test first" >&2
exit 1
