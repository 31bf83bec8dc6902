#!/bin/sh
# run-demo.sh BUILD: Lanyard with the demo clinic and the demo app, on this machine alone; data stays in var/.
set -eu
build=$1
mkdir -p var
chmod 700 var

"$build/lanyard" serve &
server=$!
app=
stop() {
	trap - INT TERM EXIT
	[ -n "$app" ] && kill "$app" 2>/dev/null || true
	kill "$server" 2>/dev/null || true
	wait 2>/dev/null || true
}
trap 'stop; exit 0' INT TERM
trap stop EXIT

tries=0
until "$build/lanyard" apply -f docs/examples/demo.yaml --quiet 2>var/apply.log; do
	kill -0 "$server" 2>/dev/null || exit 1
	tries=$((tries + 1))
	if [ "$tries" -ge 50 ]; then
		cat var/apply.log >&2
		exit 1
	fi
	sleep 0.2
done

"$build/relying-app" --issuer http://localhost:8080 --client-id demo --secret-file docs/examples/demo-secret &
app=$!

cat <<'TEXT'

Lanyard runs.
  Sign in to the demo app   http://localhost:8081/
  Lanyard itself            http://localhost:8080/
  As a provider who also manages another location
                            ada@northside.example   lantern-harbor-violet-58
  Everyone else: docs/examples/README.md          Stop with Ctrl-C; the data stays in var/.

TEXT
wait "$server"
