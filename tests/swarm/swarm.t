#!/bin/sh
# swarm.t [SEED0 [SEEDS [SECONDS [trace]]]]: the modelled world, as TAP, and its figures. Without arguments what
# make test runs: the same seeds each time, and no seed begun after 85 seconds.
cd "$(dirname "$0")/../.." || exit 1
if [ $# = 0 ]; then
	set -- 1 1500 85
fi
if [ "${4-}" = trace ]; then
	exec build/swarm "$@"
fi
tap=build/swarm.tap.$$
trap 'rm -f $tap' EXIT
build/swarm "$@" >$tap
status=$?
cat $tap
# shellcheck disable=SC2046 # words on purpose
tests/figures $(sed -n 's/^# figures //p' $tap)
exit $status
