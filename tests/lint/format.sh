#!/bin/sh
# format.sh [FILE...]: every C file is as clang-format leaves it.
set -eu
[ $# -gt 0 ] || set -- $(git ls-files -co --exclude-standard '*.c' '*.h')
clang-format --dry-run -Werror "$@"
