# What kedge has to say at login, in a line or a few; read by the login shell. Silent where kedge never ran; 2 seconds at most,
# without timeout(1), as not every busybox has it.
[ ! -t 1 ] || (
	kedge status --brief 2>/dev/null </dev/null &
	said=$!
	(sleep 2; kill $said) >/dev/null 2>&1 &
	late=$!
	wait $said
	kill $late
) 2>/dev/null | head -n 8
