#!/bin/bash
# conf/completion/kedge.bash: knows every verb and option of the binary, and asks it for names and ids, with sed alone.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
kedge=${KEDGE:-build/amd64/kedge}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# what completes the last of these words
completes() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_kedge
	echo "${COMPREPLY[*]}"
}

# shellcheck source=conf/completion/kedge.bash
. conf/completion/kedge.bash
same "$(complete -p kedge)" 'complete -F _kedge kedge' 'it is registered for kedge'

verbs=$(sed -n 's/^	{ "\([a-z]*\)\\0" .*/\1/p' agent/main.c | sort | xargs)
same "$(xargs -n 1 <<<"$_kedge_verbs" | sort | xargs)" "$verbs" 'it has the verbs of the binary, no more and no less'
for verb in $verbs; do
	for option in $("$kedge" "$verb" --help | sed -n '1{s/.* '"$verb"' //;p;}' | grep -oe '--*[a-z][a-z-]*'); do
		case " $(_kedge_options "$verb") " in
		*" $option "*) same "$option" "$option" "$verb knows its option $option" ;;
		*) same "$(_kedge_options "$verb")" "... $option" "$verb knows its option $option" ;;
		esac
	done
	for option in $(_kedge_options "$verb"); do
		"$kedge" --conf "$dir/none.conf" "$verb" "$option=" x 2>&1 </dev/null | grep -q 'unknown option'
		same "$?" 1 "$verb takes $option"
	done
done

# a kedge that answers from files, and a world without jq
mkdir "$dir/bin"
for tool in sed cat rm; do
	ln -s "$(command -v $tool)" "$dir/bin/$tool"
done
cat >"$dir/bin/kedge" <<'SH'
#!/bin/sh
[ "$1" != --conf ] || { echo "$2" >>"${0%/*}/asked"; shift 2; }
cat "${0%/*}/$1.json"
SH
chmod +x "$dir/bin/kedge"
# shellcheck disable=SC2016
echo '{"schema":"kedge.services/1","services":[{"service":"web","rollback":{"id":"r4","release":"web:12"}},{"service":"web-api",
"rollback":{"id":null}},{"service":"x;rm -rf","rollback":{"id":"r5$(x)"}}]}' | tr -d '\n' >"$dir/bin/services.json"
echo '{"schema":"kedge.failures/1","failures":[{"id":"f2","service":"web"},{"id":"f1"}]}' >"$dir/bin/failures.json"
PATH=$dir/bin
same "$(completes kedge w)" 'why wait watch' 'verbs'
same "$(completes kedge --c)" '--conf' 'options before the verb'
same "$(completes kedge wait '')" 'web web-api' 'services, those that are names'
same "$(completes kedge rollback web-)" 'web-api' '... that begin so'
same "$(completes kedge why '')" 'f2 f1 r4' 'ids of failures and rollbacks'
same "$(completes kedge confirm '')" 'r4' 'ids of rollbacks'
same "$(completes kedge --conf /etc/k.conf why f1)" 'f1' 'with a conf in front'
same "$(cat "$dir/bin/asked")" '/etc/k.conf
/etc/k.conf' '... which is asked by'
same "$(completes kedge wait web --t)" '--timeout' 'options of a verb'
same "$(completes kedge classify --stage p)" 'pull' 'values of an option'
same "$(completes kedge status '')" '' 'a verb without words'
rm "$dir/bin/kedge"
same "$(completes kedge wait '')" '' 'no kedge: nothing, and no error'
PATH=/usr/bin:/bin
plan
