# bash completion for kedge: source it, or put it at /usr/share/bash-completion/completions/kedge.
# Names and ids are asked of kedge itself, which answers from what is kept when its daemon is down.

_kedge_verbs='agent status failures services deployments tasks why check wait watch journal verify classify rollback deploy confirm
cancel hold init replay version'

# The options of a verb.
_kedge_options() {
	case $1 in
	agent) echo '--once' ;;
	status) echo '--json --brief' ;;
	wait) echo '--json --timeout' ;;
	journal) echo '--json -n' ;;
	classify) echo '--json --stage' ;;
	rollback) echo '--json --to --dry-run' ;;
	deploy) echo '--json --timeout --no-wait --dry-run --force' ;;
	hold) echo '--json --for' ;;
	init) echo '--json --role --allow-update-service --write --yes --export' ;;
	replay) echo '--json --dir' ;;
	*) echo '--json' ;;
	esac
}

# _kedge_values VERB MEMBER PATTERN KEDGE...: each value of MEMBER in what `KEDGE... VERB --json` says, if it is of PATTERN.
_kedge_values() {
	local verb=$1 member=$2 pattern=$3
	shift 3
	"$@" "$verb" --json 2>/dev/null </dev/null | sed -e 's/"'"$member"'":"/\
/g' | sed -n -e '1d' -e 's/^\('"$pattern"'\)".*/\1/p'
}

# What may stand behind a verb that takes a word.
_kedge_words() {
	local verb=$1
	shift
	case $verb in
	deployments | wait | rollback | deploy | hold) _kedge_values services service '[A-Za-z0-9_-]*' "$@" ;;
	why)
		_kedge_values failures id 'f[0-9]*' "$@"
		_kedge_values services id 'r[0-9]*' "$@"
		;;
	confirm | cancel) _kedge_values services id 'r[0-9]*' "$@" ;;
	esac
}

_kedge() {
	local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb='' i words=''
	local -a ask=("${COMP_WORDS[0]}")

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--conf)
			i=$((i + 1))
			[ "$i" -lt "$COMP_CWORD" ] && ask+=(--conf "${COMP_WORDS[i]}")
			;;
		-*) ;;
		*)
			verb=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $verb:$before in
	:--conf | init:--export | replay:*)
		case $current in
		-*) words=$(_kedge_options "$verb") ;;
		*)
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
			return
			;;
		esac
		;;
	:*) words="$_kedge_verbs --conf --help" ;;
	classify:--stage) words='pull create start run' ;;
	init:--role) words='observer actor' ;;
	wait:--timeout | deploy:--timeout) words='90s 10m 30m 2h' ;;
	hold:--for) words='1h 4h 1d 0' ;;
	rollback:--to | journal:-n) return ;;
	*)
		case $current in
		-*) words="$(_kedge_options "$verb") --help" ;;
		*) words=$(_kedge_words "$verb" "${ask[@]}") ;;
		esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _kedge kedge
