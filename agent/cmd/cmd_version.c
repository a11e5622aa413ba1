#include <stdio.h>

#include "agent/cmd/args.h"
#include "agent/cmd/say.h"

#ifndef KEDGE_VERSION
#error "the Makefile says the version"
#endif

const char *version_number(void) { return KEDGE_VERSION; }
const char *version_cpu(void) { return KEDGE_CPU; }

int cmd_version(const struct cmd *c)
{
	struct args a;

	if (!args_parse(c, ARG_JSON, 0, 0, &a))
		return EXIT_USAGE;
	if (a.json)
		say("{\"schema\":\"kedge.version/1\",\"version\":\"%s\",\"cpu\":\"%s\",\"build_unix_s\":%lld}\n",
		       version_number(), version_cpu(), (long long)KEDGE_BUILD_UNIX_S);
	else
		say("kedge %s (%s)\n", version_number(), version_cpu());
	return EXIT_DONE;
}
