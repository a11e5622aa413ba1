/* The fix forward from the site: a service goes to a revision by UpdateService, and its deployment is waited for. */
#include "agent/cmd/page.h"
#include "agent/cmd/settings.h"
#include "agent/cmd/update.h"
#include "agent/cmd/waiting.h"

int cmd_deploy(const struct cmd *c)
{
	static struct conf conf;
	char deployment[ARN_CAP];
	struct answer answer;
	uint64_t ms;
	struct args a;
	int code;

	if (!args_parse(c, ARG_JSON | ARG_TIMEOUT | ARG_NO_WAIT | ARG_DRY_RUN | ARG_FORCE, 2, 2, &a) ||
	    !waiting_span(c, a.span, &ms) || !settings_load(c, &conf))
		return EXIT_USAGE;
	code = update_ask(c, &a, a.word[1], &answer);
	if (code != EXIT_DONE || a.no_wait || a.dry_run)
		return code;
	/* the next answer takes its place */
	(void)str_cut(deployment, sizeof(deployment), slice_of(page_str(answer.root, "deployment")));
	return waiting_settle(&conf, a.word[0], deployment, ms, a.json);
}
