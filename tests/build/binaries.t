#!/bin/sh
# Each CPU's binary that is built here starts (a foreign one under qemu-user), says what it is, and is static.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

for cpu in amd64 arm64 armhf armv6; do
	kedge=build/$cpu/kedge
	[ -f $kedge ] || continue
	said=$(tests/run-one $kedge version 2>&1)
	case $said in
	"kedge "*"($cpu)") ok 0 "$cpu: $said" ;;
	*) ok 1 "$cpu says: $said" ;;
	esac
	! readelf -lW $kedge | grep -q INTERP
	ok $? "$cpu: no dynamic loader"
	! readelf -dW $kedge | grep -q NEEDED
	ok $? "$cpu: no shared library"
	readelf -hW $kedge | grep -q 'Type: *DYN'
	ok $? "$cpu: position independent"
done
[ $n -gt 0 ] || echo "ok $((n = 1)) # SKIP no binary is built"
plan
