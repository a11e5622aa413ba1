# tap.sh - the Test Anything Protocol for tests in sh, which read this: `. tests/tap.sh`. The last line of a test is `plan`.
n=0

ok() {          # ok RESULT NAME: 0 is well
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
	fi
}

same() {        # same GOT WANTED NAME
	n=$((n + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $n - $3"
	else
		echo "not ok $n - $3"
		printf '%s\n' "got:  $1" "want: $2" | sed 's/^/#   /'
	fi
}

plan() {
	echo "1..$n"
}
