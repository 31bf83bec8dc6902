#!/bin/sh
# errors-page.sh: docs/reference/errors.md from errors.def.
cat <<'T'
# Errors

Each has a stable word (`code` in JSON answers, `code#error-code` on pages), a status, and where a standard names one,
its error word.

| word | status | protocol word | what the caller reads | written in |
|---|---|---|---|---|
T
sed -n 's/^ERR(\([A-Z_]*\), \([0-9]*\), \(NULL\|"[^"]*"\), "\(.*\)", "\([^"]*\)")$/\1|\2|\3|\4|\5/p' idp/base/errors.def |
while IFS='|' read -r name status oauth text where; do
	printf '| `%s` | %s | %s | %s | %s |\n' "$(printf %s "$name" | tr A-Z a-z)" "$status" "$(printf %s "$oauth" | tr -d '"' | sed 's/NULL//')" "$text" "$where"
done
