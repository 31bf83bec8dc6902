#!/bin/sh
# run-unit.sh PROGRAM...: runs cmocka programs, prints what failed, closes with the counts.
passed=0; failed=0
for p in "$@"; do
	out=$("$p" 2>&1); rc=$?
	ok=$(printf '%s\n' "$out" | grep -c '^\[       OK \]')
	bad=$(printf '%s\n' "$out" | grep -c '^\[  FAILED  \] [a-z]' )
	if [ $rc -ne 0 ]; then
		printf '%s\n' "--- $p" "$out"
		[ "$bad" -eq 0 ] && bad=1 || bad=$((bad / 1))
	fi
	passed=$((passed + ok)); [ $rc -ne 0 ] && failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
