#include <stddef.h>

#include "agent/cmd/act.h"

int cmd_cancel(const struct cmd *c)
{
	struct args a;

	return args_parse(c, ARG_JSON, 1, 1, &a) ? act_ask(c, a.word[0], NULL, a.json) : EXIT_USAGE;
}
