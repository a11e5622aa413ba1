#!/bin/sh
# What the committed corpus alone reaches of agent/wire: at least 95 % of its lines, so that a fuzzer begins behind every door.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
out=build/fuzz-coverage
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -j"$(nproc)" -f tests/fuzz/coverage.mk OUT=$out all >&2
ok $? "the targets compile with counters"
find $out -name '*.gcda' -exec rm -f {} +
failed=
for corpus in tests/fuzz/corpus/*; do
	$out/"${corpus##*/}" "$corpus" >/dev/null 2>$out/"${corpus##*/}".log || failed="$failed ${corpus##*/}"
done
same "$failed" "" "each takes its corpus"
tests/coverage/report.py $out agent/wire 95 0 corpus_wire >$out/report 2>&1
ok $? "$(grep '^together' $out/report | sed 's/  */ /g')"
grep '^coverage:' $out/report | sed 's/^/# /'
plan
