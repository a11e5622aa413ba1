#!/bin/sh
# The stack is bounded: in every binary that is built, as the compiler laid it out after inlining, no function of kedge or of what
# is linked into it takes an amount that it only knows at run time, and none more than STACK_MAX bytes. The whole of it, as the
# running daemon touches it, is measured by tests/e2e/secrets.t. -Wvla and this forbid arrays of variable length and alloca.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
STACK_MAX=24576

# Lines of `gcc -fstack-usage`: place:function, bytes, how
judge() { # FILE
	awk -F'\t' -v max=$STACK_MAX '
		$3 == "dynamic" { print $1 " takes what it only knows at run time"; bad = 1 }
		$2 > max { print $1 " takes " $2 " bytes of " max; bad = 1 }
		END { exit bad || NR < 100 }' "$1"
}

planted=$(mktemp)
trap 'rm -f "$planted"' EXIT
for i in $(seq 200); do printf 'a.c:1:1:f%s\t%s\tstatic\n' "$i" "$i"; done >"$planted"
judge "$planted" >/dev/null
ok $? "small frames are taken"
printf 'a.c:1:1:big\t24577\tstatic\n' >>"$planted"
! judge "$planted" >/dev/null
ok $? "one too large is found"
sed -i 's/24577.*/16\tdynamic/' "$planted"
! judge "$planted" >/dev/null
ok $? "and one of unknown size"
found=0
for cpu in amd64 arm64 armhf armv6; do
	su=build/$cpu/lto/kedge.ltrans0.ltrans.su
	[ -f $su ] || continue
	found=1
	said=$(judge $su)
	ok $? "$cpu: $(wc -l <$su) functions, the largest frames $(sort -t"$(printf '\t')" -k2,2rn $su | awk -F'\t' 'NR <= 3 { sub(/.*:/, "", $1); printf "%s%s %d", (NR > 1 ? ", " : ""), $1, $2 }')"
	[ -z "$said" ] || echo "$said" | sed 's/^/# /'
done
[ $found = 1 ]
ok $? "at least one binary was built"
plan
