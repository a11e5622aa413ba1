#!/bin/sh
# engine.sh: a throw-away dockerd and registry for tests, in private network, mount and pid namespaces.
#   can                          exit 0 when such a rig can run here, else 1 and the reason
#   start DIR [--guard PID]      socket DIR/docker.sock, registry 127.0.0.1:5001 inside the namespaces;
#                                with --guard the rig is stopped when process PID is gone, however it ended
#   stop DIR                     kills the containers, ends everything, removes DIR
#   image DIR NAME:TAG [KEY=VAL…]  builds an image, pushes it, removes it from the engine again, prints its digest
#       cmd='exit 1 500' entrypoint=/app user= env=K=V label=K=V workdir=
#       health='--interval=1s --retries=2 CMD ["/app","hc"]'
#       arch=arm64 (only said, not compiled) mode=0644 bare=yes (no binary) keep=yes (stays in the engine)
#   digest DIR NAME:TAG          what the registry answers for the tag now; exit 1 when it has none
#   untag DIR NAME:TAG           deletes the manifest from the registry
#   registry-stop|registry-start DIR
#   daemon-stop DIR [SIGNAL]     TERM (graceful) or KILL; daemon-start DIR: the same data again
#   in DIR COMMAND…              runs COMMAND in the rig's network namespace
# Environment: RIG_DISK=256m size of the engine's disk (a tmpfs inside the namespace), RIG_PORT=5001,
# RIG_REGISTRY=DIR/registry where images are kept: several sites that name one directory have the same images
# (and digests), each through a registry of its own.
# Everything hangs on the init of one pid namespace: when that dies, the kernel ends all processes and mounts.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
port=${RIG_PORT:-5001}

die() { echo "engine.sh: $*" >&2; exit 1; }

usage() { sed -n '2,22s/^# \{0,1\}//p' "$0" >&2; exit 2; }

can() {
	[ "$(id -u)" = 0 ] || die "needs root"
	for tool in dockerd containerd runc docker-registry unshare nsenter ip curl tar gcc; do
		command -v "$tool" >/dev/null || die "$tool is not installed"
	done
	unshare --net --mount --propagation private --pid --fork --kill-child=KILL --mount-proc \
		sh -c 'ip link set lo up && mount -t tmpfs none /tmp' 2>/dev/null ||
		die "private network, mount and pid namespaces are refused here"
	grep -q overlay /proc/filesystems || die "the kernel has no overlay file system"
	[ -d /sys/fs/cgroup/memory ] || [ -f /sys/fs/cgroup/cgroup.controllers ] || die "no cgroup file system"
}

init_pid() { cat "$D/init.pid" 2>/dev/null || true; }

# The pid could be another process's by now: ask what it runs.
alive() {
	i=$(init_pid)
	[ -n "$i" ] && tr '\0' ' ' <"/proc/$i/cmdline" 2>/dev/null | grep -qF "$D/inner.sh"
}

enter() { nsenter -t "$(init_pid)" -n -m -p -- "$@"; }

# For a server: takes the place of the background shell, and holds none of the caller's pipes.
become() { exec nsenter -t "$(init_pid)" -n -m -p -- "$@" >/dev/null 2>&1 </dev/null; }

enter_net() { nsenter -t "$(init_pid)" -n -- "$@"; }

wait_for() {	# wait_for TENTHS COMMAND…
	n=$1; shift
	while ! "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ "$n" -gt 0 ] || return 1
		sleep 0.1
	done
}

api() {	# api METHOD PATH [CURL ARGUMENTS…]
	m=$1; p=$2; shift 2
	curl -sS --max-time 60 --unix-socket "$D/docker.sock" -X "$m" "http://d$p" "$@"
}

ping_engine() { api GET /_ping -f; }

ping_registry() { enter_net curl -fs --max-time 2 "http://127.0.0.1:$port/v2/"; }

encode() { printf %s "$1" | od -An -v -tx1 | tr -d '\n' | tr ' ' '%'; }

registry_start() {
	alive || die "no rig in $D"
	become sh -c 'echo $$ >"$1/registry.pid.new"; mv "$1/registry.pid.new" "$1/registry.pid"
		exec setsid docker-registry serve "$1/registry.yml" >>"$1/registry.log" 2>&1 </dev/null' - "$D" &
	wait_for 100 ping_registry || { tail -5 "$D/registry.log" >&2; die "the registry does not answer"; }
}

registry_stop() {
	alive || die "no rig in $D"
	enter sh -c 'kill -KILL "$(cat "$1/registry.pid")"' - "$D"
	wait_for 30 sh -c "! nsenter -t $(init_pid) -n curl -s --max-time 1 http://127.0.0.1:$port/v2/" ||
		die "the registry still answers"
}

daemon_start() {
	alive || die "no rig in $D"
	become sh -c 'D=$1
		rm -f "$D/docker.pid"
		exec setsid dockerd --data-root "$D/data/root" --exec-root "$D/data/exec" --pidfile "$D/docker.pid" \
			-H "unix://$D/docker.sock" --config-file "$D/daemon.json" --bridge=none --iptables=false \
			--ip6tables=false --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$2" \
			>>"$D/dockerd.log" 2>&1 </dev/null' - "$D" "$CG" &
	wait_for 200 ping_engine || { tail -5 "$D/dockerd.log" >&2; die "dockerd does not answer"; }
}

daemon_stop() {
	alive || die "no rig in $D"
	enter sh -c 'p=$(cat "$1/docker.pid"); kill "-$2" "$p"; i=0
		while kill -0 "$p" 2>/dev/null && [ $i -lt 200 ]; do i=$((i + 1)); sleep 0.1; done' - "$D" "${1:-TERM}"
}

start() {
	can
	alive && die "a rig runs in $D already"
	[ ${#D} -lt 90 ] || die "$D is too long for a socket's name"
	kept=$(realpath -m "${RIG_REGISTRY:-$D/registry}")
	mkdir -p "$kept" "$D/data"
	echo '{}' >"$D/daemon.json"
	cat >"$D/registry.yml" <<-Y
		version: 0.1
		log: {level: warn}
		storage: {filesystem: {rootdirectory: $kept}, delete: {enabled: true}}
		http: {addr: "127.0.0.1:$port"}
	Y
	# dash's wait takes in every orphan, so this is all the init that is needed
	cat >"$D/inner.sh" <<-'I'
		ip link set lo up
		mount -t tmpfs -o "size=$2,mode=0755" none "$1/data"
		: >"$1/up"
		trap 'exit 0' TERM INT
		while :; do sleep 3600 & wait $!; done
	I
	setsid unshare --net --mount --propagation private --pid --fork --kill-child=KILL --mount-proc \
		sh "$D/inner.sh" "$D" "${RIG_DISK:-256m}" >"$D/inner.log" 2>&1 </dev/null &
	echo $! >"$D/unshare.pid"
	wait_for 50 test -e "$D/up" || { cat "$D/inner.log" >&2; die "the namespaces do not come up"; }
	tr ' ' '\n' <"/proc/$(cat "$D/unshare.pid")/task/$(cat "$D/unshare.pid")/children" | head -1 >"$D/init.pid"
	if [ -n "$guard" ]; then
		setsid sh -c 'while grep -q "^State:.[^ZX]" "/proc/$1/status" 2>/dev/null; do sleep 0.3; done
			exec "$2" stop "$3"' - \
			"$guard" "$here/engine.sh" "$D" >/dev/null 2>&1 </dev/null &
		echo $! >"$D/guard.pid"
	fi
	(registry_start) || { stop; exit 1; }
	(daemon_start) || { stop; exit 1; }
}

kill_containers() {
	api GET /containers/json --max-time 2 2>/dev/null | grep -o '"Id":"[0-9a-f]*"' | cut -d'"' -f4 |
		while read -r id; do api POST "/containers/$id/kill" --max-time 2 -o /dev/null 2>/dev/null || true; done
}

end_guard() {
	g=$(cat "$D/guard.pid" 2>/dev/null || true)
	[ -n "$g" ] && [ "$g" != $$ ] && tr '\0' ' ' <"/proc/$g/cmdline" 2>/dev/null | grep -qF "$D" && kill "$g" 2>/dev/null || true
}

remove_cgroups() {
	for n in 1 2 3 4 5; do
		left=$(find /sys/fs/cgroup -mindepth 1 -maxdepth 6 -depth -type d -path "*/$CG*" 2>/dev/null || true)
		[ -n "$left" ] || return 0
		echo "$left" | xargs -r rmdir 2>/dev/null || sleep 0.1
	done
}

stop() {
	if alive; then
		kill_containers
		enter sh -c 'kill -TERM "$(cat "$1/docker.pid")"' - "$D" 2>/dev/null || true
		wait_for 8 sh -c "! test -S '$D/docker.sock'" || true
		kill -KILL "$(init_pid)" 2>/dev/null || true
		wait_for 50 sh -c "! test -d /proc/$(init_pid)" || true
	fi
	remove_cgroups
	[ -f "$D/registry.yml" ] || [ ! -e "$D" ] || die "$D is no rig's directory, not removed"
	end_guard
	rm -rf "$D"
}

full_name() {
	case ${1%%/*} in
	"$1") echo "127.0.0.1:$port/$1" ;;
	*.*|*:*|localhost) echo "$1" ;;
	*) echo "127.0.0.1:$port/$1" ;;
	esac
}

json_words() {	# 'exit 1 500' -> ["exit","1","500"]
	out=
	for w in $1; do out="$out,\"$w\""; done
	echo "[${out#,}]"
}

# An import always says the engine's own architecture: take the image out, change its word, put it in again.
rewrite_arch() {
	mkdir "$3.save"
	api GET "/images/$1/get" | tar -xf - -C "$3.save"
	sed -i "s/\"architecture\":\"[a-z0-9]*\"/\"architecture\":\"$2\"/" "$3.save/$(grep -o '"Config":"[^"]*"' \
		"$3.save/manifest.json" | cut -d'"' -f4)"
	tar -C "$3.save" -cf "$3.load" .
	api POST /images/load -H 'Content-Type: application/x-tar' --data-binary "@$3.load" >/dev/null
	rm -rf "$3.save" "$3.load"
}

image() {
	ref=$(full_name "$1"); shift
	name=${ref%:*}; tag=${ref##*:}
	entrypoint=/app cmd=serve mode=0755 arch= bare= keep= query=
	change() { query="$query&changes=$(encode "$1")"; }
	for kv; do
		val=${kv#*=}
		case $kv in
		cmd=*) cmd=$val ;;
		entrypoint=*) entrypoint=$val ;;
		user=*) change "USER $val" ;;
		env=*) change "ENV $val" ;;
		label=*) change "LABEL $val" ;;
		health=*) change "HEALTHCHECK $val" ;;
		workdir=*) change "WORKDIR $val" ;;
		arch=*) arch=$val ;;
		mode=*) mode=$val ;;
		bare=yes) bare=yes ;;
		keep=yes) keep=yes ;;
		*) die "image: $kv is not understood" ;;
		esac
	done
	change "ENTRYPOINT $(json_words "$entrypoint")"
	[ -z "$cmd" ] || change "CMD $(json_words "$cmd")"
	root=$(mktemp -d "$D/image.XXXXXX")
	[ -x "$D/app" ] || { gcc -static -Os -s -o "$D/app.$$" "$here/app.c" && mv "$D/app.$$" "$D/app"; }
	echo "$ref $(date +%s%N)" >"$root/image"
	[ -n "$bare" ] || { cp "$D/app" "$root/app"; chmod "$mode" "$root/app"; }
	tar -C "$root" --owner=0 --group=0 -cf "$root.tar" .
	api POST "/images/create?fromSrc=-&repo=$(encode "$name")&tag=$tag$query" \
		-H 'Content-Type: application/x-tar' --data-binary "@$root.tar" >"$root.log"
	! grep -q '"error"\|"message"' "$root.log" || die "image $ref: $(cat "$root.log")"
	[ -z "$arch" ] || rewrite_arch "$ref" "$arch" "$root"
	api POST "/images/$name/push?tag=$tag" -H 'X-Registry-Auth: e30=' >"$root.log"
	digest=$(grep -o '"Digest":"sha256:[0-9a-f]*"' "$root.log" | cut -d'"' -f4)
	[ -n "$digest" ] || die "push of $ref: $(tail -1 "$root.log")"
	[ -n "$keep" ] || api DELETE "/images/$ref?force=1" >/dev/null
	rm -rf "$root" "$root.tar" "$root.log"
	echo "$digest"
}

registry_digest() {
	path=${1#*/}
	enter_net curl -sS -I -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
		"http://127.0.0.1:$port/v2/${path%:*}/manifests/${path##*:}" |
		tr -d '\r' | sed -n 's/^Docker-Content-Digest: //Ip' | grep .
}

untag() {
	ref=$(full_name "$1"); path=${ref#*/}
	d=$(registry_digest "$ref") || die "$ref is not in the registry"
	enter_net curl -fsS -X DELETE "http://127.0.0.1:$port/v2/${path%:*}/manifests/$d"
}

[ $# -ge 1 ] || usage
command=$1; shift
[ "$command" = can ] && { can; exit 0; }
[ $# -ge 1 ] || usage
D=$(realpath -m "$1"); shift
CG=kedge-rig-$(printf %s "$D" | cksum | cut -d' ' -f1)
guard=
[ "${1:-}" = --guard ] && { guard=$2; shift 2; }

case $command in
start) start ;;
stop) stop ;;
image) [ $# -ge 1 ] || usage; image "$@" ;;
digest) [ $# -ge 1 ] || usage; registry_digest "$(full_name "$1")" ;;
untag) [ $# -ge 1 ] || usage; untag "$1" ;;
registry-start) registry_start ;;
registry-stop) registry_stop ;;
daemon-start) daemon_start ;;
daemon-stop) daemon_stop "$@" ;;
in) enter_net "$@" ;;
*) usage ;;
esac
