#!/bin/sh
# The examples for OpenRC and runit under the real openrc-run, supervise-daemon and runsv: Debian's, unpacked over a copy-on-write
# view of this machine's root, with a process tree of its own. Nothing of it is installed here.
set -eu
umask 022
cd "$(dirname "$0")/../.."
unset MAKEFLAGS MAKELEVEL MFLAGS         # of the make that runs this test

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

if [ "${1:-}" != inside ]; then
	kedge=${KEDGE:-$PWD/build/amd64/kedge}
	[ -x "$kedge" ] || skip "no $kedge: make"
	[ "$(id -u)" = 0 ] || skip 'mounting needs root'
	for tool in apt-get dpkg-deb unshare; do
		command -v "$tool" >/dev/null || skip "no $tool"
	done
	deb=$(tests/rig/unpacked.sh services openrc librc1 libeinfo1 insserv runit) || skip 'the packages cannot be fetched'
	base=$(mktemp -d)
	trap 'rmdir "$base"' EXIT
	trap 'exit 1' INT TERM HUP
	unshare -m --propagation private "$0" inside "$kedge" "$deb" "$base"
	exit
fi

kedge=$2 deb=$3 base=$4
mount -t tmpfs none "$base"
mkdir "$base/up" "$base/work" "$base/root" "$base/deb"
cp -a "$deb/." "$base/deb/"
root=$base/root
mount -t overlay overlay -o "lowerdir=$base/deb:/,upperdir=$base/up,workdir=$base/work" "$root" 2>/dev/null ||
	skip 'no overlay here'
mount -t tmpfs none "$root/run"
mount -t tmpfs none "$root/var/lib"
mount --rbind /dev "$root/dev"
rm -rf "$root/etc/kedge"
# as if openrc had booted this
for state in starting started stopping inactive wasinactive failed hotplugged daemons options exclusive scheduled init.d tmp; do
	mkdir -p "$root/run/openrc/$state"
done
touch "$root/run/openrc/softlevel"

# what make install brings, at the places the examples say
make -s install DESTDIR="$root" PREFIX=/usr SYSCONFDIR=/etc >"$base/log" 2>&1 || { cat "$base/log"; exit 1; }
cp "$kedge" "$root/usr/bin/kedge"
mkdir -p "$root/etc/sv/kedge"
cp "$root/usr/share/doc/kedge/examples/openrc/kedge" "$root/etc/init.d/kedge"
cp "$root/usr/share/doc/kedge/examples/runit/run" "$root/etc/sv/kedge/run"

cat >"$root/tmp/steps" <<'STEPS'
n=0
ok() {          # ok NAME COMMAND...
	n=$((n + 1)) name=$1
	shift
	if "$@" >/tmp/said 2>&1; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/#   /' /tmp/said
	fi
}
within() {      # within SECONDS COMMAND...: until it is so
	tries=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { "$@"; return; }
		sleep 0.1
	done
}
pid() { pgrep -o -x kedge; }
runs() { [ -n "$(pid)" ] && kedge status; }
gone() { ! pid; }
another() { [ -n "$(pid)" ] && [ "$(pid)" != "$1" ]; }
mode() { [ "$(stat -c %a "$1")" = "$2" ] || stat -c '%a %n' "$1" "/not/$2"; }

mkdir -p /etc/conf.d
echo 'error_log=/tmp/openrc.lines' >/etc/conf.d/kedge
ok 'openrc: starts' rc-service kedge start
ok 'openrc: runs, and answers' within 20 runs
first=$(pid)
ok 'openrc: says that it is started' rc-service kedge status
ok 'openrc: /run/kedge may be read by all' mode /run/kedge 1775
ok 'openrc: /var/lib/kedge may not' mode /var/lib/kedge 1770
ok 'openrc: can win no new privileges' grep -q '^NoNewPrivs:.1' "/proc/$first/status"
ok 'openrc: reload' rc-service kedge reload
ok 'openrc: the settings are read again' within 20 grep 'is read again' /tmp/openrc.lines
ok 'openrc: by the process that was there' [ "$(pid)" = "$first" ]
kill -9 "$first"
ok 'openrc: killed, it is started again' within 30 another "$first"
second=$(pid)
ok 'openrc: restart' rc-service kedge restart
ok 'openrc: another process runs' within 20 another "$second"
ok 'openrc: stop' rc-service kedge stop
ok 'openrc: nothing runs' within 20 gone
ok 'openrc: and nothing is started again' sh -c 'sleep 6; ! pgrep -x kedge'

runsv /etc/sv/kedge >/tmp/lines 2>&1 &
ok 'runit: runs, and answers' within 20 runs
first=$(pid)
ok 'runit: says that it runs' sv status /etc/sv/kedge
ok 'runit: its lines come out' within 20 grep -q 'kedge' /tmp/lines
ok 'runit: hup' sv hup /etc/sv/kedge
ok 'runit: the settings are read again' within 20 grep 'is read again' /tmp/lines
ok 'runit: by the process that was there' [ "$(pid)" = "$first" ]
kill -9 "$first"
ok 'runit: killed, it is started again' within 20 another "$first"
ok 'runit: down' sv -w 15 down /etc/sv/kedge
ok 'runit: nothing runs' within 20 gone
sv exit /etc/sv/kedge
wait
echo "1..$n"
STEPS
exec unshare -p -f --mount-proc="$root/proc" chroot "$root" sh /tmp/steps
