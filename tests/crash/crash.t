#!/bin/sh
# every step, and some of the bytes of each write, under the sanitizers; make crash cuts at all of them
cd "$(dirname "$0")/../.." || exit 1
exec tests/crash/run build/glibc-san/crash --every 151
