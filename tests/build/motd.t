#!/bin/sh
# conf/motd/60-kedge: says what kedge says, briefly; silent where there is no kedge, and never longer than 2 s.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
kedge=$(realpath "${KEDGE:-build/amd64/kedge}")
motd=conf/motd/60-kedge
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

says() {        # all that a login would show, errors too, and the exit code
	PATH=$dir/bin "$shell" "$motd" 2>&1
	echo "exit $?"
}
stub() {        # a kedge that is this script
	printf '#!/bin/sh\n%s\n' "$1" >"$dir/bin/kedge"
	chmod +x "$dir/bin/kedge"
}

shell=$(command -v sh)
mkdir "$dir/bin"
for tool in head sleep sh seq; do
	ln -s "$(command -v $tool)" "$dir/bin/$tool"
done
same "$(test -x $motd && echo yes)" yes 'it can be executed'
same "$(says)" 'exit 0' 'no kedge: nothing'
# shellcheck disable=SC2016 # the stub's own words
stub 'echo "$*: all is well"'
same "$(says)" 'exit 0' 'no timeout: nothing, rather than a login that hangs'
ln -s "$(command -v timeout)" "$dir/bin/timeout"
same "$(says)" 'status --brief: all is well
exit 0' 'what kedge status --brief says'
stub 'echo "kedge: nothing kept" >&2; exit 3'
same "$(says)" 'exit 0' 'a kedge that never ran: nothing'
stub 'seq 100'
same "$(says | tr '\n' ' ')" '1 2 3 4 5 6 7 8 exit 0 ' 'many services: eight lines'
stub 'exec sleep 60'
begun=$(date +%s)
same "$(says)" 'kedge: no answer within 2 s
exit 0' 'a kedge that hangs'
took=$(($(date +%s) - begun))
same "$([ $took -le 4 ] && echo soon)" soon "... holds the login up for 2 s ($took)"
printf '[kedge]\nstate_dir=%s\nrun_dir=%s\n' "$dir" "$dir" >"$dir/kedge.conf"
stub "exec $kedge --conf $dir/kedge.conf \"\$@\""
same "$(says)" 'exit 0' 'the real one, that has kept nothing'
cat >"$dir/deployments.json" <<JSON
{"head":[{"v":1,"askedAt":$(date +%s).0}],"services":[],"failures":[]}
JSON
same "$(says)" 'kedge: 0 of 0 services run as deployed; kedge agent is not running
exit 0' '... and that has kept something'
if command -v busybox >/dev/null; then
	ln -s "$(command -v busybox)" "$dir/bin/ash"
	shell=$dir/bin/ash
	stub 'echo fine'
	same "$(says)" 'fine
exit 0' 'under the shell of busybox'
fi
plan
