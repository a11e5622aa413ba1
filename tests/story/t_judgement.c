/* What is judged how: one story for each class that comes of watching, and for each fact that moves the blame. */
#include "tests/story/world.h"
#include "tests/tap.h"

#include <string.h>

static struct world w;

static void begin(void)
{
	world_init(&w, MODE_AUTO);
	world_source(&w, SRC_ENGINE, SS_UP);
	world_source(&w, SRC_INTROSPECTION, SS_UP);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	(void)world_trace(&w);
}

static const struct failure *failed(enum class class)
{
	for (int32_t i = 0; i < FAILURES_MAX; i++)
		if (w.core.failure[i].used && w.core.failure[i].f.class == class)
			return &w.core.failure[i].f;
	return NULL;
}

static bool told(enum class class)
{
	const struct failure *f = failed(class);

	return f != NULL && !f->counted;
}

static bool says(enum class class, const char *part)
{
	const struct failure *f = failed(class);

	for (uint8_t i = 0; f != NULL && i < f->n_evidence; i++)
		if (strstr(f->evidence[i], part) != NULL)
			return true;
	return false;
}

static void blamed(enum class class, enum blame blame, const char *name)
{
	const struct failure *f = failed(class);

	ok(f != NULL && f->blame == blame, "%s: %s", name, f == NULL ? "not told" : blame_name(f->blame));
}

static void sound(void)
{
	ok(w.broken == NULL, "no invariant is broken%s%s", w.broken ? ": " : "", w.broken ? w.broken : "");
}

static void waits_for_room(void)
{
	begin();
	world_deploy(&w, "web", 12, "");
	world_place(&w, 2, "web", 12);
	w.dep[0].pending = 1;
	world_run(&w, 580000);
	ok(failed(CLASS_STUCK) == NULL, "a task that waits is not failed before its deadline");
	world_run(&w, 30000);
	ok(told(CLASS_STUCK), "over the deadline it is stuck, and not counted");
	is_int(w.core.service[0].verdict, V_STUCK, "so is its service");
	is_int(w.stops, 0, "nothing goes back for it");
	world_run(&w, 3600000);
	is_str(world_trace(&w),
	       "[   205.0] service web rolling/none\n"
	       "[   805.0] FAILURE f1 web:12 stuck  blame=unknown\n"
	       "[   805.0] service web stuck/none\n",
	       "it is told once");
	sound();
}

static void long_pull(void)
{
	begin();
	world_deploy(&w, "web", 12, "");
	world_place(&w, 2, "web", 12);
	world_pull(&w, 2, P_STARTED, "registry:5000/web:12");
	world_run(&w, UINT64_C(7100) * 1000);
	ok(failed(CLASS_STUCK) == NULL, "while bytes come in the deadline stands still");
	world_run(&w, UINT64_C(200) * 1000);
	ok(told(CLASS_STUCK), "but not for longer than pull_deadline");
	sound();
}

/* Another service's pull, and a task of this one that only waits, hold nothing up. */
static void a_pull_of_others(void)
{
	begin();
	world_deploy(&w, "web", 12, "");
	w.dep[0].pending = 1;
	world_place(&w, 2, "web", 12);
	world_place(&w, 3, "api", 1);
	world_pull(&w, 3, P_STARTED, "registry:5000/api:1");
	world_run(&w, UINT64_C(1300) * 1000);
	ok(told(CLASS_STUCK), "a service that gets nowhere is stuck while another one's image is pulled");
}

static void nothing_placed(bool said)
{
	begin();
	world_deploy(&w, "web", 12, "");
	if (said) {
		w.said.controller = CTL_ECS;
		w.said.placement_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms + 60000;
		snprintf(w.said.placement, SENTENCE_CAP, "(service web) was unable to place a task: no container instance has port 80 free.");
	}
	world_operator(&w, OPV_LOOK, "web", "");
	world_run(&w, 590000);
	ok(failed(CLASS_PLACEMENT_FAILED) == NULL && failed(CLASS_STUCK) == NULL, "a deployment has until its deadline");
	world_run(&w, 300000);
}

static void placement(void)
{
	nothing_placed(true);
	ok(told(CLASS_PLACEMENT_FAILED), "no task of the target anywhere, and ECS says why: placement-failed");
	blamed(CLASS_PLACEMENT_FAILED, BLAME_CAPACITY, "it is a matter of room");
	is_int(w.core.service[0].verdict, V_STUCK, "the service is stuck");
	w.dep[0].running = 1;
	world_run(&w, 130000);
	ok(w.core.service[0].verdict != V_STUCK, "it moves: not stuck any more");
	sound();
	nothing_placed(false);
	ok(told(CLASS_STUCK), "and when ECS does not say: stuck");
	sound();
}

static void breaker_without_a_way_back(void)
{
	begin();
	world_deploy(&w, "web", 12, "");
	w.dep[0].cb_enabled = true;
	w.dep[0].cb_failures = 3;
	world_operator(&w, OPV_LOOK, "web", "");
	world_run(&w, 900000);
	ok(told(CLASS_STUCK) && strstr(failed(CLASS_STUCK)->reason, "circuit breaker") != NULL,
	   "a breaker that counted to its end and goes on is stalled for want of a SUCCESSFUL deployment");
	sound();
}

static void cached_image(void)
{
	begin();
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_place(&w, 2, "web", 12);
	world_run(&w, 30000);
	world_create(&w, 2, "web", 12, "sha256:image11");
	world_image(&w, "sha256:image11", "sha256:digest11");
	world_start(&w, 2);
	world_running(&w, 2);
	world_run(&w, 120000);
	ok(told(CLASS_STALE_IMAGE), "the new revision runs the old image: stale-image, not counted");
	ok(strstr(failed(CLASS_STALE_IMAGE)->reason, "runs sha256:digest11, deployed is sha256:digest12") != NULL, "both digests are said");
	is_int(w.stops, 0, "nothing goes back for it");
	sound();
}

static void engine_down(void)
{
	char words[PACKED_MAX];

	begin();
	world_source(&w, SRC_ENGINE, SS_REFUSED);
	world_run(&w, 20000);
	ok(failed(CLASS_ENGINE_DOWN) == NULL, "a restart of the engine is none of our business");
	world_run(&w, 20000);
	ok(told(CLASS_ENGINE_DOWN), "engine-down is told when it lasts");
	world_source(&w, SRC_ENGINE, SS_UP);
	ok(failed(CLASS_ENGINE_DOWN)->over, "and is over when it ends");
	world_source(&w, SRC_ENGINE, SS_ABSENT);
	world_run(&w, 40000);
	is_int(w.core.next_id, 3, "another time is another failure");
	is_str(packed_copy(words, sizeof(words), class_next_step(CLASS_ENGINE_DOWN, BLAME_NODE)), "Start the container engine.",
	       "and what to do is said");
	sound();
}

static void agent_down(void)
{
	begin();
	world_source(&w, SRC_INTROSPECTION, SS_REFUSED);
	world_run(&w, 50000);
	ok(failed(CLASS_ECS_AGENT_DOWN) == NULL, "the ECS agent may restart");
	world_run(&w, 20000);
	ok(told(CLASS_ECS_AGENT_DOWN), "ecs-agent-down is told when it lasts");
	world_source(&w, SRC_ENGINE, SS_REFUSED);
	world_run(&w, 1000);
	ok(!failed(CLASS_ECS_AGENT_DOWN)->over, "with the engine away nothing more is known of it");
	world_source(&w, SRC_INTROSPECTION, SS_UP);
	ok(failed(CLASS_ECS_AGENT_DOWN)->over, "over");
	sound();
}

static void agent_stalled(void)
{
	begin();
	world_sync(&w, 1, 1);
	world_die(&w, 1, 1);
	world_run(&w, 30000);
	world_sync(&w, 1, 1);
	ok(failed(CLASS_AGENT_STALLED) == NULL, "the ECS agent needs a moment");
	world_run(&w, 60000);
	world_sync(&w, 1, 1);
	ok(told(CLASS_AGENT_STALLED), "agent-stalled: it calls running what ended a minute ago");
	world_sync(&w, 2, 1);
	ok(failed(CLASS_AGENT_STALLED)->over, "over");
	sound();
}

static void clock_unset(void)
{
	begin();
	world_fact(&w, FACT_CLOCK, TRI_NO);
	world_run(&w, 61000);
	ok(told(CLASS_CLOCK_UNSET), "clock-unset is told when it lasts");
	world_fact(&w, FACT_CLOCK, TRI_YES);
	ok(failed(CLASS_CLOCK_UNSET)->over, "over");
	sound();
}

static void ended_with_host(void)
{
	begin();
	world_source(&w, SRC_ENGINE, SS_REFUSED);
	world_run(&w, 5000);
	world_found_dead(&w, 1, "web", 11, WORLD_UNIX_MS + 100000, 0);
	ok(told(CLASS_ENDED_WITH_HOST), "ended-with-host: it ran until the engine left");
	begin();
	world_kill(&w, 1, 15);
	world_die(&w, 1, 143);
	world_run(&w, 1000);
	world_source(&w, SRC_ENGINE, SS_REFUSED);
	ok(told(CLASS_ENDED_WITH_HOST), "the engine stops its containers before it leaves");
	begin();
	world_found_dead(&w, 7, "web", 11, WORLD_UNIX_MS - 86400000, 255);
	ok(told(CLASS_ENDED_WITH_HOST), "a power cut: what ran before this boot");
	world_found_dead(&w, 7, "web", 11, WORLD_UNIX_MS - 86400000, 255);
	is_int(w.core.next_id, 2, "once");
	world_found_dead(&w, 8, "web", 11, WORLD_UNIX_MS + 1000, 1);
	is_int(w.core.next_id, 2, "what began on this boot did not end with it");
	ok(strstr(world_trace(&w), "FAILURE f1 web:11 ended-with-host app blame=node\n") != NULL, "nobody's fault but the node's");
	is_int(w.core.service[0].verdict, V_OK, "no reason to call the release anything");
	sound();
}

static void orphan(void)
{
	begin();
	world_run(&w, 61000);
	world_sync(&w, 1, 1);
	ok(failed(CLASS_ORPHAN) == NULL, "a container the ECS agent knows is none");
	world_sync(&w, 2, 1);
	ok(told(CLASS_ORPHAN), "orphan: it runs, and the ECS agent does not know its task");
	world_sync(&w, 2, 1);
	is_int(w.core.next_id, 2, "once");
	sound();
}

static void another_cluster(void)
{
	struct event ev = { .type = EV_CONTAINER };
	struct ev_container *k = &ev.u.container;

	begin();
	for (int what = 0; what < 3; what++) {
		static const enum container_what life[] = { C_CREATED, C_STARTED, C_DIED };

		k->what = life[what];
		k->has_exit = life[what] == C_DIED;
		k->exit_code = 1;
		k->time_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms;
		snprintf(k->id, DOCKER_ID_CAP, "%064u", 77);
		snprintf(k->task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/other/77");
		snprintf(k->family, NAME_CAP, "web");
		snprintf(k->name, NAME_CAP, "app");
		world_feed(&w, &ev);
	}
	world_run(&w, 70000);
	world_sync(&w, 1, 1);
	is_int(w.core.next_id, 1, "what belongs to another cluster is nobody's failure here");
	sound();
}

static void exits(unsigned task, uint32_t revision, const char *image_id, uint64_t after_ms, int code)
{
	world_place(&w, task, "web", revision);
	world_create(&w, task, "web", revision, image_id);
	world_start(&w, task);
	world_running(&w, task);
	world_run(&w, after_ms);
	world_die(&w, task, code);
	world_run(&w, 1000);
}

static void last_words(void)
{
	begin();
	world_deploy(&w, "web", 12, "sha256:digest12");
	exits(2, 12, "sha256:image12", 100, 1);
	ok(failed(CLASS_EXITED_EARLY) != NULL, "an exit at once is first an early exit");
	world_last_words(&w, 2, CLASS_EXEC_FORMAT);
	ok(failed(CLASS_EXEC_FORMAT) != NULL && failed(CLASS_EXITED_EARLY) == NULL, "its last words make it exec-format");
	world_stopped(&w, 2, STAGE_RUN, CLASS_NONE, "", 1);
	world_run(&w, 40000);
	is_int(w.stops, 1, "one occurrence is a verdict");
	sound();
	begin();
	world_deploy(&w, "web", 12, "sha256:digest12");
	exits(2, 12, "sha256:image12", 5000, 1);
	world_last_words(&w, 9, CLASS_EXEC_FORMAT);
	world_last_words(&w, 2, CLASS_NONE);
	ok(failed(CLASS_EXITED_EARLY) != NULL, "no words, no change");
	sound();
}

static void unhealthy(void)
{
	begin();
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_place(&w, 2, "web", 12);
	world_create(&w, 2, "web", 12, "sha256:image12");
	world_start(&w, 2);
	world_running(&w, 2);
	world_run(&w, 30000);
	world_health(&w, 2, false);
	ok(failed(CLASS_UNHEALTHY) != NULL && strstr(failed(CLASS_UNHEALTHY)->reason, "never healthy") != NULL, "unhealthy, and never healthy");
	begin();
	world_health(&w, 1, true);
	world_run(&w, 5000);
	world_health(&w, 1, false);
	ok(strstr(failed(CLASS_UNHEALTHY)->reason, "was healthy") != NULL, "unhealthy after it was healthy");
	blamed(CLASS_UNHEALTHY, BLAME_RELEASE, "minutes after its start it is the release's");
	begin();
	world_run(&w, UINT64_C(4000) * 1000);
	world_health(&w, 1, false);
	blamed(CLASS_UNHEALTHY, BLAME_UNKNOWN, "a release that ran for an hour did not break by itself");
	ok(says(CLASS_UNHEALTHY, "had worked here before"), "and that is said");
	sound();
}

static void killed_by_hand(void)
{
	begin();
	world_kill(&w, 1, 9);
	world_die(&w, 1, 137);
	world_run(&w, 6000);
	blamed(CLASS_KILLED_BY_SIGNAL, BLAME_UNKNOWN, "killed-by-signal, with a kill event");
	ok(says(CLASS_KILLED_BY_SIGNAL, "Somebody on this host"), "somebody had the engine kill it");
	begin();
	world_die(&w, 1, 137);
	world_run(&w, 6000);
	blamed(CLASS_KILLED_BY_SIGNAL, BLAME_UNKNOWN, "killed-by-signal, and nobody asked the engine");
	ok(says(CLASS_KILLED_BY_SIGNAL, "neither sent the signal"), "that is another sentence");
	begin();
	world_die(&w, 1, 139);
	world_run(&w, 6000);
	blamed(CLASS_KILLED_BY_SIGNAL, BLAME_RELEASE, "a segmentation fault is the program's own");
	begin();
	world_kill(&w, 1, 15);
	world_run(&w, 10000);
	world_kill(&w, 1, 9);
	world_die(&w, 1, 137);
	world_run(&w, 6000);
	is_int(w.core.next_id, 1, "a stop that had to kill in the end is a stop");
	sound();
}

/* A second service whose proven release fails at about the same time. */
static void neighbour(unsigned task)
{
	struct service_policy *api = &w.core.params.service[1];

	w.core.params.n_services = 2;
	*api = (struct service_policy){ .service = "api", .family = "api", .policy = w.core.params.policy };
	world_place(&w, task, "api", 3);
	world_create(&w, task, "api", 3, "sha256:api3");
	world_start(&w, task);
	world_running(&w, task);
	world_run(&w, 65000);
}

static void one_cause(void)
{
	begin();
	neighbour(50);
	world_deploy(&w, "web", 12, "sha256:digest12");
	exits(2, 12, "sha256:image12", 3000, 1);
	world_die(&w, 50, 1);
	world_run(&w, 6000);
	blamed(CLASS_EXITED_EARLY, BLAME_NODE, "a neighbour that had proved good fails at the same time");
	ok(says(CLASS_EXITED_EARLY, "api:3, which had proved good, fails here at the same time"), "and is named");
	sound();
	begin();
	world_deploy(&w, "web", 12, "sha256:digest12");
	exits(2, 12, "sha256:image12", 3000, 1);
	neighbour(50);
	exits(3, 12, "sha256:image12", 3000, 1);
	blamed(CLASS_EXITED_EARLY, BLAME_RELEASE, "a neighbour that starts well meanwhile says the opposite");
	sound();
}

static void pull_fails(unsigned task, enum class class, const char *reason)
{
	world_place(&w, task, "web", 12);
	world_run(&w, 15000);
	world_pull_attempt(&w, task, class, reason);
	world_run(&w, 14000);
	world_stopped(&w, task, STAGE_PULL, class, reason, -1);
	world_run(&w, 6000);
}

static void registries(void)
{
	begin();
	world_deploy(&w, "web", 12, "");
	snprintf(w.core.params.service[0].policy.site_registries, NAME_CAP, "mirror:1 registry:5000");
	pull_fails(2, CLASS_IMAGE_NOT_FOUND, "manifest unknown");
	blamed(CLASS_IMAGE_NOT_FOUND, BLAME_REGISTRY, "what a mirror lacks is the mirror's fault");
	begin();
	world_deploy(&w, "web", 12, "");
	pull_fails(2, CLASS_REGISTRY_UNREACHABLE, "dial tcp 10.0.0.9:5000: i/o timeout");
	blamed(CLASS_REGISTRY_UNREACHABLE, BLAME_REGISTRY, "AWS answers, the registry does not");
	begin();
	world_deploy(&w, "web", 12, "");
	world_pull(&w, 1, P_DONE, "registry:5000/api:3");
	pull_fails(2, CLASS_REGISTRY_UNREACHABLE, "dial tcp 10.0.0.9:5000: i/o timeout");
	blamed(CLASS_REGISTRY_UNREACHABLE, BLAME_NETWORK, "it served another image just before: the way there");
	ok(says(CLASS_REGISTRY_UNREACHABLE, "served this node another image"), "and that is said");
	begin();
	world_fact(&w, FACT_CLOCK, TRI_NO);
	world_deploy(&w, "web", 12, "");
	pull_fails(2, CLASS_REGISTRY_TLS, "x509: certificate is not yet valid");
	blamed(CLASS_REGISTRY_TLS, BLAME_NODE, "an unset clock makes certificates look wrong");
	sound();
}

static void elsewhere(void)
{
	begin();
	world_deploy(&w, "web", 12, "sha256:digest12");
	w.dep[0].requested = 8;
	w.quorum = (struct ev_aws_quorum){ .tried = 8, .failed = 1, .ran_well = 6 };
	for (unsigned task = 2; task < 5; task++)
		exits(task, 12, "sha256:image12", 3000, 1);
	world_run(&w, 60000);
	blamed(CLASS_EXITED_EARLY, BLAME_NODE, "six other nodes run it well: this node is the suspect");
	is_int(w.stops, 0, "nothing goes back");
	is_int(w.core.service[0].rb.state, RB_QUORUM_WAIT, "a person is asked");
	sound();
}

static void oom(uint64_t later_ms, int code)
{
	struct event ev = { .type = EV_CONTAINER };

	ev.u.container.what = C_OOM;
	snprintf(ev.u.container.id, DOCKER_ID_CAP, "%064u", 1);
	world_feed(&w, &ev);
	world_run(&w, later_ms);
	world_die(&w, 1, code);
	world_run(&w, 6000);
}

static void out_of_memory(void)
{
	begin();
	oom(50, 137);
	blamed(CLASS_OOM, BLAME_RELEASE, "oom: the event, then the exit");
	begin();
	oom(3000, 1);
	blamed(CLASS_OOM, BLAME_RELEASE, "a program that gives up when its child was killed");
	begin();
	oom(60000, 1);
	ok(failed(CLASS_OOM) == NULL && failed(CLASS_EXITED) != NULL, "an exit a minute later has another cause");
	begin();
	world_fact(&w, FACT_MEMORY, TRI_NO);
	oom(50, 137);
	blamed(CLASS_OOM, BLAME_NODE, "where the whole host is out of memory it is the node's");
	sound();
}

/* The agent was down when it died, and tells the time of its own restart. */
static void wrong_time(void)
{
	struct event ev = { .type = EV_CHANGE };
	struct ev_change *x = &ev.u.change;

	begin();
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_place(&w, 2, "web", 12);
	world_run(&w, 1000);
	world_found_dead(&w, 2, "web", 12, WORLD_UNIX_MS + (int64_t)w.now_ms - 500, 1);
	world_run(&w, 600000);
	snprintf(x->task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", 2);
	snprintf(x->container, NAME_CAP, "app");
	x->task_status = x->status = TS_STOPPED;
	x->essential = TRI_YES;
	x->stage = STAGE_RUN;
	x->has_exit = true;
	x->exit_code = 1;
	x->time_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms;
	world_feed(&w, &ev);
	ok(failed(CLASS_EXITED_EARLY) != NULL && failed(CLASS_EXITED_EARLY)->first_unix_ms < WORLD_UNIX_MS + (int64_t)w.now_ms - 500000,
	   "the engine's time of the end counts, not that of the agent's restart");
	sound();
}

/* The engine is away, and the agent's log tells an end: nobody knows whether it was asked for. */
static void engine_away(void)
{
	begin();
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_place(&w, 2, "web", 12);
	world_create(&w, 2, "web", 12, "sha256:image12");
	world_start(&w, 2);
	world_run(&w, 3000);
	world_source(&w, SRC_ENGINE, SS_REFUSED);
	world_stopped(&w, 2, STAGE_RUN, CLASS_NONE, "", 1);
	world_run(&w, 6000);
	ok(failed(CLASS_EXITED_EARLY) != NULL, "it is told");
	begin();
	world_place(&w, 3, "web", 12);
	world_create(&w, 3, "web", 12, "sha256:image12");
	world_start(&w, 3);
	world_run(&w, 120000);
	world_stopped(&w, 3, STAGE_RUN, CLASS_NONE, "", 0);
	world_run(&w, 1000);
	ok(failed(CLASS_EXITED) == NULL, "code 0 of what the engine did not see end is no failure");
	sound();
}

/* A task that fell because the engine was away is a failure of its own, not the node's state: it stays when the engine is back,
 * and what it turns out to have fallen of is told. */
static void fell_with_the_engine(void)
{
	begin();
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_place(&w, 2, "web", 12);
	world_source(&w, SRC_ENGINE, SS_REFUSED);
	world_pull_attempt(&w, 2, CLASS_ENGINE_DOWN, "Cannot connect to the Docker daemon");
	world_run(&w, 5000);
	world_source(&w, SRC_ENGINE, SS_UP);
	world_run(&w, 1000);
	ok(failed(CLASS_ENGINE_DOWN) != NULL && !failed(CLASS_ENGINE_DOWN)->over, "the engine is back: the task's failure is no state of the node");
	world_create(&w, 2, "web", 12, "sha256:image12");
	world_start_failed(&w, 2, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory");
	world_run(&w, 6000);
	ok(told(CLASS_EXEC_NOT_FOUND) && !failed(CLASS_EXEC_NOT_FOUND)->over, "and what it falls of afterwards is told, and is not over");
	sound();
}

int main(void)
{
	waits_for_room();
	long_pull();
	a_pull_of_others();
	placement();
	breaker_without_a_way_back();
	cached_image();
	engine_down();
	agent_down();
	agent_stalled();
	clock_unset();
	ended_with_host();
	orphan();
	another_cluster();
	last_words();
	unhealthy();
	killed_by_hand();
	out_of_memory();
	wrong_time();
	one_cause();
	registries();
	elsewhere();
	engine_away();
	fell_with_the_engine();
	return done();
}
