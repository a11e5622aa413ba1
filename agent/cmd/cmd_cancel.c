#include "agent/cmd/act.h"

int cmd_cancel(const struct cmd *c)
{
	struct answer answer;
	const char *service;
	struct args a;
	int code;

	if (!args_parse(c, ARG_JSON, 1, 1, &a))
		return EXIT_USAGE;
	code = ask_acting(c, "services", a.json, &answer);
	if (code != EXIT_DONE)
		return code;
	/* the gate knows services, not ids: what was permitted for that one it forgets */
	(void)act_rollback_of(answer.root, a.word[0], &service);
	return act_ask(c, a.word[0], service, a.json, &answer);
}
