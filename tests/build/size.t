#!/bin/sh
# The budgets of packaging/budget hold for every binary built, and an overrun is an error.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# a small project of its own: the script, the figures' tool, a budget of 10 bytes
mkdir -p "$dir/packaging" "$dir/tests" "$dir/build/amd64"
cp packaging/size "$dir/packaging/"
cp tests/figures "$dir/tests/"
echo 'binary_bytes_amd64 10' >"$dir/packaging/budget"

"$dir/packaging/size" >/dev/null 2>&1 && rm "$dir/build/amd64/kedge" 2>/dev/null
[ ! -f "$dir/build/figures.json" ]
ok $? "nothing built: nothing measured"
printf 1234567890 >"$dir/build/amd64/kedge"
"$dir/packaging/size" >/dev/null
ok $? "exactly the budget passes"
printf 12345678901 >"$dir/build/amd64/kedge"
! "$dir/packaging/size" >"$dir/out"
ok $? "one byte more fails"
grep -q 'binary_bytes_amd64 .*11 .*10.*OVER BUDGET' "$dir/out"
ok $? "... and says what"
echo 'binary_bytes_amd64 11' >"$dir/packaging/budget"
"$dir/packaging/size" >/dev/null && [ "$("$dir/tests/figures")" = binary_bytes_amd64=11 ]
ok $? "a wider budget passes, and the figure is kept"
"$dir/tests/figures" swarm_seeds=200 && [ "$("$dir/tests/figures" | grep -c =)" = 2 ]
ok $? "figures are merged, not replaced"

got=$(packaging/size)
ok $? "the binaries built here keep their budgets"
echo "$got" | sed 's/^/# /'
plan
