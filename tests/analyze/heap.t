#!/bin/sh
# No heap of our own: no object of agent/ or platform/ refers to malloc or its kin, or to what of the C library allocates by itself,
# but for the few below. What allocates in a running kedge is curl, mbedTLS and musl's resolver, for as long as a connection lives;
# cJSON gets the arena's memory.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
ALLOCATES='malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|memalign|free|strdup|strndup|getline|getdelim|asprintf|vasprintf|open_memstream|fmemopen|fopen|fdopen|popen|opendir|fdopendir|scandir|glob|realpath|setenv|putenv|getaddrinfo|getifaddrs|qsort|mbedtls_calloc|cJSON_malloc|sbrk|mmap|mremap'
# opendir, a handle of 2 KB that is closed before the function returns: the hooks' own process lists its folder, the tail looks
# where a log was moved to when it was rotated, the gate gives what is kept to the worker's user at its start. mmap: the board
# that both processes share, once. calloc, free: the certificate a TLS handshake asks for goes to mbedTLS, which frees it.
# qsort sorts in place in musl; glibc may allocate, and kedge is not linked with it.
ALLOWED='gate_user.o opendir
hook_runner.o opendir
hook_runner.o qsort
packet.o mmap
tail_find.o opendir
tls.o calloc
tls.o free'

# readelf, not nm, which would show the LTO half of these objects
uses() { # OBJECT...
	for o; do
		LC_ALL=C readelf -sW "$o" | awk -v o="${o##*/}" -v re="^($ALLOCATES)\$" '$7 == "UND" && $8 ~ re { print o, $8 }'
	done | sort -u
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
echo 'void *malloc(unsigned long); void *grab(void) { return malloc(7); }' | gcc -x c -w -fno-builtin -c -o "$dir/planted.o" -
same "$(uses "$dir/planted.o")" "planted.o malloc" "a planted malloc is found"
found=0
for cpu in amd64 arm64 armhf armv6; do
	[ -f build/$cpu/obj/agent/run/daemon.o ] || continue
	found=1
	# shellcheck disable=SC2046 # names of ours
	same "$(uses $(find build/$cpu/obj/agent build/$cpu/obj/platform -name '*.o' ! -name clock-test.o))" "$ALLOWED" \
		"$cpu: what is allowed, and nothing else"
done
[ $found = 1 ]
ok $? "at least one CPU was built"
plan
