#!/bin/sh
# guarded.sh BUILD: every POST of a page carries the form's own token; protocol endpoints authenticate their client or
# answer with a redirect to themselves instead (an app's SAML form comes without our cookies anyway).
set -eu
"$1/lanyard" routes | awk '
	$1 == "POST" && $2 !~ "^/(oauth2|saml|federation)/" && !/form-token/ { print "no form token: " $1 " " $2; bad = 1 }
	$2 ~ "^/(login/.|consent)" && !/flow/ && $1 == "POST" { print "not bound to a flow: " $1 " " $2; bad = 1 }
	{ rows++ }
	END { if (rows < 20) { print "only " rows " routes"; bad = 1 } exit bad }'
