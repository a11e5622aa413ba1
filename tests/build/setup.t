#!/bin/sh
# packaging/setup --check says first what to type; packaging/deps/fetch takes nothing whose
# SHA-256 is wrong, wherever it came from; packaging/deps/trim edits nothing it does not know.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
top=$PWD
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# a machine that has the basic tools and nothing else
mkdir "$dir/bin"
for tool in sh awk cat chmod dirname grep head id mkdir mktemp mv rm sed sha256sum sort tar gzip tr uname; do
	ln -s "$(command -v $tool)" "$dir/bin/$tool"
done
PATH=$dir/bin packaging/setup --check cpu-armv6 2>"$dir/err"
[ $? = 1 ]
ok $? "a missing compiler is an error"
head -n 1 "$dir/err" | grep -q '^apt-get install --no-install-recommends .*gcc-arm-linux-gnueabi'
ok $? "... whose first line is the command that installs it"
env -u MAKEFLAGS -u MAKELEVEL PATH="$dir/bin" "$(command -v make)" -s CPU=armv6 B="$dir/b" DEPS="$dir/deps" >"$dir/out" 2>&1
head -n 1 "$dir/out" | grep -q '^apt-get install --no-install-recommends .*gcc-arm-linux-gnueabi'
ok $? "make says the same, first"
sed -n 1,3p "$dir/out" | sed 's/^/# /'

# a third-party archive of our own
mkdir -p "$dir/p/packaging/deps" "$dir/thing-1" "$dir/dl"
cp packaging/deps/fetch "$dir/p/packaging/deps/"
echo 'int thing;' >"$dir/thing-1/thing.c"
tar -C "$dir" -czf "$dir/dl/thing-1.tar.gz" thing-1
sum=$(sha256sum "$dir/dl/thing-1.tar.gz" | cut -d' ' -f1)
echo "thing 1 $sum pool/none file://$dir/none.tar.gz" >"$dir/p/packaging/deps/pins"
cd "$dir/p" || exit 1
KEDGE_DL=$dir/dl PATH=$dir/bin packaging/deps/fetch thing
ok $? "an archive of the cache with the pinned sum is unpacked"
[ "$(cat build/src/thing/thing.c)" = 'int thing;' ]
ok $? "... without its top folder"
echo >>"$dir/dl/thing-1.tar.gz"
! KEDGE_DL=$dir/dl PATH=$dir/bin packaging/deps/fetch thing 2>"$dir/err"
ok $? "one byte more is refused"
grep -q "gave thing 1 with SHA-256 $sum" "$dir/err"
ok $? "... and the message names archive and sum"
! KEDGE_DL=$dir/dl PATH=$dir/bin packaging/deps/fetch other 2>"$dir/err" && grep -q "no line for 'other'" "$dir/err"
ok $? "a name without a pin is an error"

# what trim edits must be there
cp "$top/packaging/deps/trim" "$dir/p/packaging/deps/"
mkdir -p "$dir/p/build/src/inih"
printf '#define MAX_SECTION 50\n#define MAX_NAME 50\n' >"$dir/p/build/src/inih/ini.c"
packaging/deps/trim inih
ok $? "a library that looks as expected is trimmed"
[ "$(grep -c ' 300$' build/src/inih/ini.c)" = 2 ]
ok $? "... where it says"
! packaging/deps/trim inih 2>"$dir/err"
ok $? "one that looks otherwise is an error"
grep -q 'build/src/inih/ini.c: 0 lines changed, not 2' "$dir/err"
ok $? "... that names the file"
cd "$top" || exit 1
awk '!/^#/ && (NF != 5 || length($3) != 64 || $4 !~ /^pool\// || $5 !~ /^https:/) { bad = 1; print "# " $0 }
	END { exit bad }' packaging/deps/pins
ok $? "every pin has its five fields"
plan
