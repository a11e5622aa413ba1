/* The stories kedge exists for, each as one timeline under a virtual clock. */
#include "tests/story/world.h"
#include "tests/tap.h"

static struct world w;
static unsigned next_task;

static void good(unsigned revision, const char *image_id, const char *digest)
{
	unsigned task = next_task++;

	world_deploy(&w, "web", revision, digest);
	world_place(&w, task, "web", revision);
	world_run(&w, 500);
	world_create(&w, task, "web", revision, image_id);
	world_image(&w, image_id, digest);
	world_start(&w, task);
	world_run(&w, 300);
	world_running(&w, task);
	world_run(&w, 65000);
	world_status(&w, SD_SUCCESSFUL);
	world_run(&w, 40000);
	(void)world_trace(&w);
}

static void begin(enum rb_mode mode)
{
	next_task = 1;
	world_init(&w, mode);
	good(11, "sha256:image11", "sha256:digest11");
}

static void failing_pull(unsigned revision, enum class class, const char *reason)
{
	unsigned task = next_task++;

	world_place(&w, task, "web", revision);
	world_run(&w, 15000);
	world_pull_attempt(&w, task, class, reason);
	world_run(&w, 14000);
	world_stopped(&w, task, STAGE_PULL, class, reason, -1);
	world_run(&w, 5000);
}

static void failing_start(unsigned revision, const char *image_id)
{
	unsigned task = next_task++;

	world_place(&w, task, "web", revision);
	world_run(&w, 500);
	world_create(&w, task, "web", revision, image_id);
	world_run(&w, 100);
	world_start_failed(&w, task, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory");
	world_run(&w, 200);
	world_stopped(&w, task, STAGE_START, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory", -1);
	world_run(&w, 5000);
}

static void crash(unsigned revision, const char *image_id, uint64_t after_ms)
{
	unsigned task = next_task++;

	world_place(&w, task, "web", revision);
	world_run(&w, 500);
	world_create(&w, task, "web", revision, image_id);
	world_start(&w, task);
	world_running(&w, task);
	world_run(&w, after_ms);
	world_die(&w, task, 1);
	world_run(&w, 50);
	world_stopped(&w, task, STAGE_RUN, CLASS_NONE, "", 1);
	world_run(&w, 4000);
}

static void sound(void)
{
	ok(w.broken == NULL, "no invariant is broken%s%s", w.broken ? ": " : "", w.broken ? w.broken : "");
}

static const char *rb_id(void)
{
	static char id[16];

	snprintf(id, sizeof(id), "r%u", w.core.service[0].rb.id);
	return id;
}

static void missing_image_confirmed(void)
{
	begin(MODE_MANUAL);
	world_deploy(&w, "web", 12, "");
	for (int i = 0; i < 3; i++)
		failing_pull(12, CLASS_IMAGE_NOT_FOUND, "manifest unknown: manifest unknown");
	is_str(world_trace(&w),
	       "[   205.8] service web rolling/none\n"
	       "[   220.8] suspect f1 web:12 image-not-found app blame=release\n"
	       "[   220.8] service web suspect/none\n"
	       "[   234.8] FAILURE f1 web:12 image-not-found app blame=release counted\n"
	       "[   254.8] suspect f2 web:12 image-not-found app blame=release\n"
	       "[   268.8] FAILURE f2 web:12 image-not-found app blame=release counted\n"
	       "[   288.8] suspect f3 web:12 image-not-found app blame=release\n"
	       "[   302.8] FAILURE f3 web:12 image-not-found app blame=release counted\n"
	       "[   303.0] service web failing/decided\n"
	       "[   303.0] service web failing/awaiting-confirmation\n",
	       "an image that does not exist: suspect at once, counted three times, then a person is asked");
	world_operator(&w, OPV_CONFIRM, "", rb_id());
	world_run(&w, 5000);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 60000);
	is_str(world_trace(&w),
	       "[   307.8] service web failing/decided\n"
	       "[   308.0] service web rolling-back/acting\n"
	       "[   308.0] STOP arn:aws:ecs:eu-west-1:1:service-deployment/edge/web/d2\n"
	       "[   308.0] service web rolling-back/watching\n"
	       "[   317.3] service web rolled-back/rolled-back\n",
	       "confirmed: AWS is asked afresh, one stop, watched to its end");
	is_int(w.core.service[0].rb.verified, VERIFIED_HERE, "the digest that runs here is that of web:11");
	is_int(w.stops, 1, "one stop");
	sound();
}

static void restart_loop_decided_offline(void)
{
	unsigned task;

	begin(MODE_AUTO);
	world_deploy(&w, "web", 13, "sha256:digest13");
	task = next_task++;
	world_place(&w, task, "web", 13);
	world_run(&w, 500);
	world_create(&w, task, "web", 13, "sha256:image13");
	world_image(&w, "sha256:image13", "sha256:digest13");
	world_start(&w, task);
	world_running(&w, task);
	for (int i = 0; i < 3; i++) {
		world_run(&w, 2000);
		if (i == 2)
			world_line(&w, false);
		world_die(&w, task, 1);
		world_run(&w, 1000);
		world_start(&w, task);
	}
	world_run(&w, 30000);
	is_str(world_trace(&w),
	       "[   205.8] service web rolling/none\n"
	       "[   208.3] FAILURE f1 web:13 exited-early app blame=release counted\n"
	       "[   208.3] service web suspect/none\n"
	       "[   209.3] FAILURE f1 web:13 restart-loop app blame=release counted\n"
	       "[   215.3] service web failing/decided\n"
	       "[   215.4] service web failing/queued-offline\n",
	       "a restart policy hides the crash: counted in place, decided offline, queued");
	world_line(&w, true);
	world_run(&w, 120000);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 60000);
	is_str(world_trace(&w),
	       "[   263.5] service web failing/decided\n"
	       "[   263.6] service web rolling-back/acting\n"
	       "[   263.6] STOP arn:aws:ecs:eu-west-1:1:service-deployment/edge/web/d2\n"
	       "[   263.7] service web rolling-back/watching\n"
	       "[   395.0] service web rolled-back/rolled-back\n",
	       "the line comes back: asked again, hauled back");
	is_int(w.stops, 1, "one stop");
	sound();
}

static void service_known_late(void)
{
	unsigned task;

	begin(MODE_AUTO);
	w.core.params.service[0].family[0] = '\0';
	w.aws_ms = 8000;                        /* AWS says whose task it is only after the second restart */
	world_deploy(&w, "web", 28, "sha256:digest28");
	task = next_task++;
	world_place(&w, task, "web", 28);
	world_create(&w, task, "web", 28, "sha256:image28");
	world_start(&w, task);
	world_running(&w, task);
	for (int i = 0; i < 4; i++) {
		world_run(&w, 2500);
		world_die(&w, task, 1);
		world_run(&w, 500);
		world_start(&w, task);
	}
	world_run(&w, 90000);
	is_int(w.stops, 1, "a loop whose service becomes known late counts all the same");
	sound();
}

static void registry_down(void)
{
	begin(MODE_AUTO);
	world_deploy(&w, "web", 14, "");
	for (int i = 0; i < 4; i++)
		failing_pull(14, CLASS_REGISTRY_UNREACHABLE, "dial tcp 10.0.0.9:5000: connect: connection refused");
	is_str(world_trace(&w),
	       "[   205.8] service web rolling/none\n"
	       "[   220.8] suspect f1 web:14 registry-unreachable app blame=registry\n"
	       "[   220.8] service web suspect/none\n"
	       "[   234.8] FAILURE f1 web:14 registry-unreachable app blame=registry counted\n"
	       "[   254.8] suspect f2 web:14 registry-unreachable app blame=registry\n"
	       "[   268.8] FAILURE f2 web:14 registry-unreachable app blame=registry counted\n"
	       "[   288.8] suspect f3 web:14 registry-unreachable app blame=registry\n"
	       "[   302.8] FAILURE f3 web:14 registry-unreachable app blame=registry counted\n"
	       "[   322.8] suspect f4 web:14 registry-unreachable app blame=registry\n"
	       "[   336.8] FAILURE f4 web:14 registry-unreachable app blame=registry counted\n",
	       "a registry that is down: told, blamed, nothing hauled back");
	is_int(w.stops, 0, "no stop");
	is_int(w.core.failure[0].f.blame, BLAME_REGISTRY, "blame registry");
	sound();
}

static void superseded(void)
{
	begin(MODE_AUTO);
	world_deploy(&w, "web", 13, "sha256:digest13");
	world_line(&w, false);
	failing_start(13, "sha256:image13");
	world_deploy(&w, "web", 15, "sha256:digest15");   /* five seconds after the failure */
	world_run(&w, 20000);
	world_line(&w, true);
	world_run(&w, 120000);
	is_str(world_trace(&w),
	       "[   205.8] service web rolling/none\n"
	       "[   206.4] FAILURE f1 web:13 exec-not-found app blame=release\n"
	       "[   206.4] service web suspect/none\n"
	       "[   206.6] service web failing/decided\n"
	       "[   206.6] service web failing/queued-offline\n"
	       "[   277.1] service web failing/decided\n"
	       "[   277.2] service web failing/superseded\n",
	       "a corrected release overtook the queued intent: it is dropped");
	is_int(w.stops, 0, "no stop");
	sound();
}

static void mutable_tag(void)
{
	begin(MODE_AUTO);
	world_deploy(&w, "web", 11, "sha256:digest11bad");
	world_image(&w, "sha256:image11bad", "sha256:digest11bad");
	for (int i = 0; i < 3; i++)
		crash(11, "sha256:image11bad", 300);
	world_run(&w, 60000);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 60000);
	is_str(world_trace(&w),
	       "[   205.8] service web rolling/none\n"
	       "[   206.6] FAILURE f1 web:11 exited-early app blame=release counted\n"
	       "[   206.6] service web suspect/none\n"
	       "[   211.4] FAILURE f2 web:11 exited-early app blame=release counted\n"
	       "[   216.3] FAILURE f3 web:11 crash-loop app blame=release counted\n"
	       "[   216.5] service web failing/decided\n"
	       "[   220.5] service web rolling-back/acting\n"
	       "[   220.5] STOP arn:aws:ecs:eu-west-1:1:service-deployment/edge/web/d2\n"
	       "[   220.6] service web rolling-back/watching\n"
	       "[   293.7] service web rolled-back/rolled-back\n",
	       "the same family:revision with another image is another release");
	ok(w.core.release[0].good && !w.core.release[0].bad, "the release that works under the same name stays good");
	is_int(w.stops, 1, "one stop");
	sound();
}

static void breaker_acts_first(void)
{
	begin(MODE_AUTO);
	world_deploy(&w, "web", 16, "sha256:digest16");
	w.dep[0].cb_enabled = true;
	w.dep[0].cb_failures = 1;
	failing_start(16, "sha256:image16");
	world_run(&w, 40000);
	world_status(&w, SD_ROLLBACK_IN_PROGRESS);
	snprintf(w.dep[0].rollback_arn, ARN_CAP, "%s", w.dep[0].source_arn);
	world_run(&w, 60000);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 60000);
	is_str(world_trace(&w),
	       "[   205.8] service web rolling/none\n"
	       "[   206.4] FAILURE f1 web:16 exec-not-found app blame=release\n"
	       "[   206.4] service web suspect/none\n"
	       "[   206.6] service web failing/decided\n"
	       "[   219.2] service web failing/breaker-wait\n"
	       "[   264.6] service web rolling-back/adopted\n"
	       "[   329.9] service web rolled-back/rolled-back\n",
	       "the circuit breaker is left the first move, and its rollback is adopted");
	is_int(w.stops, 0, "no stop of ours");
	sound();
}

static void too_late(void)
{
	begin(MODE_AUTO);
	world_deploy(&w, "web", 17, "sha256:digest17");
	world_image(&w, "sha256:image17", "sha256:digest17");
	for (int i = 0; i < 3; i++) {
		crash(17, "sha256:image17", 45000);
		world_status(&w, SD_SUCCESSFUL);
	}
	world_run(&w, 60000);
	is_str(world_trace(&w),
	       "[   205.8] service web rolling/none\n"
	       "[   251.3] FAILURE f1 web:17 exited-early app blame=release counted\n"
	       "[   251.3] service web suspect/none\n"
	       "[   300.8] FAILURE f2 web:17 exited-early app blame=release counted\n"
	       "[   350.4] FAILURE f3 web:17 crash-loop app blame=release counted\n"
	       "[   350.6] service web failing/decided\n"
	       "[   353.6] service web failing/refused\n",
	       "a crash after 45 s: the deployment is SUCCESSFUL and cannot be stopped any more");
	is_int(w.stops, 0, "no stop");
	is_int(w.core.service[0].rb.target_revision, 11, "the command would go back to web:11");
	sound();
}

static void restart(void)
{
	world_restart(&w);
	world_listed(&w, 1, "web", 11, "sha256:image11");
}

static void killed_at_any_moment(void)
{
	begin(MODE_AUTO);
	world_deploy(&w, "web", 18, "sha256:digest18");
	failing_start(18, "sha256:image18");
	restart();
	world_run(&w, 60000);
	restart();
	world_run(&w, 10000);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 60000);
	restart();
	world_run(&w, 60000);
	is_str(world_trace(&w),
	       "[   205.8] service web rolling/none\n"
	       "[   206.4] FAILURE f1 web:18 exec-not-found app blame=release\n"
	       "[   206.4] service web suspect/none\n"
	       "[   206.6] service web failing/decided\n"
	       "[   211.6] service web failing/queued-offline\n"
	       "[   211.6] restarted\n"
	       "[   211.6] service web failing/decided\n"
	       "[   213.2] service web rolling-back/acting\n"
	       "[   213.2] STOP arn:aws:ecs:eu-west-1:1:service-deployment/edge/web/d2\n"
	       "[   213.2] service web rolling-back/watching\n"
	       "[   271.6] service web rolling-back/watching\n"
	       "[   271.6] restarted\n"
	       "[   288.8] service web rolled-back/rolled-back\n"
	       "[   341.6] service web rolled-back/rolled-back\n"
	       "[   341.6] restarted\n",
	       "killed after the verdict, after the stop and after the end: nothing is done or told twice");
	is_int(w.stops, 1, "one stop over all restarts");
	sound();
}

static void disk_refuses(void)
{
	begin(MODE_AUTO);
	w.disk_full = true;
	world_deploy(&w, "web", 19, "sha256:digest19");
	failing_start(19, "sha256:image19");
	world_run(&w, 120000);
	is_int(w.stops, 0, "an intent that is not on disk is not acted on");
	is_int(w.core.service[0].rb.state, RB_DECIDED, "it stays decided");
	sound();
}

static void denied(void)
{
	begin(MODE_AUTO);
	world_deploy(&w, "web", 20, "sha256:digest20");
	w.denied = true;
	failing_start(20, "sha256:image20");
	world_run(&w, 60000);
	is_int(w.stops, 0, "nothing is sent past a denial");
	is_int(w.core.service[0].rb.state, RB_AWAITING_CONFIRMATION, "without readable history auto acts as manual");
	sound();
}

static void conflicts(void)
{
	begin(MODE_AUTO);
	world_deploy(&w, "web", 21, "sha256:digest21");
	w.conflict = true;
	failing_start(21, "sha256:image21");
	world_run(&w, 300000);
	is_int(w.stops, 3, "a conflict is tried three times, never for ever");
	is_int(w.core.service[0].rb.state, RB_REFUSED, "then a person is asked");
	sound();
}

static void lagging_read(void)
{
	begin(MODE_AUTO);
	world_deploy(&w, "web", 22, "sha256:digest22");
	w.hidden = 1;
	failing_start(22, "sha256:image22");
	world_run(&w, 8000);
	is_int(w.stops, 0, "a read that does not show the deployment yet leads to nothing");
	ok(w.core.service[0].rb.state != RB_SUPERSEDED, "and is no proof that it was superseded");
	w.hidden = 0;
	world_run(&w, 20000);
	is_int(w.stops, 1, "the next read shows it: one stop");
	w.hidden = 1;
	world_run(&w, 15000);
	is_int(w.core.service[0].rb.state, RB_WATCHING, "a read that steps back changes nothing while it is watched");
	w.hidden = 0;
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 120000);
	is_int(w.core.service[0].rb.state, RB_ROLLED_BACK, "rolled back");
	sound();
}

/* A person is asked, who needs the deployment's name: a first answer that does not hold it yet is not the last for an hour. */
static void lagging_read_by_hand(void)
{
	begin(MODE_MANUAL);
	world_deploy(&w, "web", 22, "sha256:digest22");
	w.hidden = 1;
	failing_start(22, "sha256:image22");
	world_run(&w, 8000);
	is_int(w.core.service[0].rb.state, RB_AWAITING_CONFIRMATION, "a person is asked");
	is_str(w.core.service[0].rb.deployment, "", "before AWS shows the deployment");
	w.hidden = 0;
	world_run(&w, 60000);
	is_str(w.core.service[0].rb.deployment, w.dep[0].arn, "it is known as soon as AWS does");
	sound();
}

/* The answer that is on its way is older than the failure. */
static void failed_during_a_look(void)
{
	begin(MODE_MANUAL);
	w.aws_ms = 3000;
	w.core.service[0].look.next_ms = w.now_ms;
	w.core.service[0].look.full = true;
	world_run(&w, 4000);
	is_int(w.core.service[0].look.step, LOOK_DEPLOYMENT, "AWS has listed the deployments, and is asked about the newest");
	world_deploy(&w, "web", 22, "sha256:digest22");
	failing_start(22, "sha256:image22");
	world_run(&w, 60000);
	is_str(w.core.service[0].rb.deployment, w.dep[0].arn, "a failure meanwhile is asked about after it");
	sound();
}

static void unknown_digests(void)
{
	begin(MODE_AUTO);
	w.dep[0].digest[0] = '\0';
	w.core.service[0].n_revisions = 0;
	world_deploy(&w, "web", 23, "sha256:digest23");
	failing_start(23, "sha256:image23");
	world_run(&w, 60000);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 300000);
	is_int(w.core.service[0].rb.state, RB_ROLLED_BACK, "rolled back to a revision without a recorded digest");
	is_int(w.core.service[0].rb.verified, VERIFIED_UNKNOWN, "nothing is claimed to be verified");
	sound();
}

static void failing_fleet(uint32_t tried, uint32_t failed, uint32_t ran_well)
{
	begin(MODE_AUTO);
	world_deploy(&w, "web", 24, "sha256:digest24");
	w.dep[0].requested = 10;
	w.quorum = (struct ev_aws_quorum){ .tried = tried, .failed = failed, .ran_well = ran_well };
	failing_start(24, "sha256:image24");
	world_run(&w, 60000);
	sound();
}

static void quorum(void)
{
	failing_fleet(8, 1, 0);
	is_int(w.stops, 0, "one failing node of eight does not speak for all");
	is_int(w.core.service[0].rb.state, RB_QUORUM_WAIT, "it waits for a quorum");
	failing_fleet(8, 2, 1);
	is_int(w.stops, 0, "a node that runs it well is a veto");
	failing_fleet(11, 2, 0);
	is_int(w.stops, 0, "two of eleven are too few");
	failing_fleet(10, 2, 0);
	is_int(w.stops, 1, "two of ten are a quorum");
	failing_fleet(8, 1, 1);
	world_operator(&w, OPV_CONFIRM, "", rb_id());
	world_run(&w, 10000);
	is_int(w.stops, 1, "a person may confirm without one");
}

static void a_person_decides(void)
{
	begin(MODE_SHADOW);
	world_deploy(&w, "web", 25, "sha256:digest25");
	failing_start(25, "sha256:image25");
	world_run(&w, 120000);
	is_int(w.core.service[0].rb.state, RB_SHADOW, "shadow says what it would have done");
	is_int(w.stops, 0, "and does nothing");
	begin(MODE_MANUAL);
	world_deploy(&w, "web", 25, "sha256:digest25");
	failing_start(25, "sha256:image25");
	world_run(&w, 10000);
	world_operator(&w, OPV_CANCEL, "", rb_id());
	world_run(&w, 60000);
	is_int(w.core.service[0].rb.state, RB_CANCELLED, "cancelled stays cancelled");
	begin(MODE_AUTO);
	w.core.service[0].m.hold_until_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms + 600000;
	world_deploy(&w, "web", 25, "sha256:digest25");
	failing_start(25, "sha256:image25");
	world_run(&w, 120000);
	is_int(w.stops, 0, "held: nothing goes on");
	is_int(w.core.service[0].rb.state, RB_HELD, "and it says so");
	world_run(&w, 600000);
	is_int(w.stops, 1, "when the hold ends it goes on");
	begin(MODE_OFF);
	world_deploy(&w, "web", 25, "sha256:digest25");
	failing_start(25, "sha256:image25");
	world_run(&w, 60000);
	is_int(w.core.service[0].rb.state, RB_NONE, "off: no intent at all");
	is_int(w.core.service[0].verdict, V_FAILING, "but a verdict");
	world_operator(&w, OPV_ROLLBACK, "web", "");
	world_run(&w, 60000);
	is_int(w.stops, 1, "a person's rollback is sent");
	sound();
}

static void too_old(void)
{
	begin(MODE_MANUAL);
	world_deploy(&w, "web", 26, "sha256:digest26");
	failing_start(26, "sha256:image26");
	world_run(&w, UINT64_C(25) * 3600 * 1000);
	is_int(w.core.service[0].rb.state, RB_EXPIRED, "after a day nobody acts on it any more");
	world_operator(&w, OPV_CONFIRM, "", rb_id());
	world_run(&w, 60000);
	is_int(w.stops, 0, "not even when it is confirmed then");
	sound();
}

static void somebodys_rollback(void)
{
	begin(MODE_AUTO);
	good(27, "sha256:image27", "sha256:digest27");
	world_deploy(&w, "web", 11, "sha256:digest11");
	for (int i = 0; i < 3; i++)
		failing_pull(11, CLASS_IMAGE_NOT_FOUND, "manifest unknown");
	world_run(&w, 120000);
	is_int(w.stops, 0, "never against a deployment that returns to an earlier successful revision");
	sound();
}

static void first_deployment(void)
{
	next_task = 1;
	world_init(&w, MODE_AUTO);
	world_deploy(&w, "web", 1, "sha256:digest1");
	failing_start(1, "sha256:image1");
	world_run(&w, 120000);
	is_int(w.stops, 0, "nothing to go back to: nothing is sent");
	is_int(w.core.service[0].rb.state, RB_REFUSED, "refused");
	sound();
}

static void stopped_by_request(void)
{
	begin(MODE_AUTO);
	world_kill(&w, 1, 15);
	world_die(&w, 1, 143);
	world_stopped(&w, 1, STAGE_RUN, CLASS_NONE, "", 143);
	world_run(&w, 60000);
	ok(strstr(world_trace(&w), "FAILURE") == NULL, "a task stopped by request is no failure");
	sound();
}

int main(void)
{
	missing_image_confirmed();
	restart_loop_decided_offline();
	service_known_late();
	registry_down();
	superseded();
	mutable_tag();
	breaker_acts_first();
	too_late();
	killed_at_any_moment();
	disk_refuses();
	denied();
	conflicts();
	lagging_read();
	lagging_read_by_hand();
	failed_during_a_look();
	unknown_digests();
	quorum();
	a_person_decides();
	too_old();
	somebodys_rollback();
	first_deployment();
	stopped_by_request();
	return done();
}
