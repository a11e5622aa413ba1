#include <stddef.h>

#include "agent/cmd/act.h"

int cmd_confirm(const struct cmd *c)
{
	struct answer answer;
	struct args a;

	return args_parse(c, ARG_JSON, 1, 1, &a) ? act_ask(c, a.word[0], NULL, a.json, &answer) : EXIT_USAGE;
}
