#!/usr/bin/env bash
# fuzz.sh replay 0 [WORD]: runs each target over its corpus (gcc, ASan+UBSan).
# fuzz.sh search SECONDS [WORD]: searches with libFuzzer; what it finds stays in the build folder.
# fuzz.sh keep 0 [WORD]: adds from that what reaches new code to the corpus: small files, and few.
set -euo pipefail
cd "$(dirname "$0")/../.."
how=$1 seconds=$2 word=${3:-}
most_files=40 most_bytes=4095

case $how in
replay)
	build=${FUZZ_BUILD:-build-asan}
	make -s -j"$(nproc)" MODE=asan BUILD="$build" fuzz-programs
	;;
search | keep)
	build=${FUZZ_BUILD:-build-fuzz}
	make -s -j"$(nproc)" MODE=fuzz BUILD="$build" CC=clang fuzz-programs
	;;
*)
	echo "usage: fuzz.sh replay|search|keep SECONDS [WORD]" >&2
	exit 2
	;;
esac

# The input that breaks an oracle is beside the program: PROGRAM-crash-..., to be replayed by its name.
search() { # PROGRAM NAME
	mkdir -p "$build/found/$2"
	"$1" -max_total_time="$seconds" -max_len=20000 -timeout=20 -print_final_stats=1 -artifact_prefix="$1-" \
		"$build/found/$2" "tests/fuzz/corpus/$2" 2>"$1.log" || { tail -60 "$1.log" >&2; return 1; }
	sed -n 's/^stat::number_of_executed_units: */fuzz_'"$2"': inputs tried: /p' "$1.log"
}

# A merge into a copy of the corpus adds the smallest files that reach something new.
keep() { # PROGRAM NAME
	local corpus=tests/fuzz/corpus/$2 news room file
	[ -d "$build/found/$2" ] || return 0
	news=$(mktemp -d)
	cp "$corpus"/* "$news"
	"$1" -merge=1 -max_len="$most_bytes" "$news" "$build/found/$2" 2>"$1.log"
	(cd "$corpus" && for file in *; do rm "$news/$file"; done)
	room=$((most_files - $(find "$corpus" -type f | wc -l)))
	# When there are more than there is room for: some of each size.
	for file in $(find "$news" -type f -size -"$((most_bytes + 1))"c -printf '%s %f\n' | sort -n |
		awk -v room="$room" '{ name[NR] = $2 } END { for (i = 0; i < room && i < NR; i++) print name[int(i * (NR > room ? NR / room : 1)) + 1] }'); do
		cp "$news/$file" "$corpus/found-${file:0:12}"
	done
	rm -r "$news"
}

n=0
for program in "$build"/fuzz/fuzz_*; do
	name=${program##*/fuzz_}
	[[ $name == *[.-]* ]] && continue
	[ -n "$word" ] && [[ $name != *"$word"* ]] && continue
	[ -n "$(ls -A "tests/fuzz/corpus/$name" 2>/dev/null)" ] || { echo "fuzz_$name has no corpus" >&2; exit 1; }
	case $how in
	replay) "$program" "tests/fuzz/corpus/$name"/* ;;
	*) "$how" "$program" "$name" ;;
	esac
	n=$((n + 1))
done
echo "$n fuzz targets"
[ "$n" -gt 0 ]
