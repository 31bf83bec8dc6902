#!/usr/bin/env bash
# test.sh [--quick] [--asan] [--tsan] [--valgrind] [--soak] [--store sqlite|postgresql] [--match WORD]
# Builds and runs tests; counts them all; ends with "N passed, N failed" and fails when something failed.
# Without a mode: everything that CI runs.
set -uo pipefail
cd "$(dirname "$0")/../.."

mode=all match= store=
while [ $# -gt 0 ]; do
	case $1 in
	--quick|--asan|--tsan|--valgrind|--soak) mode=${1#--} ;;
	--store) store=$2; shift ;;
	--match) match=$2; shift ;;
	*) echo "test.sh: unknown argument $1" >&2; exit 2 ;;
	esac
	shift
done

passed=0 failed=0
count() { passed=$((passed + $1)); failed=$((failed + $2)); }
began=$(date +%s)
step() { printf '\n== %s (at %d s)\n' "$*" $(($(date +%s) - began)); }
scratch=$(mktemp -d)
jobs=$(nproc)
export TSAN_OPTIONS="exitcode=66 suppressions=$PWD/tests/kit/tsan.supp"
export G_SLICE=always-malloc # what glib keeps for later, sanitizers and memcheck cannot see

# A private PostgreSQL for the whole run; it must be there unless only SQLite was asked for.
pg=
finish() { [ -n "$pg" ] && sh tests/kit/postgres.sh stop "$pg" >/dev/null 2>&1; rm -rf "$scratch"; }
trap finish EXIT
start_postgres() {
	[ "$store" = sqlite ] && { export STORIES_STORES=sqlite; return; }
	[ -n "$store" ] && export STORIES_STORES=$store
	pg=$scratch/pg
	LANYARD_TEST_POSTGRESQL=$(sh tests/kit/postgres.sh start "$pg") || { echo "PostgreSQL did not start" >&2; count 0 1; return; }
	export LANYARD_TEST_POSTGRESQL LANYARD_TEST_REQUIRE_POSTGRESQL=1
}

# Runs a command that is one check.
check() {
	local name=$1; shift
	[ -n "$match" ] && [[ $name != *"$match"* ]] && return
	if "$@" >"$scratch/check.log" 2>&1; then count 1 0; else count 0 1; echo "FAILED: $name"; tail -60 "$scratch/check.log"; fi
}

build() { # MODE BUILD TARGET...
	local how=$1 where=$2; shift 2
	if ! make --no-print-directory -j"$jobs" MODE="$how" BUILD="$where" "$@" >"$scratch/make.log" 2>&1; then
		tail -60 "$scratch/make.log"; count 0 1; return 1
	fi
}

unit() { # BUILD [prefix command...]: the cmocka programs, two at a time for each core: many wait for a clock or a commit
	local where=$1; shift
	local out=$scratch/unit program rc ok bad
	rm -rf "$out"; mkdir -p "$out"
	find "$where/unit" -type f -perm -u+x -name 'test_*' | sort -r | { if [ -n "$match" ]; then grep -F -- "$match"; else cat; fi; } >"$out/list"
	PREFIX="$*" OUT=$out xargs -a "$out/list" -P $((2 * jobs)) -I{} bash -c \
		'name=$(tr / _ <<<"{}"); timeout "${PROGRAM_SECONDS:-400}" $PREFIX {} >"$OUT/$name.log" 2>&1; echo $? >"$OUT/$name.rc"'
	while read -r program; do
		local name; name=$(tr / _ <<<"$program")
		rc=$(cat "$out/$name.rc")
		ok=$(grep -c '^\[       OK \]' "$out/$name.log"); bad=$(grep -c '^\[  FAILED  \] [a-zA-Z_0-9]*$' "$out/$name.log")
		[ "$rc" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
		[ "$rc" -eq 0 ] && bad=0
		[ "$rc" -ne 0 ] && { echo "FAILED: $program (exit $rc)"; grep -A4 '^\[  ERROR' "$out/$name.log" | head -40; tail -60 "$out/$name.log"; }
		count "$ok" "$bad"
	done <"$out/list"
}

stories() { # BUILD FILE...
	local where=$1; shift
	local files=() f
	for f in "$@"; do [ -n "$match" ] && [[ $f != *"$match"* ]] || files+=("$f"); done
	[ ${#files[@]} -eq 0 ] && return
	LANYARD_BUILD=$where sh tests/kit/node.sh --test --test-concurrency="${CONCURRENCY:-3}" --test-reporter=tap "${files[@]}" >"$scratch/stories.tap" 2>"$scratch/stories.err"
	local ok bad
	ok=$(sed -n 's/^# pass //p' "$scratch/stories.tap"); bad=$(sed -n 's/^# fail //p' "$scratch/stories.tap")
	local cancelled; cancelled=$(sed -n 's/^# cancelled //p' "$scratch/stories.tap")
	bad=$((${bad:-1} + ${cancelled:-0}))
	if [ "$bad" -ne 0 ]; then grep -A45 -E '^ *not ok' "$scratch/stories.tap" | head -300; tail -20 "$scratch/stories.err"; fi
	count "${ok:-0}" "$bad"
}

lint() {
	step lint
	check lint-layers sh tests/lint/layers.sh
	check lint-words sh tests/lint/words.sh
	check lint-provoked sh tests/lint/provoked.sh
	check lint-format sh tests/lint/format.sh
	check lint-guarded sh tests/lint/guarded.sh build
	check lint-docs sh tests/lint/docs.sh check build
}

all_stories=(tests/stories/*.test.mjs)
# What judges pages in a browser says nothing more under a sanitizer, nor do other people's service providers: the same
# pages are drawn, the same messages read and written by the others.
served_stories=() released_stories=()
for story in "${all_stories[@]}"; do
	if [[ $story == *501-accessibility* || $story == *502-hostile-text* || $story == *31[0-9]-* || $story == *330-one-session* ]]; then
		released_stories+=("$story")
	else
		served_stories+=("$story")
	fi
done

case $mode in
quick)
	step build; build release build all $(make -s --no-print-directory unit-list BUILD=build) || { echo "$passed passed, $failed failed"; exit 1; }
	start_postgres
	step unit; unit build
	step stories; stories build "${all_stories[@]}"
	;;
asan)
	export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
	step build; build asan build-asan all $(make -s --no-print-directory unit-list BUILD=build-asan) || { echo "$passed passed, $failed failed"; exit 1; }
	start_postgres
	step "unit under ASan and UBSan"; unit build-asan
	step "stories under ASan and UBSan"; stories build-asan "${all_stories[@]}"
	;;
tsan)
	step build; build tsan build-tsan all $(make -s --no-print-directory unit-list-concurrent BUILD=build-tsan) || { echo "$passed passed, $failed failed"; exit 1; }
	start_postgres
	step "concurrent parts under TSan"; unit build-tsan setarch -R
	step "server under load under TSan"; check tsan-load bash tests/kit/tsan-load.sh build-tsan
	;;
valgrind)
	step build; build release build $(make -s --no-print-directory unit-list BUILD=build) || { echo "$passed passed, $failed failed"; exit 1; }
	# One engine, few rounds and time enough: memcheck is thirty times slower.
	unset LANYARD_TEST_POSTGRESQL; export PROGRAM_SECONDS=900 RACE_ROUNDS=2
	step "unit under memcheck"; unit build valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite
	;;
soak)
	step build; build release build all || { echo "$passed passed, $failed failed"; exit 1; }
	start_postgres
	export SOAK=1 RACE_ROUNDS=100 KILL_ROUNDS=20
	step "every story, full count"; CONCURRENCY=1 stories build "${all_stories[@]}"
	;;
all)
	step build; build release build all $(make -s --no-print-directory unit-list BUILD=build) || { echo "$passed passed, $failed failed"; exit 1; }
	lint
	start_postgres
	# Every story on both engines, once as it is shipped and once under the sanitizers, by turns; those that run in one
	# build alone have both there. A short count of every payload list: make soak runs them whole.
	export STORIES_SHORT=1
	step stories
	RACE_ROUNDS=10 KILL_ROUNDS=5 stories build "${released_stories[@]}"
	STORIES_TURN=0 RACE_ROUNDS=10 KILL_ROUNDS=5 stories build "${served_stories[@]}"
	export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
	step "build under ASan and UBSan"
	if build asan build-asan all $(make -s --no-print-directory unit-list BUILD=build-asan); then
		step "unit under ASan and UBSan"; unit build-asan
		step "stories under ASan and UBSan"; STORIES_TURN=1 stories build-asan "${served_stories[@]}"
	fi
	step "fuzz corpora"; check fuzz-replay bash tests/kit/fuzz.sh replay 0
	step "build under TSan"
	if build tsan build-tsan all $(make -s --no-print-directory unit-list-concurrent BUILD=build-tsan); then
		step "concurrent parts under TSan"; unit build-tsan setarch -R
		step "server under load under TSan"; check tsan-load bash tests/kit/tsan-load.sh build-tsan
	fi
	;;
esac

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
