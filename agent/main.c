/* kedge: a light anchor for containers on the edge. This table is the program's surface. */
#include <stdio.h>
#include <string.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/say.h"

static const struct verb {
	const char *name;
	int (*run)(const struct cmd *c);
	const struct packed *words, *line;
} verbs[] = {
	{ "agent", cmd_agent, PACKED("[--once]"), PACKED("the daemon, in the foreground") },
	{ "status", cmd_status, PACKED("[--brief]"), PACKED("node, services and newest failures at one look") },
	{ "failures", cmd_failures, PACKED(""), PACKED("every failure seen, newest first") },
	{ "services", cmd_services, PACKED(""), PACKED("each service with its verdict and what can be done") },
	{ "deployments", cmd_deployments, PACKED("[SERVICE]"), PACKED("the deployments as AWS tells them, also offline") },
	{ "tasks", cmd_tasks, PACKED(""), PACKED("the tasks on this node and their containers") },
	{ "why", cmd_why, PACKED("ID"), PACKED("one failure (f1) or rollback (r2), explained") },
	{ "check", cmd_check, PACKED(""), PACKED("the doctor; exit 0 ok, 1 warning, 2 critical, 3 unknown") },
	{ "wait", cmd_wait, PACKED("SERVICE [--timeout DURATION]"),
	  PACKED("until its deployment has settled here: 0 well, 1 not (30m)") },
	{ "watch", cmd_watch, PACKED(""), PACKED("status, drawn again every 2 s; into a pipe: when it changes") },
	{ "journal", cmd_journal, PACKED("[-n N]"), PACKED("what happened: the newest N records (200)") },
	{ "verify", cmd_verify, PACKED("FAMILY:REV"), PACKED("would its images pull on this node? asks their registries") },
	{ "classify", cmd_classify, PACKED("--stage pull|create|start|run [TEXT|-]"), PACKED("what an error text means") },
	{ "rollback", cmd_rollback, PACKED("SERVICE [--to FAMILY:REV] [--dry-run]"), PACKED("haul a deployment back") },
	{ "deploy", cmd_deploy, PACKED("SERVICE FAMILY:REV [--timeout DURATION] [--no-wait] [--dry-run] [--force]"),
	  PACKED("fix forward: UpdateService, then wait") },
	{ "confirm", cmd_confirm, PACKED("ID"), PACKED("say yes to a rollback that waits") },
	{ "cancel", cmd_cancel, PACKED("ID"), PACKED("drop a rollback") },
	{ "hold", cmd_hold, PACKED("SERVICE [--for DURATION]"), PACKED("let no rollback of a service go on (1d; 0 ends it)") },
	{ "init", cmd_init, PACKED("[--role observer|actor] [--allow-update-service] [--write [--yes]] [--export DIR]"),
	  PACKED("this node's conf, and the IAM policy its role needs") },
	{ "replay", cmd_replay, PACKED("--dir DIR | FILE"), PACKED("a recording through the same judgement, no AWS") },
	{ "version", cmd_version, PACKED(""), PACKED("version and processor") },
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static void usage(FILE *to)
{
	say_to(to, "usage: kedge [--conf FILE] VERB [--json] ...\n\n");
	for (int i = 0; i < VERBS; i++) {
		char words[PACKED_MAX];
		int n = say_to(to, "  %s %s", verbs[i].name, packed_copy(words, sizeof(words), verbs[i].words));

		say_to(to, "%s%*s%s\n", n > 30 ? "\n" : "", n > 30 ? 32 : 32 - n, "", packed_copy(words, sizeof(words), verbs[i].line));
	}
	say_to(to, "\nexit: 0 done, 1 no or not yet, 2 usage, 3 cannot reach the daemon or a source,\n"
		    "      4 refused by policy, 5 denied by AWS\n");
}

static int verb_usage(const struct verb *v)
{
	char words[PACKED_MAX], line[PACKED_MAX];

	say("usage: kedge [--conf FILE] %s %s\n\n%s\n", v->name, packed_copy(words, sizeof(words), v->words),
	    packed_copy(line, sizeof(line), v->line));
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
