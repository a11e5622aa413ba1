#!/bin/sh
# One commit is the same bytes whoever builds it, where, when and how: another folder with a longer name, another user,
# umask, time zone and language, other times of all files, one job and four. For this machine's CPU everything: the
# third-party archives, kedge and each package; for the others kedge, with the third-party archives of the first build.
# PACKAGES=full: everything for every CPU.
cd "$(dirname "$0")/../.." || exit 1
here=$PWD
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
chmod 755 "$dir"
other=$dir/a/much/longer/path/to/the/very/same/tree
uid=54321
n=0

case $(uname -m) in
x86_64) host=amd64 ;;
aarch64) host=arm64 ;;
armv7l) host=armhf ;;
armv6l) host=armv6 ;;
esac
formats=$(for f in deb ipk apk; do [ ! -x "packaging/$f/build" ] || printf '%s ' "$f"; done)

ok() { n=$((n + 1)) && echo "ok $n - $1"; }
not_ok() { n=$((n + 1)) && echo "not ok $n - $1"; }

# in FOLDER as USER with JOBS: make WORDS
build() (
	cd "$1" || exit 1
	jobs=$3
	[ "$2" = same ] || { umask 077 && export TZ=XXX-14 LANG=tr_TR.UTF-8 HOME=/nonexistent USER=nobody; unset LC_ALL; }
	[ "$2" = same ] || [ "$(id -u)" != 0 ] || as="setpriv --reuid $uid --regid $uid --clear-groups"
	shift 3
	# at a level below the top the Makefile leaves the number of jobs alone
	# shellcheck disable=SC2086 # words
	exec env -u MAKEFLAGS MAKELEVEL=1 KEDGE_DL="$here/build/dl" SOURCE_DATE_EPOCH="$epoch" ${as:-} make -j"$jobs" "$@"
)

# the sources, and what a build of the CPUs named would otherwise make first
copy() {
	mkdir -p "$other/build"
	tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C "$other" || return 1
	if [ "${PACKAGES:-}" != full ]; then
		for cpu; do
			[ "$cpu" = "$host" ] || set -- "$@" "build/$cpu/deps/.built" build/"$cpu"/deps/*.a "build/$cpu/sysroot"
			shift
		done
		tar -cf - build/src "$@" | tar -xf - -C "$other" || return 1
	fi
	find "$dir" -exec touch -h -d '2001-09-09 01:46:40 UTC' {} +
	[ "$(id -u)" != 0 ] || chown -Rh $uid:$uid "$dir"
}

same() {
	if cmp -s "$here/$1" "$other/$1"; then
		ok "$1: the same bytes"
		return
	fi
	not_ok "$1: the same bytes"
	(cd "$here" && sha256sum "$1"; cd "$other" && sha256sum "$1") 2>&1 | sed 's/^/#   /'
	cmp -l "$here/$1" "$other/$1" 2>&1 | awk 'NR <= 8 { print "#   byte", $0 } END { print "#   " NR " bytes differ" }'
}

cpus=
for cpu in amd64 arm64 armhf armv6; do
	[ ! -f build/$cpu/kedge ] || cpus="$cpus$cpu "
done
case $cpus in
*$host*) ;;
*) echo 1..1 && echo "not ok 1 - build/$host/kedge is there to compare with" && exit 1 ;;
esac
# shellcheck disable=SC2086 # words
if ! copy $cpus 2>"$dir/log"; then
	not_ok "the tree in another place"
	sed 's/^/#   /' "$dir/log"
	echo "1..$n"
	exit 1
fi
[ "$(id -u)" = 0 ] || echo "# not root: built by the same user"

for cpu in $cpus; do
	epoch=$(cut -d' ' -f2 "build/$cpu/version")
	words='' jobs=4
	if [ "$cpu" = "$host" ] || [ "${PACKAGES:-}" = full ]; then
		words=$formats
	fi
	[ "$cpu" != armhf ] || jobs=1
	# shellcheck disable=SC2086 # words
	if build "$here" same 2 CPU="$cpu" all $words >"$dir/log" 2>&1 &&
		build "$other" other $jobs CPU="$cpu" all $words >>"$dir/log" 2>&1; then
		ok "$cpu: built in another place as another user, $jobs jobs"
	else
		not_ok "$cpu: built in another place as another user, $jobs jobs"
		tail -n 20 "$dir/log" | sed 's/^/#   /'
		continue
	fi
	same "build/$cpu/kedge"
	for f in $words; do
		files=$(cd "$other" && ls build/"$cpu"/kedge_*."$f" 2>/dev/null)
		[ -n "$files" ] || echo "# no .$f for $cpu"
		for file in $files; do same "$file"; done
	done
	if grep -aqF -e "$here" -e "$other" "$other/build/$cpu/kedge.unstripped" "$here/build/$cpu/kedge.unstripped"; then
		not_ok "$cpu: no name of a folder in it"
	else
		ok "$cpu: no name of a folder in it"
	fi
done
for f in deb ipk apk; do
	case " $formats" in
	*" $f "*) ;;
	*) ok "the same .$f # SKIP packaging/$f/build is not there" ;;
	esac
done
echo "1..$n"
