#!/bin/sh
# three of the planted bugs; make mutants plants them all
cd "$(dirname "$0")/../.." || exit 1
exec tests/mutants/run act-before-durable against-a-rollback forget-accepted-release
