#!/bin/sh
# packaging/pure: finds what reaches out of the core, directly or through agent/base; and the
# production objects of every CPU built so far are clean.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
top=$PWD
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

compile() { # FILE SOURCE
	mkdir -p "$dir/$(dirname "$1")"
	echo "$2" | gcc -x c -w -O1 -fno-builtin -c -o "$dir/$1" -
}

# says NAME RC TEXT
says() {
	got=$(cd "$dir" && "$top/packaging/pure" readelf $(find agent -name '*.o' | sort) 2>&1)
	rc=$?
	[ $rc = "$2" ] && [ "$got" = "$3" ]
	ok $? "$1"
	[ "$got" = "$3" ] || printf '#   got:  %s\n#   want: %s\n' "$got" "$3"
}

mkdir "$dir/agent"
says "no object is no success" 1 "pure: no object of agent/core among: "
compile agent/core/core.o 'int helper(int); int memcmp(); int step(void) { return helper(memcmp("", "", 1)); }'
compile agent/base/help.o 'int helper(int x) { return x + 1; }'
compile agent/base/other.o 'int puts(); int other(void) { return puts("not used by the core"); }'
says "memory functions and agent/base are allowed; what the core does not use does not count" 0 \
	"pure: 2 objects need memcpy, memmove, memset, memcmp, strlen at most"
compile agent/core/clock.o 'long time(long *); long now(void) { return time(0); }'
says "a look at the clock is found" 1 "agent/core/clock.o reaches outside: time"
rm "$dir/agent/core/clock.o"
compile agent/base/help.o 'int printf(); int helper(int x) { return printf("%d", x); }'
says "also behind agent/base" 1 "agent/base/help.o, which agent/core/core.o uses reaches outside: printf"

for cpu in amd64 arm64 armhf armv6; do
	[ -d build/$cpu/obj/agent/core ] || continue
	got=$(env -u MAKEFLAGS -u MAKELEVEL make -s CPU=$cpu pure 2>&1)
	ok $? "the core of the $cpu build is pure"
	echo "$got" | grep -E 'pure:|reaches|[Ee]rror' | sed 's/^/# /'
done
plan
