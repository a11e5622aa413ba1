#!/bin/sh
# Unit tests under valgrind, in a dynamic glibc build without sanitizers: unset values that decide something, which these do not see.
# ANALYZE=full: also the slow ones.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
# those that wait for real time or real handshakes, which valgrind is too slow for; and system calls that it makes itself
NEVER=' t_platform_device t_platform_http t_platform_httpd t_platform_spawn t_platform_tail t_platform_unixsock t_platform_notify t_platform_log t_sandbox '
# more than a few seconds each
SLOW=' t_core_edges t_core_pace t_cmd_verbs t_credentials_http t_deployments_in t_ecr t_ecs_in t_ecs_out t_golden t_http_proxy t_view t_settled '
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# valgrind of Debian 12 cannot read what clang writes for debuggers; the names of functions stay
check() { # PROGRAM
	strip -g -o "$dir/program" "$1"
	valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite "$dir/program" >"$dir/out" 2>"$dir/said"
}

printf '#include <stdlib.h>\nint main(void) { char *p = malloc(9); return p[3] == 7 ? 1 : 0; }\n' >"$dir/bad.c"
gcc -w -g -O0 -o "$dir/bad" "$dir/bad.c"
check "$dir/bad"
same "$?/$(grep -c 'uninitialised' "$dir/said")" 99/1 "a planted unset value is found"
for program in build/clang/tests/unit/t_*; do
	name=${program##*/}
	case $name in *.*) continue ;; esac
	case $NEVER in *" $name "*) continue ;; esac
	case $SLOW in *" $name "*) [ "${ANALYZE:-}" = full ] || continue ;; esac
	check "$program"
	ok $? "$name"
	grep -h "^not ok\|^==" "$dir/out" "$dir/said" | head -40 | sed "s/^/# /"
done
plan
