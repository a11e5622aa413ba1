/* Hauls a service's deployment back on a person's word. */
#include <stdio.h>

#include "agent/cmd/act.h"
#include "agent/cmd/ask.h"
#include "agent/cmd/page.h"
#include "agent/wire/arn.h"
#include "agent/wire/ecs_out.h"

/* The cluster is the service's own where it is known, else the node's. */
static const char *cluster_of(const cJSON *root, const char *service)
{
	const cJSON *s;

	cJSON_ArrayForEach(s, json_array(root, "services"))
		if (slice_is(slice_of(page_str(s, "service")), service) && page_str(s, "cluster")[0] != '\0')
			return page_str(s, "cluster");
	return page_str(json_object(root, "node"), "cluster");
}

static int refuse(bool json, const char *command)
{
	static const char sentence[] = "this version does not send UpdateService itself; run this with your own credentials:";
	char buf[2048];
	struct text t = text_on(buf, sizeof(buf));
	struct jw w = jw_on(&t);

	if (!json) {
		fprintf(stderr, "kedge rollback: --to: %s\n%s\n", sentence, command);
		return EXIT_REFUSED;
	}
	jw_object(&w, NULL);
	jw_str(&w, "schema", "kedge.act/1");
	jw_bool(&w, "done", false);
	jw_null(&w, "id");
	jw_str(&w, "state", "refused");
	jw_str(&w, "text", sentence);
	jw_str(&w, "command", command);
	jw_i64(&w, "exit", EXIT_REFUSED);
	jw_object_end(&w);
	puts(buf);
	return EXIT_REFUSED;
}

/* UpdateService is a person's to send: what can be done here is to print it whole. */
static int to_definition(const struct cmd *c, const struct args *a)
{
	char family[NAME_CAP], command[1200];
	struct text t = text_on(command, sizeof(command));
	struct answer answer;
	struct slice name;
	const char *cluster;
	uint32_t revision;
	int code;

	if (!arn_family_revision(slice_of(a->to), &name, &revision) || !str_put(family, sizeof(family), name)) {
		fprintf(stderr, "kedge rollback: --to takes FAMILY:REVISION, like web:11\n");
		return EXIT_USAGE;
	}
	if (!args_word_ok(c, a->word[0]))
		return EXIT_USAGE;
	code = ask_reading(c, ASK_STATUS, NULL, a->json, &answer);
	if (code != EXIT_DONE)
		return code;
	cluster = cluster_of(answer.root, a->word[0]);
	if (cluster[0] == '\0')
		return ask_fail(a->json, EXIT_UNREACHABLE, "the cluster is not known yet, neither from the ECS agent nor kedge.conf");
	if (!ecs_out_cli_update(&t, page_str(json_object(answer.root, "node"), "region"), cluster, a->word[0], family, revision))
		return ask_fail(a->json, EXIT_USAGE, "the command is too long");
	return refuse(a->json, command);
}

int cmd_rollback(const struct cmd *c)
{
	struct args a;

	if (!args_parse(c, ARG_JSON | ARG_TO | ARG_DRY_RUN, 1, 1, &a))
		return EXIT_USAGE;
	if (a.to != NULL)
		return to_definition(c, &a);
	return act_ask(c, a.word[0], a.dry_run ? "dry-run" : NULL, a.json);
}
