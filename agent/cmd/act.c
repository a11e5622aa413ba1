#include "agent/cmd/act.h"

#include <stdio.h>

#include "agent/cmd/page.h"
#include "agent/cmd/show.h"
#include "agent/cmd/say.h"

static void told(const struct page *p, const cJSON *root)
{
	const char *id = page_str(root, "id"), *state = page_str(root, "state"), *text = page_str(root, "text");

	page_put(p, id);
	if (state[0] != '\0') {
		fputs(id[0] == '\0' ? "" : " ", stdout);
		page_coloured(p, page_true(root, "done") ? PAGE_GREEN : PAGE_YELLOW, state);
	}
	if (id[0] != '\0' || state[0] != '\0')
		putchar('\n');
	if (text[0] != '\0')
		page_wrap(p, "", 0, text);
	if (page_str(root, "operation")[0] != '\0') {
		say("  %s ", page_str(root, "operation"));
		page_put(p, page_str(root, "body"));
		putchar('\n');
	}
	show_command(p, root);
	show_pins(p, root);
}

int act_ask(const struct cmd *c, const char *word, const char *more, bool json, struct answer *answer)
{
	char request[ARN_CAP + 4 * NAME_CAP];
	struct page p;
	int code;

	if (!args_word_ok(c, word))
		return EXIT_USAGE;
	snprintf(request, sizeof(request), "%s %s%s%s", c->verb, word, more == NULL ? "" : " ", more == NULL ? "" : more);
	code = ask_acting(c, request, json, answer);
	if (code != EXIT_DONE)
		return code;
	p = page_open();
	if (json)
		ask_print(answer);
	else
		told(&p, answer->root);
	return ask_exit(answer, page_true(answer->root, "done") ? EXIT_DONE : EXIT_NO);
}

const cJSON *act_rollback_of(const cJSON *root, const char *id, const char **service)
{
	const cJSON *s;

	*service = NULL;
	cJSON_ArrayForEach(s, json_array(root, "services"))
		if (str_eq(page_str(json_object(s, "rollback"), "id"), id)) {
			*service = page_str(s, "service");
			return json_object(s, "rollback");
		}
	return NULL;
}
