#!/bin/sh
# The example hooks under busybox's ash, run as kedge would run them.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
busybox=$(command -v busybox) || { echo "1..0 # SKIP no busybox"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for hook in conf/hooks/*; do
	same "$([ -x "$hook" ] && "$busybox" ash -n "$hook" 2>&1)" "" "$hook is a program"
done
printf '#!/bin/sh\necho $HOUR\n' >"$folder/date"
printf '#!/bin/sh\n{ echo "$@"; cat; } >"%s/mailed"\n' "$folder" >"$folder/mail"
chmod 755 "$folder/date" "$folder/mail"
for hour in 00 05 06 12 21 22 23; do
	case $hour in
	06 | 12 | 21) want=75 ;;
	*) want=0 ;;
	esac
	got=$(HOUR=$hour PATH="$folder:$PATH" "$busybox" ash conf/hooks/50-confirm-at-night confirm; echo $?)
	same "$got" "$want" "a rollback at $hour o'clock: $want"
done
export KEDGE_SERVICE=web KEDGE_CLASS=image-not-found KEDGE_FAMILY=web KEDGE_REVISION=12 KEDGE_BLAME=release KEDGE_REASON='manifest unknown'
PATH="$folder:$PATH" "$busybox" ash conf/hooks/10-mail service
same "$(cat "$folder/mailed" 2>&1 | grep -c web)" 0 "only failures are mailed"
PATH="$folder:$PATH" "$busybox" ash conf/hooks/10-mail failure
same "$(grep -c -e 'web fails ops@site.example' -e '^web: image-not-found of web:12, blame release$' -e '^manifest unknown$' "$folder/mailed")" 3 "a failure is mailed"
plan
