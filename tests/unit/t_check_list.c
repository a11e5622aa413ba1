/* agent/cmd/check_list: which level each part of a status is given, what outweighs what, and how it exits. */
#include <stdlib.h>

#include "agent/cmd/check_list.h"
#include "agent/wire/iam.h"
#include "tests/tap.h"

static char room[1 << 20];
static struct check_list list;

#define GOOD_PARTS "\"sources\":{\"engine\":{\"state\":\"up\"},\"introspection\":{\"state\":\"up\"},\"ecs_agent_log\":{\"state\":\"up\"}," \
		   "\"aws\":{\"state\":\"up\"}},\"facts\":{\"route\":true,\"dns\":null,\"disk\":true}," \
		   "\"journal\":{\"state\":\"durable\",\"damaged\":0},\"thrift\":{\"budget\":5000000,\"shed\":null}," \
		   "\"input\":{\"events_oversize\":0}"
#define VERSIONS "\"engine_version\":\"20.10\",\"ecs_agent_version\":\"1.105.1\""
#define GOOD_CLOCK "\"clock\":{\"state\":\"ok\"},\"credentials\":{\"state\":\"ok\"}"
/* A member that stands in front of the good one of the same name wins: the first of duplicates is read. */
#define STATUS(more) "{\"schema\":\"kedge.status/1\"," more "\"daemon\":true,\"version\":\"1.2.3\",\"node\":{\"role\":\"actor\"," VERSIONS "}," \
		     GOOD_CLOCK ",\"denied\":[]," GOOD_PARTS ",\"services\":[]}"

static void look(const char *text)
{
	const cJSON *root = NULL;
	struct arena a;
	struct why why;

	arena_init(&a, room, sizeof(room));
	if (json_parse(&a, slice_of(text), &root, &why) != KERR_OK) {
		printf("Bail out! %s\n", why.text);
		exit(1);
	}
	check_list_of(root, &list);
}

static const struct check *find(const char *name)
{
	for (uint32_t i = 0; i < list.n; i++)
		if (strcmp(list.at[i].name, name) == 0)
			return &list.at[i];
	return NULL;
}

static const char *level(const char *name)
{
	const struct check *c = find(name);

	return c == NULL ? "(no such check)" : check_level_name(c->level);
}

static int leaves(void) { return check_level_exit(check_list_worst(&list)); }

static void test_good(void)
{
	char line[512];
	struct text t = text_on(line, sizeof(line));

	look(STATUS(""));
	check_list_line(&list, &t);
	is_str(line, "KEDGE OK - 17 checks", "a healthy node");
	is_int(leaves(), 0, "... exits 0");
	for (uint32_t i = 0; i < list.n; i++)
		ok(list.at[i].step[0] == '\0' && list.at[i].text[0] != '\0', "%s: %s", list.at[i].name, list.at[i].text);
	is_str(level("dns"), "(no such check)", "a fact nobody has needed yet is no check");
}

static void test_levels(void)
{
	static const struct { const char *status, *name, *level; int exit; } row[] = {
		{ STATUS("\"clock\":{\"state\":\"corrected\"},"), "clock", "warning", 1 },
		{ STATUS("\"clock\":{\"state\":\"behind\"},"), "clock", "warning", 1 },
		{ STATUS("\"clock\":{\"state\":\"doubted\"},"), "clock", "warning", 1 },
		{ STATUS("\"clock\":{\"state\":\"unset\"},"), "clock", "critical", 2 },
		{ STATUS("\"clock\":{\"state\":null},"), "clock", "unknown", 3 },
		{ STATUS("\"sources\":{},"), "engine", "unknown", 3 },
		{ STATUS("\"sources\":{\"engine\":{\"state\":\"refused\"}},"), "engine", "critical", 2 },
		{ STATUS("\"sources\":{\"engine\":{\"state\":\"up\"},\"introspection\":{\"state\":\"refused\"}},"), "ecs_agent", "warning", 1 },
		{ STATUS("\"facts\":{\"route\":false},"), "route", "warning", 1 },
		{ STATUS("\"facts\":{\"dns\":false},"), "dns", "warning", 1 },
		{ STATUS("\"facts\":{\"disk\":false},"), "disk", "critical", 2 },
		{ STATUS("\"facts\":{\"inodes\":false},"), "inodes", "critical", 2 },
		{ STATUS("\"facts\":{\"memory\":false},"), "memory", "warning", 1 },
		{ STATUS("\"thrift\":{\"pss_bytes\":1572864},"), "kedge_memory", "ok", 0 },
		{ STATUS("\"thrift\":{\"pss_bytes\":1572865},"), "kedge_memory", "warning", 1 },
		{ STATUS("\"missing_part\":\"this kernel has no Landlock\","), "parts", "warning", 1 },
		{ STATUS("\"sources\":{\"engine\":{\"state\":\"up\"},\"introspection\":{\"state\":\"up\"},\"ecs_agent_log\":{\"state\":\"up\"},"
			 "\"aws\":{\"state\":\"unreachable\",\"detail\":\"its certificate has expired\"}},"), "tls", "warning", 1 },
		{ STATUS("\"credentials\":{\"state\":\"stale\"},"), "credentials", "warning", 1 },
		{ STATUS("\"credentials\":{\"state\":\"failing\"},"), "credentials", "warning", 1 },
		{ STATUS("\"credentials\":{\"state\":\"waiting\"},"), "credentials", "unknown", 3 },
		{ STATUS("\"credentials\":{\"state\":\"missing\"},"), "credentials", "critical", 2 },
		{ STATUS("\"credentials\":{\"state\":\"expired\"},"), "credentials", "critical", 2 },
		{ STATUS("\"journal\":{\"state\":\"failing\"},"), "journal", "critical", 2 },
		{ STATUS("\"journal\":{\"state\":\"durable\",\"damaged\":2},"), "journal", "warning", 1 },
		{ STATUS("\"thrift\":{\"shed\":{\"level\":2,\"text\":\"90 %\"}},"), "data_budget", "warning", 1 },
		{ STATUS("\"input\":{\"events_oversize\":0,\"log_lines_lost\":3},"), "input", "warning", 1 },
		{ STATUS("\"channels\":{\"log\":{\"well\":true,\"dropped\":0},\"mqtt\":{\"well\":true,\"dropped\":0}},"), "channels", "ok", 0 },
		{ STATUS("\"channels\":{\"webhook\":{\"well\":false,\"dropped\":0}},"), "channels", "warning", 1 },
		{ STATUS("\"channels\":{\"log\":{\"well\":true,\"dropped\":3}},"), "channels", "warning", 1 },
		{ STATUS("\"node\":{\"engine_version\":\"20\",\"ecs_agent_version\":\"1.59.9\"},"), "ecs_agent_version", "warning", 1 },
		{ STATUS("\"node\":{\"engine_version\":\"20\",\"ecs_agent_version\":\"1.60.0\"},"), "ecs_agent_version", "ok", 0 },
		{ STATUS("\"node\":{\"engine_version\":\"20\",\"ecs_agent_version\":\"2.0.0\"},"), "ecs_agent_version", "ok", 0 },
		{ STATUS("\"node\":{\"engine_version\":\"20\",\"ecs_agent_version\":\"dev\"},"), "ecs_agent_version", "ok", 0 },
		{ STATUS("\"node\":{\"engine_version\":\"20\"},"), "ecs_agent_version", "unknown", 3 },
		{ STATUS("\"node\":{\"ecs_agent_version\":\"1.60.0\"},"), "engine_version", "unknown", 3 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		look(row[i].status);
		is_str(level(row[i].name), row[i].level, "%.60s: %s", row[i].status + 28, row[i].level);
		ok((find(row[i].name)->step[0] != '\0') == (strcmp(row[i].level, "ok") != 0), "... and what to do, when there is something");
		if (strncmp(row[i].status + 28, "\"sources\":{\"e", 13) != 0)
			is_int(leaves(), row[i].exit, "... exits %d", row[i].exit);
	}
}

#define STOP "\"denied\":[{\"action\":\"ecs:StopServiceDeployment\",\"text\":\"Stop is denied.\",\"statement\":\"{S}\"}],"
#define AUTO "\"services\":[{\"service\":\"web\",\"policy\":\"auto\"},{\"service\":\"api\",\"policy\":\"manual\"}],"
#define SHARED "\"credentials\":{\"state\":\"ok\",\"shared_role\":true},"
#define OBSERVER "\"node\":{\"role\":\"observer\"," VERSIONS "},"

static void test_iam(void)
{
	look(STATUS("\"denied\":[{\"action\":\"ecs:DescribeTasks\",\"text\":\"It is denied.\",\"statement\":\"{S}\"},"
		    "{\"action\":\"ecs:ListTasks\",\"text\":\"A boundary.\",\"statement\":null}],"));
	is_int(list.count[CHECK_WARNING], 2, "each denied action is a warning");
	is_str(find("iam")->text, "It is denied.", "... in its words");
	is_str(find("iam")->step, "Add to the role's policy, then restart kedge (kedge init prints all): {S}", "... with the statement");
	is_str((find("iam") + 1)->step, "Let whoever owns that policy allow it.", "... where one helps");
	look(STATUS(STOP OBSERVER));
	is_str(level("iam"), "ok", "an observer that may not stop a deployment is told, and well");
	is_str(find("iam")->text, "Stop is denied.", "... in its words");
	look(STATUS(STOP));
	is_str(level("iam"), "warning", "an actor that may not is warned of");
	look(STATUS(STOP OBSERVER AUTO));
	is_str(level("policy"), "warning", "an observer with rollback = auto");
	is_str(find("policy")->text, "web has rollback = auto, but this node may not roll back.", "... is named");
	look(STATUS("\"allowed\":[\"ecs:ListTasks\",\"ecs:DescribeTasks\"],"));
	is_str(find("iam_allowed")->text, "Allowed: ecs:ListTasks, ecs:DescribeTasks", "what was seen to be allowed is told");
	look(STATUS(SHARED AUTO));
	is_str(level("policy"), "critical", "rollback = auto on the role that all nodes share");
	ok(strncmp(find("policy")->text, "web has rollback = auto on the role", 35) == 0, "... is named: %s", find("policy")->text);
	is_int(leaves(), 2, "... exits 2");
	look(STATUS(SHARED));
	is_str(level("policy"), "(no such check)", "that role alone is as it should be");
	look(STATUS(SHARED STOP OBSERVER AUTO));
	is_str(level("policy"), "warning", "where that role may not roll back it is no danger");
	look(STATUS(OBSERVER AUTO));
	is_str(level("policy"), "(no such check)", "of a role that was never refused nothing is invented");
}

static void test_weight(void)
{
	char line[512];
	struct text t = text_on(line, sizeof(line));

	look(STATUS("\"clock\":{},\"credentials\":{\"state\":\"stale\"},\"journal\":{\"state\":\"failing\"},"));
	check_list_line(&list, &t);
	is_str(line, "KEDGE CRITICAL - 3 of 17 checks: journal (critical) credentials (warning) clock (unknown)", "the worst first");
	is_int(leaves(), 2, "critical outweighs all");
	look(STATUS("\"clock\":{},\"credentials\":{\"state\":\"stale\"},"));
	is_int(leaves(), 1, "a warning outweighs unknown");
	look(STATUS("\"clock\":{},"));
	is_int(leaves(), 3, "unknown outweighs ok");
	look("{\"schema\":\"kedge.status/1\",\"daemon\":false}");
	is_str(level("daemon"), "critical", "no daemon: critical");
	is_int(leaves(), 2, "... though all else is unknown");
	is_str(level("engine"), "(no such check)", "... and of what only a daemon sees nothing is said");
	check_list_without(false, "It is not running.", &list);
	is_int(list.n, 1, "nothing kept: that alone is told");
	is_str(find("daemon")->text, "It is not running.", "... in the words given");
	is_int(leaves(), 2, "... as critical");
	check_list_without(true, "No permission.", &list);
	is_int(leaves(), 3, "a daemon that does not answer: unknown");
}

static void test_full(void)
{
	static char text[20000];
	static char statement[IAM_STATEMENT_CAP];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s", "{\"daemon\":true,\"denied\":[");

	for (int i = 0; i < CHECKS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s{\"action\":\"a\",\"text\":\"%0*d\"}", i == 0 ? "" : ",", 300, i);
	snprintf(text + n, sizeof(text) - n, "],\"journal\":{\"state\":\"failing\"}}");
	look(text);
	is_int(list.n, CHECKS_MAX, "more denials than there is room for");
	ok(list.left_out > 0, "... are counted");
	is_int(leaves(), 2, "... and what was left out weighs all the same");
	memset(statement, 'S', sizeof(statement) - 1);
	snprintf(text, sizeof(text), "{\"daemon\":true,\"denied\":[{\"text\":\"%01150d\",\"statement\":\"%s\"}]}", 0, statement);
	look(text);
	is_int(strlen(find("iam")->text), 1150, "the longest denial is told whole");
	ok(strstr(find("iam")->step, statement) != NULL, "... and so is the longest statement");
}

static void test_hooks(void)
{
	static const struct { bool there; uint32_t mode, uid; const char *level; } row[] = {
		{ false, 0, 0, "ok" }, { true, 0755, 0, "ok" }, { true, 0700, 0, "ok" }, { true, 0775, 0, "critical" },
		{ true, 0757, 0, "critical" }, { true, 0755, 1000, "critical" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		look(STATUS(""));
		check_list_hooks(&list, "/etc/kedge/hooks.d", row[i].there, row[i].mode, row[i].uid);
		is_str(level("hooks"), row[i].level, "hooks, mode %o of uid %u", (unsigned)row[i].mode, (unsigned)row[i].uid);
	}
}

int main(void)
{
	test_good();
	test_levels();
	test_iam();
	test_weight();
	test_full();
	test_hooks();
	return done();
}
