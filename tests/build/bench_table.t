#!/bin/sh
# README's figures are those of the last bench that was taken in, to the letter, and its results make a chart.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tests/bench/table --check >"$work/said" 2>&1
ok $? "README's table is what tests/bench/table makes of tests/bench/results.json"
tests/bench/chart tests/bench/results.json "$work/bench.svg" >"$work/said" 2>&1 &&
	python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$work/bench.svg" >>"$work/said" 2>&1
ok $? "and the chart of it is well-formed"
! grep -q 'href=\|url(\|<script' "$work/bench.svg"
ok $? "and needs nothing from outside"
sed "s/^/# /" "$work/said"
plan
