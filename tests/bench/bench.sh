#!/usr/bin/env bash
# bench.sh: builds, starts a private PostgreSQL, measures; prints a table per store.
# BENCH_SECONDS (4) for each figure, BENCH_LOGINS (600), BENCH_SIGN_INS (0: so many in a row, and the memory after them),
# BENCH_ONLY (words of figures, all), STORIES_STORES, BUILD.
set -euo pipefail
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
export LANYARD_BUILD=$BUILD
make --no-print-directory BUILD="$BUILD" -j"$(nproc)" all >/dev/null
mkdir -p "$BUILD/bench"
for tool in hello argon commits lasso; do
	gcc -O2 -std=gnu17 -D_GNU_SOURCE -Wall -Wextra $(pkg-config --cflags lasso) -o "$BUILD/bench/$tool" "tests/bench/$tool.c" \
		$(pkg-config --libs libmicrohttpd libargon2 sqlite3 lasso gobject-2.0) -lpthread
done
# pgbench comes with the server's package, beside initdb.
for dir in /usr/lib/postgresql/*/bin; do [ -x "$dir/pgbench" ] && PATH=$PATH:$dir; done
export PATH
scratch=$(mktemp -d)
trap 'sh tests/kit/postgres.sh stop "$scratch/pg" >/dev/null 2>&1; rm -rf "$scratch"' EXIT
LANYARD_TEST_POSTGRESQL=$(sh tests/kit/postgres.sh start "$scratch/pg")
export LANYARD_TEST_POSTGRESQL
sh tests/kit/node.sh tests/bench/bench.mjs "$@"
