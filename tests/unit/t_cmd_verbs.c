/* agent/cmd: the verbs as a person or a script meets them: against a daemon that answers with the views of a modelled
 * node, and with the daemon down from a journal on disk. Each verb runs in a process of its own. */
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/wire/deployments_in.h"
#include "agent/wire/json.h"
#include "agent/wire/record.h"
#include "agent/wire/view.h"
#include "platform/file.h"
#include "tests/story/world.h"
#include "tests/tap.h"

static struct world w;
static struct dep_table table;
static char dir[64], conf_path[96];
static char out[256 * 1024], err[8192], answer[VIEW_MAX];

#define DEPLOYMENT "arn:aws:ecs:eu-west-1:1:service-deployment/edge/web/d2"

/* ---- the node: a service whose new release fails ---- */

static void story(void)
{
	world_init(&w, MODE_MANUAL);
	world_deploy(&w, "web", 11, "sha256:digest11");
	world_place(&w, 1, "web", 11);
	world_run(&w, 500);
	world_create(&w, 1, "web", 11, "sha256:image11");
	world_image(&w, "sha256:image11", "sha256:digest11");
	world_start(&w, 1);
	world_run(&w, 300);
	world_running(&w, 1);
	world_run(&w, 65000);
	world_status(&w, SD_SUCCESSFUL);
	world_run(&w, 40000);
	world_deploy(&w, "web", 12, "");
	for (unsigned i = 2; i < 5; i++) {
		world_place(&w, i, "web", 12);
		world_run(&w, 15000);
		world_pull_attempt(&w, i, CLASS_IMAGE_NOT_FOUND, "not found: manifest unknown");
		world_run(&w, 14000);
		world_stopped(&w, i, STAGE_PULL, CLASS_IMAGE_NOT_FOUND, "not found: manifest unknown", -1);
		world_run(&w, 5000);
	}
}

static void deployments(void)
{
	static const struct dep_row rows[] = {
		{ "ecs-svc/12345678901234567890", "PRIMARY", "test-task", 12, 1, 1, 0, 5, 1628564400000, 1628564460000, "EXTERNAL",
		  "IN_PROGRESS", "ECS deployment ecs-svc/12345678901234567890 in progress." },
		{ "ecs-svc/99999999999999999999", "ACTIVE", "test-task", 11, 1, 0, 1, 0, 1628560800000, 1628560860000, "EXTERNAL",
		  "COMPLETED", "ECS deployment ecs-svc/99999999999999999999 completed." },
	};

	table.asked_unix_ms = WORLD_UNIX_MS + 100000;
	table.n = 2;                     /* of web another release than the daemon knows: asked too long ago to be believed */
	snprintf(table.service[0].name, NAME_CAP, "test-service");
	snprintf(table.service[0].status, 16, "ACTIVE");
	table.service[0].desired = table.service[0].running = table.service[0].n = 2;
	memcpy(table.service[0].row, rows, sizeof(rows));
	table.service[1] = table.service[0];
	snprintf(table.service[1].name, NAME_CAP, "web");
	snprintf(table.service[1].row[0].family, NAME_CAP, "web");
	table.service[1].row[0].revision = 13;
}

static struct text view_for(const char *verb, const char *word)
{
	struct view v = { .core = &w.core, .deployments = &table, .version = "1.2.3", .daemon = true,
			  .now_unix_ms = WORLD_UNIX_MS + 400123, .pss_bytes = 700000 };
	struct text t = text_on(answer, sizeof(answer));
	struct why why;
	enum kerr e = KERR_GONE;

	if (strcmp(verb, "status") == 0)
		e = view_status(&v, &t);
	else if (strcmp(verb, "failures") == 0)
		e = view_failures(&v, &t);
	else if (strcmp(verb, "services") == 0)
		e = view_services(&v, &t);
	else if (strcmp(verb, "tasks") == 0)
		e = view_tasks(&v, &t);
	else if (strcmp(verb, "deployments") == 0)
		e = view_deployments(&v, &t);
	else if (strcmp(verb, "why") == 0)
		e = view_why(&v, slice_of(word), &t, &why);
	if (e == KERR_GONE) {
		t = text_on(answer, sizeof(answer));
		text_s(&t, "{\"schema\":\"kedge.error/1\",\"error\":\"there is none\\u001b[2J\",\"exit\":1}");
	}
	return t;
}

/* ---- a daemon: one request, one answer; acting verbs echo the request so that it can be looked at ---- */

static void serve_one(int fd)
{
	char line[1024] = "", verb[32] = "", word[300] = "";
	struct text t;
	size_t n = 0;
	ssize_t got;

	while (n < sizeof(line) - 1 && (got = read(fd, line + n, sizeof(line) - 1 - n)) > 0)
		n += (size_t)got;
	if (n > 0 && line[n - 1] == '\n')
		line[n - 1] = '\0';
	(void)sscanf(line, "%31s %299s", verb, word);
	if (strcmp(word, "garbage") == 0) {
		t = text_on(answer, sizeof(answer));
		text_s(&t, "{\"schema\":");
	} else if (strcmp(verb, "confirm") == 0 || strcmp(verb, "cancel") == 0 || strcmp(verb, "hold") == 0 ||
		   strcmp(verb, "rollback") == 0) {
		t = text_on(answer, sizeof(answer));
		snprintf(answer, sizeof(answer), "{\"schema\":\"kedge.act/1\",\"done\":%s,\"id\":\"r4\",\"state\":\"decided\",\"text\":"
			 "\"asked: %s\",\"command\":\"aws ecs x\",\"exit\":%d}", strcmp(word, "r5") == 0 ? "false" : "true", line,
			 strcmp(word, "r5") == 0 ? 5 : 0);
		t.len = strlen(answer);
	} else {
		t = view_for(verb, word);
	}
	for (size_t at = 0; at < t.len && (got = write(fd, t.p + at, t.len - at)) > 0;)
		at += (size_t)got;
	close(fd);
}

static pid_t daemon_start(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid;

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/kedge.sock", dir);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&to, sizeof(to)) != 0 || listen(fd, 8) != 0) {
		puts("Bail out! no socket to listen on");
		exit(1);
	}
	pid = fork();
	if (pid != 0) {
		close(fd);
		return pid;
	}
	alarm(120);      /* it ends even when the test dies before it can stop it */
	for (;;) {
		int conn = accept(fd, NULL, NULL);

		if (conn < 0)
			_exit(1);
		serve_one(conn);
	}
}

static void daemon_stop(pid_t pid)
{
	char path[96];

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	snprintf(path, sizeof(path), "%s/kedge.sock", dir);
	unlink(path);
}

/* ---- running a verb ---- */

static void slurp(const char *name, char *to, size_t cap)
{
	char path[96];
	size_t n = 0;
	struct why why;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (file_read(path, FILE_REGULAR, to, cap - 1, &n, &why) != KERR_OK)
		n = 0;
	to[n] = '\0';
}

static void redirect(const char *name, int fd)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (freopen(path, "w", fd == STDOUT_FILENO ? stdout : stderr) == NULL)
		_exit(99);
}

static int run_verb(int (*verb)(const struct cmd *), const char *name, int argc, char *const *argv)
{
	struct cmd c = { .verb = name, .conf_path = conf_path, .argc = argc, .argv = argv };
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		redirect("out", STDOUT_FILENO);
		redirect("err", STDERR_FILENO);
		status = verb(&c);
		fflush(stdout);
		fflush(stderr);
		_exit(status);
	}
	waitpid(pid, &status, 0);
	slurp("out", out, sizeof(out));
	slurp("err", err, sizeof(err));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

#define RUN(verb, ...) run_verb(cmd_##verb, #verb, (int)(sizeof((char *[]){ "", __VA_ARGS__ }) / sizeof(char *)) - 1, \
				(char *[]){ "", __VA_ARGS__ } + 1)
#define RUN0(verb) run_verb(cmd_##verb, #verb, 0, NULL)

static bool fits(const char *text, size_t columns)
{
	for (const char *p = text; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
		if (strcspn(p, "\n") > columns && strncmp(p, "  $ ", 4) != 0) {
			printf("# too wide: %.*s\n", (int)strcspn(p, "\n"), p);
			return false;
		}
	return true;
}

static bool plain(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((*p < ' ' && *p != '\n') || *p == 0x7f || (*p & 0x80) != 0)
			return false;
	return true;
}

static void contains(const char *text, const char *part, const char *what)
{
	ok(strstr(text, part) != NULL, "%s", what);
	if (strstr(text, part) == NULL)
		printf("#   no \"%s\" in:\n#   %s\n", part, text);
}

/* ---- tests ---- */

static void test_failures(void)
{
	is_int(RUN0(failures), EXIT_DONE, "failures");
	is_str(out,
	       "ID    TIME           SERVICE     RELEASE       CLASS                 BLAME\n"
	       "f3    01-15 08:04:48 web         web:12        image-not-found       release\n"
	       "      not found: manifest unknown\n"
	       "f2    01-15 08:04:14 web         web:12        image-not-found       release\n"
	       "      not found: manifest unknown\n"
	       "f1    01-15 08:03:40 web         web:12        image-not-found       release\n"
	       "      not found: manifest unknown\n", "... newest first, two lines each");
	is_int(RUN(failures, "--json"), EXIT_DONE, "failures --json");
	ok(strncmp(out, "{\"schema\":\"kedge.failures/1\",", 29) == 0 && out[strlen(out) - 1] == '\n', "... the object and a newline");
	is_int(strlen(out), view_for("failures", "").len + 1, "... exactly as received");
}

static void test_status(void)
{
	is_int(RUN0(status), EXIT_DONE, "status");
	contains(out, "kedge 1.2.3  edge amd64 observer", "... who and where");
	contains(out, "aws            up since", "... the sources");
	contains(out, "web            web:12         failing      old     3/3    awaiting-confirmation\n  r4: web:12 fails here", "... the service");
	contains(out, "web:12 fails here: image-not-found, blame release.", "... in a sentence");
	contains(out, "memory 700.0 KB, WAN today 0 B up 0 B down, disk written 0 B", "... and its cost");
	ok(fits(out, 80), "... in 80 columns");
	ok(plain(out), "... plain ASCII without colour");
	is_int(RUN(status, "--brief"), EXIT_DONE, "status --brief");
	ok(strncmp(out, "kedge: 0 of 1 services run as deployed", 38) == 0, "... a line for the node");
	contains(out, "\nweb failing: web:12 fails here: image-not-found, blame release. The old release still serves.", "... one for the service");
	ok(plain(out) && strchr(strchr(out, '\n') + 1, '\n')[1] == '\0', "... and no more");
	is_int(RUN(status, "--brief", "--json"), EXIT_DONE, "status --brief --json");
	is_int(strlen(out), view_for("status", "").len + 1, "... is the object");
	is_int(RUN(failures, "--brief"), EXIT_USAGE, "failures has no --brief");
	is_int(RUN0(services), EXIT_DONE, "services");
	contains(out, "\n  $ aws ecs stop-service-deployment --service-deployment-arn ", "... with the command, in one piece");
	ok(fits(out, 80) && plain(out), "... else in 80 columns");
	is_int(RUN0(tasks), EXIT_DONE, "tasks");
	contains(out, "web                web:11             RUNNING", "... a task");
	contains(out, "\n  app                  running            registry:5000/web:11 sha256:digest11\n", "... and its container");
	ok(fits(out, 80) && plain(out), "... in 80 columns");
}

static void test_check(void)
{
	is_int(RUN0(check), 3, "check: nobody has looked at the clock of this modelled node");
	ok(strncmp(out, "KEDGE UNKNOWN - ", 16) == 0, "... in the first line");
	contains(out, "\nok       daemon            It runs: kedge 1.2.3\n", "... a part that is well");
	contains(out, "\nunknown  clock             It is unknown.\n         -> Let NTP set this node's clock.\n", "... one that is not known");
	ok(fits(strchr(out, '\n') + 1, 80) && plain(out), "... in 80 columns");
	is_int(RUN(check, "--jsno"), 3, "a monitoring plugin's exit for wrong words");
}

static void test_wait(void)
{
	is_int(RUN(wait, "web", "--timeout", "1s"), EXIT_NO, "wait on what fails and needs a person");
	is_str(out, "web: web:12 failing, AWS: IN_PROGRESS, tasks running 0 of 0, failed 3 of 3\n"
		    "image-not-found, blame release: not found: manifest unknown -> Push the image\n"
		    "  under this name, or deploy a task definition that names an image that exists.\n"
		    "  (kedge why f3)\n", "... where it stands, the cause, the next step");
	is_int(RUN(wait, "web", "--json", "--timeout=1s"), EXIT_NO, "wait --json");
	contains(out, "{\"schema\":\"kedge.wait/1\",\"service\":\"web\",\"release\":\"web:12\",\"deployment\":\"arn:", "... what");
	contains(out, "\"rollout\":\"IN_PROGRESS\",\"verdict\":\"failing\",\"settled\":true,\"ok\":false,\"waited_s\":0,\"cause\":\"image-not-found, ",
		 "... how it went");
	is_int(RUN(wait, "nobody"), EXIT_UNREACHABLE, "wait on a service that is not here");
	contains(err, "no service of the name nobody is known", "... says so");
}

static void test_why(void)
{
	is_int(RUN(why, "f1"), EXIT_DONE, "why of a failure");
	contains(out, "f1 at 2027-01-15 08:03:40: web:12 image-not-found (stage pull)\n", "... what");
	contains(out, "  container  app (essential)\n", "... where");
	contains(out, "Reason, word for word\n  not found: manifest unknown\n", "... the reason");
	contains(out, "\nBlame: release\n  - The registry registry:5000 answered the engine: it has no such image.\n", "... whose fault and why");
	contains(out, "\nNext step: Push the image under this name,", "... the next step");
	contains(out, "\nWho can fix it: the developer of the release\n", "... by whom");
	contains(out, "\nRollback r4: awaiting-confirmation\n  from web:12 to web:11\n", "... the rollback");
	contains(out, "\nTimeline\n  2027-01-15 08:0", "... the timeline");
	contains(out, "\nSee also: f2 f3 r4\n", "... what belongs to it");
	ok(fits(out, 80) && plain(out), "... in 80 columns");
	is_int(RUN(why, "r4"), EXIT_DONE, "why of a rollback");
	ok(strncmp(out, "Rollback r4: awaiting", 21) == 0, "... begins with it");
	contains(out, "\nAudit\n  who        policy\n  why        f3 image-not-found\n  deployment arn:aws:ecs:", "... who and why");
	contains(out, "\n  after      sha256:digest11\n  to detect  ", "... where to, and how soon it was seen");
	is_int(RUN(why, "f77"), EXIT_NO, "why of what is not there: the daemon's exit code");
	is_str(err, "kedge: there is none [2J\n", "... its words, without the control character in them");
	is_int(RUN(why, "f77", "--json"), EXIT_NO, "the same for a script");
	contains(out, "\"schema\":\"kedge.error/1\"", "... the error object on stdout");
	is_int(RUN(why, "77"), EXIT_USAGE, "no id");
	is_int(RUN0(why), EXIT_USAGE, "no word");
	is_int(RUN(why, "f1", "f2"), EXIT_USAGE, "a word too many");
}

static void test_deployments(void)
{
	static const char head[] = "id                           status  taskDefinition desired pending running failedTasks "
				   "rolloutState createdAt           updatedAt           rolloutStateReason\n";

	is_int(RUN0(deployments), EXIT_DONE, "deployments");
	contains(out, "as of 2027-01-15 08:01:40 (5 min ago)\n", "... with its age");
	contains(out, head, "... the founding case's columns");
	contains(out, "\necs-svc/12345678901234567890 PRIMARY test-task:12   1       1       0       5           IN_PROGRESS  "
		      "2021-08-10 03:00:00 2021-08-10 03:01:00 ECS deployment ecs-svc/12345678901234567890 in progress.\n",
		 "... a row on one line for pipes");
	setenv("COLUMNS", "80", 1);
	is_int(RUN(deployments, "test-service"), EXIT_DONE, "deployments of one service, 80 columns wide");
	contains(out, "\nid                           status  taskDefinition\n  desired pending running failedTasks rolloutState\n",
		 "... folded under its heads");
	contains(out, "\n  1       1       0       5           IN_PROGRESS\n", "... the numbers under theirs");
	ok(fits(out, 80), "... and no wider");
	unsetenv("COLUMNS");
	is_int(RUN(deployments, "other"), EXIT_NO, "a service that is not in the answer");
}

static void allow(const char *policy)
{
	char text[512];
	struct why why;

	snprintf(text, sizeof(text), "[kedge]\nstate_dir = %s\nrun_dir = %s\ncluster = edge\n%s", dir, dir, policy);
	if (file_replace(conf_path, slice_of(text), 0600, &why) != KERR_OK)
		printf("Bail out! %s\n", why.text);
}

static void test_acting(void)
{
	is_int(RUN(confirm, "r4"), EXIT_DONE, "confirm");
	is_str(out, "web: web:12 -> web:11\n  deployment " DEPLOYMENT "\nr4 decided\nasked: confirm r4 web " DEPLOYMENT " -\n  $ aws ecs x\n",
	       "... says what it is a yes to, asks so, and tells the answer");
	is_int(RUN(confirm, "r4", "--json"), EXIT_DONE, "confirm --json");
	ok(out[0] == '{' && strstr(out, "asked: confirm r4 web " DEPLOYMENT " -") != NULL, "... is one object, and asks the same");
	is_int(RUN(confirm, "r77"), EXIT_DONE, "confirm of what the daemon does not list");
	contains(out, "asked: confirm r77\n", "... names nothing, and so permits nothing");
	is_int(RUN(confirm, "r4 web"), EXIT_USAGE, "no second word can be smuggled into a yes");
	is_int(RUN(cancel, "r5", "--json"), EXIT_DENIED, "cancel: the exit code is the daemon's");
	contains(out, "\"text\":\"asked: cancel r5\"", "... the answer as received");
	is_int(RUN(hold, "web"), EXIT_DONE, "hold");
	contains(out, "asked: hold web 86400000\n", "... a day when nothing is said");
	is_int(RUN(hold, "web", "--for=10m"), EXIT_DONE, "hold --for");
	contains(out, "asked: hold web 600000\n", "... in milliseconds");
	is_int(RUN(hold, "web", "--for", "0"), EXIT_DONE, "hold --for 0");
	contains(out, "asked: hold web 0\n", "... ends it");
	is_int(RUN(hold, "web", "--for", "soon"), EXIT_USAGE, "hold: no duration");
	is_int(RUN(hold, "web", "--for", "60d"), EXIT_USAGE, "hold: too long a one");
	is_int(RUN(rollback, "web", "--dry-run"), EXIT_DONE, "rollback --dry-run");
	contains(out, "asked: rollback web dry-run\n", "... asks so");
	is_int(RUN(rollback, "web"), EXIT_DONE, "rollback");
	contains(out, "asked: rollback web\n", "... asks so");
	is_int(RUN(rollback, "web", "--to", "web:11", "--dry-run"), EXIT_DONE, "rollback --to --dry-run");
	contains(out, "asked: rollback web to web:11 dry-run\n", "... asks so, whatever the policy");
	is_int(RUN(rollback, "web\nconfirm r4"), EXIT_USAGE, "no second line can be smuggled into a request");
	is_int(RUN(rollback, "web", "--to", "web:11"), EXIT_REFUSED, "rollback --to");
	contains(err, "allow_update_service = no; run this with your own credentials", "... says why not");
	contains(err, "\naws ecs update-service --cluster edge --service web --task-definition web:11\n", "... and how to do it");
	is_int(RUN(rollback, "web", "--to", "web:11", "--json"), EXIT_REFUSED, "rollback --to --json");
	contains(out, "\"exit\":4", "... as an object");
	allow("[policy]\nallow_update_service = yes\n[service api]\nallow_update_service = no\n");
	is_int(RUN(rollback, "web", "--to=web:11"), EXIT_DONE, "rollback --to, allowed");
	contains(out, "asked: rollback web to web:11\n", "... asks so");
	is_int(RUN(rollback, "api", "--to", "web:11"), EXIT_REFUSED, "rollback --to of a service it is not allowed for");
	allow("");
	is_int(RUN(rollback, "web", "--to", "web"), EXIT_USAGE, "rollback --to without a revision");
	is_int(RUN(rollback, "garbage"), EXIT_UNREACHABLE, "an answer that is no JSON");
	contains(err, "JSON", "... is said to be none");
}

static void test_init(void)
{
	is_int(RUN0(init), EXIT_DONE, "init");
	contains(out, "cluster             edge\nregion              ", "... what was found");
	contains(out, "\nservice             web\nAs the running kedge agent knows it.\n", "... by asking the daemon");
	contains(out, "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Sid\":\"KedgeListTasks\",", "... the policy");
	ok(strstr(out, "ecs:UpdateService\",") == NULL && strstr(out, "\"Sid\":\"KedgeRollBack\"") == NULL, "... of an observer");
	contains(out, "\ndeployments: ecs:DescribeServices\n", "... the table");
	contains(out, "\nevery other verb: none\n", "... to its end");
	is_int(RUN(init, "--role=actor"), EXIT_DONE, "init --role actor");
	contains(out, ":service-deployment/edge/web/*\"]}\n  ]\n}\n", "... may stop deployments of the node's service, and that is all");
	is_int(RUN(init, "--role", "actor", "--allow-update-service", "--json"), EXIT_DONE, "init --json");
	contains(out, "{\"schema\":\"kedge.init/1\",\"daemon\":true,\"partition\":", "... an object");
	contains(out, "\"services\":[{\"service\":\"web\",\"family\":\"web\"}],\"role\":\"actor\",\"allow_update_service\":true,\"policy\":{\"Version\":",
		 "... with all of it");
	contains(out, "task-definition/web:*", "... bound to the service's family");
	is_int(RUN(init, "--role", "admin"), EXIT_USAGE, "a role there is not");
	is_int(RUN(init, "--allow-update-service"), EXIT_USAGE, "an observer that may update");
	is_int(RUN(init, "--export", "/tmp"), EXIT_NO, "init --export to a folder that is there");
	contains(err, "nothing is overwritten", "... overwrites nothing");
	is_int(RUN(init, "web"), EXIT_USAGE, "init takes no word");
}

static void test_init_down(void)
{
	char path[96], text[300];
	struct why why;

	is_int(RUN0(init), EXIT_DONE, "init with the daemon down and nothing said anywhere");
	contains(out, "region              not known\n", "... says what is not known");
	contains(out, "arn:aws:ecs:REGION:ACCOUNT:task/edge/*", "... and has words in its place");
	snprintf(path, sizeof(path), "%s/ecs.config", dir);
	if (file_replace(path, SLICE("AWS_DEFAULT_REGION=cn-north-1\nECS_CLUSTER=of-the-agent\n"), 0600, &why) != KERR_OK)
		printf("Bail out! %s\n", why.text);
	snprintf(text, sizeof(text), "[ecs_agent]\nconfig = %s\n[service api]\nfamily = api-family\n", path);
	allow(text);
	is_int(RUN(init, "--role", "actor", "--allow-update-service"), EXIT_DONE, "init with a conf and the ECS agent's file");
	contains(out, "\nservice             api\nFrom kedge.conf and the ECS agent's files.\n", "... says whence");
	contains(out, "arn:aws-cn:ecs:cn-north-1:ACCOUNT:service-deployment/edge/api/*", "... kedge.conf before the agent's file, the region's partition");
	contains(out, "task-definition/api-family:*", "... the family of the conf");
	unlink(path);
	allow("");
}

static void test_usage(void)
{
	is_int(RUN(status, "--jsno"), EXIT_USAGE, "an unknown option");
	is_str(err, "kedge status: unknown option --jsno (kedge --help shows how)\n", "... is named");
	is_int(RUN(status, "--once"), EXIT_USAGE, "an option of another verb");
	is_int(RUN(status, "--json=1"), EXIT_USAGE, "a value where none belongs");
	is_int(RUN(hold, "web", "--for"), EXIT_USAGE, "an option without its value");
	is_int(RUN(hold, "web", "--for", "1m", "--for", "2m"), EXIT_USAGE, "an option given twice");
	is_int(RUN(classify, "--stage", "run", "--", "--json"), EXIT_DONE, "after -- all are words");
	is_int(RUN(classify, "--stage", "lunch", "x"), EXIT_USAGE, "classify: no stage");
	is_int(RUN(classify, "x"), EXIT_USAGE, "classify: none given");
	is_int(RUN(classify, "--stage", "pull", "--json", "no such host"), EXIT_DONE, "classify");
	is_str(out, "{\"schema\":\"kedge.classify/1\",\"stage\":\"pull\",\"class\":\"registry-dns\",\"blame\":\"network\"}\n", "... the object");
	is_int(RUN(version, "--json"), EXIT_DONE, "version --json");
	contains(out, "{\"schema\":\"kedge.version/1\",\"version\":\"", "... the object");
}

static void test_hostile(void)
{
	w.core.failure[1].f.class = CLASS_REGISTRY_AUTH_EXPIRED;
	w.core.failure[1].f.blame = BLAME_CREDENTIALS;
	w.core.failure[1].f.id = 4294967;
	snprintf(w.core.failure[1].f.service, NAME_CAP, "a-service-with-a-name-too-long");
	snprintf(w.core.failure[0].f.reason, REASON_CAP, "\x1b[2J\xc2\x9b caf\xc3\xa9 %0300d", 7);
}

static void test_hostile_shown(void)
{
	is_int(RUN0(failures), EXIT_DONE, "a reason with control characters");
	contains(out, "\n       [2J  caf? 0000", "... has them as blanks, and other letters as ?, in a plain locale");
	ok(fits(out, 83) && plain(out), "... cut at the width, but for the id");
	contains(out, "\nf4294967 01-15 08:04:14 a-service-~ web:12        registry-auth-expired credentials\n",
		 "... a long name is cut, an id never, the widest words fit");
	setenv("LC_ALL", "C.UTF-8", 1);
	is_int(RUN(why, "f1"), EXIT_DONE, "the same in a UTF-8 locale");
	contains(out, "[2J  caf\xc3\xa9", "... with its letters");
	ok(strchr(out, '\x1b') == NULL && strstr(out, "\xc2\x9b") == NULL, "... and still no control character");
	unsetenv("LC_ALL");
}

/* ---- with the daemon down ---- */

static void keep(enum rec_kind kind, uint32_t index, uint64_t seq)
{
	static struct record r;
	static char frame[RECORD_FRAME_MAX];
	char path[96];
	struct why why;
	size_t n;

	snprintf(path, sizeof(path), "%s/journal", dir);
	core_record(&w.core, kind, index, &r);
	r.seq = seq;
	if (record_write(&r, frame, sizeof(frame), &n, &why) != KERR_OK ||
	    file_append(path, (struct slice){ frame, n }, 0600, &why) != KERR_OK)
		printf("Bail out! %s\n", why.text);
}

/* A byte of the second record is another one. */
static void spoil(void)
{
	static char bytes[65536];
	char path[96];
	size_t n = 0;
	struct why why;

	snprintf(path, sizeof(path), "%s/journal", dir);
	if (file_read(path, FILE_REGULAR, bytes, sizeof(bytes), &n, &why) != KERR_OK)
		printf("Bail out! %s\n", why.text);
	for (size_t i = 1; i < n; i++)
		if ((unsigned char)bytes[i] == 0xae && bytes[i + 1] == 1) {
			bytes[i + RECORD_FRAME_HEAD + 2] ^= 1;
			break;
		}
	if (file_replace(path, (struct slice){ bytes, n }, 0600, &why) != KERR_OK)
		printf("Bail out! %s\n", why.text);
}

static void test_down(void)
{
	uint64_t seq = 1;
	char path[96];
	struct text t = text_on(answer, sizeof(answer));
	struct why why;

	is_int(RUN0(status), EXIT_UNREACHABLE, "no daemon, nothing kept: exit 3");
	contains(err, "kedge agent is not running and has kept nothing yet", "... in words");
	is_int(RUN(confirm, "r4"), EXIT_UNREACHABLE, "acting without a daemon: exit 3");
	contains(err, "only it can act", "... in words");
	story();
	keep(REC_EPOCH, 0, seq++);
	keep(REC_SERVICE, 0, seq++);
	keep(REC_RELEASE, 0, seq++);
	keep(REC_RELEASE, 1, seq++);
	for (uint32_t i = 0; i < 3; i++)
		keep(REC_FAILURE, i, seq++);
	keep(REC_ROLLBACK, 0, seq++);
	is_int(RUN0(failures), EXIT_DONE, "failures from the journal");
	ok(strncmp(out, "kedge agent is not running; this is what it kept\nID ", 52) == 0, "... say so first");
	contains(out, "\nf3    ", "... and are all there");
	is_int(RUN(status, "--json"), EXIT_DONE, "status --json from the journal");
	contains(out, "\"schema\":\"kedge.status/1\",\"daemon\":false,", "... says so too");
	contains(out, "\"id\":\"r4\",\"dedupe_key\":\"", "... with the rollback");
	contains(out, "\"serving\":null", "... and no claim on what serves, as nobody looked");
	is_int(RUN(why, "f2"), EXIT_DONE, "why from the journal");
	contains(out, "image-not-found", "... knows");
	is_int(RUN(why, "f78"), EXIT_NO, "why of what the journal does not hold");
	is_int(RUN0(journal), EXIT_DONE, "journal");
	contains(out, "2027-01-15 08:05:03 (08:05:03Z) epoch\n    edge, boot boot-1\n2027-01-15 08:05:03 (08:05:03Z) service\n",
		 "... oldest first, with both times");
	contains(out, "failure f3\n    web:12 of web failed at stage pull: image-not-found, blame release: not\n    found: manifest unknown\n",
		 "... a failure");
	contains(out, "rollback r4\n    web: web:12 -> web:11, awaiting-confirmation: A person has to confirm", "... a rollback");
	ok(fits(out, 80) && plain(out), "... in 80 columns");
	is_int(RUN(journal, "-n", "3", "--json"), EXIT_DONE, "journal --json");
	contains(out, "{\"schema\":\"kedge.journal/1\",\"records\":[{\"time_unix_s\":1800000303.160,\"seq\":6,\"kind\":\"failure\",\"id\":\"f2\",",
		 "... the newest three");
	contains(out, "\"left_out\":5,\"torn_bytes\":0,\"damaged\":[]}\n", "... and how many there are besides");
	spoil();
	is_int(RUN0(journal), EXIT_DONE, "journal of a damaged one");
	contains(out, "\nat byte ", "... names the place");
	contains(out, "rollback r4\n", "... and has what follows it");
	is_int(RUN(journal, "--json"), EXIT_DONE, "... for scripts too");
	contains(out, "\"damaged\":[{\"offset\":", "... with its offset");
	is_int(RUN0(check), 2, "check with the daemon down: critical");
	contains(out, "kedge agent is not running; this is what it kept\n", "... says so");
	contains(out, "web            web:12         failing", "... and what state_dir tells");
	contains(out, "warning  journal           It is damaged in places.", "... damage in it too");
	is_int(RUN0(deployments), EXIT_NO, "deployments nobody ever asked for");
	snprintf(path, sizeof(path), "%s/deployments.json", dir);
	if (deployments_write(&table, &t, &why) != KERR_OK || file_replace(path, text_get(&t), 0600, &why) != KERR_OK)
		printf("Bail out! %s\n", why.text);
	is_int(RUN(deployments, "test-service"), EXIT_DONE, "deployments as kept");
	contains(out, "kedge agent is not running; this is what it kept\nas of 2027-01-15 08:01:40 (", "... with their age");
	contains(out, "\necs-svc/99999999999999999999 ACTIVE  test-task:11   1 ", "... the same table");
	is_int(RUN(rollback, "web", "--to", "web:11"), EXIT_REFUSED, "rollback --to without the daemon");
	contains(err, "--service web --task-definition web:11", "... still prints the command");
}

static void test_conf(void)
{
	char wrong[96];
	struct why why;

	snprintf(wrong, sizeof(wrong), "%s/wrong.conf", dir);
	snprintf(conf_path, sizeof(conf_path), "%s", wrong);
	is_int(RUN0(status), EXIT_USAGE, "a conf that was named and is not there");
	contains(err, "wrong.conf", "... is named");
	if (file_replace(wrong, SLICE("[kedge]\nstate_dri = /x\n"), 0600, &why) != KERR_OK)
		printf("Bail out! %s\n", why.text);
	is_int(RUN0(status), EXIT_USAGE, "a conf with an unknown key");
	contains(err, "state_dri", "... names it");
}

/* States of the node: no release, container or task, and an end. */
static void test_node_state(void)
{
	pid_t pid;

	world_init(&w, MODE_SHADOW);
	world_source(&w, SRC_ENGINE, SS_REFUSED);
	world_run(&w, 40000);
	pid = daemon_start();
	is_int(RUN0(failures), EXIT_DONE, "a state of the node");
	contains(out, " -           -             engine-down           node\n      The container engine does not answer", "... its line");
	is_int(RUN(why, "f1"), EXIT_DONE, "why of it");
	contains(out, ": engine-down (stage node)\n\nReason", "... names no release, container or task");
	contains(out, "\nNext step: Start the container engine.\nWho can fix it: somebody at the site\n", "... and what to do");
	ok(strstr(out, " :0") == NULL && strstr(out, "null") == NULL && fits(out, 80), "... nothing that is not there");
	daemon_stop(pid);
	world_source(&w, SRC_ENGINE, SS_UP);
	world_deploy(&w, "web", 11, "sha256:digest11");
	world_place(&w, 1, "web", 11);
	world_run(&w, 10000);
	w.core.service[0].m.shadow_right = 2;
	w.core.fact[FACT_REASONS].yes = TRI_NO;
	pid = daemon_start();
	is_int(RUN0(failures), EXIT_DONE, "when it is over");
	contains(out, "\n      (over) The container engine does not answer", "... its line says so");
	is_int(RUN(why, "f1"), EXIT_DONE, "why then");
	contains(out, " It was over at 2027-01-15 ", "... says since when");
	contains(out, "\nNext step: Nothing to do; it is over.\n\nTimeline", "... and asks nobody");
	contains(out, "  f1 was over\n", "... nor does the timeline leave it out");
	is_int(RUN0(services), EXIT_DONE, "a service in shadow");
	contains(out, "\n  shadow: 2 right, 0 wrong\n", "... its score");
	contains(out, "\n  advice: The ECS agent's log leaves out why tasks fail: set ECS_LOGLEVEL", "... what is advised");
	ok(fits(out, 80) && plain(out), "... in 80 columns");
	daemon_stop(pid);
}

static void tidy(void)
{
	static const char *const names[] = { "out", "err", "journal", "deployments.json", "kedge.conf", "wrong.conf" };
	char path[96];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int main(void)
{
	char text[256];
	struct why why;
	pid_t pid;

	snprintf(dir, sizeof(dir), "/tmp/kedge-t-cmd-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(conf_path, sizeof(conf_path), "%s/kedge.conf", dir);
	snprintf(text, sizeof(text), "[kedge]\nrun_dir = %s\nstate_dir = %s\n", dir, dir);
	if (file_replace(conf_path, slice_of(text), 0600, &why) != KERR_OK)
		return 1;
	setenv("TZ", "UTC0", 1);
	setenv("LC_ALL", "C", 1);
	unsetenv("COLUMNS");
	story();
	deployments();
	pid = daemon_start();
	test_failures();
	test_status();
	test_check();
	test_wait();
	test_why();
	test_deployments();
	test_acting();
	test_init();
	test_usage();
	daemon_stop(pid);
	test_hostile();
	pid = daemon_start();
	test_hostile_shown();
	daemon_stop(pid);
	test_down();
	test_init_down();
	test_node_state();
	test_conf();
	tidy();
	return done();
}
