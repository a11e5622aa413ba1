/* The doctor: each part of the node with its level, and what to do; exits as monitoring plugins do. */
#include <stdio.h>

#include "agent/cmd/check_list.h"
#include "agent/cmd/settings.h"
#include "agent/cmd/show.h"
#include "platform/file.h"

enum { PLUGIN_UNKNOWN = 3, ONE_CHECK_CAP = 2 * (CHECK_TEXT_CAP + CHECK_STEP_CAP) + 128 };

static void object(const struct check_list *list, const struct answer *answer, const char *line)
{
	static char buf[CHECKS_MAX * ONE_CHECK_CAP];
	struct text t = text_on(buf, sizeof(buf));
	struct jw w = jw_on(&t);
	int64_t ms = 0;

	(void)!json_unix_s(answer->root, "time_unix_s", &ms, NULL);
	jw_object(&w, NULL);
	jw_packed(&w, "schema", PACKED("kedge.check/1"));
	jw_bool(&w, "daemon", answer->daemon);
	jw_unix_s(&w, "time_unix_s", ms);
	jw_str(&w, "level", check_level_name(check_list_worst(list)));
	jw_str(&w, "summary", line);
	jw_array(&w, "checks");
	for (uint32_t i = 0; i < list->n; i++) {
		jw_object(&w, NULL);
		jw_str(&w, "name", list->at[i].name);
		jw_str(&w, "level", check_level_name(list->at[i].level));
		jw_str(&w, "text", list->at[i].text);
		jw_str_or_null(&w, "next_step", list->at[i].step);
		jw_object_end(&w);
	}
	jw_array_end(&w);
	jw_u64(&w, "checks_left_out", list->left_out);
	jw_object_end(&w);
	puts(buf);
}

static void page(const struct check_list *list, const struct answer *answer, const char *line)
{
	static const enum page_colour colour[CHECK_LEVELS] = { PAGE_GREEN, PAGE_YELLOW, PAGE_YELLOW, PAGE_RED };
	struct page p = page_open();

	page_coloured(&p, colour[check_list_worst(list)], line);
	putchar('\n');
	for (uint32_t i = 0; i < list->n; i++) {
		const struct check *c = &list->at[i];

		page_cell(&p, check_level_name(c->level), 8, colour[c->level]);
		page_cell(&p, c->name, 17, PAGE_PLAIN);
		page_wrap_on(&p, 27, 27, c->text);
		if (c->step[0] != '\0')
			page_wrap(&p, "         -> ", 12, c->step);
	}
	if (answer->daemon || answer->root == NULL)
		return;
	putchar('\n');
	show_services(&p, answer->root, false);
}

int cmd_check(const struct cmd *c)
{
	static struct check_list list;
	static struct conf conf;
	struct answer answer;
	struct file_ident hooks;
	struct ask_why why;
	struct why error;
	char line[1024];
	struct text t = text_on(line, sizeof(line));
	struct args a;

	if (!args_parse(c, ARG_JSON, 0, 0, &a) || !settings_load(c, &conf))
		return PLUGIN_UNKNOWN;           /* what a monitoring plugin says to wrong words; 2 would be critical */
	if (ask_quiet(&conf, ASK_STATUS, NULL, true, &answer, &why) == EXIT_DONE) {
		check_list_of(answer.root, &list);
	} else {
		answer.root = NULL;
		check_list_without(answer.daemon, why.text, &list);
	}
	if (answer.root != NULL && conf.hooks[0] != '\0') {
		bool there = file_identify(conf.hooks, &hooks, &error) == KERR_OK;

		check_list_hooks(&list, conf.hooks, there, there ? hooks.mode : 0, there ? hooks.uid : 0);
	}
	check_list_line(&list, &t);
	(a.json ? object : page)(&list, &answer, line);
	return check_level_exit(check_list_worst(&list));
}
