#!/bin/sh
# unpacked.sh NAME PACKAGE...   Debian's packages for this machine unpacked in a folder of their own, made once; nothing is
# installed, and nothing of them is started. Prints where they are.
set -eu
umask 022
dir=$PWD/build/root/$1
shift

if [ ! -e "$dir/.made-of-$*" ]; then
	rm -rf "$dir" "$dir.new"
	# Debian's folders of programs are links into /usr, which tar is to follow
	mkdir -p "$dir.new/usr/bin" "$dir.new/usr/sbin" "$dir.new/usr/lib"
	ln -s usr/bin usr/sbin usr/lib "$dir.new/"
	# stale lists are the usual reason of a failure, so look once without and once with fresh ones
	(cd "$dir.new" && { apt-get download "$@" >apt.log 2>&1 ||
		{ apt-get update -qq && apt-get download "$@"; } >apt.log 2>&1; }) || {
		cat "$dir.new/apt.log" >&2
		exit 1
	}
	for deb in "$dir.new"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$dir.new"
		rm "$deb"
	done
	touch "$dir.new/.made-of-$*"
	mv "$dir.new" "$dir"
fi
echo "$dir"
