#!/bin/sh
# kernel.sh - Debian's own kernels for ARM, booted in qemu-system, for what qemu-user has not: Landlock and seccomp.
#   get CPU              fetches the newest kernel of this Debian for CPU (arm64, armhf) by the machine's apt, its lists in a private
#                        folder, so that nothing of the machine changes; once: it stays in KERNEL_DIR. Prints its path.
#   pack FOLDER FILE     makes an initramfs of FOLDER; its /init runs first
#   boot CPU KERNEL INITRAMFS [WORDS...]   boots until the machine is off; prints its console. Ends by itself after BOOT_S (300) seconds
set -eu
dir=${KERNEL_DIR:-build/kernel}

name() {
	case $1 in
	arm64) echo linux-image-arm64:arm64 ;;
	armhf) echo linux-image-armmp:armhf ;;
	*) echo "kernel.sh: no kernel for $1" >&2; exit 1 ;;
	esac
}

private_apt() { # COMMAND...
	tool=$1
	shift
	"$tool" -q -o "Dir::State=$apt/state" -o "Dir::Cache=$apt/cache" -o Dir::State::status=/dev/null -o APT::Architecture=arm64 \
		-o APT::Architectures::=arm64 -o APT::Architectures::=armhf -o Acquire::Languages=none -o APT::Sandbox::User= "$@"
}

get() { # CPU
	kernel=$dir/$1/vmlinuz
	if [ ! -e "$kernel" ]; then
		package=$(name "$1")
		mkdir -p "$dir/$1"
		rm -rf "$dir/$1/new" && mkdir "$dir/$1/new"
		apt=$(cd "$dir" && pwd)/apt
		mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
		# one index of several may be away; what is missed then is said by what follows
		find "$apt/state/lists" -name '*_Packages*' -mmin -600 | grep -q . || private_apt apt-get update >"$apt/log" 2>&1 || :
		# the package that is called so only names the one with the newest kernel
		real=$(private_apt apt-cache show --no-all-versions "$package" 2>>"$apt/log" | sed -n 's/^Depends: \([^ ,]*\).*/\1/p')
		(cd "$dir/$1/new" && private_apt apt-get download "$real:$1" >>"$apt/log" 2>&1) ||
			{ echo "kernel.sh: no kernel for $1" >&2; tail -5 "$apt/log" >&2; exit 1; }
		# all modules are left where they are: what is needed is built in
		dpkg-deb --fsys-tarfile "$dir/$1"/new/*.deb | tar -x -C "$dir/$1/new" --wildcards './boot/vmlinuz-*'
		mv "$dir/$1/new/boot"/vmlinuz-* "$kernel"
		rm -rf "$dir/$1/new"
	fi
	echo "$kernel"
}

pack() { # FOLDER FILE
	(cd "$1" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$2"
}

boot() { # CPU KERNEL INITRAMFS [WORDS...]
	case $1 in
	arm64) machine='qemu-system-aarch64 -cpu cortex-a57' ;;
	*) machine='qemu-system-arm -cpu cortex-a15' ;;
	esac
	kernel=$2 initramfs=$3
	shift 3
	# shellcheck disable=SC2086 # words on purpose
	timeout -k 5 "${BOOT_S:-300}" $machine -M virt -m 256 -display none -serial stdio -monitor none -nic none -no-reboot \
		-kernel "$kernel" -initrd "$initramfs" -append "console=ttyAMA0 quiet panic=-1 $*" </dev/null
}

command=$1
shift
case $command in
get | pack | boot) "$command" "$@" ;;
*) sed -n '2,7s/^# //p' "$0" >&2; exit 2 ;;
esac
