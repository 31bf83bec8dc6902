#!/bin/sh
# words.sh: refuses words that promise later work, functions that base.h poisons, SQL built by printing,
# paths of one machine, and registry addresses in lock files. Each line printed is one offence.
set -eu
cd "$(dirname "$0")/../.."
offences=$(mktemp)
trap 'rm -f "$offences"' EXIT

tracked() { git ls-files -co --exclude-standard -- "$@" | grep -vE '^(tests/lint/words\.sh|tests/fuzz/corpus/)' || :; }
code() { tracked '*.c' '*.h' '*.sql' '*.html' '*.ts' '*.tsx' '*.mjs' '*.sh' Makefile; }
# base.h names what it poisons; sources without it (tools, examples) are held to it here.
c_code() { tracked '*.c' '*.h' | grep -v '^idp/base/base\.h$'; }
server_code() { c_code | grep -v '^tests/'; }
lock_files() { tracked '*package-lock.json' '*npm-shrinkwrap.json' '*.npmrc'; }

# refuse WHAT FILES PATTERN. xargs hides why grep failed, so that the pattern is tried alone first (1: no match).
refuse() {
	printf '' | grep -qE -e "$3" || [ $? -eq 1 ]
	$2 | xargs -r -d '\n' grep -nIHE -e "$3" 2>/dev/null | sed "s|\$|   <- $1|" >> "$offences" || :
}

refuse 'promises later work' code \
	'\b(TODO|FIXME|XXX|HACK)\b|[Nn]ot (yet )?implemented|[Uu]nimplemented|\bfor now\b|[Cc]oming soon|\b[Ss]tub(bed)?\b'
refuse 'an unsafe function' c_code \
	'\b(strcpy|strcat|stpcpy|sprintf|vsprintf|strtok|atoi|atol|atoll|gmtime|localtime|asctime|ctime|rand|srand|random|mktemp|tmpnam|system|alloca|gets)[[:space:]]*\('
# A statement is a constant with $n parameters; text never becomes part of it.
refuse 'SQL built by printing' server_code \
	'(print|printf|buf_text|buf_add)\(.*"[^"]*\b(SELECT .*FROM|INSERT INTO|UPDATE .*SET|DELETE FROM)\b'
refuse 'SQL built by printing' server_code '"[^"]*\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WHERE|VALUES) [^"]*%[-0-9.*]*[sdluzcx]'
refuse 'a path of one machine' 'tracked .' '(^|[^A-Za-z0-9_.$/-])/(home|root|Users|work|mnt)/[A-Za-z0-9_.-]+'
# npm can note where a package came from; a lock file with addresses ties the build to one registry.
refuse 'a registry address' lock_files '"resolved"|registry[[:space:]]*=|https?://[^"]*(registry|npm\.|artifact|nexus|proxy)'

cat "$offences"
[ ! -s "$offences" ]
