#!/bin/sh
# the corpus through each target under gcc, then a few seconds of libFuzzer, 75 for all; make fuzz FUZZ_S=N takes longer
cd "$(dirname "$0")/../.." || exit 1
targets=$(cd tests/fuzz/corpus && echo *)
n=0
bad=0
for target in $targets; do
	n=$((n + 1))
	if build/glibc-san/fuzz_"$target" tests/fuzz/corpus/"$target" >/dev/null 2>build/fuzz/"$target"-gcc.log; then
		echo "ok $n - $target: its corpus under gcc"
	else
		echo "not ok $n - $target: its corpus under gcc"
		bad=1
	fi
done
# shellcheck disable=SC2086 # a list of targets
out=$(tests/fuzz/run $((n > 37 ? 2 : 75 / n)) $targets) || bad=1
echo "$out" | grep -v '^1\.\.' | awk -v n=$n '/^(not )?ok/ { sub(/ok [0-9]+/, "ok " ++n) } { print }'
echo "1..$((n + n))"
exit $bad
