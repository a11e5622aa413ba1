/* The fix forward: what a person's deploy does, and every way in which it does not. */
#include "tests/story/world.h"
#include "tests/tap.h"

#include <string.h>

static struct world w;
static bool wide;        /* the tables were full once: every loop meets rows nobody uses */

static void begin(enum rb_mode mode)
{
	world_init(&w, mode);
	if (wide)
		w.core.rows = (struct rows){ TASKS_MAX, CONTAINERS_MAX, RELEASES_MAX, SERVICES_MAX, FAILURES_MAX };
	w.core.params.policy.allow_update_service = true;
	for (uint32_t i = 0; i < w.core.params.n_services; i++)
		w.core.params.service[i].policy.allow_update_service = true;
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	(void)world_trace(&w);
}

/* What became of it, from the trace of the last half a minute. */
static const char *told(uint64_t ms)
{
	static char line[1200];
	const char *at;

	world_run(&w, ms);
	at = strstr(world_trace(&w), "deploy ");
	snprintf(line, sizeof(line), "%s", at == NULL ? "" : at + 7);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static void says(const char *told_now, const char *wanted, uint32_t updates)
{
	is_str(told_now, wanted, "told: %.60s", wanted);
	is_int(w.updates, updates, "... %u sent", updates);
	ok(w.broken == NULL, "... no invariant is broken%s%s", w.broken ? ": " : "", w.broken ? w.broken : "");
}

/* One occurrence is a verdict. */
static void bad_start(unsigned task, uint32_t revision)
{
	world_place(&w, task, "web", revision);
	world_create(&w, task, "web", revision, "sha256:imagebad");
	world_run(&w, 100);
	world_start_failed(&w, task, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory");
	world_run(&w, 200);
	world_stopped(&w, task, STAGE_START, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory", -1);
	world_run(&w, 3000);
}

static void bad_release(void)
{
	begin(MODE_MANUAL);
	world_deploy(&w, "web", 12, "sha256:digest12");
	bad_start(2, 12);
	(void)world_trace(&w);
}

static void forward(void)
{
	uint32_t next_id;

	bad_release();
	is_str(rb_state_name(w.core.service[0].rb.state), "awaiting-confirmation", "web:12 fails, a rollback waits for a person");
	next_id = w.core.next_id;
	world_deploy_to(&w, "web", 13, false);
	says(told(20000), "accepted as d3 over : AWS took it; its deployment is under way.", 1);
	is_str(strrchr(w.core.deploy.before, '/') + 1, "d2", "the deployment it overtook is named");
	ok(strstr(w.core.audit.text, "deploy web to web:13: accepted arn:aws:ecs:") != NULL, "audited with what it made: %s", w.core.audit.text);
	is_int(w.core.audit.uid, 1000, "... and by whom");
	is_str(rb_state_name(w.core.service[0].rb.state), "superseded", "the rollback that waited is overtaken");
	is_int(w.core.next_id, next_id, "it is no rollback: no intent was made");
	is_int(w.core.n_accepted, 0, "... nor counted as one");
	is_int(w.stops, 0, "... and nothing was stopped");
}

/* What is deployed goes on to be judged as any other. */
static void fails_here_too(void)
{
	bad_release();
	world_deploy_to(&w, "web", 13, false);
	(void)told(20000);
	bad_start(3, 13);
	world_run(&w, 20000);
	is_int(w.core.service[0].rb.revision, 13, "a fix that fails too is decided on");
	is_str(rb_state_name(w.core.service[0].rb.state), "awaiting-confirmation", "... and not by itself");
	world_deploy_to(&w, "web", 13, false);
	says(told(5000), "refused: Nothing was sent: this node saw that revision fail (kedge failures says why); --force sends it all the same", 1);
	world_deploy_to(&w, "web", 12, true);
	says(told(20000), "accepted as d4 over : AWS took it; its deployment is under way.", 2);
	world_deploy_to(&w, "web", 12, true);
	says(told(5000), "not-done: Nothing was sent: that revision is what is deployed already", 2);
}

static void not_allowed(void)
{
	begin(MODE_AUTO);
	for (uint32_t i = 0; i < w.core.params.n_services; i++)
		w.core.params.service[i].policy.allow_update_service = false;
	world_deploy_to(&w, "web", 12, true);
	says(told(5000), "refused: Nothing was sent: policy allow_update_service = no", 0);
}

static void no_line(void)
{
	begin(MODE_AUTO);
	world_fact(&w, FACT_ROUTE, TRI_NO);
	world_deploy_to(&w, "web", 12, false);
	says(told(1000), "not-done: Nothing was sent: AWS cannot be asked now (line, clock or credentials)", 0);
	world_fact(&w, FACT_ROUTE, TRI_YES);
	says(told(600000), "", 0);
	world_line(&w, false);
	world_fact(&w, FACT_ROUTE, TRI_YES);
	world_run(&w, 100);
	w.core.aws_retry_ms = 0;
	world_deploy_to(&w, "web", 12, false);
	says(told(5000), "not-done: Nothing was sent: no answer", 0);
	world_line(&w, true);
	says(told(600000), "", 0);
}

static void aws_says_no(void)
{
	static const struct { enum aws_error error; const char *said, *told; } row[] = {
		{ AE_DENIED, "ecs:UpdateService is denied", "denied: ecs:UpdateService is denied" },
		{ AE_NOT_FOUND, "ServiceNotActiveException: Service was not ACTIVE.", "not-done: ServiceNotActiveException: Service was not ACTIVE." },
		{ AE_INVALID, "ClientException: TaskDefinition is inactive", "not-done: ClientException: TaskDefinition is inactive" },
		{ AE_THROTTLED, "ThrottlingException: Rate exceeded", "not-done: ThrottlingException: Rate exceeded" },
		{ AE_CONFLICT, "ConflictException", "not-done: ConflictException" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		begin(MODE_AUTO);
		w.refuse_update = row[i].error;
		w.update_said = row[i].said;
		world_deploy_to(&w, "web", 12, false);
		says(told(20000), row[i].told, 1);
		w.update_said = NULL;
		says(told(600000), "", 1);
	}
}

/* A refusal of a deploy says nothing about the rollback that waits. */
static void leaves_the_intent(void)
{
	bad_release();
	w.refuse_update = AE_DENIED;
	w.update_said = "ecs:UpdateService is denied";
	world_deploy_to(&w, "web", 13, false);
	says(told(20000), "denied over : ecs:UpdateService is denied", 1);
	is_str(rb_state_name(w.core.service[0].rb.state), "awaiting-confirmation", "the rollback waits as before");
}

static void answer_lost(void)
{
	begin(MODE_AUTO);
	w.update_lost = true;
	world_deploy_to(&w, "web", 12, false);
	says(told(60000), "accepted as d2: AWS took it; its deployment is under way.", 1);
	begin(MODE_AUTO);
	w.refuse_update = AE_UNREACHABLE;
	w.update_said = "the connection was lost";
	world_deploy_to(&w, "web", 12, false);
	says(told(120000), "not-done: No answer came, and AWS shows no such deployment: kedge does not know, and sends nothing more.", 1);
	begin(MODE_AUTO);
	world_deploy_to(&w, "web", 12, false);
	while (w.updates == 0)
		world_run(&w, 10);
	w.hidden = 1;
	says(told(60000), "accepted: AWS took it, but does not show its deployment yet.", 1);
}

static void disk_refuses(void)
{
	begin(MODE_AUTO);
	w.disk_full = true;
	world_deploy_to(&w, "web", 12, false);
	says(told(90000), "not-done: Nothing was sent: AWS did not answer in time, or the journal cannot be written", 0);
}

/* kill -9 after each step of it: at most one call for one word, and no restart sends or repeats one. */
static void killed(void)
{
	uint32_t before = 0, after = 0;

	for (uint64_t step = 1; step < 40; step++) {
		begin(MODE_AUTO);
		world_deploy_to(&w, "web", 12, false);
		w.restart_at = w.steps + step;
		world_run(&w, 300000);
		before += w.updates == 0;
		after += w.updates == 1;
		if (w.broken != NULL || w.updates > 1 || w.core.deploy.step != DEPLOY_NONE)
			break;
	}
	ok(w.broken == NULL, "killed after every step: no invariant is broken%s%s", w.broken ? ": " : "", w.broken ? w.broken : "");
	is_int(before + after, 39, "... and never is more than one sent");
	ok(before > 2 && after > 2, "... some fell before it was sent (%u), some after (%u)", before, after);
	is_int(w.core.deploy.step, DEPLOY_NONE, "... and nothing is left over");
}

static void another_controller(enum controller controller, const char *wanted)
{
	begin(MODE_AUTO);
	w.no_deployments = true;
	w.said.controller = controller;
	world_deploy_to(&w, "web", 12, false);
	says(told(30000), wanted, 0);
}

static void one_at_a_time(void)
{
	begin(MODE_AUTO);
	world_deploy_to(&w, "web", 12, false);
	world_deploy_to(&w, "web", 14, false);
	says(told(20000), "accepted as d2: AWS took it; its deployment is under way.", 1);
	is_int(w.dep[0].revision, 12, "a second word while the first is under way is none");
}

/* Somebody else's is newer than ours by the time it is looked for. */
static void overtaken_at_once(void)
{
	begin(MODE_AUTO);
	world_deploy_to(&w, "web", 12, false);
	while (w.updates == 0)
		world_run(&w, 10);
	world_deploy(&w, "web", 15, "sha256:digest15");
	says(told(60000), "accepted: AWS took it, but does not show its deployment yet.", 1);
}

/* The audit takes longer than an answer of AWS stays fresh: AWS is asked once more, and only then is it sent. */
static void slow_disk(void)
{
	begin(MODE_AUTO);
	w.disk_ms = 6000;
	world_deploy_to(&w, "web", 12, false);
	says(told(30000), "accepted as d2: AWS took it; its deployment is under way.", 1);
	begin(MODE_AUTO);
	w.disk_ms = 3000;
	world_deploy_to(&w, "web", 12, false);
	world_run(&w, 2000);
	world_fact(&w, FACT_ROUTE, TRI_NO);
	says(told(10000), "not-done: Nothing was sent: AWS cannot be asked now (line, clock or credentials)", 0);
}

/* The call's answer does not come at all, then comes when nobody waits for it any more. */
static void no_answer(void)
{
	begin(MODE_AUTO);
	w.disk_ms = 2000;
	world_deploy_to(&w, "web", 12, false);
	world_run(&w, 1500);
	w.aws_ms = 100000;
	world_run(&w, 3000);
	is_int(w.updates, 1, "it is sent");
	w.aws_ms = 80;
	says(told(140000), "accepted as d2: AWS took it; its deployment is under way.", 1);
}

static void a_look_is_refused(void)
{
	static const struct { enum aws_op op; enum aws_error error; const char *told; } row[] = {
		{ OP_LIST, AE_DENIED, "denied: Nothing was sent: it is refused" },
		{ OP_LIST, AE_THROTTLED, "not-done: Nothing was sent: it is refused" },
		{ OP_DEPLOYMENT, AE_DENIED, "denied: Nothing was sent: it is refused" },
		{ OP_REVISION, AE_CONFLICT, "not-done: Nothing was sent: it is refused" },
		{ OP_LIST, AE_INVALID, "not-done: Nothing was sent: AWS names no deployment of this service" },
		{ OP_LIST, AE_NOT_FOUND, "not-done: Nothing was sent: AWS names no deployment of this service" },
	};
	struct event ev = { .type = EV_AWS_FAILED };

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		begin(MODE_AUTO);
		w.aws_ms = 5000;
		world_deploy_to(&w, "web", 12, false);
		world_run(&w, 100);
		ev.u.aws_failed = (struct ev_aws_failed){ .op = row[i].op, .service = 0, .ask = w.core.service[0].look.ask, .error = row[i].error };
		snprintf(ev.u.aws_failed.detail, sizeof(ev.u.aws_failed.detail), "it is refused");
		world_feed(&w, &ev);
		w.aws_ms = 80;
		says(told(20000), row[i].told, 0);
	}
	/* one of another question, or of another service, ends nothing */
	begin(MODE_AUTO);
	w.aws_ms = 3000;
	world_deploy_to(&w, "web", 12, false);
	world_run(&w, 100);
	ev.u.aws_failed.op = OP_LIST;
	ev.u.aws_failed.ask = w.core.service[0].look.ask + 1000;
	world_feed(&w, &ev);
	ev.u.aws_failed.service = 1;
	world_feed(&w, &ev);
	says(told(60000), "accepted as d2: AWS took it; its deployment is under way.", 1);
}

/* Answers to calls that are not its own end nothing either. */
static void of_another_call(void)
{
	struct event ev = { .type = EV_AWS_UPDATED };

	begin(MODE_AUTO);
	w.aws_ms = 3000;
	world_deploy_to(&w, "web", 12, false);
	while (w.updates == 0)
		world_run(&w, 10);
	ev.u.aws_updated.ask = w.core.deploy.ask + 1000;
	world_feed(&w, &ev);
	ev.u.aws_updated.service = 1;
	world_feed(&w, &ev);
	is_int(w.core.deploy.step, DEPLOY_SENT, "the answer to another call is not taken for its own");
	ev.type = EV_AWS_FAILED;
	ev.u.aws_failed = (struct ev_aws_failed){ .op = OP_UPDATE, .service = 1, .ask = w.core.deploy.ask, .error = AE_DENIED };
	world_feed(&w, &ev);
	is_int(w.core.deploy.step, DEPLOY_SENT, "... nor a refusal");
	says(told(60000), "accepted as d2: AWS took it; its deployment is under way.", 1);
}

/* What AWS went back to is what is deployed; what it went back from is not. */
static void after_a_rollback(void)
{
	begin(MODE_MANUAL);
	world_deploy(&w, "web", 12, "sha256:digest12");
	snprintf(w.dep[0].rollback_arn, ARN_CAP, "%s", w.dep[1].revision_arn);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 5000);
	(void)world_trace(&w);
	world_deploy_to(&w, "web", 11, false);
	says(told(10000), "not-done: Nothing was sent: that revision is what is deployed already", 0);
	world_deploy_to(&w, "web", 12, false);
	says(told(20000), "accepted as d3: AWS took it; its deployment is under way.", 1);
	world_deploy_to(&w, "worker", 12, false);
	says(told(20000), "accepted as d4 over : AWS took it; its deployment is under way.", 2);
}

/* A stop that is under way is let go first. */
static void a_stop_is_being_sent(void)
{
	begin(MODE_AUTO);
	world_deploy(&w, "web", 12, "sha256:digest12");
	bad_start(2, 12);
	for (int i = 0; i < 4000 && w.core.service[0].rb.state != RB_ACTING; i++)
		world_run(&w, 10);
	is_str(rb_state_name(w.core.service[0].rb.state), "acting", "a rollback is being sent");
	(void)world_trace(&w);
	w.queued = 0;           /* the call is still on a line that hangs: AWS knows nothing of it */
	w.dep[0].status = SD_IN_PROGRESS;
	world_deploy_to(&w, "web", 13, false);
	says(told(3000), "not-done: Nothing was sent: a rollback of this service is just being sent", 0);
}

/* The sentences of a service whose target or whose own release nobody knows. */
static void sentences(void)
{
	char buf[1024];
	struct text t = text_on(buf, sizeof(buf));
	struct service *s = &w.core.service[0];

	begin(MODE_MANUAL);
	s->verdict = V_ROLLED_BACK;
	s->rb.family[0] = s->rb.target_family[0] = '\0';
	core_explain(&w.core, 0, &t);
	ok(strncmp(buf, "The service was hauled back.", 28) == 0, "a rollback to nobody knows what: %s", buf);
	t = text_on(buf, sizeof(buf));
	s->verdict = V_ROLLING;
	s->serving = SERVING_NEW;
	for (uint32_t i = 0; i < RELEASES_MAX; i++)
		w.core.release[i].used = false;
	core_explain(&w.core, 0, &t);
	ok(strstr(buf, "serves") == NULL, "what serves is not named where nobody knows it: %s", buf);
}

/* The invariants see each way in which a deploy could go wrong. */
static void checked(void)
{
	struct action out = { .type = ACT_AWS_DEPLOY, .index = 0 };
	struct deploy *d = &w.core.deploy;
	struct deploy sound;

	begin(MODE_AUTO);
	world_deploy_to(&w, "web", 12, false);
	while (w.updates == 0)
		world_run(&w, 10);
	is_int(d->step, DEPLOY_SENT, "it is sent");
	sound = *d;
	ok(core_check(&w.core, &out, 1) == NULL, "a sound one is none");
	d->step = DEPLOY_LOOKING;
	ok(core_check(&w.core, &out, 1) != NULL, "one that nobody asked for");
	*d = sound;
	d->asked_ms = w.core.now_ms + 1;
	ok(core_check(&w.core, &out, 1) != NULL, "one on an answer older than the word");
	*d = sound;
	d->seq = w.core.saved_seq + 1;
	ok(core_check(&w.core, &out, 1) != NULL, "one before its audit is durable");
	d->seq = 0;
	ok(core_check(&w.core, &out, 1) != NULL, "one without an audit");
	*d = sound;
	w.core.service[0].dep_ms = 0;
	ok(core_check(&w.core, &out, 1) != NULL, "one without any answer");
	for (uint32_t i = 0; i < w.core.params.n_services; i++)
		w.core.params.service[i].policy.allow_update_service = false;
	w.core.params.policy.allow_update_service = false;
	ok(core_check(&w.core, &out, 1) != NULL, "one that policy forbids");
}

/* A revision of the same number but another family is no bad one; and force does not deploy what is deployed. */
static void forced_over_what_failed(void)
{
	bad_release();
	world_deploy_to(&w, "api", 12, false);
	says(told(20000), "accepted as d3 over : AWS took it; its deployment is under way.", 1);
	bad_release();
	world_deploy_to(&w, "web", 12, false);
	says(told(5000), "refused: Nothing was sent: this node saw that revision fail (kedge failures says why); --force sends it all the same", 0);
	world_deploy_to(&w, "web", 12, true);
	says(told(20000), "not-done: Nothing was sent: that revision is what is deployed already", 0);
}

int main(void)
{
	forward();
	fails_here_too();
	not_allowed();
	no_line();
	aws_says_no();
	leaves_the_intent();
	answer_lost();
	disk_refuses();
	killed();
	another_controller(CTL_CODE_DEPLOY, "refused: Nothing was sent: this service is deployed by CODE_DEPLOY; deploy there");
	another_controller(CTL_EXTERNAL, "refused: Nothing was sent: this service is deployed by an EXTERNAL controller; deploy there");
	another_controller(CTL_ECS, "not-done: Nothing was sent: AWS names no deployment of this service");
	one_at_a_time();
	overtaken_at_once();
	slow_disk();
	no_answer();
	a_look_is_refused();
	of_another_call();
	after_a_rollback();
	a_stop_is_being_sent();
	forced_over_what_failed();
	sentences();
	checked();
	wide = true;
	forward();
	fails_here_too();
	after_a_rollback();
	forced_over_what_failed();
	return done();
}
