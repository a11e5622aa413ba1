#!/bin/sh
# The scripts of the .apk under busybox's ash, the shell of OpenWrt, with doubles of OpenWrt's functions and of the service.
set -eu
cd "$(dirname "$0")/../.."

. tests/tap.sh
command -v busybox >/dev/null || { echo '1..0 # SKIP no busybox'; exit 0; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM HUP
mkdir -p "$tmp/lib" "$tmp/init.d"
cat >"$tmp/lib/functions.sh" <<'FUNCTIONS'
default_postinst() { echo "postinst of $pkgname in ${root##*/} with $#${PKG_UPGRADE:+, an upgrade}"; }
default_prerm() { echo "prerm of $pkgname in ${root##*/} with $#"; }
FUNCTIONS
cat >"$tmp/init.d/kedge" <<'SERVICE'
#!/bin/sh
case $1 in
running) [ "$RUNS" = yes ] ;;
*) echo "service: $1" ;;
esac
SERVICE
chmod 755 "$tmp/init.d/kedge"
# apk runs them at the root of what it installs into; here the service is the double
said() {
	sed -e "s|/etc/init\.d/|$tmp/init.d/|" -e "s|\"\$root/lib|\"${LIVE:-\$root}/lib|" "packaging/apk/scripts/$1" >"$tmp/script"
	shift
	env "$@" busybox ash "$tmp/script" 2>&1 || echo "exit $?"
}
at=${tmp##*/}
same "$(said post-install IPKG_INSTROOT="$tmp")" "postinst of kedge in $at with 0" "installed, it goes OpenWrt's own way"
same "$(said post-install IPKG_INSTROOT="$tmp" IPKG_NO_SCRIPT=1)" '' 'unless no script is to do anything'
same "$(said post-install IPKG_INSTROOT="$tmp/none")" '' "without OpenWrt's functions nothing is done"
same "$(said pre-deinstall IPKG_INSTROOT="$tmp")" "prerm of kedge in $at with 0" 'before the removal, too'
same "$(said pre-deinstall IPKG_INSTROOT="$tmp/none")" '' 'and nothing without those'
same "$(LIVE=$tmp said post-upgrade RUNS=yes)" "postinst of kedge in  with 0, an upgrade
service: restart" 'an upgrade is an installation, and starts what runs anew'
same "$(LIVE=$tmp said post-upgrade RUNS=no)" 'postinst of kedge in  with 0, an upgrade' 'what was stopped is left to OpenWrt'
same "$(said post-upgrade RUNS=yes IPKG_INSTROOT="$tmp")" "postinst of kedge in $at with 0, an upgrade" 'in an image that is being built nothing is started'
same "$(cd packaging/apk/scripts && echo *)" 'post-install post-upgrade pre-deinstall' 'all of them are packed'
plan
