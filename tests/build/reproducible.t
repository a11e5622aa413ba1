#!/bin/sh
# Two clones in different directories give the same bytes: for this machine's CPU the whole build
# again (musl and libraries too), with the downloads shared.
cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

case $(uname -m) in
x86_64) cpu=amd64 ;;
aarch64) cpu=arm64 ;;
armv7l) cpu=armhf ;;
armv6l) cpu=armv6 ;;
esac
if [ ! -f build/$cpu/kedge ]; then
	echo "1..1"
	echo "not ok 1 - build/$cpu/kedge is there to compare with"
	exit 1
fi
here=$PWD
epoch=$(cut -d' ' -f2 build/$cpu/version)
mkdir -p "$dir/another/place"
tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C "$dir/another/place"
cd "$dir/another/place" || exit 1
echo "1..2"
if env -u MAKEFLAGS -u MAKELEVEL SOURCE_DATE_EPOCH="$epoch" KEDGE_DL="$here/build/dl" make CPU=$cpu >"$dir/log" 2>&1; then
	echo "ok 1 - builds in another directory"
else
	echo "not ok 1 - builds in another directory"
	tail -n 20 "$dir/log" | sed 's/^/#   /'
	exit 1
fi
cmp "$here/build/$cpu/kedge" build/$cpu/kedge >"$dir/cmp" 2>&1 && echo "ok 2 - the same bytes" || {
	echo "not ok 2 - the same bytes"
	sed 's/^/#   /' "$dir/cmp"
}
