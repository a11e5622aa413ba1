#!/bin/sh
# The whole binary's command line: the table of verbs, help, usage errors, exit codes, colour, a full disk behind stdout.
set -u
kedge=${KEDGE:-build/amd64/kedge}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
printf '[kedge]\nstate_dir=%s\nrun_dir=%s\n' "$dir" "$dir" >"$dir/kedge.conf"
n=0

ok() {          # ok STATUS NAME
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# out: /' "$dir/out"
		sed 's/^/# err: /' "$dir/err"
	fi
}
run() {         # run WANTED-EXIT NAME ARGS...
	want=$1 name=$2
	shift 2
	"$kedge" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	[ "$got" -eq "$want" ]
	ok $? "$name: exit $want (got $got)"
}
out() { grep -qe "$1" "$dir/out"; ok $? "... stdout: $1"; }
err() { grep -qe "$1" "$dir/err"; ok $? "... stderr: $1"; }
empty() { [ ! -s "$dir/$1" ]; ok $? "... nothing on std$1"; }

run 2 'no verb'
err '^usage: kedge'
empty out
run 2 'an unknown verb' frobnicate
err 'no verb or option "frobnicate"'
run 2 'an unknown option' --frobnicate status
run 2 '--conf without its file' --conf
run 0 '--help' --help
for verb in agent status failures services deployments tasks why check wait watch journal verify classify rollback deploy confirm cancel hold init replay version; do
	out "^  $verb"
done
empty err
run 0 'help for a verb' rollback --help
out '^usage: kedge \[--conf FILE\] rollback SERVICE \[--to FAMILY:REV\] \[--dry-run\]'
run 0 'version' version
out '^kedge [0-9][0-9.]* ('
run 0 'version --json' version --json
out '"schema":"kedge.version/1","version":"[0-9.]*","cpu":"'
run 2 'version with a word too many' version now

run 0 'classify' classify --stage start --json 'exec: "/x": stat /x: no such file or directory'
out '"class":"exec-not-found","blame":"release"}$'
printf 'dial tcp: lookup r.example: no such host\n' | "$kedge" classify --stage=pull - >"$dir/out" 2>"$dir/err"
ok $? 'classify from standard input'
out '^registry-dns, blame network$'
run 2 'classify without a stage' classify text
run 2 'classify at a stage that has no texts' classify --stage deploy text

run 2 'a conf that is not there' --conf "$dir/none.conf" status
err 'none.conf'
for verb in status failures services tasks deployments; do
	run 3 "$verb without daemon or anything kept" --conf "$dir/kedge.conf" $verb
	err 'not running and has kept nothing'
	empty out
	run 3 "$verb --json, the same" --conf="$dir/kedge.conf" $verb --json
	out '^{"schema":"kedge.error/1","error":".*","exit":3}$'
	empty err
done
run 2 'check without daemon or anything kept: critical' --conf "$dir/kedge.conf" check
out '^KEDGE CRITICAL - 1 of 1 checks: daemon (critical)$'
out 'kedge agent is not running and has kept nothing yet'
out '-> Start it'
run 2 'check --json, the same' --conf "$dir/kedge.conf" check --json
out '^{"schema":"kedge.check/1","daemon":false,.*"level":"critical","summary":'
run 3 'check with an unknown option: unknown, to a monitoring plugin' --conf "$dir/kedge.conf" check --jsno
err 'unknown option --jsno'
run 3 'check with a word too many' --conf "$dir/kedge.conf" check clock
err 'one word too many: clock'
run 3 'check with a conf that is not there' --conf "$dir/none.conf" check
err 'none.conf'
run 3 'wait without a daemon' --conf "$dir/kedge.conf" wait web
err 'kedge agent is not running'
run 3 'wait --json, the same' --conf "$dir/kedge.conf" wait web --json
out '^{"schema":"kedge.error/1","error":"kedge agent is not running","exit":3}$'
run 2 'wait without a service' --conf "$dir/kedge.conf" wait
err 'a word is missing'
run 2 'wait with no duration' --conf "$dir/kedge.conf" wait web --timeout soon
err '--timeout takes a duration like 90s'
run 2 'wait with a timeout of nothing' --conf "$dir/kedge.conf" wait web --timeout 0
run 2 'wait for what can be no name' --conf "$dir/kedge.conf" wait 'web api'
run 2 'watch with a word' --conf "$dir/kedge.conf" watch web
err 'one word too many: web'
run 2 'watch with an option it does not know' --conf "$dir/kedge.conf" watch --once
run 2 'watch with a conf that is not there' --conf "$dir/none.conf" watch
"$kedge" --conf "$dir/kedge.conf" watch 2>"$dir/err" | head -n 2 >"$dir/out"
out 'kedge agent is not running and has kept nothing yet'
empty err
run 3 'journal without a journal' --conf "$dir/kedge.conf" journal
err "$dir/journal"
run 3 'journal --json, the same' --conf "$dir/kedge.conf" journal --json
out '^{"schema":"kedge.error/1","error":".*/journal.*","exit":3}$'
run 2 'journal: no number' --conf "$dir/kedge.conf" journal -n many
err '-n takes the number of records'
run 2 'journal: none' --conf "$dir/kedge.conf" journal -n 0
run 2 'journal with a word' --conf "$dir/kedge.conf" journal f1
printf 'no journal at all, but longer than the head of a frame\n' >"$dir/journal"
run 1 'a file that is none' --conf "$dir/kedge.conf" journal
rm "$dir/journal"
for verb in confirm cancel; do
	run 3 "$verb without a daemon" --conf "$dir/kedge.conf" $verb r1
done
run 3 'hold without a daemon' --conf "$dir/kedge.conf" hold web
run 3 'rollback without a daemon' --conf "$dir/kedge.conf" rollback web --dry-run
err 'only it can act'

"$kedge" version >/dev/full 2>"$dir/err"
[ $? -eq 3 ]
ok $? 'a full disk behind stdout is no success'
err 'standard output cannot be written'

# a terminal gets colour and its own width, unless NO_COLOR is set; what is kept there is one deployment
now=$(date +%s)
cat >"$dir/deployments.json" <<JSON
{"head":[{"v":1,"askedAt":$((now - 300)).0}],"services":[{"serviceName":"web","status":"ACTIVE","desiredCount":1,
"runningCount":1,"pendingCount":0,"deployments":[{"id":"ecs-svc/12345678901234567890","status":"PRIMARY",
"taskDefinition":"arn:aws:ecs:eu-west-1:123456789012:task-definition/test-task:12","desiredCount":1,"pendingCount":1,
"runningCount":0,"failedTasks":5,"rolloutState":"IN_PROGRESS","rolloutStateReason":"in progress."}]}],"failures":[]}
JSON
run 0 'deployments from the kept table' --conf "$dir/kedge.conf" deployments
out '^kedge agent is not running; this is what it kept$'
out '(5 min ago)$'
out '^ecs-svc/12345678901234567890 PRIMARY test-task:12  *1  *1  *0  *5  *IN_PROGRESS'
! grep -q "$(printf '\033')" "$dir/out"
ok $? '... no colour into a pipe'
on_terminal() {
	python3 - "$kedge" --conf "$dir/kedge.conf" deployments >"$dir/out" 2>"$dir/err" <<'PY'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 72, 0, 0))
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    sys.stdout.buffer.write(part)
os.waitpid(pid, 0)
PY
}
TERM=xterm; export TERM
unset NO_COLOR COLUMNS
on_terminal
grep -q "$(printf '\033')\[1m" "$dir/out"
ok $? 'a terminal gets colour'
widest=$(tr -d '\r' <"$dir/out" | sed "s/$(printf '\033')\[[0-9]*m//g" | awk '{ if (length > m) m = length } END { print m + 0 }')
[ "$widest" -gt 40 ] && [ "$widest" -le 72 ]
ok $? "... and lines no wider than its 72 columns ($widest)"
NO_COLOR=1; export NO_COLOR
on_terminal
! grep -q "$(printf '\033')" "$dir/out"
ok $? '... but none with NO_COLOR'
out 'test-task:12'
echo "1..$n"
