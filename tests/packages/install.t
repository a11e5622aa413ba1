#!/bin/sh
# make install and uninstall: what they place and with which modes, from sources that cannot be written, into a folder with a
# blank in its name, over what is there; and that every file the pages name is there.
set -eu
cd "$(dirname "$0")/../.."
unset MAKEFLAGS MAKELEVEL MFLAGS         # of the make that runs this test

n=0
ok() {          # ok NAME COMMAND...
	n=$((n + 1)) name=$1
	shift
	if "$@" >"$tmp/said" 2>&1; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/#   /' "$tmp/said"
	fi
}
same() { printf '%s\n' "$1" >"$tmp/got" && printf '%s\n' "$2" | diff "$tmp/got" -; }
edit() { echo '# mine' >>"$1"; }
no() { ! "$@"; }

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM HUP
to="$tmp/a b"
run() { make "$@" DESTDIR="$to"; }
quiet() { run "$@" >"$tmp/out" 2>&1 && [ ! -s "$tmp/out" ] || { cat "$tmp/out"; return 1; }; }
listed() { (cd "$to" && find . -printf '%m %y %p\n' | grep -e ' f ' -e kedge -e hooks.d | LC_ALL=C sort -k 3); }

ok 'it is built' make
umask 077
ok 'install works, and says nothing' quiet install PREFIX=/usr
umask 022
all="755 d ./etc/kedge
755 d ./etc/kedge/hooks.d
644 f ./etc/kedge/kedge.conf
755 f ./usr/bin/kedge
644 f ./usr/lib/systemd/system/kedge.service
644 f ./usr/lib/sysusers.d/kedge.conf
644 f ./usr/lib/tmpfiles.d/kedge.conf
644 f ./usr/share/bash-completion/completions/kedge
755 d ./usr/share/doc/kedge
755 d ./usr/share/doc/kedge/examples
755 d ./usr/share/doc/kedge/examples/alerts
644 f ./usr/share/doc/kedge/examples/alerts/kedge.rules.yml
755 d ./usr/share/doc/kedge/examples/hooks
755 f ./usr/share/doc/kedge/examples/hooks/10-mail
755 f ./usr/share/doc/kedge/examples/hooks/50-confirm-at-night
755 d ./usr/share/doc/kedge/examples/iam
644 f ./usr/share/doc/kedge/examples/iam/README.md
644 f ./usr/share/doc/kedge/examples/iam/actor.json
644 f ./usr/share/doc/kedge/examples/iam/observer.json
644 f ./usr/share/doc/kedge/examples/kedge.conf
755 d ./usr/share/doc/kedge/examples/motd
755 f ./usr/share/doc/kedge/examples/motd/60-kedge
755 d ./usr/share/doc/kedge/examples/openrc
755 f ./usr/share/doc/kedge/examples/openrc/kedge
755 d ./usr/share/doc/kedge/examples/runit
755 f ./usr/share/doc/kedge/examples/runit/run
644 f ./usr/share/man/man1/kedge.1
644 f ./usr/share/man/man5/kedge.conf.5
644 f ./usr/share/man/man8/kedge-agent.8"
ok 'all is there, with modes that the caller'\''s mask does not change' same "$(listed)" "$all"
ok 'no folder is closed to others' same "$(find "$to" -mindepth 1 -type d ! -perm 755)" ''
ok 'the program is the one that was built' cmp "${KEDGE:-build/amd64/kedge}" "$to/usr/bin/kedge"
ok 'it runs' "$to/usr/bin/kedge" version
ok 'it takes the settings' no sh -c "'$to/usr/bin/kedge' --conf '$to/etc/kedge/kedge.conf' status 2>&1 | grep kedge.conf:"

# what pages and sources tell of
for path in $(cat README.md packaging/man/* | grep -oE 'share/doc/kedge/examples/[a-z0-9./-]*[a-z0-9]' | sort -u); do
	ok "a page names $path: it is there" [ -e "$to/usr/$path" ]
done
for path in $(cat README.md packaging/man/* | grep -oE '\b(conf|packaging)/[a-zA-Z0-9./-]*[a-zA-Z0-9]' | sort -u); do
	ok "a page names $path: the sources have it" [ -e "$path" ]
done
for page in packaging/man/*; do
	for other in $(sed -n 's/^\.Xr \(kedge[a-z.-]*\) \([0-9]\).*/\1.\2/p' "$page" | sort -u); do
		ok "${page##*/} refers to $other: it is there" [ -e "$to/usr/share/man/man${other##*.}/$other" ]
	done
done

# again, on a system that lives
edit "$to/etc/kedge/kedge.conf"
edit "$to/usr/share/doc/kedge/examples/motd/60-kedge"
mkdir -p "$to/etc/kedge/hooks.d"
echo hook >"$to/etc/kedge/hooks.d/20-mine"
chmod 700 "$to/etc/kedge/hooks.d"
cp "$to/etc/kedge/kedge.conf" "$tmp/mine"
inode=$(stat -c %i "$to/usr/bin/kedge")
ok 'install again, and over the old, works' quiet install PREFIX=/usr
ok 'settings that are there are not touched' cmp "$tmp/mine" "$to/etc/kedge/kedge.conf"
ok 'the new ones lie among the examples' cmp conf/kedge.conf "$to/usr/share/doc/kedge/examples/kedge.conf"
ok 'the rest is new' cmp conf/motd/60-kedge "$to/usr/share/doc/kedge/examples/motd/60-kedge"
ok 'the program is another file: one that runs goes on' no [ "$inode" = "$(stat -c %i "$to/usr/bin/kedge")" ]
ok 'the folder of hooks keeps its mode' same "$(stat -c %a "$to/etc/kedge/hooks.d")" 700

ok 'uninstall works, and says nothing' quiet uninstall PREFIX=/usr
ok 'edited settings and a hook stay, and nothing else' same "$(cd "$to" && find . -type f | sort)" './etc/kedge/hooks.d/20-mine
./etc/kedge/kedge.conf'
ok 'no folder of its own stays empty' same "$(cd "$to" && find . -type d -name '*kedge*')" ./etc/kedge
ok 'uninstall again works, and says nothing' quiet uninstall PREFIX=/usr

rm -rf "$to"
ok 'install at the usual place works' quiet install
ok 'the program is below /usr/local' [ -x "$to/usr/local/bin/kedge" ]
ok 'settings are where kedge looks for them' [ -e "$to/etc/kedge/kedge.conf" ]
doc=$to/usr/local/share/doc/kedge/examples
ok 'services name the program where it is' grep -q '^exec /usr/local/bin/kedge agent' "$doc/runit/run"
ok 'so do the pages, and the examples' no grep -rnE '/usr/(bin|share/doc)/kedge' "$to/usr/local/share"
ok 'uninstall there' quiet uninstall
ok 'nothing is left' same "$(find "$to" -type f -o -name '*kedge*')" ''

ok 'install elsewhere' quiet install PREFIX=/opt/kedge SYSCONFDIR=/opt/etc
doc=$to/opt/kedge/share/doc/kedge/examples
ok 'the settings are there' [ -e "$to/opt/etc/kedge/kedge.conf" ]
ok 'they name the folder of hooks' grep -qx 'hooks = /opt/etc/kedge/hooks.d' "$to/opt/etc/kedge/kedge.conf"
ok 'runit names them' grep -q '^exec /opt/kedge/bin/kedge --conf /opt/etc/kedge/kedge.conf agent' "$doc/runit/run"
ok 'OpenRC names them' grep -qx 'command_args="--conf /opt/etc/kedge/kedge.conf agent"' "$doc/openrc/kedge"
ok 'uninstall elsewhere' quiet uninstall PREFIX=/opt/kedge SYSCONFDIR=/opt/etc
ok 'nothing is left there' same "$(find "$to" -type f -o -name '*kedge*' ! -path "$to/opt/kedge*")" ''

if unshare -m true 2>/dev/null; then
	cat >"$tmp/read_only" <<-'MOUNTED'
		mount --bind . . && mount -o remount,ro,bind "$PWD" && cd "$PWD" && ! touch ro 2>/dev/null && exec make install DESTDIR="$1"
	MOUNTED
	ok 'install from sources that cannot be written' unshare -m sh "$tmp/read_only" "$to"
	ok 'it is all there' [ -x "$to/usr/local/bin/kedge" ]
else
	n=$((n + 1))
	echo "ok $n # SKIP mounting needs root"
fi
blocked() { rm -rf "$to" && mkdir -p "$to/usr" && : >"$to/usr/local" && run install 2>&1 | grep -q "usr/local"; }
ok 'a place that cannot be made is an error that names it' blocked
echo "1..$n"
