#!/bin/sh
# cppcheck over all that is shipped: errors, warnings, portability and performance. What is wrong about a finding stands in
# tests/analyze/suppressions, and an entry that no longer suppresses anything fails as well.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

check() { # FILE...
	cppcheck -q -j2 --std=c11 --enable=warning,portability,performance --error-exitcode=1 -I. \
		--include=tests/analyze/cppcheck.h --template='{file}:{line}: {id}: {message}' "$@" >"$dir/out" 2>&1
}

echo 'int f(int n) { int a[3] = { 0, 0, 0 }; if (n > 0) return a[3]; return 0; }' >"$dir/bad.c"
check "$dir/bad.c"
same "$?/$(grep -c arrayIndexOutOfBounds "$dir/out")" "1/1" "a planted read past an array is found"
check --suppressions-list=tests/analyze/suppressions agent platform
ok $? "cppcheck finds nothing in agent and platform"
sed 's/^/# /' "$dir/out"
check $(sed -n 's/^[^#:]*:\(.*\)/\1/p' tests/analyze/suppressions)
for row in $(grep -v '^#' tests/analyze/suppressions); do
	grep -q "^${row#*:}:[0-9]*: ${row%%:*}:" "$dir/out"
	ok $? "$row is still said, so that it has to be suppressed"
done
plan
