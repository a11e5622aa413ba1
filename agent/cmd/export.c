#include "agent/cmd/export.h"

#include <stdio.h>
#include <string.h>

#include "agent/cmd/pretty.h"
#include "agent/cmd/show.h"
#include "agent/wire/arn.h"
#include "agent/wire/view.h"
#include "agent/cmd/say.h"
#include "platform/file.h"

#define TEMP ".kedge-export"             /* beside DIR, until it is whole */

static const char *const files[] = { "ecs-service-def.json", "ecs-task-def.json", "ecspresso.yml" };
enum { SERVICE_DEF, TASK_DEF, SETTINGS, FILES };

struct job {
	const struct cmd *c;
	bool json;
	uint32_t n;                      /* names of its own: the next answer takes the place of those that came with the last */
	char service[SERVICES_MAX][NAME_CAP], region[32], cluster[NAME_CAP];
	char temp[CONF_PATH_CAP], path[CONF_PATH_CAP + NAME_CAP + 32], definition[ARN_CAP];
	char bytes[2 * VIEW_MAX];        /* indented, it is longer than it came */
};

/* DIR, DIR/SERVICE or DIR/SERVICE/FILE. */
static void path_of(struct job *j, uint32_t service, const char *file)
{
	struct text t = text_on(j->path, sizeof(j->path));

	text_s(&t, j->temp);
	text_c(&t, '/');
	text_s(&t, j->service[service]);
	text_s(&t, file == NULL ? "" : "/");
	text_s(&t, file == NULL ? "" : file);
}

static void take_away(struct job *j)
{
	for (uint32_t i = 0; i < j->n; i++) {
		for (int k = 0; k < FILES; k++) {
			path_of(j, i, files[k]);
			(void)remove(j->path);
		}
		path_of(j, i, NULL);
		(void)remove(j->path);
	}
	(void)remove(j->temp);
}

static int put(struct job *j, uint32_t service, int file, const struct text *t)
{
	struct why why;

	path_of(j, service, files[file]);
	/* a task definition may hold secrets in its environment */
	if (file_create(j->path, text_get(t), 0600, &why) == KERR_OK)
		return EXIT_DONE;
	return ask_fail_says(j->json, EXIT_NO, why.text);
}

/* What a later run would need is named beside the definitions. */
static int settings(struct job *j, uint32_t service)
{
	const char *const part[] = { "region: ", j->region, "\ncluster: ", j->cluster, "\nservice: ", j->service[service],
				     "\nservice_definition: ", files[SERVICE_DEF], "\ntask_definition: ", files[TASK_DEF], "\n" };
	struct text t = text_on(j->bytes, sizeof(j->bytes));

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		text_s(&t, part[i]);
	return put(j, service, SETTINGS, &t);
}

/* The statement for what the role lacks stands in the status. */
static int told(struct job *j, int code)
{
	struct page p = page_open();
	struct answer status;
	const cJSON *d;

	if (code == EXIT_DENIED && !j->json && ask_reading(j->c, ASK_STATUS, NULL, false, &status) == EXIT_DONE)
		cJSON_ArrayForEach(d, json_array(status.root, "denied"))
			show_statement(&p, d);
	return code;
}

static int one(struct job *j, uint32_t service, int file, struct slice what, const char *skip)
{
	struct text t = text_on(j->bytes, sizeof(j->bytes));
	char request[ARN_CAP + 16];
	struct text r = text_on(request, sizeof(request));
	struct answer answer;
	const cJSON *tree;
	int code;

	text_say(&r, "export ");
	text_slice(&r, what);
	code = ask_acting(j->c, request, j->json, &answer);
	if (code != EXIT_DONE)
		return told(j, code);
	tree = json_object(answer.root, "answer");
	tree = file == TASK_DEF ? json_object(tree, "taskDefinition") : cJSON_GetArrayItem(json_array(tree, "services"), 0);
	if (!cJSON_IsObject(tree))
		return ask_fail(j->json, EXIT_NO, PACKED("AWS knows no such service"));
	(void)str_cut(j->definition, sizeof(j->definition), slice_of(page_str(tree, "taskDefinition")));
	pretty_json(&t, tree, skip);
	if (t.full)
		return ask_fail(j->json, EXIT_NO, PACKED("what AWS keeps of it does not fit"));
	return put(j, service, file, &t);
}

static int service(struct job *j, uint32_t i)
{
	struct slice definition;
	struct why why;
	int code;

	path_of(j, i, NULL);
	if (file_make_dirs(j->path, 0755, &why) != KERR_OK)
		return ask_fail_says(j->json, EXIT_NO, why.text);
	code = one(j, i, SERVICE_DEF, slice_of(j->service[i]), "taskDefinition");
	definition = slice_of(j->definition);
	if (code == EXIT_DONE)
		code = one(j, i, TASK_DEF, slice_from(definition, slice_rfind(definition, "/") + 1), NULL);
	return code == EXIT_DONE ? settings(j, i) : code;
}

int export_to(const struct cmd *c, const char *dir, const struct iam_names *names, bool json)
{
	static struct job j;
	struct text t = text_on(j.temp, sizeof(j.temp));
	struct slice path = slice_of(dir);
	struct file_ident ident;
	struct why why;
	int code = EXIT_DONE;

	while (path.n > 1 && slice_ends(path, "/"))
		path.n--;
	text_slice(&t, path);
	text_s(&t, TEMP);
	if (t.full || file_identify(dir, &ident, &why) != KERR_GONE)
		return ask_fail(json, EXIT_NO, PACKED("the folder to export to is there already; nothing is overwritten"));
	j.c = c;
	j.json = json;
	(void)str_put(j.region, sizeof(j.region), names->region);
	(void)str_put(j.cluster, sizeof(j.cluster), names->cluster);
	/* they become names of folders */
	while (j.n < names->n && arn_name_ok(names->service[j.n].name) && str_put(j.service[j.n], NAME_CAP, names->service[j.n].name))
		j.n++;
	take_away(&j);                   /* of a run that was killed */
	if (j.n == 0 || j.n < names->n)
		code = ask_fail(json, EXIT_NO, PACKED("no service is known on this node yet"));
	for (uint32_t i = 0; i < j.n && code == EXIT_DONE; i++)
		code = service(&j, i);
	if (code == EXIT_DONE && rename(j.temp, dir) != 0)
		code = ask_fail(json, EXIT_NO, PACKED("the folder to export to cannot be made"));
	if (code != EXIT_DONE)
		take_away(&j);
	else if (!json)
		say("%s holds %u services with their task definitions\n", dir, (unsigned)j.n);
	else
		say("{\"schema\":\"kedge.init/1\",\"exported\":%u}\n", (unsigned)j.n);
	return code;
}
