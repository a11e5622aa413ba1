#!/bin/sh
# root.sh - a small Debian with systemd in a folder of its own, made once (as root) and never changed: whoever boots it lays his
# changes over it. Prints where it is.
set -eu
root=${ROOT_DIR:-build/root/debian}
packages=systemd,systemd-sysv,dbus

. /etc/os-release
# the machine's own mirror, by what its apt is configured with
mirror=$(apt-get indextargets --format '$(CODENAME) $(ORIGIN) $(REPO_URI)' 2>/dev/null |
	awk -v name="$VERSION_CODENAME" '$1 == name && $2 == "Debian" { print $3; exit }')
[ -n "$mirror" ] || { echo "root.sh: apt knows no mirror of Debian $VERSION_CODENAME" >&2; exit 1; }

if [ ! -e "$root/.made-of-$packages" ]; then
	rm -rf "$root" "$root.new"
	mkdir -p "$(dirname "$root")"
	debootstrap --variant=minbase --include="$packages" "$VERSION_CODENAME" "$root.new" "$mirror" >"$root.log" 2>&1 ||
		{ tail -20 "$root.log" >&2; exit 1; }
	# nothing in it is to reach for a network, or to ask who it is
	rm -f "$root.new/etc/machine-id" && echo uninitialized >"$root.new/etc/machine-id"
	rm -f "$root.new"/var/cache/apt/archives/*.deb "$root.new/etc/systemd/system/multi-user.target.wants/"*network*
	touch "$root.new/.made-of-$packages"
	mv "$root.new" "$root"
fi
echo "$root"
