#!/usr/bin/env bash
# tsan-load.sh BUILD: the server of that build under load from many connections; any report of its sanitizer fails.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1
export TSAN_OPTIONS="halt_on_error=0 exitcode=66 suppressions=$PWD/tests/kit/tsan.supp"
export G_SLICE=always-malloc
LANYARD_BUILD=$build exec sh tests/kit/node.sh tests/kit/tsan-load.mjs
