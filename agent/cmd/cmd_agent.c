#include "agent/cmd/args.h"
#include "agent/cmd/settings.h"
#include "agent/run/daemon.h"

int cmd_agent(const struct cmd *c)
{
	static struct conf conf;
	struct args a;

	if (!args_parse(c, ARG_ONCE, 0, 0, &a) || !settings_load(c, &conf))
		return EXIT_USAGE;
	return daemon_run(&conf, settings_path(c), a.once);
}
