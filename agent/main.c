/* kedge: a light anchor for containers on the edge. This table is the program's surface. */
#include <stdio.h>
#include <string.h>

#include "agent/base/str.h"
#include "agent/cmd/cmd.h"
#include "agent/cmd/say.h"

static const struct verb {
	const char *name;                /* behind its NUL what it takes, packed, and behind that what it is for */
	int (*run)(const struct cmd *c);
} verbs[] = {
	{ "agent\0" PACKED_TEXT("[--once]") "\0" PACKED_TEXT("the daemon, in the foreground"), cmd_agent },
	{ "status\0" PACKED_TEXT("[--brief]") "\0" PACKED_TEXT("node, services and newest failures at one look"), cmd_status },
	{ "failures\0" PACKED_TEXT("") "\0" PACKED_TEXT("every failure seen, newest first"), cmd_failures },
	{ "services\0" PACKED_TEXT("") "\0" PACKED_TEXT("each service with its verdict and what can be done"), cmd_services },
	{ "deployments\0" PACKED_TEXT("[SERVICE]") "\0" PACKED_TEXT("the deployments as AWS tells them, also offline"), cmd_deployments },
	{ "tasks\0" PACKED_TEXT("") "\0" PACKED_TEXT("the tasks on this node and their containers"), cmd_tasks },
	{ "why\0" PACKED_TEXT("ID") "\0" PACKED_TEXT("one failure (f1) or rollback (r2), explained"), cmd_why },
	{ "check\0" PACKED_TEXT("") "\0" PACKED_TEXT("the doctor; exit 0 ok, 1 warning, 2 critical, 3 unknown"), cmd_check },
	{ "wait\0" PACKED_TEXT("SERVICE [--timeout DURATION]") "\0"
	  PACKED_TEXT("until its deployment has settled here: 0 well, 1 not (30m)"), cmd_wait },
	{ "watch\0" PACKED_TEXT("") "\0" PACKED_TEXT("status, drawn again every 2 s; into a pipe: when it changes"), cmd_watch },
	{ "journal\0" PACKED_TEXT("[-n N]") "\0" PACKED_TEXT("what happened: the newest N records (200)"), cmd_journal },
	{ "verify\0" PACKED_TEXT("FAMILY:REV") "\0" PACKED_TEXT("would its images pull on this node? asks their registries"), cmd_verify },
	{ "classify\0" PACKED_TEXT("--stage pull|create|start|run [TEXT|-]") "\0" PACKED_TEXT("what an error text means"), cmd_classify },
	{ "rollback\0" PACKED_TEXT("SERVICE [--to FAMILY:REV] [--dry-run]") "\0" PACKED_TEXT("haul a deployment back"), cmd_rollback },
	{ "deploy\0" PACKED_TEXT("SERVICE FAMILY:REV [--timeout DURATION] [--no-wait] [--dry-run] [--force]") "\0"
	  PACKED_TEXT("fix forward: UpdateService, then wait"), cmd_deploy },
	{ "confirm\0" PACKED_TEXT("ID") "\0" PACKED_TEXT("say yes to a rollback that waits"), cmd_confirm },
	{ "cancel\0" PACKED_TEXT("ID") "\0" PACKED_TEXT("drop a rollback"), cmd_cancel },
	{ "hold\0" PACKED_TEXT("SERVICE [--for DURATION]") "\0" PACKED_TEXT("let no rollback of a service go on (1d; 0 ends it)"), cmd_hold },
	{ "init\0" PACKED_TEXT("[--role observer|actor] [--allow-update-service] [--write [--yes]] [--export DIR]") "\0"
	  PACKED_TEXT("this node's conf, and the IAM policy its role needs"), cmd_init },
	{ "replay\0" PACKED_TEXT("--dir DIR | FILE") "\0" PACKED_TEXT("a recording through the same judgement, no AWS"), cmd_replay },
	{ "version\0" PACKED_TEXT("") "\0" PACKED_TEXT("version and processor"), cmd_version },
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static const char *takes(const struct verb *v, char words[PACKED_MAX])
{
	return packed_copy(words, PACKED_MAX, (const struct packed *)str_behind(v->name));
}

static const char *is_for(const struct verb *v, char words[PACKED_MAX])
{
	return packed_copy(words, PACKED_MAX, (const struct packed *)str_behind(str_behind(v->name)));
}

static void usage(FILE *to)
{
	say_to(to, "usage: kedge [--conf FILE] VERB [--json] ...\n\n");
	for (int i = 0; i < VERBS; i++) {
		char words[PACKED_MAX];
		int n = say_to(to, "  %s %s", verbs[i].name, takes(&verbs[i], words));

		say_to(to, "%s%*s%s\n", n > 30 ? "\n" : "", n > 30 ? 32 : 32 - n, "", is_for(&verbs[i], words));
	}
	say_to(to, "\nexit: 0 done, 1 no or not yet, 2 usage, 3 cannot reach the daemon or a source,\n"
		    "      4 refused by policy, 5 denied by AWS\n");
}

static int verb_usage(const struct verb *v)
{
	char words[PACKED_MAX], line[PACKED_MAX];

	say("usage: kedge [--conf FILE] %s %s\n\n%s\n", v->name, takes(v, words), is_for(v, line));
	return EXIT_DONE;
}

static int run(const struct verb *v, const struct cmd *c)
{
	int code;

	for (int i = 0; i < c->argc && strcmp(c->argv[i], "--") != 0; i++)
		if (strcmp(c->argv[i], "--help") == 0)
			return verb_usage(v);
	code = v->run(c);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		say_to(stderr, "kedge: standard output cannot be written\n");
		return code == EXIT_DONE ? EXIT_UNREACHABLE : code;
	}
	return code;
}

int main(int argc, char **argv)
{
	struct cmd c = { .conf_path = NULL };
	int i = 1;

	if (argc > 3 && strcmp(argv[1], "--worker") == 0)
		return cmd_worker(argc - 2, argv + 2);
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			usage(stdout);
			return EXIT_DONE;
		}
		if (strncmp(argv[i], "--conf=", 7) == 0)
			c.conf_path = argv[i] + 7;
		else if (strcmp(argv[i], "--conf") == 0 && i + 1 < argc)
			c.conf_path = argv[++i];
		else
			break;
	}
	for (int k = 0; i < argc && k < VERBS; k++)
		if (strcmp(argv[i], verbs[k].name) == 0) {
			c.verb = argv[i];
			c.argc = argc - i - 1;
			c.argv = argv + i + 1;
			return run(&verbs[k], &c);
		}
	if (i < argc)
		say_to(stderr, "kedge: there is no verb or option \"%s\"\n", argv[i]);
	usage(stderr);
	return EXIT_USAGE;
}
