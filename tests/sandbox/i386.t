#!/bin/sh
# The sandbox of a 32-bit program on x86, which the i386 variant does not try: its sanitizers leave seccomp out.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
[ "$(uname -m)" = x86_64 ] || { echo "1..0 # SKIP no x86 here"; exit 0; }
gcc -m32 -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -idirafter /usr/include/x86_64-linux-gnu -std=c11 -D_POSIX_C_SOURCE=200809L -O1 -I. \
	-o "$dir/t_sandbox" tests/unit/t_sandbox.c platform/sandbox.c platform/packet.c platform/file.c agent/base/err.c \
	agent/base/packed.c agent/base/str.c -lpthread
ok $? "it compiles without sanitizers"
"$dir/t_sandbox" >"$dir/said" 2>&1
code=$?
[ $code != 126 ] || { echo "ok 2 - # SKIP this kernel runs no 32-bit x86 program"; echo "1..2"; exit 0; }
grep -E '^(not ok|#)' "$dir/said" | sed 's/^/# /'
[ $code = 0 ] && ! grep -q '# SKIP' "$dir/said"
ok $? "all $(grep -c '^ok' "$dir/said") rows hold, and none is left out"
plan
