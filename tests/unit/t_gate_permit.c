/* What the gate lets be signed: what policy permits by itself within its number a day, what somebody has confirmed, each for as
 * long as it holds and over a restart; and nothing that only looks like it. */
#include "tests/unit/gate_fake.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "agent/wire/ecs_out.h"

#define OF(service, id) "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/" service "/" id
#define STOP(arn) "{\"serviceDeploymentArn\":\"" arn "\",\"stopType\":\"ROLLBACK\"}"
#define UPDATE(service, to) "{\"cluster\":\"edge\",\"service\":\"" service "\",\"taskDefinition\":\"" to "\"}"
#define HOUR_MS 3600000
#define DAY_MS  86400000

static struct why why;

static enum kerr stop(const char *body)
{
	why.text[0] = '\0';
	return gate_permit_check(&g, ecs_out_target(ECS_STOP_DEPLOYMENT), slice_of(body), &why);
}

static enum kerr update(const char *body)
{
	why.text[0] = '\0';
	return gate_permit_check(&g, ecs_out_target(ECS_UPDATE_SERVICE), slice_of(body), &why);
}

static enum kerr yes(enum grant_verb verb, const char *service, const char *what)
{
	return gate_permit_grant(&g, verb, 1000, slice_of(service), slice_of(what), &why);
}

static void of_service(const char *service, enum rb_mode mode, bool allow_update)
{
	struct service_policy *s = &conf.core.service[conf.core.n_services++];

	s->policy = policy_default();
	s->policy.mode = mode;
	s->policy.allow_update_service = allow_update;
	(void)str_put(s->service, sizeof(s->service), slice_of(service));
}

static void nobody(void)
{
	static const enum rb_mode modes[] = { MODE_OFF, MODE_SHADOW, MODE_MANUAL };

	for (size_t i = 0; i < 3; i++) {
		fresh();
		conf.core.policy.mode = modes[i];
		is_int(stop(STOP(OF("web", "abc"))), KERR_DENIED, "%s: a stop nobody confirmed", rb_mode_name(modes[i]));
		ok(strstr(why.text, "kedge rollback web") != NULL && strstr(why.text, rb_mode_name(modes[i])) != NULL, "says: %s", why.text);
	}
	is_int(update(UPDATE("web", "web:7")), KERR_DENIED, "UpdateService without policy");
	ok(strstr(why.text, "allow_update_service") != NULL, "says: %s", why.text);
	conf.core.policy.allow_update_service = true;
	is_int(update(UPDATE("web", "web:7")), KERR_DENIED, "UpdateService nobody asked for");
	conf.core.policy.mode = MODE_AUTO;
	is_int(update(UPDATE("web", "web:7")), KERR_DENIED, "by policy alone it is never sent");
	ok(strstr(why.text, "kedge deploy") != NULL, "says: %s", why.text);
	for (unsigned i = 0; i < ECS_CALLS; i++)
		if (i != ECS_STOP_DEPLOYMENT && i != ECS_UPDATE_SERVICE)
			is_int(gate_permit_check(&g, ecs_out_target((enum ecs_call)i), SLICE("anything"), &why), KERR_OK, "%s reads", ecs_out_target((enum ecs_call)i));
}

static void one_yes(void)
{
	fresh();
	is_int(yes(GRANT_STOP, "web", OF("web", "abc")), KERR_OK, "a person says yes");
	is_int(stop(STOP(OF("web", "abc"))), KERR_OK, "that stop may be sent");
	is_int(stop(STOP(OF("web", "abc"))), KERR_OK, "... again");
	is_int(stop(STOP(OF("web", "other"))), KERR_DENIED, "another deployment may not");
	is_int(stop(STOP(OF("db", "abc"))), KERR_DENIED, "nor another service");
	is_int(update(UPDATE("web", "web:7")), KERR_DENIED, "nor UpdateService, by policy");
	begin();
	is_int(stop(STOP(OF("web", "abc"))), KERR_OK, "after a restart it may still");
	is_int(stop(STOP(OF("web", "other"))), KERR_DENIED, "... that one alone");
	pass(24 * (int64_t)HOUR_MS);
	is_int(stop(STOP(OF("web", "abc"))), KERR_OK, "at its end");
	pass(HOUR_MS);
	is_int(stop(STOP(OF("web", "abc"))), KERR_DENIED, "after [policy] expire it may not");
	begin();
	is_int(g.permit.grants, 0, "and is forgotten");
}

static void open_yes(void)
{
	fresh();
	is_int(yes(GRANT_STOP, "web", "-"), KERR_OK, "`rollback web` names no deployment");
	is_int(stop(STOP(OF("db", "abc"))), KERR_DENIED, "not for another service");
	is_int(stop(STOP(OF("web", "abc"))), KERR_OK, "for the first that is asked for");
	is_int(stop(STOP(OF("web", "other"))), KERR_DENIED, "and for no second one");
	begin();
	is_int(stop(STOP(OF("web", "other"))), KERR_DENIED, "... over a restart");
	is_int(stop(STOP(OF("web", "abc"))), KERR_OK, "... the first is sent again");
	fresh();
	(void)!yes(GRANT_STOP, "web", OF("web", "abc"));
	(void)!yes(GRANT_UPDATE, "web", "web:7");
	(void)!yes(GRANT_STOP, "db", "");
	gate_permit_withdraw(&g, SLICE("web"));
	is_int(stop(STOP(OF("web", "abc"))), KERR_DENIED, "a yes that was taken back is none");
	begin();
	is_int(stop(STOP(OF("web", "abc"))), KERR_DENIED, "... over a restart");
	is_int(stop(STOP(OF("db", "abc"))), KERR_OK, "that of another service stays");
	fresh();
	(void)!yes(GRANT_STOP, "web", "");
	(void)!yes(GRANT_STOP, "web", "");
	is_int(g.permit.grants, 1, "said twice it is one yes");
	is_int(yes(GRANT_STOP, "../x", ""), KERR_OK, "what is no service");
	is_int(yes(GRANT_UPDATE, "web", "latest"), KERR_OK, "... and what is no revision");
	is_int(yes(GRANT_STOP, "web", OF("db", "abc")), KERR_OK, "... and a deployment of another service");
	is_int(g.permit.grants, 1, "... permit nothing");
}

static void updates(void)
{
	fresh();
	conf.core.policy.allow_update_service = true;
	(void)!yes(GRANT_UPDATE, "web", "web:11");
	is_int(update(UPDATE("web", "web:11")), KERR_OK, "`deploy web to web:11`");
	is_int(update(UPDATE("web", "web:12")), KERR_DENIED, "not to another revision");
	is_int(update(UPDATE("db", "web:11")), KERR_DENIED, "not of another service");
	is_int(stop(STOP(OF("web", "abc"))), KERR_DENIED, "and no stop");
	begin();
	is_int(update(UPDATE("web", "web:11")), KERR_OK, "again after a restart");
	(void)!yes(GRANT_UPDATE, "web", "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:13");
	is_int(update(UPDATE("web", "web:13")), KERR_OK, "said as an ARN");
	conf.core.policy.allow_update_service = false;
	is_int(update(UPDATE("web", "web:11")), KERR_DENIED, "policy took it away");
	fresh();
	conf.core.policy.allow_update_service = true;
	(void)!yes(GRANT_STOP, "web", OF("web", "abc"));
	is_int(stop(STOP(OF("web", "abc"))), KERR_OK, "a confirmed stop");
	is_int(update(UPDATE("web", "web:10")), KERR_OK, "... that comes too late: UpdateService in its place");
	is_int(update(UPDATE("web", "web:9")), KERR_DENIED, "... to one revision");
}

static void automatic(void)
{
	char body[256];

	fresh();
	of_service("web", MODE_AUTO, false);
	of_service("db", MODE_AUTO, false);
	is_int(stop(STOP(OF("web", "1"))), KERR_OK, "policy auto permits");
	is_int(stop(STOP(OF("web", "1"))), KERR_OK, "... and the same again");
	is_int(stop(STOP(OF("web", "2"))), KERR_OK, "a second");
	begin();
	is_int(stop(STOP(OF("web", "3"))), KERR_OK, "a third, after a restart");
	is_int(stop(STOP(OF("web", "4"))), KERR_DENIED, "no fourth in a day");
	ok(strstr(why.text, "max_rollbacks_per_day") != NULL && strstr(why.text, "kedge rollback web") != NULL, "says: %s", why.text);
	begin();
	is_int(stop(STOP(OF("web", "4"))), KERR_DENIED, "nor after a restart");
	is_int(stop(STOP(OF("web", "2"))), KERR_OK, "those of today may again");
	is_int(stop(STOP(OF("db", "1"))), KERR_OK, "another service has its own number");
	is_int(stop(STOP(OF("cache", "1"))), KERR_DENIED, "one whose policy is the default's has none");
	is_int(stop("{\"serviceDeploymentArn\":\"arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge2/web/9\",\"stopType\":\"ROLLBACK\"}"),
	       KERR_DENIED, "another cluster's service of that name counts as the same");
	(void)!yes(GRANT_STOP, "web", OF("web", "4"));
	is_int(stop(STOP(OF("web", "4"))), KERR_OK, "a person may");
	pass(DAY_MS);
	is_int(stop(STOP(OF("web", "5"))), KERR_OK, "the next day");
	at.wall_ms -= DAY_MS;
	is_int(stop(STOP(OF("web", "6"))), KERR_OK, "... a second");
	is_int(stop(STOP(OF("web", "7"))), KERR_OK, "... a third");
	is_int(stop(STOP(OF("web", "8"))), KERR_DENIED, "a clock set back over midnight brings no more");
	fresh();
	conf.core.policy.mode = MODE_AUTO;
	conf.core.policy.max_rollbacks_per_day = 100;
	for (unsigned i = 0; i < AUTOMATICS_MAX; i++) {
		snprintf(body, sizeof(body), "{\"serviceDeploymentArn\":\"" OF("s%u", "x") "\",\"stopType\":\"ROLLBACK\"}", i);
		if (stop(body) != KERR_OK)
			ok(false, "number %u of a day: %s", i, why.text);
	}
	is_int(stop(STOP(OF("web", "1"))), KERR_DENIED, "more than can be remembered is for a person");
}

static void clusters(void)
{
	fresh();
	(void)str_put(conf.cluster, sizeof(conf.cluster), slice_of("arn:aws:ecs:eu-west-1:123456789012:cluster/edge"));
	conf.core.policy.mode = MODE_AUTO;
	is_int(stop(STOP(OF("web", "1"))), KERR_OK, "of this node's cluster");
	(void)str_put(conf.cluster, sizeof(conf.cluster), slice_of("edge2"));
	is_int(stop(STOP(OF("web", "2"))), KERR_DENIED, "of another one: %s", why.text);
}

static void bodies(void)
{
	static const char *const bad[] = {
		"", "{}", "null",
		"{\"serviceDeploymentArn\":\"" OF("web", "1") "\",\"stopType\":\"ABORT\"}",
		"{\"serviceDeploymentArn\":\"" OF("web", "1") "\",\"stopType\":\"ROLLBACK\",\"x\":1}",
		"{\"serviceDeploymentArn\":\"" OF("web", "1") "\",\"stopType\":\"ROLLBACK\"} ",
		"{\"serviceDeploymentArn\": \"" OF("web", "1") "\",\"stopType\":\"ROLLBACK\"}",
		"{\"ServiceDeploymentArn\":\"" OF("web", "1") "\",\"stopType\":\"ROLLBACK\"}",
		"{\"stopType\":\"ROLLBACK\",\"serviceDeploymentArn\":\"" OF("web", "1") "\"}",
		"{\"serviceDeploymentArn\":\"" OF("web", "1") "\",\"serviceDeploymentArn\":\"" OF("db", "1") "\",\"stopType\":\"ROLLBACK\"}",
		"{\"serviceDeploymentArn\":\"" OF("w\\u0065b", "1") "\",\"stopType\":\"ROLLBACK\"}",
		"{\"serviceDeploymentArn\":\"" OF("web\\", "1") "\",\"stopType\":\"ROLLBACK\"}",
		"{\"serviceDeploymentArn\":\"arn:aws:ecs:eu-west-1:123456789012:service/edge/web\",\"stopType\":\"ROLLBACK\"}",
		"{\"serviceDeploymentArn\":\"\",\"stopType\":\"ROLLBACK\"}",
		"{\"serviceDeploymentArn\":\"" OF("web", "1") " " OF("db", "1") "\",\"stopType\":\"ROLLBACK\"}",
	};
	static const char *const bad_updates[] = {
		"{}", "{\"cluster\":\"edge\",\"service\":\"web\",\"taskDefinition\":\"web:7\",\"desiredCount\":0}",
		"{\"cluster\":\"edge\",\"service\":\"web\",\"taskDefinition\":\"web\"}",
		"{\"cluster\":\"edge\",\"service\":\"web\",\"taskDefinition\":\"web:07\"}",
		"{\"cluster\":\"edge\",\"service\":\"web\",\"desiredCount\":0}",
		"{\"cluster\":\"edge\",\"service\":\"web\",\"service\":\"db\",\"taskDefinition\":\"web:7\"}",
		"{\"cluster\":\"edge\",\"service\":\"w\\u0065b\",\"taskDefinition\":\"web:7\"}",
	};
	static char huge[8000];

	fresh();
	conf.core.policy.mode = MODE_AUTO;
	conf.core.policy.allow_update_service = true;
	(void)!yes(GRANT_STOP, "web", "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(stop(bad[i]), KERR_DENIED, "no stop: %.120s", bad[i]);
	for (size_t i = 0; i < sizeof(bad_updates) / sizeof(bad_updates[0]); i++)
		is_int(update(bad_updates[i]), KERR_DENIED, "no update: %s", bad_updates[i]);
	memset(huge, 'a', sizeof(huge) - 1);
	memcpy(huge, "{\"serviceDeploymentArn\":\"", 25);
	is_int(stop(huge), KERR_DENIED, "a name without end");
	is_int(gate_permit_check(&g, ecs_out_target(ECS_STOP_DEPLOYMENT), (struct slice){ NULL, 0 }, &why), KERR_DENIED, "no body");
	is_int(g.permit.automatics, 0, "none of them counted");
	ok(g.permit.grants == 1 && g.permit.grant[0].stop[0] == '\0', "none of them used up the yes");
}

static void clock_jumps(void)
{
	fresh();
	at.wall_ms = 3600000;
	(void)!yes(GRANT_STOP, "web", OF("web", "1"));
	at.wall_ms = 1795400000000;
	begin();
	is_int(stop(STOP(OF("web", "1"))), KERR_OK, "a yes of before the clock was set holds in the same boot");
	at.boot_id = "22222222-2222-4222-8222-222222222222";
	at.boot_ms = 1000;
	begin();
	is_int(stop(STOP(OF("web", "1"))), KERR_DENIED, "in the next boot only the clock is left to say how old it is");
	(void)!yes(GRANT_STOP, "web", OF("web", "1"));
	at.boot_id = "33333333-3333-4333-8333-333333333333";
	at.wall_ms += HOUR_MS;
	begin();
	is_int(stop(STOP(OF("web", "1"))), KERR_OK, "over a reboot");
}

static void put(const char *text, size_t n, int mode)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/granted", folder);
	unlink(path);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	if (fd < 0 || write(fd, text, n) != (ssize_t)n || fchmod(fd, (mode_t)mode) != 0)
		exit(1);
	close(fd);
}

static void shut(const char *what)
{
	conf.core.policy.mode = MODE_AUTO;
	begin();
	is_int(g.permit.grants, 0, "%s: nothing is granted", what);
	is_int(stop(STOP(OF("web", "1"))), KERR_DENIED, "%s: ... nor by policy, today", what);
	pass(2 * (int64_t)DAY_MS);
	is_int(stop(STOP(OF("web", "1"))), KERR_OK, "%s: ... but on another day", what);
}

static void files(void)
{
	static const char *const bad[] = {
		"kedge.granted/1 x 1", "kedge.granted/2 x 1\n", "kedge.granted/1 x -1\n", "kedge.granted/1 x 1 2\n",
		"kedge.granted/1 x 1\nstop\n", "kedge.granted/1 x 1\nstop 0 1 1 web - -", "kedge.granted/1 x 1\nstop 0 1 1 web - - -\n",
		"kedge.granted/1 x 1\nstop 0 1 1 we/b - -\n", "kedge.granted/1 x 1\nstop 99999999999 1 1 web - -\n",
		"kedge.granted/1 x 1\nstop 0 1 1 web no-arn -\n", "kedge.granted/1 x 1\nupdate 0 1 1 web - web\n", "kedge.granted/1 x 1\n\n",
		"kedge.granted/1 x 1\nsudo 0 1 1 web - -\n", "kedge.granted/1 x 1\nauto\n", "\n", "",
	};
	static char huge[1024 * 1024];
	char path[64], other[80];
	struct stat st;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fresh();
		put(bad[i], strlen(bad[i]), 0600);
		shut(bad[i]);
	}
	fresh();
	memset(huge, 'x', sizeof(huge));
	put(huge, sizeof(huge), 0600);
	shut("a huge one");
	fresh();
	for (size_t i = 0, n = 0; i < GRANTS_MAX + 2; i++)
		n += (size_t)snprintf(huge + n, 200, "%s", i == 0 ? "kedge.granted/1 x 1\n" : "stop 0 1795400000 1 web - -\n");
	put(huge, strlen(huge), 0600);
	shut("more than there are");
	fresh();
	(void)!yes(GRANT_STOP, "web", OF("web", "1"));
	snprintf(path, sizeof(path), "%s/granted", folder);
	is_int(stat(path, &st), 0, "it is there");
	is_int(st.st_mode & 07777, 0600, "and nobody else's to read");
	chmod(path, 0620);
	shut("others can write it");
	if (geteuid() == 0) {
		fresh();
		(void)!yes(GRANT_STOP, "web", OF("web", "1"));
		(void)!chown(path, 65534, 65534);
		shut("another user's");
	}
	fresh();
	(void)!yes(GRANT_STOP, "web", OF("web", "1"));
	snprintf(other, sizeof(other), "%s/other", folder);
	(void)!rename(path, other);
	(void)!symlink(other, path);
	shut("a link");
	fresh();
	snprintf(conf.state_dir, sizeof(conf.state_dir), "%s/nowhere", folder);
	ok(yes(GRANT_STOP, "web", OF("web", "1")) != KERR_OK, "what cannot be written down: %s", why.text);
	is_int(stop(STOP(OF("web", "1"))), KERR_DENIED, "... does not hold");
}

static void full(void)
{
	char name[32];

	fresh();
	for (unsigned i = 0; i < GRANTS_MAX + 1; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		(void)!yes(GRANT_STOP, name, "");
	}
	is_int(g.permit.grants, GRANTS_MAX, "no more than fit");
	is_int(stop(STOP(OF("s0", "1"))), KERR_DENIED, "the oldest was dropped");
	is_int(stop(STOP(OF("s64", "1"))), KERR_OK, "the newest was not");
	begin();
	is_int(g.permit.grants, GRANTS_MAX, "a full file is read");
	is_int(stop(STOP(OF("s64", "1"))), KERR_OK, "whole");
}

int main(void)
{
	nobody();
	one_yes();
	open_yes();
	updates();
	automatic();
	clusters();
	bodies();
	clock_jumps();
	files();
	full();
	sweep();
	return done();
}
