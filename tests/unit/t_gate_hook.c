/* The hooks at the gate: which jobs reach them, what their yes permits, and what a worker that was taken over gets past: nothing.
 * The runner is a double that says what the test says, and at the end the real one. */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/gate/gate_state.h"
#include "agent/wire/notice.h"
#include "tests/tap.h"

#define OF(service, id) "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/" service "/" id
#define SERVICE    "KEDGE_SERVICE=web\n"
#define DEPLOYMENT "KEDGE_DEPLOYMENT=" OF("web", "abc") "\n"

static struct gate g;
static struct conf conf;
static struct { unsigned n, gone; struct hook_word last; enum kerr say; } told;
static struct { unsigned n; enum grant_verb verb; char what[ARN_CAP + NAME_CAP + 8]; } noted;
static char job_bytes[HOOK_JOB_MAX + 4096];
static int runner = -1;

struct news gate_new(enum news_what what)
{
	return (struct news){ .what = what };
}

enum kerr gate_news(struct gate *gate, struct news *news, struct slice tail)
{
	(void)gate;
	if (news->what != NEWS_HOOK || (tail.n != 0 && tail.n != sizeof(told.last)))
		abort();
	if (tail.n > 0)
		memcpy(&told.last, tail.p, sizeof(told.last));
	told.n++;
	told.gone += tail.n == 0;
	return told.say;
}

enum kerr gate_permit_grant(struct gate *gate, enum grant_verb verb, uint32_t uid, struct slice service, struct slice what, struct why *why)
{
	struct text t = text_on(noted.what, sizeof(noted.what));

	(void)gate, (void)uid, (void)why;
	noted.n++;
	noted.verb = verb;
	text_slice(&t, service);
	text_c(&t, ' ');
	text_slice(&t, what);
	return KERR_OK;
}

static void begin(void)
{
	int pair[2];
	struct why why;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0 || loop_init(&g.loop, &why) != KERR_OK)
		abort();
	memset(&told, 0, sizeof(told));
	memset(&noted, 0, sizeof(noted));
	memset(&g.hook, 0, sizeof(g.hook));
	g.hook.fd = pair[0];
	runner = pair[1];
	gate_hook_start(&g);
}

static void end(void)
{
	gate_hook_close(&g);
	loop_close(&g.loop);
	if (runner >= 0)
		close(runner);
	runner = -1;
}

static void turn(void)
{
	struct why why;

	if (loop_turn(&g.loop, 1000, &why) != KERR_OK)
		abort();
}

static struct hook_job job_of(const char *event, size_t fields)
{
	struct hook_job job = { .limit_ms = 1000, .fields_bytes = (uint32_t)fields };

	memset(job.event, 0, sizeof(job.event));
	memcpy(job.event, event, strlen(event) < sizeof(job.event) ? strlen(event) : sizeof(job.event));
	return job;
}

static enum kerr give(const struct hook_job *job, struct slice tail)
{
	struct answer a = { .err = KERR_OK };

	memcpy(job_bytes, job, sizeof(*job));
	memcpy(job_bytes + sizeof(*job), tail.p, tail.n);
	gate_hook_ask(&g, (struct slice){ job_bytes, sizeof(*job) + tail.n }, &a);
	return a.err;
}

static enum kerr ask(const char *event, const char *fields)
{
	struct hook_job job = job_of(event, strlen(fields));

	return give(&job, slice_of(fields));
}

static bool has_job(void)
{
	return recv(runner, job_bytes, sizeof(job_bytes), MSG_DONTWAIT) > 0;
}

static void say(enum hook_did did, int exit_code)
{
	struct hook_word w = { .did = did, .exit_code = exit_code };

	if (send(runner, &w, sizeof(w), MSG_NOSIGNAL) != (ssize_t)sizeof(w))
		abort();
	turn();
}

static void refuses(const char *event, const char *fields, const char *what)
{
	begin();
	is_int(ask(event, fields), KERR_BAD_INPUT, "%s", what);
	ok(!has_job() && !g.hook.busy, "... reaches no hook");
	end();
}

/* ---- what is let through ---- */

static void jobs(void)
{
	begin();
	for (int k = 0; k < NOTICE_KINDS; k++) {
		const char *name = notice_name((enum notice_kind)k);

		is_int(ask(name, k == NOTICE_CONFIRM ? SERVICE DEPLOYMENT : "KEDGE_REASON=no space left = \xc3\xa4\n"), KERR_OK, "a job: %s", name);
		ok(has_job() && strncmp(job_bytes, name, HOOK_EVENT_CAP) == 0, "... reaches the runner");
		is_int(ask(name, SERVICE), KERR_AGAIN, "... and no other one while it runs");
		say(HOOK_RAN, 1);
		say(HOOK_ALL_DONE, 0);
	}
	is_int(told.n, 2 * NOTICE_KINDS, "each word is passed on");
	is_int(told.last.did, HOOK_ALL_DONE, "... in order");
	is_int(ask("over", ""), KERR_OK, "no fields at all");
	end();
}

static void hostile_fields(void)
{
	static char many[40 * 32];
	struct text t = text_on(many, sizeof(many));

	refuses("failure", "LD_PRELOAD=/tmp/x.so\n", "LD_PRELOAD");
	refuses("failure", SERVICE "LD_PRELOAD=/tmp/x.so\n", "... behind a good one");
	refuses("failure", "KEDGE_X=a\nPATH=/tmp\n", "a line end that begins another name");
	refuses("failure", "KEDGE_X=a\rPATH=/tmp\n", "... or a carriage return");
	refuses("failure", "KEDGE_X=a\x1b[2J\n", "... or an escape");
	refuses("failure", "KEDGE_X=a\x7f\n", "... or a delete");
	refuses("failure", "KEDGE_X=a\n\nKEDGE_Y=b\n", "an empty line");
	refuses("failure", "KEDGE_X=a", "a line without its end");
	refuses("failure", "KEDGE_X\n", "a name without a value");
	refuses("failure", "=a\n", "a value without a name");
	refuses("failure", "KEDGE=a\n", "almost a name of kedge's");
	refuses("failure", " KEDGE_X=a\n", "a blank before the name");
	refuses("failure", "KEDGE_X Y=a\n", "... in it");
	refuses("failure", "KEDGE_x=a\n", "a small letter");
	refuses("failure", "KEDGE_X()=() { :;}; reboot\n", "a function for a shell");
	refuses("failure", "kedge_X=a\n", "another case");
	refuses("failure", "KEDGE_X=a\nKEDGE_X=b\n", "a name twice");
	for (int i = 0; i < HOOK_FIELDS_MAX + 1; i++) {
		text_s(&t, "KEDGE_");
		text_c(&t, (char)('A' + i / 26));
		text_c(&t, (char)('A' + i % 26));
		text_s(&t, "=a\n");
	}
	refuses("failure", many, "more fields than a hook is given");
	begin();
	is_int(ask("failure", many + strlen("KEDGE_AA=a\n")), KERR_OK, "as many as it is given");
	end();
	begin();
	{
		struct hook_job job = job_of("failure", 12);

		is_int(give(&job, (struct slice){ "KEDGE_X=\0ab\n", 12 }), KERR_BAD_INPUT, "a zero byte in a value");
	}
	end();
}

static void hostile_heads(void)
{
	static const struct { uint32_t fields, json; } lengths[] = {
		{ UINT32_MAX, 0 }, { 0, UINT32_MAX }, { UINT32_MAX, UINT32_MAX }, { UINT32_MAX - 9, 18 + 10 }, { 18, 1 }, { 17, 0 }, { 19, 0 },
		{ 0x80000000u, 0x80000000u + 18 },
	};
	static const char *const events[] = { "", "../x", "fail", "failure ", "failures", "confirmxxxxxxxxxxxx", "Failure", "-rf" };
	struct hook_job job;
	struct answer a;

	begin();
	_Static_assert(sizeof(SERVICE) - 1 == 18, "the length above");
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		job = job_of("failure", 0);
		job.fields_bytes = lengths[i].fields;
		job.json_bytes = lengths[i].json;
		is_int(give(&job, SLICE(SERVICE)), KERR_BAD_INPUT, "lengths %u and %u of 18", (unsigned)lengths[i].fields, (unsigned)lengths[i].json);
	}
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		is_int(ask(events[i], SERVICE), KERR_BAD_INPUT, "the event \"%s\"", events[i]);
	job = job_of("failure", 0);
	memset(job.event, 'x', sizeof(job.event));
	is_int(give(&job, SLICE("")), KERR_BAD_INPUT, "an event without end");
	job = job_of("failure", 0);
	job.limit_ms = UINT32_MAX;
	is_int(give(&job, SLICE("")), KERR_BAD_INPUT, "a hook that may run for ever");
	for (size_t n = 0; n < sizeof(job); n += 7) {
		a = (struct answer){ .err = KERR_OK };
		gate_hook_ask(&g, (struct slice){ job_bytes, n }, &a);
		is_int(a.err, KERR_BAD_INPUT, "%u bytes of a head", (unsigned)n);
	}
	a = (struct answer){ .err = KERR_OK };
	job = job_of("failure", 0);
	job.json_bytes = HOOK_JOB_MAX - sizeof(job) + 1;
	memcpy(job_bytes, &job, sizeof(job));
	gate_hook_ask(&g, (struct slice){ job_bytes, HOOK_JOB_MAX + 1 }, &a);
	is_int(a.err, KERR_BAD_INPUT, "a job longer than the runner reads");
	ok(!has_job() && !g.hook.busy, "none of it reaches a hook");
	end();
}

/* ---- whose yes it is ---- */

static void decides(const char *fields, const int *exits, size_t n, const char *wanted, const char *what)
{
	begin();
	is_int(ask("confirm", fields), KERR_OK, "asked: %s", what);
	for (size_t i = 0; i < n; i++)
		say(HOOK_RAN, exits[i]);
	is_int(noted.n, 0, "... before all have said it, it is no yes");
	say(HOOK_ALL_DONE, 0);
	is_str(noted.what, wanted, "... permits %s", wanted[0] != '\0' ? wanted : "nothing");
	ok(noted.n == (wanted[0] != '\0') && noted.verb == GRANT_STOP, "... and no more");
	end();
}

static void yes(void)
{
	static const int good[] = { 0, 0 }, bad[] = { 0, 1 }, later[] = { 75, 0 }, killed[] = { -1 };

	decides(SERVICE DEPLOYMENT, good, 2, "web " OF("web", "abc"), "two say yes");
	decides(SERVICE DEPLOYMENT, bad, 2, "", "one says no");
	decides(SERVICE DEPLOYMENT, later, 2, "", "one wants to be asked again");
	decides(SERVICE DEPLOYMENT, killed, 1, "", "one was killed");
	decides(SERVICE DEPLOYMENT, good, 0, "", "there is none");
	decides(SERVICE, good, 1, "web ", "a deployment AWS has not named");
	begin();
	(void)!ask("confirm", SERVICE DEPLOYMENT);
	say(HOOK_RAN, 0);
	say(HOOK_UNSAFE, -1);
	say(HOOK_ALL_DONE, 0);
	is_int(noted.n, 0, "one that was not run has not said yes");
	is_int(ask("failure", SERVICE DEPLOYMENT), KERR_OK, "a hook that only hears of it");
	say(HOOK_RAN, 0);
	say(HOOK_ALL_DONE, 0);
	is_int(noted.n, 0, "... permits nothing by its exit code");
	end();
}

static void hostile_questions(void)
{
	char fields[1200];

	refuses("confirm", "", "a question about nothing");
	refuses("confirm", DEPLOYMENT, "... about no service");
	refuses("confirm", "KEDGE_SERVICE=\n" DEPLOYMENT, "... about an empty one");
	refuses("confirm", "KEDGE_SERVICE=../web\n" DEPLOYMENT, "... about none");
	refuses("confirm", "KEDGE_SERVICE=db\n" DEPLOYMENT, "a service, and a deployment of another");
	refuses("confirm", SERVICE "KEDGE_DEPLOYMENT=latest\n", "a deployment that is none");
	refuses("confirm", SERVICE "KEDGE_DEPLOYMENT=-\n", "... or whichever");
	refuses("confirm", SERVICE DEPLOYMENT "KEDGE_DEPLOYMENT=" OF("web", "other") "\n", "two deployments, of which a hook sees one");
	snprintf(fields, sizeof(fields), SERVICE "KEDGE_DEPLOYMENT=" OF("web", "%01000d") "\n", 1);
	refuses("confirm", fields, "a deployment too long to be one, which would permit whichever");
	snprintf(fields, sizeof(fields), "KEDGE_SERVICE=%0500d\n", 1);
	refuses("confirm", fields, "a service too long to be one");
}

/* ---- ends ---- */

static void ends(void)
{
	begin();
	(void)!ask("confirm", SERVICE DEPLOYMENT);
	say(HOOK_RAN, 0);
	told.n = 0;
	gate_hook_forget(&g);
	say(HOOK_RAN, 0);
	is_int(ask("failure", SERVICE), KERR_AGAIN, "a new worker waits for the hooks of the one before");
	say(HOOK_ALL_DONE, 0);
	is_int(told.n, 0, "... and does not hear what it did not ask");
	is_int(noted.n, 1, "what they have said yes to holds all the same");
	noted.n = 0;
	is_int(ask("failure", SERVICE), KERR_OK, "then it may ask");
	say(HOOK_ALL_DONE, 0);
	is_int(told.n, 1, "... and hears of it");
	(void)!ask("failure", SERVICE);
	told.say = KERR_AGAIN;
	say(HOOK_ALL_DONE, 0);
	ok(!g.hook.busy, "a worker that does not listen holds up nobody");
	told.say = KERR_OK;
	(void)!ask("confirm", SERVICE DEPLOYMENT);
	say(HOOK_RAN, 0);
	close(runner);
	runner = -1;
	turn();
	is_int(told.gone, 1, "the runner dies: the worker hears of it");
	is_int(noted.n, 0, "... and half a yes is none");
	is_int(ask("failure", SERVICE), KERR_GONE, "... and no job is taken any more");
	end();
}

/* The real runner, and a hook that says yes only to what it is shown. */
static void real(void)
{
	static const char script[] = "#!/bin/sh\n[ \"$1/$KEDGE_SERVICE\" = confirm/web ] && [ -z \"$LD_PRELOAD\" ] && [ \"$(cat)\" = '{}' ]\n";
	char folder[] = "/tmp/kedge-hook-XXXXXX", path[64];
	struct hook_job job = job_of("confirm", strlen(SERVICE DEPLOYMENT));
	FILE *f;
	struct why why;

	if (mkdtemp(folder) == NULL || loop_init(&g.loop, &why) != KERR_OK)
		abort();
	snprintf(path, sizeof(path), "%s/confirm", folder);
	f = fopen(path, "w");
	if (f == NULL || fputs(script, f) < 0 || fclose(f) != 0 || chmod(path, 0700) != 0)
		abort();
	memset(&told, 0, sizeof(told));
	memset(&noted, 0, sizeof(noted));
	(void)str_put(conf.hooks, sizeof(conf.hooks), slice_of(folder));
	g.hook = (struct gate_hook){ .fd = -1 };
	gate_hook_fork(&g);
	gate_hook_start(&g);
	job.json_bytes = 2;
	job.limit_ms = 10000;
	is_int(give(&job, SLICE(SERVICE DEPLOYMENT "{}")), KERR_OK, "the real runner takes a job");
	for (int i = 0; i < 20 && g.hook.busy; i++)
		turn();
	is_str(noted.what, "web " OF("web", "abc"), "its hook says yes to it");
	gate_hook_close(&g);
	loop_close(&g.loop);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	conf_default(&conf);
	g.conf = &conf;
	log_init(&g.log, LOG_LEVEL_ERROR);
	g.log.level = LOG_LEVEL_ERROR;
	jobs();
	hostile_fields();
	hostile_heads();
	yes();
	hostile_questions();
	ends();
	conf.hooks[0] = '\0';
	gate_hook_fork(&g);
	is_int(g.hook.fd, -1, "no hooks are set");
	is_int(ask("failure", SERVICE), KERR_GONE, "... and none is run");
	real();
	return done();
}
