/* Hauls a service's deployment back on a person's word. */
#include "agent/cmd/act.h"
#include "agent/cmd/update.h"

int cmd_rollback(const struct cmd *c)
{
	struct answer answer;
	struct args a;

	if (!args_parse(c, ARG_JSON | ARG_TO | ARG_DRY_RUN, 1, 1, &a))
		return EXIT_USAGE;
	if (a.to != NULL)
		return update_ask(c, &a, a.to, &answer);
	return act_ask(c, a.word[0], a.dry_run ? "dry-run" : NULL, a.json, &answer);
}
