#include <stdio.h>

#include "agent/cmd/act.h"
#include "agent/cmd/page.h"

static const char *or_none(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

/* What the yes is about, as it goes to the gate. */
static void told(const cJSON *rb, const char *service)
{
	struct page p = page_open();

	page_put(&p, service);
	fputs(": ", stdout);
	page_put(&p, page_str(rb, "release"));
	fputs(" -> ", stdout);
	page_put(&p, page_str(rb, "target"));
	fputs(page_true(rb, "by_update") ? " by UpdateService\n" : "\n", stdout);
	if (page_str(rb, "dedupe_key")[0] != '\0') {
		fputs("  deployment ", stdout);
		page_put(&p, page_str(rb, "dedupe_key"));
		putchar('\n');
	}
}

int cmd_confirm(const struct cmd *c)
{
	char seen[ARN_CAP + 3 * NAME_CAP];
	const char *service = NULL;
	struct answer answer;
	const cJSON *rb;
	struct args a;
	int code;

	if (!args_parse(c, ARG_JSON, 1, 1, &a))
		return EXIT_USAGE;
	code = ask_acting(c, "services", a.json, &answer);   /* what was kept is not what would be done */
	if (code != EXIT_DONE)
		return code;
	/* what the person has before him: the gate holds the daemon to that */
	rb = act_rollback_of(answer.root, a.word[0], &service);
	if (rb == NULL)
		return act_ask(c, a.word[0], NULL, a.json, &answer);
	snprintf(seen, sizeof(seen), "%s %s %s", service, or_none(page_str(rb, "dedupe_key")),
		 page_true(rb, "by_update") ? or_none(page_str(rb, "target")) : "-");
	if (!a.json)
		told(rb, service);
	return act_ask(c, a.word[0], seen, a.json, &answer);
}
