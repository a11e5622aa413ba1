/* Requests to ECS out of names that others wrote, and the lines for people. Lines: region, cluster, service, family, deployment, then
 * a token. A body is a JSON object in which each name reads back; a shell takes a quoted word for that very word. */
#include "agent/wire/ecs_out.h"
#include "agent/wire/json.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_views.h"

#include <string.h>

static char room[32 * 1024], memory[256 * 1024], back[8192], text[6][2500];

/* The member of the body, a string or the first of an array, is the name that went in. */
static void says(struct text *out, enum kerr e, const struct why *why, const char *member, const char *name)
{
	const cJSON *root = NULL, *item;
	struct why not = { "" };
	struct arena a;

	if (e != KERR_OK) {
		if (why->text[0] == '\0' && !out->full)
			fuzz_broken("refused without words");
		*out = text_on(room, sizeof(room));
		return;
	}
	arena_init(&a, memory, sizeof(memory));
	fuzz_json(text_get(out), "a body");
	if (json_parse(&a, text_get(out), &root, &not) != KERR_OK)
		fuzz_broken("a body that does not read");
	item = json_get(root, member);
	item = cJSON_IsArray(item) ? item->child : item;
	if (!cJSON_IsString(item) || (strcmp(item->valuestring, name) != 0 && strstr(item->valuestring, "\xEF\xBF\xBD") == NULL))
		fuzz_broken("a body that names something else");
	*out = text_on(room, sizeof(room));
}

static void bodies(void)
{
	const char *cluster = text[1], *service = text[2], *family = text[3], *deployment = text[4], *token = text[5];
	struct slice arn = slice_of(deployment), name = slice_of(service);
	struct text out = text_on(room, sizeof(room));
	static struct ecs_task_ids ids;
	struct why why = { "" };

	says(&out, ecs_out_list_all(&out, cluster, service, &why), &why, "service", service);
	says(&out, ecs_out_list_after(&out, cluster, service, (int64_t)strlen(token) * 1000, &why), &why, "cluster", cluster);
	says(&out, ecs_out_deployments(&out, &arn, 1, &why), &why, "serviceDeploymentArns", deployment);
	says(&out, ecs_out_revisions(&out, &arn, 1, &why), &why, "serviceRevisionArns", deployment);
	says(&out, ecs_out_list_tasks(&out, cluster, service, "", true, token, &why), &why, "serviceName", service);
	if (service[0] != '\0')
		says(&out, ecs_out_list_tasks(&out, cluster, "web", service, false, "", &why), &why, "startedBy", service);
	says(&out, ecs_out_task(&out, cluster, name, &why), &why, "tasks", service);
	says(&out, ecs_out_services(&out, cluster, &name, 1, &why), &why, "services", service);
	says(&out, ecs_out_stop(&out, deployment, &why), &why, "serviceDeploymentArn", deployment);
	says(&out, ecs_out_update(&out, cluster, service, family, 7, &why), &why, "service", service);
	ids.n = str_put(ids.id[0], sizeof(ids.id[0]), slice_of(token)) ? 1 : 0;
	says(&out, ecs_out_tasks(&out, cluster, &ids, &why), &why, "tasks", token);
}

/* As a POSIX shell reads it: bare words, '...' and \'. */
static void unquote(struct slice word, struct slice want)
{
	struct text t = text_on(back, sizeof(back));
	bool in = false;

	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] == '\'')
			in = !in;
		else if (!in && word.p[i] == '\\' && i + 1 < word.n)
			text_c(&t, word.p[++i]);
		else if (!in && strchr(" \t\n;&|<>()$`\"*?[]#~!{}", word.p[i]) != NULL)
			fuzz_broken("a shell would see more than a word");
		else
			text_c(&t, word.p[i]);
	}
	if (in || (!t.full && !slice_eq(text_get(&t), want)))
		fuzz_broken("a shell would see another word");
}

static void lines(void)
{
	struct text out = text_on(room, sizeof(room));
	bool whole[5];

	ecs_out_shell(&out, slice_of(text[5]));
	if (!out.full)
		unquote(text_get(&out), slice_of(text[5]));
	out = text_on(room, sizeof(room));
	whole[0] = ecs_out_cli_stop(&out, text[0], text[4]);
	whole[1] = ecs_out_cli_update(&out, text[0], text[1], text[2], text[3], 12);
	whole[2] = ecs_out_cli_definition(&out, text[0], text[3], 12);
	whole[3] = ecs_out_cli_register(&out, text[0], text[5]);
	whole[4] = ecs_out_cli_describe(&out, text[0], text[1], text[2]);
	if (out.full && whole[0] && whole[1] && whole[2] && whole[3] && whole[4])
		fuzz_broken("a line was cut, and nobody says so");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size }, line;

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		text[i][0] = '\0';
		if (slice_next(&in, '\n', &line) && memchr(line.p, '\0', line.n) == NULL)
			(void)str_put(text[i], sizeof(text[i]), line);
	}
	for (enum ecs_call call = ECS_LIST_DEPLOYMENTS; call < ECS_CALLS; call++)
		if (strchr(ecs_out_target(call), '.') == NULL)
			fuzz_broken("a call without a target");
	bodies();
	lines();
	return 0;
}
