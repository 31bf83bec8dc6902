#!/bin/sh
# embed.sh NAME FILE...: prints a C file with the files' bytes as `const struct embedded NAME_files[]`.
set -eu
name=$1; shift
cat <<H
/* generated from the files named below */
#include "base/embedded.h"
H
i=0
for f in "$@"; do
	printf 'static const unsigned char data_%d[] = {\n' "$i"
	od -An -v -tu1 "$f" | sed 's/[0-9][0-9]*/&,/g'
	printf '0 };\n'
	i=$((i + 1))
done
printf 'const struct embedded %s_files[] = {\n' "$name"
i=0
for f in "$@"; do
	printf '\t{ "%s", data_%d, sizeof data_%d - 1 },\n' "$(basename "$f")" "$i" "$i"
	i=$((i + 1))
done
printf '\t{ 0, 0, 0 },\n};\n'
