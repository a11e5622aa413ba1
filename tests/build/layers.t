#!/bin/sh
# packaging/layers: the tree as it is passes, and each kind of forbidden include is found, with
# its file and line.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# file FILE LINE...: a source file in the scratch tree
file() {
	mkdir -p "$dir/$(dirname "$1")"
	f=$dir/$1
	shift
	printf '%s\n' "$@" >"$f"
}

# finds NAME EXPECTED-LINE: the scratch tree must give exactly that line and fail
finds() {
	got=$(packaging/layers "$dir" 2>/dev/null)
	rc=$?
	[ $rc = 1 ] && [ "$got" = "$2" ]
	ok $? "$1"
	[ "$got" = "$2" ] || printf '#   got:  %s\n#   want: %s\n' "$got" "$2"
	rm -rf "$dir/agent" "$dir/platform"
}

got=$(packaging/layers 2>&1)
ok $? "the tree keeps its layers"
[ -z "$got" ] || echo "$got" | sed 's/^/#   /'

file agent/base/err.c '#include "agent/base/err.h"' '#include <stdio.h>'
file agent/core/core.c '#include "agent/core/core.h"' '#include "agent/base/str.h"' '#include <string.h>'
file agent/wire/conf.c '#include "agent/core/event.h"' '#include <ini.h>' '# include <cJSON.h>'
file platform/http.c '#include "agent/base/err.h"' '#include <curl/curl.h>' '#include <sys/socket.h>'
file agent/run/daemon.c '#include "agent/core/core.h"' '#include "agent/wire/conf.h"' '#include "platform/http.h"'
file agent/cmd/status.c '#include "agent/run/daemon.h"' '#include <unistd.h>'
file agent/main.c '#include "agent/cmd/cmd.h"'
packaging/layers "$dir" >/dev/null 2>&1
ok $? "what the table allows is allowed"
rm -rf "$dir/agent" "$dir/platform"

file agent/core/core.c '#include <string.h>' '' '#include <time.h>'
finds "the core may not look at the clock" "agent/core/core.c:3: agent/core may not include <time.h>"
file agent/core/core.h '	#	include	<stdio.h>	/* odd but legal */'
finds "blanks and tabs hide nothing, headers count" "agent/core/core.h:1: agent/core may not include <stdio.h>"
file agent/core/task.c '#include "agent/wire/conf.h"'
finds "the core does not know the wire" "agent/core/task.c:1: agent/core may not include agent/wire/conf.h"
file agent/base/str.c '#include <stdio.h>'
finds "a file's own permission is not its folder's" "agent/base/str.c:1: agent/base may not include <stdio.h>"
file agent/wire/ecs_in.c '#include "agent/core/core.h"'
finds "the wire sees the core's data only" "agent/wire/ecs_in.c:1: agent/wire may not include agent/core/core.h"
file agent/wire/ecs_in.c '#include <unistd.h>'
finds "the wire has no file descriptors" "agent/wire/ecs_in.c:1: agent/wire may not include <unistd.h>"
file platform/http.c '#include "agent/core/event.h"'
finds "platform knows nothing of ECS" "platform/http.c:1: platform may not include agent/core/event.h"
file platform/http.c '#include <cJSON.h>'
finds "<*> opens no third-party door" "platform/http.c:1: platform may not include <cJSON.h>"
file agent/run/daemon.c '#include <curl/curl.h>'
finds "only platform sees libcurl" "agent/run/daemon.c:1: agent/run may not include <curl/curl.h>"
file agent/cmd/status.c '#include "agent/core/core.h"'
finds "a verb does not step the core" "agent/cmd/status.c:1: agent/cmd may not include agent/core/core.h"
file agent/main.c '#include <curl/curl.h>'
finds "a file with a row of its own has only that" "agent/main.c:1: agent/main.c may not include <curl/curl.h>"
file agent/main.h '#include <string.h>'
finds "... and lends it to nobody" "agent/main.h:1: no row for this folder in the table of packaging/layers"
file agent/core/core.c '#include "core.h"'
finds "includes are written from the root" \
	'agent/core/core.c:1: includes "core.h": write it from the repository root'
file agent/core/core.c '#include HEADER'
finds "no include by macro" "agent/core/core.c:1: an include must name its file: HEADER"
file agent/cmd/status.c 'printf("100 %% of %3d", n);' 'printf("%s took %6.1f s", name, seconds);'
finds "no format of floating point" \
	"agent/cmd/status.c:2: the C library of what is shipped prints no floating point and no wide text (packaging/deps/trim)"
file platform/http.c 'curl_easy_setopt(e, CURLOPT_URL, url);' 'curl_easy_setopt(e, CURLOPT_URL + 0, CURLOPT_VERBOSE);'
finds "no option that is left out of libcurl" \
	"platform/http.c:2: the libcurl of what is shipped knows no CURLOPT_VERBOSE (packaging/deps/trim)"
file agent/new/x.c '#include <string.h>'
finds "a new folder needs its row" \
	"agent/new/x.c:1: no row for this folder in the table of packaging/layers"
plan
