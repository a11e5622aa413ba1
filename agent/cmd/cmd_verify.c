/* Would the images of a revision pull on this node? The daemon asks their registries; before a deployment, or for its cause. */
#include <stdio.h>

#include "agent/cmd/show.h"
#include "agent/cmd/say.h"

static void size(const cJSON *o, const char *name, char out[PAGE_TIME_CAP])
{
	int64_t bytes = page_int(o, name, -1);

	if (bytes >= 0)
		page_bytes(bytes, out);
	else
		snprintf(out, PAGE_TIME_CAP, "not told");
}

static const char *told(const cJSON *o, const char *name)
{
	const char *s = page_str(o, name);

	return s[0] == '\0' ? "not told" : s;
}

static void container(const struct page *p, const cJSON *k, const char *room)
{
	const char *verdict = page_str(k, "verdict");
	bool yes = slice_is(slice_of(verdict), "yes"), no = slice_is(slice_of(verdict), "no");
	char bytes[PAGE_TIME_CAP], line[1024];

	size(k, PACKED_TEXT("compressed_bytes"), bytes);
	page_coloured(p, yes ? PAGE_GREEN : no ? PAGE_RED : PAGE_YELLOW, yes ? "would pull" : no ? "would not pull" : "not known");
	snprintf(line, sizeof(line), "%s: %s (digest %s, architecture %s, %s compressed, %s free): %s", page_str(k, "container"),
		 page_str(k, "image"), told(k, "digest"), told(k, "arch"), bytes, room, page_str(k, "reason"));
	page_wrap(p, "  ", 2, line);
}

int cmd_verify(const struct cmd *c)
{
	char request[512], room[PAGE_TIME_CAP];
	struct answer answer;
	const cJSON *k;
	struct args a;
	struct page p;
	int code;

	if (!args_parse(c, ARG_JSON, 1, 1, &a) || !args_word_ok(c, a.word[0]))
		return EXIT_USAGE;
	snprintf(request, sizeof(request), "verify %s", a.word[0]);
	code = ask_acting(c, request, a.json, &answer);
	if (code != EXIT_DONE)
		return code;
	if (a.json) {
		ask_print(&answer);
		return ask_exit(&answer, EXIT_UNREACHABLE);
	}
	p = page_open();
	size(answer.root, PACKED_TEXT("free_bytes"), room);
	say("%s%s, on this node (%s)\n", page_str(answer.root, "task_definition"),
	       slice_is(slice_of(page_str(answer.root, "status")), "INACTIVE") ? ", which is INACTIVE: no service can be sent to it" : "",
	       page_str(answer.root, "node_arch"));
	cJSON_ArrayForEach(k, json_array(answer.root, "containers"))
		container(&p, k, room);
	return ask_exit(&answer, EXIT_UNREACHABLE);
}
