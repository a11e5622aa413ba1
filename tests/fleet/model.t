#!/bin/sh
# model.t: fleets of the modelled world with the real core, as TAP, and their figures: ten thousand nodes, and with NODES of a
# thousand or more in the environment, or by argument, a hundred thousand, which takes minutes and gigabytes.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC2046 # words on purpose
[ $# != 0 ] || set -- 10000 $([ "${NODES:-50}" -lt 1000 ] || echo 100000 100000/100)
tap=build/fleet.tap.$$
trap 'rm -f $tap' EXIT
build/fleet-model "$@" >$tap
status=$?
cat $tap
# shellcheck disable=SC2046 # words on purpose
tests/figures $(sed -n 's/^# figures //p' $tap)
exit $status
