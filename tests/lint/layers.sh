#!/bin/sh
# layers.sh [FILE...]: every quoted include goes to the same room or one that layers.txt allows.
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- $(find idp oidc saml ldap-bridge -name '*.[ch]' -not -path '*/tools/*' 2>/dev/null | sort)
awk '
FILENAME ~ /layers\.txt$/ {
	if ($0 !~ /^#/ && NF) {
		room[$1] = 1
		for (i = 1; i <= NF; i++)
			may[$1, $i] = 1
	}
	next
}
# The longest known room that the path begins with: idp/http/tools/x.c stands in idp/http.
function room_of(path,  at) {
	while (path != "") {
		at = match(path, /\/[^\/]*$/)
		path = at ? substr(path, 1, at - 1) : ""
		if (path in room)
			return path
	}
	return ""
}
function folder_of(path) { sub(/\/[^\/]*$/, "", path); return path }
function exists(path,  line, found) { found = (getline line < path) >= 0; close(path); return found }
FNR == 1 {
	here = room_of(FILENAME)
	if (here == "") { print FILENAME ": stands in no room of layers.txt"; bad = 1 }
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	inc = part[2]
	if (inc ~ /^(pages|messages)\.h$/) there = "gen"
	else if (inc !~ /\//) there = exists(folder_of(FILENAME) "/" inc) ? here : "idp"
	else if ((there = room_of(inc)) == "") there = room_of("idp/" inc)
	if (there == "") { print FILENAME ":" FNR ": " inc " stands in no room of layers.txt"; bad = 1 }
	else if (there != here && !((here, there) in may)) {
		print FILENAME ":" FNR ": " here " may not include " there " (" inc ")"
		bad = 1
	}
}
END { exit bad }
' tests/lint/layers.txt "$@"
