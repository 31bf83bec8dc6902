#!/usr/bin/env bash
# fuzz.sh replay|search SECONDS [WORD]: replays each target's corpus (gcc, ASan+UBSan), or searches with libFuzzer.
set -euo pipefail
cd "$(dirname "$0")/../.."
how=$1 seconds=$2 word=${3:-}
if [ "$how" = replay ]; then
	make -s -j"$(nproc)" MODE=asan BUILD=build-asan fuzz-programs
	where=build-asan/fuzz
else
	make -s -j"$(nproc)" MODE=fuzz BUILD=build-fuzz CC=clang fuzz-programs
	where=build-fuzz/fuzz
fi
n=0
for program in "$where"/fuzz_*; do
	[[ $program == *.d || $program == *.o ]] && continue
	name=${program##*/fuzz_}
	[ -n "$word" ] && [[ $name != *"$word"* ]] && continue
	corpus=tests/fuzz/corpus/$name
	[ -n "$(ls -A "$corpus" 2>/dev/null)" ] || { echo "fuzz_$name has no corpus" >&2; exit 1; }
	if [ "$how" = replay ]; then "$program" "$corpus"/*; else "$program" -max_total_time="$seconds" -max_len=20000 "$corpus"; fi
	n=$((n + 1))
done
echo "$n fuzz targets"
[ "$n" -gt 0 ]
