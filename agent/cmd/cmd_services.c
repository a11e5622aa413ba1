#include "agent/cmd/show.h"

int cmd_services(const struct cmd *c)
{
	struct answer answer;
	struct args a;
	struct page p;
	int code;

	if (!args_parse(c, ARG_JSON, 0, 0, &a))
		return EXIT_USAGE;
	code = ask_reading(c, ASK_SERVICES, NULL, a.json, &answer);
	if (code != EXIT_DONE)
		return code;
	if (a.json) {
		ask_print(&answer);
		return EXIT_DONE;
	}
	p = page_open();
	ask_head(&answer);
	show_services(&p, answer.root, true);
	return EXIT_DONE;
}
