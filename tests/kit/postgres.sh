#!/bin/sh
# postgres.sh start DIR: starts a private PostgreSQL (unix socket alone) in DIR, prints its address.
# postgres.sh stop DIR: stops it. The data is as durable as in production: fsync stays on.
set -eu
usage() { echo "usage: postgres.sh start|stop DIR" >&2; exit 2; }
[ $# -eq 2 ] || usage
verb=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)

bin=$(command -v initdb 2>/dev/null || ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1 || true)
[ -n "$bin" ] || { echo "postgres.sh: initdb was not found; install postgresql" >&2; exit 1; }
bin=$(dirname "$(readlink -f "$bin")")

# The server refuses to run as root.
as() {
	if [ "$(id -u)" -ne 0 ]; then "$@"
	elif command -v runuser >/dev/null 2>&1; then runuser -u postgres -- "$@"
	else setpriv --reuid postgres --regid postgres --init-groups "$@"; fi
}

# Root's scratch folders are closed to others: then the server lives in one of its own, noted in DIR/at.
elsewhere() {
	[ "$(id -u)" -eq 0 ] || return 0
	if [ ! -f "$dir/at" ]; then
		as test -x "$dir" && return 0
		as mktemp -d /tmp/lanyard-pg-XXXXXX >"$dir/at"
	fi
	dir=$(cat "$dir/at")
}

start() {
	if [ ! -f "$dir/data/PG_VERSION" ]; then
		[ "$(id -u)" -ne 0 ] || chown postgres "$dir"
		as "$bin/initdb" -D "$dir/data" -U lanyard -A trust -E UTF8 --no-locale -N >"$dir/initdb.log" 2>&1 || {
			cat "$dir/initdb.log" >&2
			exit 1
		}
		as tee -a "$dir/data/postgresql.conf" >/dev/null <<-CONF
			listen_addresses = ''
			unix_socket_directories = '$dir'
			port = 5432
			max_connections = 200
			fsync = on
			shared_buffers = 64MB
			logging_collector = off
		CONF
	fi
	as "$bin/pg_ctl" -D "$dir/data" status >/dev/null ||
		as "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 60 start >/dev/null || {
		cat "$dir/server.log" >&2
		exit 1
	}
	chmod 711 "$dir"
	# A plain role owns the database, as in a real installation: no superuser, but it may make roles.
	as "$bin/psql" -q -v ON_ERROR_STOP=1 -h "$dir" -U lanyard postgres >/dev/null <<-'SQL'
		SELECT 'CREATE ROLE clinic LOGIN CREATEROLE CREATEDB' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'clinic') \gexec
		SELECT 'CREATE DATABASE clinic OWNER clinic' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'clinic') \gexec
	SQL
	echo "postgresql://clinic@/clinic?host=$dir"
}

stop() {
	as "$bin/pg_ctl" -D "$dir/data" -m fast -w stop >/dev/null
	[ "$dir" = "$given" ] || rm -rf "$dir" "$given/at"
}

given=$dir
elsewhere
cd "$dir"
case $verb in
start) start ;;
stop) stop ;;
*) usage ;;
esac
