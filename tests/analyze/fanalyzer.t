#!/bin/sh
# gcc -fanalyzer over all that is shipped, file by file: leaks, uses after free, NULL and unset values, along every path.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
unset MAKEFLAGS MFLAGS MAKELEVEL
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
analyze() { # [FILES=...]
	make -k -j"$(nproc)" -f tests/analyze/analyze.mk fanalyzer "$@" >"$dir/out" 2>&1
}

cat >"$dir/bad.c" <<'PLANTED'
#include <stdlib.h>
void use(int *p);
int f(int n);
int f(int n)
{
	int *p = malloc(sizeof(*p));

	if (p == NULL)
		return 1;
	use(p);
	free(p);
	if (n > 0)
		free(p);
	return 0;
}
PLANTED
! analyze FILES="$dir/bad.c"
same "$?/$(grep -c '^[^#]*error:.*Wanalyzer-double-free\|error:.*=analyzer-double-free' "$dir/out")" 0/1 "a planted double free is found"
analyze
ok $? "gcc -fanalyzer finds nothing in agent and platform"
grep -v '^make' "$dir/out" | sed 's/^/# /'
plan
