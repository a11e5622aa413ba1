
#include "agent/cmd/args.h"
#include "agent/cmd/settings.h"
#include "agent/gate/gate.h"
#include "agent/run/daemon.h"

int cmd_agent(const struct cmd *c)
{
	static struct conf conf;
	struct args a;

	if (!args_parse(c, ARG_ONCE, 0, 0, &a) || !settings_load(c, &conf))
		return EXIT_USAGE;
	return gate_run(&conf, settings_path(c), a.once);
}

/* What the gate has put there: CONF UID:GID MISSING [once]. Who starts it by hand has no gate, and is told so. */
int cmd_worker(int argc, char *const *argv)
{
	static struct conf conf;
	struct cmd c = { .verb = "agent" };
	struct worker w = { .missing = argc > 2 ? argv[2] : "", .once = argc > 3 };
	struct slice ids = slice_of(argc > 1 ? argv[1] : ""), uid = SLICE("");
	uint64_t u, g;

	if (!slice_next(&ids, ':', &uid) || !slice_u64(uid, &u) || !slice_u64(ids, &g))
		return EXIT_USAGE;
	w.conf_path = argv[0];
	w.uid = (uid_t)u;
	w.gid = (gid_t)g;
	c.conf_path = str_eq(argv[0], CONF_PATH) ? NULL : argv[0];
	if (!settings_load(&c, &conf))
		return EXIT_USAGE;
	return daemon_run(&conf, &w);
}
