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
cat <<'T'

# Why a SAML message is refused

The reason of the event `saml.request.deny`, and the beginning of the log line's reason. The person reads the error beside it.

| reason | error | what it was |
|---|---|---|
T
sed -n 's/^WORD([A-Z_0-9]*, "\([a-z_0-9]*\)", \([A-Z_]*\), "\(.*\)")$/\1|\2|\3/p' saml/words.def |
while IFS='|' read -r word error meaning; do
	printf '| `%s` | `%s` | %s |\n' "$word" "$(printf %s "$error" | tr A-Z a-z)" "$meaning"
done
