/* Waits until the newest deployment of a service has come to its end on this node. */
#include "agent/cmd/settings.h"
#include "agent/cmd/waiting.h"

int cmd_wait(const struct cmd *c)
{
	static struct conf conf;
	uint64_t ms;
	struct args a;

	if (!args_parse(c, ARG_JSON | ARG_TIMEOUT, 1, 1, &a) || !args_word_ok(c, a.word[0]) || !waiting_span(c, a.span, &ms) ||
	    !settings_load(c, &conf))
		return EXIT_USAGE;
	return waiting_settle(&conf, a.word[0], "", ms, a.json);
}
