#include "agent/cmd/update.h"

#include <stdio.h>

#include "agent/cmd/act.h"
#include "agent/cmd/page.h"
#include "agent/cmd/settings.h"
#include "agent/wire/arn.h"
#include "agent/wire/ecs_out.h"
#include "agent/cmd/say.h"

/* The cluster is the service's own where it is known, else the node's. */
static const char *cluster_of(const cJSON *root, const char *service)
{
	const cJSON *s;

	cJSON_ArrayForEach(s, json_array(root, "services"))
		if (slice_is(slice_of(page_str(s, "service")), service) && page_str(s, "cluster")[0] != '\0')
			return page_str(s, "cluster");
	return page_str(json_object(root, "node"), "cluster");
}

static int refuse(const char *verb, bool json, const char *command)
{
	char buf[2048], sentence[PACKED_MAX];
	struct text t = text_on(buf, sizeof(buf));
	struct jw w = jw_on(&t);

	packed_copy(sentence, sizeof(sentence), PACKED("policy allow_update_service = no; run this with your own credentials:"));
	if (!json) {
		say_to(stderr, "kedge %s: %s\n%s\n", verb, sentence, command);
		return EXIT_REFUSED;
	}
	jw_object(&w, NULL);
	jw_packed(&w, "schema", PACKED("kedge.act/1"));
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

/* The conf says no: the command can be printed without the daemon too. */
static int not_allowed(const struct cmd *c, const struct args *a, const char *family, uint32_t revision)
{
	char command[1200];
	struct text t = text_on(command, sizeof(command));
	struct answer answer;
	const char *cluster;
	int code = ask_reading(c, ASK_STATUS, NULL, a->json, &answer);

	if (code != EXIT_DONE)
		return code;
	cluster = cluster_of(answer.root, a->word[0]);
	if (cluster[0] == '\0')
		return ask_fail(a->json, EXIT_UNREACHABLE,
			PACKED("the cluster is not known yet, neither from the ECS agent nor kedge.conf"));
	if (!ecs_out_cli_update(&t, page_str(json_object(answer.root, "node"), "region"), cluster, a->word[0], family, revision))
		return ask_fail(a->json, EXIT_USAGE, PACKED("the command is too long"));
	return refuse(c->verb, a->json, command);
}

static bool allowed(const struct conf *conf, const char *service)
{
	for (uint32_t i = 0; i < conf->core.n_services; i++)
		if (str_eq(conf->core.service[i].service, service))
			return conf->core.service[i].policy.allow_update_service;
	return conf->core.policy.allow_update_service;
}

int update_ask(const struct cmd *c, const struct args *a, const char *definition, struct answer *answer)
{
	static struct conf conf;
	char family[NAME_CAP], how[NAME_CAP + 48];
	struct text t = text_on(how, sizeof(how));
	struct slice name;
	uint32_t revision;

	if (!arn_family_revision(slice_of(definition), &name, &revision) || !str_put(family, sizeof(family), name)) {
		say_to(stderr, "kedge %s: a task definition is named FAMILY:REVISION, like web:11\n", c->verb);
		return EXIT_USAGE;
	}
	if (!args_word_ok(c, a->word[0]) || !settings_load(c, &conf))
		return EXIT_USAGE;
	if (!a->dry_run && !allowed(&conf, a->word[0]))
		return not_allowed(c, a, family, revision);
	text_say(&t, "to ");
	text_s(&t, family);
	text_c(&t, ':');
	text_u64(&t, revision);
	text_s(&t, a->force ? " force" : "");
	text_s(&t, a->dry_run ? " dry-run" : "");
	return act_ask(c, a->word[0], how, a->json, answer);
}
