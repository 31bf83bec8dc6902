#!/usr/bin/env bash
# bench.sh: builds, starts a private PostgreSQL, measures; prints a table per store. BENCH_SECONDS, BENCH_LOGINS.
set -euo pipefail
cd "$(dirname "$0")/../.."
make --no-print-directory -j"$(nproc)" all >/dev/null
mkdir -p build/bench
for tool in hello argon commits; do
	gcc -O2 -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -o build/bench/$tool tests/bench/$tool.c $(pkg-config --libs libmicrohttpd libargon2 sqlite3) -lpthread
done
scratch=$(mktemp -d)
trap 'sh tests/kit/postgres.sh stop "$scratch/pg" >/dev/null 2>&1; rm -rf "$scratch"' EXIT
LANYARD_TEST_POSTGRESQL=$(sh tests/kit/postgres.sh start "$scratch/pg")
export LANYARD_TEST_POSTGRESQL
sh tests/kit/node.sh tests/bench/bench.mjs "$@"
