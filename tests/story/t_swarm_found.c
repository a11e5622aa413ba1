/* What the modelled world found, each fault as a story of its own. */
#include "agent/core/parts.h"
#include "agent/core/table.h"
#include "tests/story/world.h"
#include "tests/tap.h"

static struct world w;

static void fails_at_start(unsigned task, uint32_t revision, const char *image_id, const char *digest)
{
	world_place(&w, task, "web", revision);
	world_create(&w, task, "web", revision, image_id);
	world_image(&w, image_id, digest);
	world_run(&w, 200);
	world_start_failed(&w, task, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory");
	world_run(&w, 200);
	world_stopped(&w, task, STAGE_START, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory", -1);
	world_run(&w, 60000);
}

static void another_node_hauled_it_back(void)
{
	world_init(&w, MODE_AUTO);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 600000);
	world_deploy(&w, "web", 12, "sha256:digest12");
	fails_at_start(2, 12, "sha256:image12", "sha256:digest12");
	is_int(w.stops, 0, "a release that AWS's history shows hauled back within the day is not hauled back by itself again");
	is_int(w.core.service[0].rb.state, RB_AWAITING_CONFIRMATION, "a person is asked instead");
	ok(w.broken == NULL, "no invariant is broken");
}

/* The engine tells the end of a container by the host's clock, which kedge knows to be hours off. */
static void dies_at_a_wrong_time(unsigned task, int64_t off_ms)
{
	struct event ev = { .type = EV_CONTAINER };

	ev.u.container.what = C_DIED;
	ev.u.container.has_exit = true;
	ev.u.container.exit_code = 1;
	ev.u.container.time_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms + off_ms;
	snprintf(ev.u.container.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", task);
	snprintf(ev.u.container.id, DOCKER_ID_CAP, "%064u", task);
	world_feed(&w, &ev);
}

static void the_line_was_bad_by_another_clock(void)
{
	world_init(&w, MODE_AUTO);
	w.core.params.policy.failures = 1;
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_run(&w, 35000);
	world_place(&w, 2, "web", 12);
	world_create(&w, 2, "web", 12, "sha256:image12");
	world_image(&w, "sha256:image12", "sha256:digest12");
	world_start(&w, 2);
	world_line(&w, false);
	world_run(&w, 3000);
	dies_at_a_wrong_time(2, -6 * 3600 * 1000);
	world_stopped(&w, 2, STAGE_RUN, CLASS_NONE, "", 1);
	world_run(&w, 300000);
	ok(w.core.rows.failures > 0 && w.core.failure[0].f.blame == BLAME_NETWORK,
	   "an exit while nobody knew yet that the line was bad is the network's, whatever the host's clock says");
	world_line(&w, true);
	world_run(&w, 300000);
	is_int(w.stops, 0, "and hauls nothing back");
}

static void the_image_was_deleted(void)
{
	world_init(&w, MODE_AUTO);
	w.core.params.policy.failures = 1;
	world_deploy(&w, "web", 11, "sha256:digest11");
	world_status(&w, SD_SUCCESSFUL);
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_status(&w, SD_SUCCESSFUL);
	world_deploy(&w, "web", 11, "sha256:digest11");
	world_place(&w, 2, "web", 11);
	world_run(&w, 500);
	world_pull_attempt(&w, 2, CLASS_IMAGE_NOT_FOUND, "manifest unknown: manifest unknown");
	world_run(&w, 30000);
	world_stopped(&w, 2, STAGE_PULL, CLASS_IMAGE_NOT_FOUND, "manifest unknown: manifest unknown", -1);
	world_run(&w, 300000);
	is_int(w.core.failure[0].f.blame, BLAME_REGISTRY, "an image that AWS's history shows to have run is not the release's fault when it is gone");
}

static void hauled_back(unsigned task, uint32_t revision, const char *image_id, const char *digest)
{
	world_deploy(&w, "web", revision, digest);
	fails_at_start(task, revision, image_id, digest);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 600000);
}

static void accepted_outlives_the_next_intent(void)
{
	world_init(&w, MODE_AUTO);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	hauled_back(2, 12, "sha256:image12", "sha256:digest12");
	hauled_back(3, 13, "sha256:image13", "sha256:digest13");
	is_int(w.stops, 2, "two bad releases are hauled back");
	world_good(&w, 4, "web", 14, "sha256:image14", "sha256:digest14");
	world_good(&w, 5, "web", 15, "sha256:image15", "sha256:digest15");
	world_good(&w, 6, "web", 16, "sha256:image16", "sha256:digest16");
	world_good(&w, 7, "web", 17, "sha256:image17", "sha256:digest17");
	world_restart(&w);
	world_run(&w, 60000);
	world_deploy(&w, "web", 12, "sha256:digest12");
	fails_at_start(8, 12, "sha256:image12", "sha256:digest12");
	is_int(w.stops, 2, "the first one comes back after a restart, older than what AWS shows: not by itself again");
}

static void ended_with_the_host_before_a_restart(void)
{
	struct event ev = { .type = EV_SOURCE };

	world_init(&w, MODE_AUTO);
	ev.u.source.source = SRC_ENGINE;
	ev.u.source.state = SS_UP;
	world_feed(&w, &ev);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_place(&w, 2, "web", 12);
	world_create(&w, 2, "web", 12, "sha256:image12");
	world_image(&w, "sha256:image12", "sha256:digest12");
	world_start(&w, 2);
	world_running(&w, 2);
	world_run(&w, 30000);
	world_kill(&w, 2, 15);
	world_die(&w, 2, 2);
	ev.u.source.state = SS_REFUSED;
	world_feed(&w, &ev);
	world_run(&w, 1000);
	world_restart(&w);
	world_stopped(&w, 2, STAGE_RUN, CLASS_NONE, "", 2);
	world_run(&w, 120000);
	ok(w.core.rows.failures == 1 && w.core.failure[0].f.class == CLASS_ENDED_WITH_HOST, "what ended with the engine did not fail, also when the agent tells of it after kedge's restart");
}

static void superseded_without_a_name(void)
{
	world_init(&w, MODE_AUTO);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_line(&w, false);
	world_run(&w, 300000);
	world_deploy(&w, "web", 12, "sha256:digest12");
	fails_at_start(2, 12, "sha256:image12", "sha256:digest12");
	world_run(&w, 60000);
	world_good(&w, 3, "web", 13, "sha256:image13", "sha256:digest13");
	world_line(&w, true);
	world_run(&w, 300000);
	is_int(w.core.service[0].rb.state, RB_SUPERSEDED, "decided offline, superseded before AWS told its name");
	world_deploy(&w, "web", 12, "sha256:digest12");
	fails_at_start(4, 12, "sha256:image12", "sha256:digest12");
	is_int(w.stops, 1, "deployed again it is a release of its own, and hauled back");
}

static void newer_than_the_verb(void)
{
	world_init(&w, MODE_AUTO);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_good(&w, 2, "web", 12, "sha256:image12", "sha256:digest12");
	world_run(&w, 60000);
	w.core.params.policy.allow_update_service = true;
	for (uint32_t i = 0; i < w.core.params.n_services; i++)
		w.core.params.service[i].policy.allow_update_service = true;
	world_rollback_to(&w, "web", "web", 11);
	while (w.core.service[0].rb.deployment[0] == '\0' && w.now_ms < 3600000)
		world_run(&w, 1);
	world_line(&w, false);
	world_run(&w, 600000);
	world_deploy(&w, "web", 13, "sha256:digest13");
	world_line(&w, true);
	world_run(&w, 600000);
	is_int(w.core.service[0].rb.state, RB_SUPERSEDED, "what a person typed before a deployment began does not overtake it");
	is_int(w.updates, 0, "no UpdateService is sent");
}

static void hauled_back_outlives_a_full_table(void)
{
	bool kept = false;

	world_init(&w, MODE_AUTO);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	hauled_back(2, 12, "sha256:image12", "sha256:digest12");
	for (int i = 0; i < 2 * RELEASES_MAX; i++) {
		int32_t at = release_add(&w.core);

		if (at != NONE)
			w.core.release[at].first_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms + i;
	}
	for (int i = 0; i < RELEASES_MAX; i++)
		kept = kept || (w.core.release[i].used && w.core.release[i].revision == 12 && w.core.release[i].bad);
	ok(kept, "of many releases the one that was hauled back is not forgotten");
}

/* AWS denies everything and so is asked rarely: the line breaks for three minutes, and an application ends for want of it. */
static void a_no_shows_the_line(void)
{
	world_init(&w, MODE_AUTO);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	w.denied = true;
	world_operator(&w, OPV_LOOK, "web", "");
	world_run(&w, 30000);
	world_place(&w, 2, "web", 12);
	world_create(&w, 2, "web", 12, "sha256:image12");
	world_start(&w, 2);
	world_running(&w, 2);
	world_run(&w, 5000);
	world_line(&w, false);
	world_run(&w, 1000);
	world_die(&w, 2, 1);
	world_run(&w, 180000);
	world_line(&w, true);
	world_run(&w, 60000);
	is_int(w.core.failure[0].f.blame, BLAME_NETWORK, "a break of the line is noticed also where every answer is a no");
}

/* The engine was upgraded and kedge restarted: only the agent's log tells that a good release ended with code 1 meanwhile. */
static void ended_while_nobody_looked(void)
{
	struct event ev = { .type = EV_CHANGE };
	struct ev_change *x = &ev.u.change;

	world_init(&w, MODE_AUTO);
	w.core.params.service[0].policy.failures = 1;
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_place(&w, 2, "web", 12);
	world_create(&w, 2, "web", 12, "sha256:image12");
	world_start(&w, 2);
	world_run(&w, 5000);
	snprintf(x->task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", 2);
	snprintf(x->container, NAME_CAP, "app");
	x->task_status = x->status = TS_STOPPED;
	x->essential = TRI_YES;
	x->stage = STAGE_RUN;
	x->has_exit = true;
	x->exit_code = 1;
	x->time_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms + 2000;
	world_run(&w, 30000);
	world_restart(&w);
	world_place(&w, 2, "web", 12);
	world_feed(&w, &ev);
	world_run(&w, 60000);
	is_int(w.core.failure[0].f.blame, BLAME_UNKNOWN, "what nobody saw end may have been asked to");
	is_int(w.stops, 0, "and convicts nobody");
}

/* The agent's log tells the end of a task that was placed before kedge knew of it; introspection names its family, and no
 * container of it was ever seen, though the engine is up. */
static void began_before_anybody_knew(void)
{
	struct event ev = { .type = EV_CHANGE };
	struct ev_change *x = &ev.u.change;

	world_init(&w, MODE_AUTO);
	w.core.params.service[0].policy.failures = 1;
	world_source(&w, SRC_ENGINE, SS_UP);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_run(&w, 60000);
	world_place(&w, 2, "web", 12);
	snprintf(x->task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", 2);
	snprintf(x->container, NAME_CAP, "app");
	x->task_status = x->status = TS_STOPPED;
	x->essential = TRI_YES;
	x->stage = STAGE_RUN;
	x->has_exit = true;
	x->exit_code = 1;
	x->time_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms;
	world_feed(&w, &ev);
	world_run(&w, 60000);
	ok(w.core.rows.failures > 0 && w.core.failure[0].f.blame == BLAME_UNKNOWN, "an end whose beginning nobody knows is nobody's fault");
	is_int(w.stops, 0, "and hauls nothing back");
}

/* AWS throttles, and so is asked late: an application ends for want of the line and is started again in place when it is back. */
static void nobody_asked_meanwhile(void)
{
	world_init(&w, MODE_AUTO);
	w.core.params.service[0].policy.failures = 1;
	w.core.params.service[0].policy.hold_down_ms = 0;
	w.core.params.service[0].policy.deadline_ms = 86400000;
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_place(&w, 2, "web", 12);
	world_create(&w, 2, "web", 12, "sha256:image12");
	world_image(&w, "sha256:image12", "sha256:digest12");
	world_start(&w, 2);
	world_running(&w, 2);
	world_run(&w, 1200000);
	w.core.service[0].look.next_ms = w.now_ms + 140000;   /* what a refusal for too many questions puts off */
	w.core.service[0].look.wanted = true;
	world_die(&w, 2, 1);
	world_run(&w, 120000);
	world_start(&w, 2);
	world_run(&w, 300000);
	is_int(w.core.failure[0].f.class, CLASS_RESTART_LOOP, "started again in place");
	is_int(w.core.failure[0].f.blame, BLAME_NETWORK, "nobody knows how the line was when it ended");
	is_int(w.stops, 0, "and nothing is hauled back on that");
	world_die(&w, 2, 1);
	world_run(&w, 1000);
	world_start(&w, 2);
	world_run(&w, 60000);
	is_int(w.core.failure[0].f.blame, BLAME_RELEASE, "the next turn falls with a good line: it is a loop");
	is_int(w.stops, 1, "and hauled back");
}

/* A newer release waits for its rollback; the older one's failures are weighed anew when tasks are placed. */
static void the_older_one_is_over(void)
{
	uint32_t id;

	world_init(&w, MODE_AUTO);
	w.core.params.service[0].policy.hold_down_ms = 600000;
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	fails_at_start(2, 12, "sha256:image12", "sha256:digest12");
	world_run(&w, 60000);
	world_deploy(&w, "web", 13, "sha256:digest13");
	world_run(&w, 60000);
	fails_at_start(3, 13, "sha256:image13", "sha256:digest13");
	world_run(&w, 10000);
	id = w.core.service[0].rb.id;
	is_int((int)w.core.service[0].rb.revision, 13, "the newer release is to be hauled back");
	for (int i = 0; i < 20; i++) {
		for (int32_t k = 0; k < w.core.rows.releases; k++)
			if (w.core.release[k].used && w.core.release[k].revision == 12)
				judge_again(&w.core, k);
		world_run(&w, 10000);
	}
	is_int((int)w.core.service[0].rb.id, (int)id, "what is known anew of the older one takes no intent's place");
	world_run(&w, 900000);
	is_int(w.stops, 1, "it goes on");
	ok(str_eq(w.core.service[0].rb.deployment, w.dep[0].arn), "... against the newer one");
}

/* The answer to UpdateService is lost; a look has shown already that it was taken. */
static void a_look_was_faster(void)
{
	struct event ev = { .type = EV_AWS_FAILED };

	world_init(&w, MODE_AUTO);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	fails_at_start(2, 12, "sha256:image12", "sha256:digest12");
	world_run(&w, 2000);
	is_int(w.core.service[0].rb.state, RB_WATCHING, "the rollback is watched");
	ev.u.aws_failed.op = OP_STOP;
	ev.u.aws_failed.error = AE_UNREACHABLE;
	world_feed(&w, &ev);
	is_int(w.core.service[0].rb.state, RB_WATCHING, "an answer that was lost undoes nothing of what was seen");
	is_int(w.stops, 1, "and nothing is sent again");
}

/* A board's clock was in doubt while AWS was away: the moment it has been set, everything is asked. */
static void the_clock_was_set(void)
{
	world_init(&w, MODE_AUTO);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_fact(&w, FACT_CLOCK, TRI_UNKNOWN);
	world_line(&w, false);
	world_deploy(&w, "web", 12, "sha256:digest12");
	fails_at_start(2, 12, "sha256:image12", "sha256:digest12");
	world_run(&w, 3600000);
	world_line(&w, true);
	w.core.service[0].look.next_ms = w.now_ms + 60000;   /* the longest of all draws */
	w.reads = true;
	(void)world_trace(&w);
	world_run(&w, 10000);
	ok(slice_find(slice_of(world_trace(&w)), "ask ") == SIZE_MAX, "an hour without AWS: it is not asked every ten seconds");
	world_fact(&w, FACT_CLOCK, TRI_YES);
	world_run(&w, 10000);
	ok(slice_find(slice_of(world_trace(&w)), "ask ") != SIZE_MAX, "no back-off outlasts a clock that has been set");
}

/* The same bad release came back while the clock stood still: what fails now is the new deployment's, not that of the one before. */
static void two_of_one_age(void)
{
	world_init(&w, MODE_MANUAL);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	fails_at_start(2, 12, "sha256:image12", "sha256:digest12");
	world_run(&w, 5000);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 120000);
	world_deploy(&w, "web", 12, "sha256:digest12");
	fails_at_start(3, 12, "sha256:image12", "sha256:digest12");
	world_run(&w, 60000);
	for (int32_t i = 0; i < w.core.rows.releases; i++)
		if (w.core.release[i].used && w.core.release[i].revision == 12)
			w.core.release[i].first_unix_ms = WORLD_UNIX_MS;
	fails_at_start(4, 12, "sha256:image12", "sha256:digest12");
	world_run(&w, 5000);
	for (int32_t i = 0; i < w.core.rows.tasks; i++)
		if (w.core.task[i].used && w.core.task[i].release != NONE && strstr(w.core.task[i].arn, "04") != NULL)
			is_str(w.core.release[w.core.task[i].release].deployment, w.dep[0].arn, "of two of one age a task is the newest deployment's");
}

/* The agent's log is read again after a restart: what were two early exits and then a loop is not called by other names. */
static void told_before_a_restart(void)
{
	world_init(&w, MODE_MANUAL);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	for (unsigned task = 2; task < 5; task++) {
		world_place(&w, task, "web", 12);
		world_create(&w, task, "web", 12, "sha256:image12");
		world_start(&w, task);
		world_run(&w, 2000);
		world_die(&w, task, 1);
		world_run(&w, 3000);
	}
	world_restart(&w);
	(void)world_trace(&w);
	for (unsigned task = 2; task < 5; task++)
		world_stopped(&w, task, STAGE_RUN, CLASS_NONE, "", 1);
	world_run(&w, 10000);
	ok(slice_find(slice_of(world_trace(&w)), "FAILURE") == SIZE_MAX, "what was told is not told again under another name");
}

/* AWS's history does not show it any more, and of the release only that it was hauled back is remembered. */
static void hauled_back_is_enough(void)
{
	world_init(&w, MODE_AUTO);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	fails_at_start(2, 12, "sha256:image12", "sha256:digest12");
	is_int(w.stops, 1, "hauled back");
	world_status(&w, SD_STOPPED);
	world_run(&w, 600000);
	w.core.params.service[0].policy.hold_down_ms = 20000;
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_place(&w, 3, "web", 12);
	world_create(&w, 3, "web", 12, "sha256:image12");
	world_image(&w, "sha256:image12", "sha256:digest12");
	world_start_failed(&w, 3, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory");
	world_stopped(&w, 3, STAGE_START, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory", -1);
	world_run(&w, 4000);
	for (int i = 0; i < RELEASES_MAX; i++)
		w.core.release[i].bad = false;
	world_run(&w, 60000);
	is_int(w.stops, 1, "what was hauled back is not hauled back again by itself");
}

int main(void)
{
	another_node_hauled_it_back();
	the_line_was_bad_by_another_clock();
	the_image_was_deleted();
	accepted_outlives_the_next_intent();
	ended_with_the_host_before_a_restart();
	superseded_without_a_name();
	newer_than_the_verb();
	hauled_back_outlives_a_full_table();
	a_no_shows_the_line();
	ended_while_nobody_looked();
	began_before_anybody_knew();
	nobody_asked_meanwhile();
	the_older_one_is_over();
	a_look_was_faster();
	the_clock_was_set();
	two_of_one_age();
	told_before_a_restart();
	hauled_back_is_enough();
	return done();
}
