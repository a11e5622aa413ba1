#include <stdio.h>
#include <string.h>

#include "agent/cmd/show.h"
#include "agent/cmd/say.h"

/* The last part of an ARN, shortened as people quote it. */
static const char *task_id(const cJSON *task)
{
	const char *arn = page_str(task, "task"), *slash = strrchr(arn, '/');

	return slash == NULL ? arn : slash + 1;
}

static void row(const struct page *p, const char *const cell[5], enum page_colour colour)
{
	page_cell(p, cell[0], 12, PAGE_PLAIN);
	page_cell(p, cell[1], 18, PAGE_PLAIN);
	page_cell(p, cell[2], 18, PAGE_PLAIN);
	page_cell(p, cell[3], 8, colour);
	page_cell(p, cell[4], 0, PAGE_PLAIN);
	putchar('\n');
}

static void container(const struct page *p, const cJSON *k)
{
	char words[96] = "", digest[24] = "";
	const char *image = page_str(k, "image"), *state = page_str(k, "state"), *sum = page_str(k, "digest");
	size_t n = (size_t)snprintf(words, sizeof(words), "%s", state[0] == '\0' ? "?" : state);

	if (json_get(k, "exit_code") != NULL)
		n += (size_t)snprintf(words + n, sizeof(words) - n, " (exit %lld)", (long long)page_int(k, "exit_code", 0));
	if (page_true(k, "oom"))
		snprintf(words + n, sizeof(words) - n, " out of memory");
	snprintf(digest, sizeof(digest), " %.19s", sum);
	say("  ");
	page_cell(p, page_str(k, "name"), 20, PAGE_PLAIN);
	page_cell(p, words, 18, PAGE_PLAIN);
	page_put(p, image);
	page_put(p, sum[0] == '\0' ? "" : digest);
	putchar('\n');
}

static void task(const struct page *p, const cJSON *t)
{
	char definition[300], since[PAGE_TIME_CAP];
	const char *service = page_str(t, "service"), *known = page_str(t, "known");
	bool ended = page_true(t, "ended"), failed = page_true(t, "failed");
	const char *const cell[] = { task_id(t), service[0] == '\0' ? "-" : service, definition,
				     ended ? "STOPPED" : known[0] == '\0' ? "?" : known, since };
	const cJSON *k;

	show_definition(t, definition, sizeof(definition));
	page_time(t, "first_unix_s", since);
	row(p, cell, failed ? PAGE_RED : ended ? PAGE_PLAIN : PAGE_GREEN);
	cJSON_ArrayForEach(k, json_array(t, "containers"))
		container(p, k);
}

static void page(const struct page *p, const struct answer *answer)
{
	static const char *const head[] = { "TASK", "SERVICE", "RELEASE", "STATUS", "FIRST SEEN" };
	const cJSON *list, *t;

	list = json_array(answer->root, "tasks");
	if (cJSON_GetArraySize(list) == 0)
		say("No task is known on this node.\n");
	else
		row(p, head, PAGE_PLAIN);
	cJSON_ArrayForEach(t, list)
		task(p, t);
	show_left_out(answer->root, PACKED_TEXT("tasks_left_out"));
}

int cmd_tasks(const struct cmd *c)
{
	return show_reading(c, ASK_TASKS, page, NULL);
}
