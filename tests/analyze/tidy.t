#!/bin/sh
# clang-tidy with the checks of .clang-tidy over all that is shipped.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
unset MAKEFLAGS MFLAGS MAKELEVEL
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tidy() { # [FILES=...]
	make -k -j"$(nproc)" -f tests/analyze/analyze.mk tidy "$@" >"$dir/out" 2>&1
}

printf 'int f(int n);\nint f(int n) { if (n > 0); { n = 7; } return n; }\n' >"$dir/bad.c"
cp .clang-tidy "$dir"
! tidy FILES="$dir/bad.c"
same "$?/$(grep -c 'bugprone-suspicious-semicolon' "$dir/out")" 0/1 "a planted semicolon behind an if is found"
tidy
ok $? "clang-tidy finds nothing in agent and platform"
grep -v '^make' "$dir/out" | sed 's/^/# /'
plan
