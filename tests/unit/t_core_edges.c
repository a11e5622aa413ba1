/* What stories and the modelled world do not reach: every table full, answers that are late or about nobody, rows that were
 * given up, words no kedge knows, more actions than one step holds. */
#include "agent/core/table.h"
#include "tests/story/world.h"
#include "tests/tap.h"

#include <stddef.h>
#include <string.h>

static struct world w;
static bool wide;        /* the tables were full once: every loop meets rows nobody uses */

static void begin(enum rb_mode mode)
{
	world_init(&w, mode);
	if (wide)
		w.core.rows = (struct rows){ TASKS_MAX, CONTAINERS_MAX, RELEASES_MAX, SERVICES_MAX, FAILURES_MAX };
}

static struct event event(enum ev_type type)
{
	return (struct event){ .type = type };
}

static void sound(const char *name)
{
	ok(w.broken == NULL, "%s: no invariant is broken%s%s", name, w.broken ? ": " : "", w.broken ? w.broken : "");
}

/* Ticks without a world: what is written counts as written at once, no question is answered. For more than its queue holds. */
static void settle(uint64_t ms)
{
	struct action out[CORE_MAX_ACTIONS];
	uint64_t until = w.now_ms + ms;

	for (int i = 0; i < 400 && w.now_ms <= until && w.broken == NULL; i++) {
		struct event ev = event(EV_TICK);
		uint64_t at = core_deadline(&w.core);
		size_t n;

		if (w.core.next_seq > w.core.saved_seq + 1) {
			ev = event(EV_SAVED);
			ev.u.saved.seq = w.core.next_seq - 1;
			at = w.now_ms;
		}
		w.now_ms = at > w.now_ms ? at : w.now_ms;
		ev.now_ms = w.now_ms;
		ev.now_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms;
		n = core_step(&w.core, &ev, out);
		w.broken = (const char *)core_check(&w.core, out, n);
	}
}

/* --- words ------------------------------------------------------------------------------------------------------ */
static bool distinct(const char *(*name)(int), int n)
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k < i; k++)
			if (name(i) == NULL || name(i)[0] == '\0' || strcmp(name(i), name(k)) == 0)
				return false;
	return true;
}

#define NAMED(kind, function) static const char *word_##function(int i) { return function((enum kind)i); }
NAMED(ev_type, ev_name)
NAMED(act_type, act_name)
NAMED(source, source_name)
NAMED(source_state, source_state_name)
NAMED(fact, fact_name)
NAMED(aws_op, aws_op_name)
NAMED(aws_error, aws_error_name)
NAMED(rec_kind, rec_kind_name)
NAMED(rb_state, rb_state_name)
NAMED(rb_mode, rb_mode_name)
NAMED(verdict, verdict_name)
NAMED(serving, serving_name)
NAMED(stage, stage_name)
NAMED(blame, blame_name)
NAMED(fix_by, fix_by_name)
NAMED(fail_kind, fail_kind_name)
#define WORDS(function, n) ok(distinct(word_##function, (n)), #function ": a word of its own for each value")

static void words(void)
{
	enum sd_status status;
	enum rb_state state;
	enum rb_mode mode;
	enum stage stage;
	enum blame blame;
	bool back = true;

	WORDS(ev_name, EV_TYPES);
	WORDS(act_name, ACT_TYPES);
	WORDS(source_name, SOURCES);
	WORDS(source_state_name, SOURCE_STATES);
	WORDS(fact_name, FACTS);
	WORDS(aws_op_name, AWS_OPS);
	WORDS(aws_error_name, AWS_ERRORS);
	WORDS(rec_kind_name, REC_KINDS);
	WORDS(rb_state_name, RB_STATES);
	WORDS(rb_mode_name, MODES);
	WORDS(verdict_name, VERDICTS);
	WORDS(serving_name, SERVING_NEW + 1);
	WORDS(stage_name, STAGES);
	WORDS(blame_name, BLAMES);
	WORDS(fix_by_name, FIXERS);
	WORDS(fail_kind_name, FAIL_KINDS);
	for (int i = SD_PENDING; i < SD_OTHER; i++)
		back = back && sd_status_from(slice_of(sd_status_name((enum sd_status)i)), &status) && (int)status == i;
	for (int i = 0; i < RB_STATES; i++)
		back = back && rb_state_from(slice_of(rb_state_name((enum rb_state)i)), &state) && (int)state == i;
	for (int i = 0; i < MODES; i++)
		back = back && rb_mode_from(slice_of(rb_mode_name((enum rb_mode)i)), &mode) && (int)mode == i;
	for (int i = 0; i < STAGES; i++)
		back = back && stage_from(slice_of(stage_name((enum stage)i)), &stage) && (int)stage == i;
	for (int i = 0; i < BLAMES; i++)
		back = back && blame_from(slice_of(blame_name((enum blame)i)), &blame) && (int)blame == i;
	ok(back, "every word leads back to its value");
	ok(!sd_status_from(SLICE("MELTED"), &status) && status == SD_OTHER, "a status of tomorrow's AWS is SD_OTHER");
	ok(!rb_state_from(SLICE("melted"), &state) && !rb_mode_from(SLICE("melted"), &mode) && !stage_from(SLICE("melted"), &stage) &&
	   !blame_from(SLICE("melted"), &blame), "an unknown word is no value");
	ok(verified_name(VERIFIED_UNKNOWN) == NULL && strcmp(verified_name(VERIFIED_NO), "no") == 0 &&
	   strcmp(verified_name(VERIFIED_HERE), "here") == 0 && strcmp(verified_name(VERIFIED_ELSEWHERE), "elsewhere") == 0,
	   "verified has its words");
	ok(controller_name(CTL_UNKNOWN)[0] == '\0' && controller_name(CTL_ECS)[0] != '\0', "so have controllers");
}

static void advice(void)
{
	bool all = true;

	for (int class = CLASS_NONE + 1; class < CLASSES; class++)
		for (int blame = 0; blame < BLAMES; blame++) {
			char step[PACKED_MAX];
			size_t n = strlen(packed_copy(step, sizeof(step), class_next_step((enum class)class, (enum blame)blame)));

			all = all && n > 10 && step[n - 1] == '.' &&
			      (int)class_fix_by((enum class)class, (enum blame)blame) >= 0 &&
			      class_fix_by((enum class)class, (enum blame)blame) < FIXERS;
		}
	ok(all, "whatever failed and whoever is to blame: a sentence says what to do next, and who can");
	is_int(class_fix_by(CLASS_DISK_FULL, BLAME_RELEASE), FIX_DEVELOPER, "a release is mended by its developer, whatever its class");
	is_int(class_fix_by(CLASS_EXITED_EARLY, BLAME_NODE), FIX_SITE, "a node by the site");
	is_int(class_fix_by(CLASS_EXITED_EARLY, BLAME_REGISTRY), FIX_CLOUD, "a registry by whoever runs the cloud");
	is_int(class_fix_by(CLASS_EXITED_EARLY, BLAME_UNKNOWN), FIX_NOBODY, "what nobody proved by nobody");
}

/* --- tables ----------------------------------------------------------------------------------------------------- */
static unsigned containers_used(void)
{
	unsigned n = 0;

	for (int i = 0; i < CONTAINERS_MAX; i++)
		n += w.core.container[i].used;
	return n;
}

static void container_event(unsigned id, unsigned task, enum container_what what)
{
	struct event ev = event(EV_CONTAINER);

	ev.u.container.what = what;
	snprintf(ev.u.container.id, DOCKER_ID_CAP, "%064u", id);
	snprintf(ev.u.container.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", task);
	snprintf(ev.u.container.name, NAME_CAP, "c%u", id);
	snprintf(ev.u.container.family, NAME_CAP, "web");
	ev.u.container.revision = 1;
	world_feed(&w, &ev);
}

static void container_table(void)
{
	world_init(&w, MODE_OFF);
	for (unsigned i = 0; i < CONTAINERS_MAX; i++) {
		container_event(i, i / TASK_CONTAINERS, C_CREATED);
		container_event(i, i / TASK_CONTAINERS, C_STARTED);
		if (i == CONTAINERS_MAX - 2)
			is_int(containers_used(), CONTAINERS_MAX - 1, "containers: one below the bound");
	}
	is_int(containers_used(), CONTAINERS_MAX, "containers: at the bound");
	is_int(w.core.counter.containers_dropped, 0, "none dropped yet");
	container_event(CONTAINERS_MAX, 0, C_CREATED);
	is_int(w.core.counter.containers_dropped, 1, "one more is not taken while all run, and counted");
	container_event(7, 0, C_DIED);
	container_event(3, 0, C_DIED);
	container_event(CONTAINERS_MAX + 1, 0, C_CREATED);
	is_int(containers_used(), CONTAINERS_MAX, "an ended one gives way");
	container_event(4, 0, C_DESTROYED);
	is_int(containers_used(), CONTAINERS_MAX - 1, "a destroyed one is gone");
	container_event(99999, 0, C_DESTROYED);
	is_int(containers_used(), CONTAINERS_MAX - 1, "the end of one never seen makes no row");
	world_run(&w, 60000);
	sound("containers");
}

static void no_room_for_a_task(void)
{
	struct event pull = event(EV_PULL), change = event(EV_CHANGE);

	world_init(&w, MODE_OFF);
	for (unsigned i = 0; i < TASKS_MAX; i++)
		world_place(&w, i, "web", 1);
	container_event(5, 9000, C_STARTED);
	ok(!w.core.container[0].used, "a container whose task has no room has no row");
	container_event(5, 9000, C_DIED);
	pull.u.pull.what = P_FAILED;
	pull.u.pull.class = CLASS_PULL_UNKNOWN;
	snprintf(pull.u.pull.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", 9001);
	world_feed(&w, &pull);
	snprintf(change.u.change.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", 9002);
	change.u.change.class = CLASS_PULL_UNKNOWN;
	change.u.change.status = change.u.change.task_status = TS_STOPPED;
	world_feed(&w, &change);
	is_int(w.core.rows.failures, 0, "what fails without a row for its task is not told of another");
	is_int(w.core.counter.tasks_refused, 4, "each try is counted, and each event is another try");
	world_stopped(&w, 0, STAGE_RUN, CLASS_NONE, "", 0);
	container_event(5, 9000, C_CREATED);
	ok(w.core.container[0].used, "once another task has ended, it has one");
	world_run(&w, 5000);
	sound("no room for a task");
}

static void listing(bool end, uint64_t asked_ms)
{
	struct event ev = event(EV_SYNC);

	ev.u.sync.source = SRC_ENGINE;
	ev.u.sync.end = end;
	ev.u.sync.asked_ms = asked_ms;
	world_feed(&w, &ev);
}

/* The engine made the listing before, and its event came first: there is no other event of a start that fails. */
static void made_while_listed(void)
{
	uint64_t asked_ms;

	world_init(&w, MODE_OFF);
	container_event(1, 1, C_CREATED);
	world_run(&w, 1000);
	asked_ms = w.core.now_ms;
	world_run(&w, 20);
	container_event(2, 2, C_CREATED);
	listing(false, asked_ms);
	listing(true, asked_ms);
	is_int(containers_used(), 1, "what is in no listing is gone, but not what was made while it was on its way");
	listing(false, w.core.now_ms + 1);
	listing(true, w.core.now_ms + 1);
	is_int(containers_used(), 0, "by the next listing it is");
	sound("made while listed");
}

/* A table full of tasks that have ended: the row of one whose container the engine still has to tell of is the last to go. */
static void awaited(void)
{
	world_init(&w, MODE_OFF);
	for (unsigned i = 0; i < TASKS_MAX; i++) {
		world_place(&w, i, "web", 1);
		world_create(&w, i, "web", 1, "sha256:image1");
		if (i > 0) {
			world_start(&w, i);
			world_die(&w, i, 0);
		}
		world_stopped(&w, i, STAGE_RUN, CLASS_NONE, "", 0);
		world_run(&w, 10);
	}
	ok(w.core.container[0].inspect_ms != 0, "of the oldest the engine is still asked");
	world_place(&w, 500, "web", 1);
	ok(w.core.container[0].used && w.core.container[0].task == 0, "another one makes room");
	is_int(w.core.counter.tasks_dropped, 1, "one");
	sound("awaited");
}

static void ids_without_arn(void)
{
	struct event ev = event(EV_TASK);

	world_init(&w, MODE_OFF);
	ev.u.task.what = T_PLACED;
	snprintf(ev.u.task.task, ARN_CAP, "%032u", 4u);
	world_feed(&w, &ev);
	is_int(w.core.rows.tasks, 0, "an id alone makes no task");
	world_place(&w, 4, "web", 1);
	ev.u.task.what = T_STOP_ORDER;
	world_feed(&w, &ev);
	ok(w.core.task[0].stop_ordered, "but finds the task whose ARN ends with it");
	snprintf(ev.u.task.task, ARN_CAP, "%031u", 4u);
	world_place(&w, 5, "web", 1);
	world_feed(&w, &ev);
	ok(!w.core.task[1].stop_ordered, "the end of an id is no id");
}

static void families(void)
{
	struct event ev = event(EV_TASK);

	world_init(&w, MODE_OFF);
	ev.u.task.what = T_SERVICE;
	snprintf(ev.u.task.service, NAME_CAP, "many");
	for (unsigned i = 0; i <= SERVICE_FAMILIES; i++) {
		snprintf(ev.u.task.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", i);
		snprintf(ev.u.task.family, NAME_CAP, "family%u", i);
		world_feed(&w, &ev);
	}
	is_int(w.core.service[0].m.n_families, SERVICE_FAMILIES, "a service keeps so many families");
	is_str(w.core.service[0].m.family[0], "family1", "the oldest gives way");
}

static void plant_release(int32_t at, bool good)
{
	struct release *r = &w.core.release[at];

	*r = (struct release){ .used = true, .good = good, .revision = (uint32_t)at + 100, .first_unix_ms = 1000 + at, .epoch = w.core.epoch };
	snprintf(r->service, NAME_CAP, "web");
	snprintf(r->family, NAME_CAP, "web");
	snprintf(r->deployment, ARN_CAP, "arn:aws:ecs:eu-west-1:1:service-deployment/edge/web/old%d", at);
}

static void release_table(void)
{
	world_init(&w, MODE_OFF);
	for (int32_t i = 0; i < RELEASES_MAX; i++)
		plant_release(i, true);
	w.core.rows.releases = RELEASES_MAX;
	world_place(&w, 1, "web", 7);
	world_stopped(&w, 1, STAGE_PULL, CLASS_PULL_UNKNOWN, "strange", -1);
	is_int(w.core.counter.releases_dropped, 1, "releases: a new one takes the place of the oldest");
	is_int(w.core.release[0].revision, 7, "the oldest it is");
	world_init(&w, MODE_OFF);
	for (int32_t i = 0; i < RELEASES_MAX; i++) {
		plant_release(i, true);
		world_place(&w, 10 + (unsigned)i, "web", 100 + (uint32_t)i);
		w.core.task[i].release = i;
	}
	w.core.rows.releases = RELEASES_MAX;
	world_place(&w, 1, "web", 7);
	world_stopped(&w, 1, STAGE_PULL, CLASS_PULL_UNKNOWN, "strange", -1);
	is_int(w.core.counter.releases_dropped, 0, "releases: none gives way while each has a task");
	ok(w.core.rows.failures == 1 && w.core.failure[0].release == NONE, "the failure is told all the same, of no release");
	world_run(&w, 60000);
	sound("releases");
}

static void failures(unsigned first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		world_place(&w, first + i, "web", 1);
		world_stopped(&w, first + i, STAGE_PULL, CLASS_PULL_UNKNOWN, "strange", -1);
		world_run(&w, 50);
	}
}

static void failure_table_blocked(void)
{
	uint32_t id;

	world_init(&w, MODE_OFF);
	failures(1, FAILURES_MAX);
	for (int i = 0; i < FAILURES_MAX; i++)
		w.core.failure[i].save = true;
	id = w.core.next_id;
	{
		struct action out[CORE_MAX_ACTIONS];
		struct event ev = event(EV_CHANGE);

		snprintf(ev.u.change.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", 700u);
		snprintf(ev.u.change.container, NAME_CAP, "app");
		ev.u.change.status = ev.u.change.task_status = TS_STOPPED;
		ev.u.change.stage = STAGE_PULL;
		ev.u.change.class = CLASS_PULL_UNKNOWN;
		ev.now_ms = w.now_ms;
		(void)core_step(&w.core, &ev, out);
	}
	is_int(w.core.next_id, id, "failures: none that is still to be written gives way to a new one");
	world_init(&w, MODE_OFF);
	failures(1, FAILURES_MAX);
	world_run(&w, 1000);
	for (int i = 0; i < FAILURES_MAX; i++) {
		w.core.task[i].ended = false;
		w.core.task[i].in_agent = true;
	}
	failures(500, 1);
	is_int(w.core.counter.failures_dropped, 1, "failures: the oldest gives way even when all their tasks go on");
	is_int(w.core.failure[0].f.id, FAILURES_MAX + 1, "the one with the oldest number");
	settle(60000);
	sound("failures");
}

static void restored_into_full_tables(void)
{
	struct event ev = event(EV_RESTORE);
	struct record *r = &ev.u.restore.record;

	begin(MODE_OFF);
	for (unsigned i = 0; i <= SERVICES_MAX; i++) {
		*r = (struct record){ .kind = REC_SERVICE, .seq = i + 1 };
		snprintf(r->u.service.name, NAME_CAP, "service%u", i);
		world_feed(&w, &ev);
	}
	*r = (struct record){ .kind = REC_ROLLBACK, .seq = 100 };
	r->u.rollback.state = RB_ACTING;
	snprintf(r->u.rollback.service, NAME_CAP, "one too many");
	world_feed(&w, &ev);
	is_int(w.core.rows.services, SERVICES_MAX, "restored services: the bound holds");
	is_int(w.core.counter.services_refused, 2, "what did not fit is counted");
	for (unsigned i = 0; i <= FAILURES_MAX + TASKS_MAX; i++) {
		*r = (struct record){ .kind = REC_FAILURE, .seq = 200 + i };
		r->u.failure.id = i + 1;
		r->u.failure.class = CLASS_PULL_UNKNOWN;
		snprintf(r->u.failure.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", i);
		snprintf(r->u.failure.family, NAME_CAP, "web");
		if (i % 2 == 0)
			snprintf(r->u.failure.deployment, ARN_CAP, "arn:aws:ecs:eu-west-1:1:service-deployment/edge/web/x%u", i);
		world_feed(&w, &ev);
	}
	w.queued = 0;
	*r = (struct record){ .kind = REC_AUDIT, .seq = 5000 };
	world_feed(&w, &ev);
	ev.u.restore.last = true;
	world_feed(&w, &ev);
	is_int(w.core.next_id, FAILURES_MAX + TASKS_MAX + 2, "ids go on where the journal ends");
	is_int(w.core.told_unix_ms, 0, "records without a time say nothing about when telling began");
	settle(60000);
	sound("restored into full tables");
}

/* --- answers that are late, or about nobody -------------------------------------------------------------------------- */
static void stray(struct event *ev, const char *name)
{
	static struct core before;
	uint64_t stale = w.core.counter.stale_answers;

	before = w.core;
	world_feed(&w, ev);
	ok(w.core.counter.stale_answers > stale && memcmp(&before.service, &w.core.service, sizeof(before.service)) == 0,
	   "%s: dropped and counted, and nothing changes", name);
}

static void stray_answers(void)
{
	static const uint32_t nobody[] = { SERVICES_MAX, SERVICES_MAX - 1, UINT32_MAX, 0 };
	struct event ev;

	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		world_init(&w, MODE_AUTO);
		world_deploy(&w, "web", 1, "sha256:d1");
		world_place(&w, 1, "web", 1);
		world_run(&w, 20000);
		ev = event(EV_AWS_LIST);
		ev.u.aws_list.service = nobody[i];
		ev.u.aws_list.ask = 99999;
		stray(&ev, "a list");
		ev = event(EV_AWS_DEPLOYMENT);
		ev.u.aws_deployment.service = nobody[i];
		ev.u.aws_deployment.ask = 99999;
		stray(&ev, "a deployment");
		ev = event(EV_AWS_REVISION);
		ev.u.aws_revision.service = nobody[i];
		ev.u.aws_revision.ask = 99999;
		stray(&ev, "a revision");
		ev = event(EV_AWS_QUORUM);
		ev.u.aws_quorum.service = nobody[i];
		ev.u.aws_quorum.ask = 99999;
		stray(&ev, "a quorum");
		ev = event(EV_AWS_STOPPED);
		ev.u.aws_stopped.service = nobody[i];
		stray(&ev, "an accepted stop");
		ev = event(EV_AWS_UPDATED);
		ev.u.aws_updated.service = nobody[i];
		stray(&ev, "an accepted update");
		ev = event(EV_AWS_SERVICE);
		ev.u.aws_service.service = nobody[i];
		ev.u.aws_service.ask = 99999;
		stray(&ev, "a service");
		ev = event(EV_TARGET_IMAGE);
		ev.u.target_image.service = nobody[i];
		ev.u.target_image.ask = 99999;
		stray(&ev, "a target image");
		ev = event(EV_AWS_FAILED);
		ev.u.aws_failed.service = nobody[i];
		ev.u.aws_failed.ask = 99999;
		ev.u.aws_failed.op = OP_LIST;
		ev.u.aws_failed.error = AE_INVALID;
		stray(&ev, "a refused list");
	}
	for (enum aws_op op = OP_TASK; op < AWS_OPS; op++) {
		ev = event(EV_AWS_FAILED);
		ev.u.aws_failed.service = UINT32_MAX;
		ev.u.aws_failed.op = op;
		world_feed(&w, &ev);
	}
	ev = event(EV_AWS_TASK);
	snprintf(ev.u.aws_task.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/nobody");
	world_feed(&w, &ev);
	is_int(w.core.rows.tasks, 1, "an answer about a task nobody knows makes none");
	sound("stray answers");
}

static void old_number_right_step(void)
{
	struct event ev = event(EV_AWS_LIST);

	world_init(&w, MODE_AUTO);
	w.aws_ms = 5000;
	world_deploy(&w, "web", 1, "sha256:d1");
	world_place(&w, 1, "web", 1);
	for (int i = 0; i < 200 && (w.core.rows.services == 0 || w.core.service[0].look.step != LOOK_LIST); i++)
		world_run(&w, 50);
	is_int(w.core.service[0].look.step, LOOK_LIST, "a list was asked for");
	ev.u.aws_list.ask = w.core.service[0].look.ask - 1;
	stray(&ev, "a list with the number before");
	ev.u.aws_list.ask = w.core.service[0].look.ask;
	world_feed(&w, &ev);
	ok(w.core.service[0].look.step != LOOK_LIST, "with its own number it is taken");
}

/* --- a stop and its refusals ------------------------------------------------------------------------------------- */
static struct service *acting(void)
{
	struct service *s = &w.core.service[0];

	begin(MODE_AUTO);
	world_deploy(&w, "web", 11, "sha256:d11");
	world_status(&w, SD_SUCCESSFUL);
	world_deploy(&w, "web", 12, "sha256:d12");
	w.dep[0].source_running = 1;
	world_place(&w, 1, "web", 12);
	world_create(&w, 1, "web", 12, "sha256:i12");
	world_start_failed(&w, 1, CLASS_EXEC_NOT_FOUND, "exec: \"/x\": no such file or directory");
	world_stopped(&w, 1, STAGE_START, CLASS_EXEC_NOT_FOUND, "exec", -1);
	w.conflict = true;
	for (int i = 0; i < 9000 && w.stops == 0; i++)
		world_run(&w, 10);
	w.queued = 0;        /* it is on its way, and what AWS said is lost: each test says something else */
	return s;
}

/* The whole list was wanted while a short one was on its way: its empty answer is no empty history. */
static void short_list_is_no_history(void)
{
	struct service *s = acting();
	struct event ev = event(EV_AWS_LIST);
	struct action out[CORE_MAX_ACTIONS];
	uint32_t ask = 0;
	size_t n;

	s->rb.state = RB_NONE;
	s->look.full = false;
	s->look.wanted = true;
	s->look.next_ms = w.core.now_ms;
	s->look.step = LOOK_IDLE;
	ev.type = EV_TICK;
	ev.now_ms = w.core.now_ms;
	n = core_step(&w.core, &ev, out);
	for (size_t i = 0; i < n; i++)
		if (out[i].type == ACT_AWS_LIST && !out[i].full)
			ask = out[i].ask;
	ok(ask != 0, "a short list is asked for");
	world_operator(&w, OPV_LOOK, "web", "");
	ev = event(EV_AWS_LIST);
	ev.u.aws_list.ask = ask;
	world_feed(&w, &ev);
	is_int(s->n_history, 2, "its empty answer is no empty history, whatever was wanted meanwhile");
	is_int(s->look.step, LOOK_LIST, "the whole one is asked for");
}

static void refused(enum aws_error error, enum rb_state state)
{
	struct service *s = acting();
	struct event ev = event(EV_AWS_FAILED);

	ev.u.aws_failed.op = OP_STOP;
	ev.u.aws_failed.error = error;
	snprintf(ev.u.aws_failed.detail, REASON_CAP, "what AWS says");
	world_feed(&w, &ev);
	is_int(s->rb.state, state, "a stop refused with %s: %s", aws_error_name(error), rb_state_name(state));
	sound("a refused stop");
}

static void refusals(void)
{
	is_int(acting()->rb.state, RB_ACTING, "a stop is on its way");
	ok(w.core.service[0].work.stop_sent, "and has left");
	refused(AE_UNSUPPORTED, RB_REFUSED);
	refused(AE_DENIED, RB_DENIED);
	refused(AE_NOT_FOUND, RB_DECIDED);
	refused(AE_INVALID, RB_DECIDED);
	refused(AE_CONFLICT, RB_DECIDED);
	refused(AE_THROTTLED, RB_DECIDED);
	(void)acting();
	w.conflict = false;
	w.aws_ms = 2000;
	world_run(&w, 130000);
	is_int(w.stops, 2, "a stop nobody answers is no end: AWS is asked again, and the stop still holds");
	sound("no answer");
}

/* AWS accepted, and then says something else than expected. */
static void after_accepted(enum sd_status status, enum rb_state state, const char *name)
{
	struct service *s = acting();
	struct event ev = event(EV_AWS_STOPPED);

	snprintf(ev.u.aws_stopped.arn, ARN_CAP, "%s", s->rb.deployment);
	world_feed(&w, &ev);
	world_status(&w, status);
	world_run(&w, 600000);
	is_int(s->rb.state, state, "%s: %s", name, rb_state_name(s->rb.state));
	sound(name);
}

static void ends(void)
{
	after_accepted(SD_ROLLBACK_FAILED, RB_ROLLBACK_FAILED, "the rollback fails");
	after_accepted(SD_SUCCESSFUL, RB_ROLLBACK_FAILED, "it succeeds after all");
	after_accepted(SD_STOPPED, RB_ROLLBACK_FAILED, "it is only stopped");
	after_accepted(SD_OTHER, RB_WATCHING, "a status nobody knows yet");
	after_accepted(SD_NONE, RB_WATCHING, "no status at all");
}

static void before_sent(enum sd_status status, enum rb_state state, const char *name)
{
	struct service *s = &w.core.service[0];

	begin(MODE_AUTO);
	world_deploy(&w, "web", 11, "sha256:d11");
	world_status(&w, SD_SUCCESSFUL);
	world_deploy(&w, "web", 12, "sha256:d12");
	world_place(&w, 1, "web", 12);
	world_create(&w, 1, "web", 12, "sha256:i12");
	world_start_failed(&w, 1, CLASS_EXEC_NOT_FOUND, "exec: \"/x\": no such file or directory");
	world_stopped(&w, 1, STAGE_START, CLASS_EXEC_NOT_FOUND, "exec", -1);
	world_run(&w, 400);
	world_status(&w, status);
	world_run(&w, 120000);
	is_int(s->rb.state, state, "%s: %s", name, rb_state_name(s->rb.state));
	is_int(w.stops, 0, "and nothing is sent");
	sound(name);
}

static void overtaken(void)
{
	before_sent(SD_ROLLBACK_FAILED, RB_ROLLBACK_FAILED, "somebody's rollback failed before ours left");
	before_sent(SD_OTHER, RB_DECIDED, "a status nobody knows yet before ours left");
	before_sent(SD_NONE, RB_DECIDED, "no status before ours left");
	before_sent(SD_STOP_REQUESTED, RB_DECIDED, "a stop somebody asked for before ours left");
}

static void another_revision_than_predicted(void)
{
	struct service *s = acting();
	struct event ev = event(EV_AWS_STOPPED);

	snprintf(ev.u.aws_stopped.arn, ARN_CAP, "%s", s->rb.deployment);
	world_feed(&w, &ev);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	snprintf(w.dep[0].rollback_arn, ARN_CAP, "arn:aws:ecs:eu-west-1:1:service-revision/edge/web/77");
	world_run(&w, 120000);
	is_int(s->rb.state, RB_ROLLED_BACK, "rolled back to what nobody predicted");
	ok(strstr(s->rb.reason, "another revision") != NULL, "and it says so: %s", s->rb.reason);
	s = acting();
	snprintf(ev.u.aws_stopped.arn, ARN_CAP, "%s", s->rb.deployment);
	world_feed(&w, &ev);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	snprintf(w.dep[0].rollback_arn, ARN_CAP, "%s", w.dep[0].source_arn);
	snprintf(w.dep[1].revision_arn, ARN_CAP, "forgotten");
	s->n_revisions = 0;
	world_run(&w, 120000);
	is_int(s->rb.state, RB_ROLLED_BACK, "rolled back to what AWS has forgotten");
	ok(strstr(s->rb.reason, "cannot be read") != NULL, "and it says so: %s", s->rb.reason);
	sound("other revisions");
}

/* --- more than one step holds -------------------------------------------------------------------------------------- */
static void want_everything(struct core *c)
{
	c->epoch_save = c->audit_save = true;
	for (int32_t i = 0; i < c->rows.failures; i++) {
		c->failure[i].tell = c->failure[i].save = c->failure[i].suspect = c->failure[i].weighing = true;
		c->failure[i].asked = false;
	}
	for (int32_t i = 0; i < c->rows.releases; i++)
		c->release[i].save = true;
	for (int32_t i = 0; i < c->rows.containers; i++) {
		c->container[i].words_wanted = true;
		c->container[i].image_asked = false;
		c->container[i].inspect_ms = 1;
	}
	for (int32_t i = 0; i < c->rows.services; i++) {
		struct service *s = &c->service[i];

		s->save = s->note = s->work.save = s->work.image_wanted = s->work.quorum_wanted = s->asked.wanted = true;
		s->look.step = LOOK_LIST;
		s->look.send = true;
		s->look.sent_ms = c->now_ms;
	}
	for (int32_t i = 0; i < c->rows.tasks; i++) {
		c->task[i].kind = FK_UNKNOWN;
		c->task[i].ask_ms = 1;
	}
}

static void more_than_fits(void)
{
	struct action out[CORE_MAX_ACTIONS];
	unsigned of[ACT_TYPES] = { 0 }, steps = 0, full = 0;
	struct event ev = event(EV_TICK);
	uint64_t seq = 0;
	bool rising = true;
	size_t n;

	(void)acting();
	failures(100, 50);
	for (unsigned i = 0; i < 40; i++)
		container_event(1000 + i, 100 + i, C_CREATED);
	world_image(&w, "sha256:i12", "sha256:d12");
	for (int32_t i = 0; i < w.core.rows.containers; i++)
		snprintf(w.core.container[i].image_id, DIGEST_CAP, "sha256:i%d", (int)i);
	for (int32_t i = 0; i < w.core.rows.tasks; i++)
		w.core.task[i].family[0] = w.core.task[i].service[0] = '\0';
	want_everything(&w.core);
	w.queued = 0;
	ev.now_ms = w.now_ms;
	ev.now_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms;
	do {
		n = core_step(&w.core, &ev, out);
		for (size_t i = 0; i < n; i++) {
			of[out[i].type]++;
			rising = rising && (out[i].type != ACT_JOURNAL || out[i].seq > seq);
			seq = out[i].type == ACT_JOURNAL ? out[i].seq : seq;
		}
		full += n == CORE_MAX_ACTIONS;
		ok(core_deadline(&w.core) <= ev.now_ms + 1 || n < CORE_MAX_ACTIONS, "step %u: %zu actions; what did not fit is due at once", ++steps, n);
		ev.now_ms++;
	} while (n == CORE_MAX_ACTIONS && steps < 40);
	ok(full >= 4 && steps < 40, "it takes %u full steps, and ends", full);
	ok(rising, "no record number is used twice");
	is_int(of[ACT_REPORT], w.core.rows.failures, "each failure is told once");
	is_int(of[ACT_SUSPECT], w.core.rows.failures, "each suspicion, too");
	is_int(of[ACT_PROBE], w.core.rows.failures, "and each is asked for its experiment once");
	is_int(of[ACT_LAST_WORDS], w.core.rows.containers, "the last words of each container once");
	ok(of[ACT_AWS_LIST] >= 1 && of[ACT_TARGET_IMAGE] == 1 && of[ACT_AWS_QUORUM] == 1, "no question is lost");
}

static unsigned stop_in(const struct action *out, size_t n)
{
	unsigned stops = 0;

	for (size_t i = 0; i < n; i++)
		stops += out[i].type == ACT_AWS_STOP;
	return stops;
}

/* A stop that does not fit leaves with a later step, and only while the answer it rests on is fresh. */
static void stop_waits_for_room(void)
{
	struct action out[CORE_MAX_ACTIONS];
	struct event ev = event(EV_TICK);
	struct service *s = acting();
	unsigned stops = 0;

	failures(100, 60);
	s->rb.state = RB_ACTING;
	s->work.stop_sent = s->work.save = false;
	s->work.stop_ms = 0;
	s->work.seq = w.core.saved_seq;
	s->dep_ms = w.core.now_ms;
	for (int32_t i = 0; i < w.core.rows.failures; i++)
		w.core.failure[i].tell = true;
	ev.now_ms = w.now_ms;
	ev.now_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms;
	is_int(stop_in(out, core_step(&w.core, &ev, out)), 0, "a step full of failures to tell holds no stop");
	for (int i = 0; i < 10; i++)
		stops += stop_in(out, core_step(&w.core, &ev, out));
	is_int(stops, 1, "it leaves with a later one, once");
}

/* --- the invariants themselves: a state in which a call is right, and one thing wrong with it ----------------------------- */
static const char *checked(enum act_type type)
{
	const struct action out[2] = { { .type = type }, { .type = ACT_NOTE } };
	const char *broken = (const char *)core_check(&w.core, out, 2);

	return broken == NULL ? "" : broken;
}

static struct service *about_to(bool update)
{
	struct service *s = acting();

	s->rb.state = RB_ACTING;
	s->rb.accepted = false;
	s->rb.update = s->rb.confirmed = update;
	w.core.params.service[0].policy.allow_update_service = update;
	w.core.n_accepted = 0;
	memset(w.core.accepted, 0, sizeof(w.core.accepted));
	s->dep.status = SD_IN_PROGRESS;
	s->dep_ms = w.core.now_ms;
	s->work.save = false;
	s->work.seq = w.core.saved_seq;
	return s;
}

#define STOP_BREAKS(number, change) do { struct service *s = about_to(false); (void)s; change; \
	ok(checked(ACT_AWS_STOP)[0] == (number), "stop, %s: %s", #change, checked(ACT_AWS_STOP)); } while (0)
#define UPDATE_BREAKS(number, change) do { struct service *s = about_to(true); (void)s; change; \
	ok(checked(ACT_AWS_UPDATE)[0] == (number), "update, %s: %s", #change, checked(ACT_AWS_UPDATE)); } while (0)

static void invariants(void)
{
	STOP_BREAKS('\0', s->dep.status = SD_PENDING);
	STOP_BREAKS('1', s->dep_ms = 0);
	STOP_BREAKS('1', s->work.decided_ms = s->dep_ms + 1);
	STOP_BREAKS('1', s->dep.arn[0] = 'x');
	STOP_BREAKS('1', s->dep.status = SD_STOP_REQUESTED);
	STOP_BREAKS('2', s->rb.accepted = true);
	STOP_BREAKS('4', s->work.seq = 0);
	STOP_BREAKS('4', s->work.save = true);
	STOP_BREAKS('5', s->rb.failure = 9999);
	STOP_BREAKS('\0', s->rb.failure = 9999; s->rb.by_operator = true);
	STOP_BREAKS('\0', s->rb.failure = 9999; s->rb.confirmed = true; w.core.params.service[0].policy.mode = MODE_MANUAL);
	STOP_BREAKS('\0', s->rb.by_operator = true; w.core.params.service[0].policy.mode = MODE_MANUAL);
	STOP_BREAKS('6', w.core.params.service[0].policy.mode = MODE_SHADOW);
	UPDATE_BREAKS('\0', s->rb.uid = 1);
	UPDATE_BREAKS('6', s->rb.confirmed = false);
	UPDATE_BREAKS('6', s->rb.update = false);
	UPDATE_BREAKS('6', w.core.params.service[0].policy.allow_update_service = false);
	UPDATE_BREAKS('1', s->dep_ms = 0);
	UPDATE_BREAKS('1', s->dep_ms -= 5001);
	UPDATE_BREAKS('1', s->work.decided_ms = s->dep_ms + 1);
	UPDATE_BREAKS('2', s->rb.accepted = true);
	UPDATE_BREAKS('4', s->work.seq = 0);
	UPDATE_BREAKS('4', s->work.save = true);
	UPDATE_BREAKS('4', s->work.seq = w.core.saved_seq + 1);
}

/* --- rows that were given up ------------------------------------------------------------------------------------------ */
static void holes(void)
{
	struct event ev = event(EV_SYNC);
	uint64_t at;

	(void)acting();
	failures(100, 6);
	container_event(2000, 100, C_STARTED);
	container_event(2001, 101, C_STARTED);
	container_event(2002, 102, C_STARTED);
	world_run(&w, 1000);
	w.core.rows.services = 3;
	w.core.service[2] = w.core.service[0];
	snprintf(w.core.service[2].m.name, NAME_CAP, "third");
	w.core.service[2].rb.state = RB_NONE;
	w.core.service[1].used = false;
	w.core.task[2].used = w.core.failure[1].used = w.core.container[2].used = false;
	w.core.rows.releases = w.core.rows.releases < 3 ? 3 : w.core.rows.releases;
	w.core.release[1].used = false;
	for (int i = 0; i < 3; i++)
		world_place(&w, 300 + (unsigned)i, "web", 12);
	ev.u.sync.source = SRC_INTROSPECTION;
	world_feed(&w, &ev);
	w.core.task[2].used = false;
	ev.u.sync.end = true;
	world_feed(&w, &ev);
	ev.u.sync.source = SRC_ENGINE;
	ev.u.sync.end = false;
	world_feed(&w, &ev);
	ev.u.sync.end = true;
	world_feed(&w, &ev);
	w.core.task[2].used = w.core.failure[1].used = false;
	at = core_deadline(&w.core);
	ok(at >= w.core.now_ms, "rows given up between others disturb nobody: the next deadline is in %u ms", (unsigned)(at - w.core.now_ms));
	world_run(&w, 120000);
	is_int(core_service(&w.core, SLICE("third")), 2, "a service behind a hole is found");
	is_int(core_service(&w.core, SLICE("r99999")), NONE, "an id nobody has is nobody");
	is_int(core_service(&w.core, SLICE("r")), NONE, "nor is a letter");
	is_int(core_service(&w.core, SLICE("")), NONE, "nor nothing");
	ok(!w.core.service[1].used, "the hole stays one");
	sound("holes");
}

static void ids_of_people(void)
{
	struct event ev = event(EV_TASK);

	world_init(&w, MODE_MANUAL);
	ev.u.task.what = T_SERVICE;
	for (unsigned i = 0; i < SERVICES_MAX; i++) {
		snprintf(ev.u.task.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", i);
		snprintf(ev.u.task.service, NAME_CAP, "service%u", i);
		world_feed(&w, &ev);
		w.queued = 0;
	}
	world_operator(&w, OPV_ROLLBACK, "one too many", "");
	is_int(w.core.counter.services_refused, 1, "a person's rollback of a service that has no room is refused and counted");
	world_operator(&w, OPV_CONFIRM, "nobody", "");
	world_operator(&w, OPV_CANCEL, "service1", "");
	world_operator(&w, OPV_HOLD, "nobody", "");
	world_operator(&w, OPV_LOOK, "service1", "");
	settle(5000);
	is_int(w.core.service[1].rb.state, RB_NONE, "confirming and cancelling nothing does nothing");
	sound("people");
}

/* --- single moments -------------------------------------------------------------------------------------------------- */
static void image_of_arch(const char *image_id, const char *arch)
{
	struct event ev = event(EV_IMAGE);

	snprintf(ev.u.image.image_id, DIGEST_CAP, "%s", image_id);
	snprintf(ev.u.image.digest, DIGEST_CAP, "sha256:digest9");
	snprintf(ev.u.image.arch, sizeof(ev.u.image.arch), "%s", arch);
	world_feed(&w, &ev);
}

static const struct failure *told_of(enum class class)
{
	for (int32_t i = 0; i < w.core.rows.failures; i++)
		if (w.core.failure[i].used && w.core.failure[i].f.class == class)
			return &w.core.failure[i].f;
	return NULL;
}

static void lives_for(unsigned task, uint64_t ms, int exit_code)
{
	world_place(&w, task, "web", 9);
	world_create(&w, task, "web", 9, "sha256:image9");
	world_start(&w, task);
	world_running(&w, task);
	world_run(&w, ms);
	world_die(&w, task, exit_code);
}

static void another_architecture(void)
{
	begin(MODE_OFF);
	lives_for(1, 10, 1);
	ok(told_of(CLASS_EXITED_EARLY) != NULL && told_of(CLASS_EXEC_FORMAT) == NULL, "an exit at once is an early exit");
	image_of_arch("sha256:image9", "arm64");
	ok(told_of(CLASS_EXEC_FORMAT) != NULL, "until its image proves to be of another architecture");
	lives_for(2, 10, 1);
	ok(told_of(CLASS_EXEC_FORMAT) != NULL && told_of(CLASS_EXITED_EARLY) == NULL, "the next one is known for what it is");
	lives_for(3, 5000, 1);
	ok(told_of(CLASS_EXITED_EARLY) != NULL, "what ran for five seconds can run here");
	sound("another architecture");
}

static void pull_failed(int64_t time_unix_ms)
{
	struct event ev = event(EV_PULL);

	ev.u.pull.what = P_FAILED;
	ev.u.pull.class = CLASS_PULL_UNKNOWN;
	ev.u.pull.time_unix_ms = time_unix_ms;
	snprintf(ev.u.pull.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", 1u);
	world_feed(&w, &ev);
}

static bool any_failure(void)
{
	return w.core.rows.failures > 0 && w.core.failure[0].used;
}

static void told_before(void)
{
	int64_t now_unix_ms;

	begin(MODE_OFF);
	now_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms;
	world_place(&w, 1, "web", 1);
	w.core.told_unix_ms = now_unix_ms - 1000;
	pull_failed(now_unix_ms - 2000);
	ok(!any_failure(), "what a full table once dropped is not told anew");
	pull_failed(now_unix_ms);
	ok(any_failure(), "what came later is");
	w.core.failure[0].used = false;
	w.core.told_unix_ms = now_unix_ms + 60000;
	pull_failed(now_unix_ms);
	ok(any_failure(), "a clock that was ahead, and went back, hides nothing new");
}

/* A journal that was written anew has the newest failures first. */
static void numbers_go_on(void)
{
	struct event ev = event(EV_RESTORE);
	struct record *r = &ev.u.restore.record;

	begin(MODE_OFF);
	for (uint32_t id = 9; id >= 7; id--) {
		*r = (struct record){ .kind = REC_FAILURE, .seq = 1 };
		r->u.failure.id = id;
		r->u.failure.class = CLASS_PULL_UNKNOWN;
		snprintf(r->u.failure.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", (unsigned)id);
		world_feed(&w, &ev);
	}
	is_int(w.core.next_id, 10, "after a restart failures are numbered on from the newest");
}

/* What the engine's listing says of a container that was made, before anybody has looked into it. */
static struct event unlooked_event(unsigned id, int64_t created_unix_ms)
{
	struct event ev = event(EV_CONTAINER);
	struct ev_container *c = &ev.u.container;

	c->what = C_LISTED;
	c->state = CS_CREATED;
	c->created_unix_ms = created_unix_ms;
	snprintf(c->id, DOCKER_ID_CAP, "%064u", id);
	snprintf(c->task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", id);
	snprintf(c->name, NAME_CAP, "app");
	return ev;
}

/* The engine lists a container that could not be started. */
static void unstarted(unsigned id, int64_t created_unix_ms)
{
	struct event ev = unlooked_event(id, created_unix_ms);
	struct ev_container *c = &ev.u.container;

	c->inspected = true;
	c->class = CLASS_EXEC_NOT_FOUND;
	snprintf(c->reason, REASON_CAP, "exec: \"/nosuch\": no such file or directory");
	w.queued = 0;        /* nobody asks what became of it */
	world_feed(&w, &ev);
}

/* The engine keeps what never started for as long as nobody removes it, and lists it at each of kedge's starts. */
static void start_told_before(void)
{
	int64_t unix_ms;

	begin(MODE_OFF);
	unix_ms = w.core.told_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms - 60 * 60000;
	unstarted(1, unix_ms - 1000);
	ok(!any_failure(), "what was made before all that a full table kept, and never started, was told long ago");
	unstarted(2, unix_ms + 1000);
	is_int(w.core.failure[0].f.first_unix_ms, unix_ms + 1000, "found late, a start failed when its container was made");
	begin(MODE_OFF);
	unstarted(2, WORLD_UNIX_MS + (int64_t)w.now_ms - 3000);
	is_int(w.core.failure[0].f.first_unix_ms, w.core.now_unix_ms, "seen at once, it failed now: an engine may take its time");
}

/* More containers that never started than failures are remembered, listed newest first; then kill -9, and the same again. */
static void list_unstarted(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unstarted(i, WORLD_UNIX_MS - (int64_t)(i + 1) * 60000);
		settle(50);
	}
}

static void more_than_remembered(void)
{
	uint32_t next_id;

	begin(MODE_OFF);
	list_unstarted(FAILURES_MAX + 20);
	settle(1000);
	is_int(w.core.failure[0].f.first_unix_ms, WORLD_UNIX_MS - 60000, "the newest stays, though it was told first");
	next_id = w.core.next_id;
	w.queued = 0;
	world_restart(&w);
	list_unstarted(FAILURES_MAX + 20);
	settle(1000);
	is_int(w.core.next_id, next_id, "after a restart nothing of it is told anew");
	sound("more than is remembered");
}

/* Its task waits for an image, as the agent says; its container runs; of its container the engine has still to tell. */
static void goes_on(unsigned id, unsigned how)
{
	if (how == 0)
		world_place(&w, id, "web", 1);
	else
		container_event(id, id, C_CREATED);
	if (how == 1)
		container_event(id, id, C_STARTED);
}

static bool has_task(unsigned id)
{
	char arn[ARN_CAP];

	snprintf(arn, sizeof(arn), "arn:aws:ecs:eu-west-1:1:task/edge/%032u", id);
	return task_find(&w.core, arn) != NONE;
}

/* More of them than there are rows, which no agent knows any more, and each listing of the engine names all. */
static void rows_of_unstarted(void)
{
	const unsigned n = TASKS_MAX + 20, live = 5000, fresh = 6000;
	uint32_t next_id;

	begin(MODE_OFF);
	for (unsigned i = 0; i < 3; i++)
		goes_on(live + i, i);
	list_unstarted(n);
	next_id = w.core.next_id;
	unstarted(fresh, w.core.now_unix_ms);
	is_int(w.core.next_id, next_id + 1, "a start that fails is told, though of what never started nothing ends");
	is_int(w.core.counter.tasks_refused, 0, "no task was refused");
	ok(has_task(live) && has_task(live + 1) && has_task(live + 2), "none gave way that waits, runs or is awaited");
	ok(has_task(0) && has_task(100) && !has_task(n - 2), "the oldest did, by their containers");
	for (unsigned turn = 0; turn < 3; turn++) {
		next_id = w.core.next_id;
		unstarted(fresh, WORLD_UNIX_MS);
		list_unstarted(n);
		is_int(w.core.next_id, next_id, "listed again, nothing is told anew (%u)", turn);
		settle(1000);
		w.queued = 0;
		if (turn == 1)
			world_restart(&w);
	}
	sound("more than there are rows");
}

/* Each of their tasks has containers that wait for the one that cannot start. */
static void containers_of_unstarted(void)
{
	begin(MODE_OFF);
	for (unsigned task = 0; task < 80; task++) {
		unstarted(task, WORLD_UNIX_MS - (int64_t)(task + 1) * 60000);
		for (unsigned i = 1; i < 4; i++)
			container_event(1000 * i + task, task, C_CREATED);
		for (unsigned i = 0; i < CONTAINERS_MAX; i++)
			w.core.container[i].inspect_ms = 0;     /* asked often enough */
	}
	ok(has_task(0) && has_task(79) && !has_task(78), "where none of their containers has ended, a new one takes the place of the oldest task's");
	unstarted(6000, w.core.now_unix_ms);
	ok(has_task(6000), "one that fails now has its rows");
	is_int(w.core.counter.tasks_refused, 0, "no task was refused");
	sound("more containers than rows");
}

static void unlooked(unsigned id, int64_t created_unix_ms)
{
	struct event ev = unlooked_event(id, created_unix_ms);

	world_feed(&w, &ev);
}

/* More than there are rows are listed while the engine is slow to say what became of each, and now one is made. */
static void rows_of_awaited(void)
{
	begin(MODE_OFF);
	for (unsigned i = 0; i < TASKS_MAX + 5; i++)
		unlooked(i, WORLD_UNIX_MS - (int64_t)(i + 1) * 60000);
	ok(has_task(0) && has_task(TASKS_MAX - 1) && !has_task(TASKS_MAX), "of those that are awaited the newest stay");
	is_int(w.core.counter.tasks_refused, 5, "and what is older is counted");
	unlooked(5000, WORLD_UNIX_MS + 1);
	container_event(6000, 6000, C_CREATED);
	ok(has_task(5000) && has_task(6000), "what is made now has a row");
	ok(!has_task(TASKS_MAX - 1) && !has_task(TASKS_MAX - 2) && has_task(TASKS_MAX - 3), "the oldest of the awaited gave way");
	is_int(w.core.counter.tasks_refused, 5, "nothing more was refused");
	sound("more are awaited than there are rows");
}

/* What the listing, and then an inspect, say of container 1, which ran. */
static void found_ended(bool inspected, int exit_code, int64_t ago_ms)
{
	struct event ev = event(EV_CONTAINER);
	struct ev_container *c = &ev.u.container;

	c->what = C_LISTED;
	c->state = CS_EXITED;
	c->inspected = inspected;
	c->has_exit = true;
	c->exit_code = exit_code;
	c->finished_unix_ms = inspected ? WORLD_UNIX_MS + (int64_t)w.now_ms - ago_ms : 0;
	c->started_unix_ms = inspected ? c->finished_unix_ms - 10000 : 0;
	snprintf(c->id, DOCKER_ID_CAP, "%064u", 1u);
	world_feed(&w, &ev);
}

/* The engine's stream is open, and silent while a container ends. */
static void end_missed(int exit_code, bool is_told, const char *name)
{
	struct event up = event(EV_SOURCE);
	struct event died = event(EV_CONTAINER);
	uint32_t next_id;

	begin(MODE_OFF);
	up.u.source.source = SRC_ENGINE;
	up.u.source.state = SS_UP;
	world_feed(&w, &up);
	container_event(1, 1, C_CREATED);
	container_event(1, 1, C_STARTED);
	world_run(&w, 60000);
	w.core.container[0].inspect_ms = 0;
	found_ended(false, exit_code, 0);
	ok(w.core.container[0].inspect_ms > w.core.now_ms && !any_failure(), "%s: an end that only a listing tells waits for its event", name);
	found_ended(true, exit_code, 1000);
	ok(!any_failure(), "%s: nor is one told that ended just now", name);
	w.core.container[0].state = CS_RUNNING;
	found_ended(true, exit_code, 50000);
	ok(any_failure() == is_told, "%s: then it is %s", name, is_told ? "told" : "none");
	if (is_told)
		ok(w.core.failure[0].f.class == CLASS_EXITED_EARLY && strstr(w.core.failure[0].f.reason, ", 10.0 s after") != NULL,
		   "by when it ended: %s", w.core.failure[0].f.reason);
	next_id = w.core.next_id;
	died.u.container.what = C_DIED;
	died.u.container.exit_code = exit_code;
	snprintf(died.u.container.id, DOCKER_ID_CAP, "%064u", 1u);
	world_feed(&w, &died);
	ok(w.core.next_id == next_id && (!is_told || w.core.failure[0].f.count == 1), "%s: its event comes late: nothing new", name);
	container_event(1, 1, C_STARTED);
	world_run(&w, 100);
	died.u.container.exit_code = 1;
	world_feed(&w, &died);
	ok(any_failure(), "%s: the next end is one of its own", name);
	sound("an end that was missed");
}

/* Its row gave way between the failures of its two containers. */
static void counted_once(void)
{
	struct event ev = event(EV_CHANGE);

	begin(MODE_OFF);
	failures(1, 1);
	ok(w.core.failure[0].f.counted, "the first container of a task that fails counts");
	for (unsigned i = 0; i < TASKS_MAX; i++)
		world_place(&w, 100 + i, "web", 1);
	ok(!has_task(1), "its task is gone");
	world_stopped(&w, 100, STAGE_RUN, CLASS_NONE, "", 0);
	world_place(&w, 1, "web", 1);
	snprintf(ev.u.change.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", 1u);
	snprintf(ev.u.change.container, NAME_CAP, "beside");
	ev.u.change.task_status = ev.u.change.status = TS_STOPPED;
	ev.u.change.essential = TRI_YES;
	ev.u.change.stage = STAGE_PULL;
	ev.u.change.class = CLASS_PULL_UNKNOWN;
	world_feed(&w, &ev);
	ok(w.core.failure[1].used && !w.core.failure[1].f.counted, "seen again, its second container is told and does not count");
	sound("counted once");
}

/* What gives way first is what cannot be seen again, and that may be the newest of all. */
static void found_between(void)
{
	struct event ev = event(EV_CONTAINER);

	begin(MODE_OFF);
	list_unstarted(FAILURES_MAX);
	ev.u.container.what = C_DESTROYED;
	snprintf(ev.u.container.id, DOCKER_ID_CAP, "%064u", 0u);
	world_feed(&w, &ev);
	for (unsigned i = 0; i < 2; i++) {
		const uint32_t next_id = w.core.next_id;

		unstarted(1000 + i, WORLD_UNIX_MS - 5 * 60000 - 1 - (int64_t)i);
		is_int(w.core.next_id, next_id + 1, "found late, and older than what gave way: it is told all the same (%u)", i);
		settle(50);
	}
}

/* Of a full table, too, that was filled while the clock was ahead. */
static void clock_went_back(void)
{
	uint32_t next_id;

	begin(MODE_OFF);
	list_unstarted(FAILURES_MAX);
	for (uint32_t i = 0; i < FAILURES_MAX; i++)
		w.core.failure[i].f.first_unix_ms += 2 * INT64_C(86400000);
	next_id = w.core.next_id;
	pull_failed(w.core.now_unix_ms);
	is_int(w.core.next_id, next_id + 1, "a full table of a clock that was ahead hides nothing new");
}

static void log_alone(int exit_code, bool is_told, const char *name)
{
	begin(MODE_OFF);
	world_place(&w, 1, "web", 1);
	world_stopped(&w, 1, STAGE_RUN, CLASS_NONE, "", exit_code);
	ok(any_failure() == is_told, "an exit that only the log tells, %s", name);
}

static void cluster_by_arn(void)
{
	struct event ev = event(EV_EPOCH);

	begin(MODE_OFF);
	snprintf(ev.u.epoch.cluster, NAME_CAP, "arn:aws:ecs:eu-west-1:1:cluster/edge");
	world_feed(&w, &ev);
	failures(1, 1);
	ok(w.core.failure[0].used, "a cluster named by its ARN is the same cluster");
	snprintf(ev.u.epoch.cluster, NAME_CAP, "arn:aws:ecs:eu-west-1:1:cluster/other");
	world_feed(&w, &ev);
	is_int(w.core.epoch, 3, "each other name of it begins an epoch");
	w.core.failure[0].used = false;
	failures(2, 1);
	ok(!w.core.failure[0].used, "what is of another cluster is nobody's failure here");
}

static void rare_looks(void)
{
	struct event ev = event(EV_AWS_REVISION);
	struct service *s = acting();

	s->look.step = LOOK_REVISION;
	s->look.ask = 7;
	s->n_revisions = REVISIONS_MAX;
	for (uint32_t i = 0; i < REVISIONS_MAX; i++)
		snprintf(s->revision[i].arn, ARN_CAP, "revision%u", i);
	ev.u.aws_revision.ask = 7;
	snprintf(ev.u.aws_revision.arn, ARN_CAP, "one more");
	world_feed(&w, &ev);
	is_int(s->n_revisions, REVISIONS_MAX, "revisions: the bound holds");
	is_str(s->revision[0].arn, "revision1", "the oldest gives way");
	ev.u.aws_revision.arn[0] = '\0';
	ev.u.aws_revision.last = true;
	world_feed(&w, &ev);
	is_int(s->look.step, LOOK_IDLE, "an answer without any revision ends the look");
	s->dep.status = SD_SUCCESSFUL;
	w.core.params.heartbeat_ms = 60000;
	for (w.core.params.fleet = 0; w.core.params.fleet <= 20000; w.core.params.fleet += 20000) {
		s->look.step = LOOK_LIST;
		s->look.full = false;
		s->look.ask = 8;
		s->rb.state = RB_NONE;
		ev = event(EV_AWS_LIST);
		ev.u.aws_list.ask = 8;
		world_feed(&w, &ev);
		is_int(s->look.next_ms - w.core.now_ms, w.core.params.fleet == 0 ? 60000 : 2000000,
		       "a fleet of %u looks at a service that rests so often", w.core.params.fleet);
	}
}

static void line_goes_bad_later(void)
{
	struct service *s = acting();
	struct event ev = event(EV_FACT);

	w.core.failure[0].f.stage = STAGE_RUN;
	w.core.failure[0].f.link_bad = false;
	w.core.failure[0].seen_ms = w.core.now_ms;
	w.core.aws_ok_ms = w.core.now_ms - 1;
	s->rb.failure = w.core.failure[0].f.id;
	s->rb.link_bad = false;
	ev.u.fact.fact = FACT_ROUTE;
	ev.u.fact.yes = TRI_NO;
	world_feed(&w, &ev);
	ok(w.core.failure[0].f.link_bad && s->rb.link_bad, "an exit since AWS last answered fell while the line was bad, and its intent knows");
}

static void given_up_with_its_own(void)
{
	begin(MODE_OFF);
	for (unsigned i = 0; i < TASKS_MAX; i++)
		world_place(&w, i, "web", 1);
	world_create(&w, 5, "web", 1, "sha256:image1");
	world_start(&w, 5);
	world_die(&w, 5, 0);
	world_stopped(&w, 9, STAGE_RUN, CLASS_NONE, "", 0);
	world_stopped(&w, 5, STAGE_RUN, CLASS_NONE, "", 0);
	w.core.task[5].first_ms = 1;
	world_place(&w, 500, "web", 1);
	ok(container_of(&w.core, 5, "app") == NONE && w.core.task[9].used, "the oldest ended task gives way, and its containers with it");
	begin(MODE_OFF);
	for (int32_t i = 0; i < RELEASES_MAX; i++)
		plant_release(i, true);
	w.core.rows.releases = RELEASES_MAX;
	failures(1, 1);
	w.core.task[0].release = w.core.failure[0].release = 5;
	w.core.task[0].ended = true;
	w.core.release[5].first_unix_ms = 1;
	world_place(&w, 2, "web", 8);
	world_stopped(&w, 2, STAGE_PULL, CLASS_PULL_UNKNOWN, "strange", -1);
	ok(w.core.task[0].release == NONE && w.core.failure[0].release == NONE, "what was of a release that gave way is of none");
	sound("given up");
}

static void no_room_for_the_node(void)
{
	struct action out[CORE_MAX_ACTIONS];
	struct event ev = event(EV_SOURCE);
	uint32_t id;

	begin(MODE_OFF);
	failures(1, FAILURES_MAX);
	id = w.core.next_id;
	ev.u.source.source = SRC_ENGINE;
	ev.u.source.state = SS_UNREACHABLE;
	for (int i = 0; i < 40; i++) {
		for (int k = 0; k < FAILURES_MAX; k++)
			w.core.failure[k].save = true;
		ev.now_ms = w.now_ms += 60000;
		ev.now_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms;
		(void)core_step(&w.core, &ev, out);
	}
	is_int(w.core.next_id, id, "a state of the node that has no room waits");
}

static void quorum_cannot_be_asked(void)
{
	struct service *s = acting();
	struct event ev = event(EV_AWS_FAILED);

	s->rb.state = RB_QUORUM_WAIT;
	s->work.quorum_sent = true;
	ev.u.aws_failed.op = OP_QUORUM;
	ev.u.aws_failed.error = AE_UNREACHABLE;
	world_feed(&w, &ev);
	is_int(s->rb.state, RB_QUORUM_WAIT, "a quorum nobody can be asked for is waited for");
	ok(!s->work.quorum_sent && strstr(s->rb.reason, "may confirm") != NULL, "and a person may do without: %s", s->rb.reason);
}

static void no_witness(void)
{
	struct service *s = acting();

	w.conflict = false;
	s->rb.state = RB_DECIDED;
	s->rb.link_bad = true;
	s->work.stop_sent = false;
	s->work.next_ms = 0;
	world_run(&w, 60000);
	is_int(s->rb.state, RB_DECIDED, "seen while the line was bad: one failure with the line good is waited for");
	world_run(&w, 20 * 60 * 1000);
	is_int(s->rb.state, RB_EXPIRED, "for a quarter of an hour");
	is_int(w.stops, 1, "and nothing was sent for it");
}

/* --- any intent against any answer --------------------------------------------------------------------------------- */
static uint64_t dice_state;

static uint32_t draw(uint32_t n)
{
	dice_state = dice_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(dice_state >> 33) % n;
}

static bool one_in(uint32_t n)
{
	return draw(n) == 0;
}

static void bend_intent(struct service *s)
{
	struct rb_work *k = &s->work;

	s->rb.state = (enum rb_state)draw(RB_STATES);
	s->rb.confirmed = one_in(3);
	s->rb.by_operator = one_in(6);
	/* accepted: only of what is watched or over, as the core itself keeps it */
	s->rb.accepted = (s->rb.state == RB_WATCHING || s->rb.state == RB_ADOPTED || !rb_open(s->rb.state)) && one_in(2);
	s->rb.update = one_in(4);
	s->rb.link_bad = one_in(4);
	if (one_in(8))
		s->rb.deployment[0] = '\0';
	if (one_in(12))
		s->rb.family[0] = '\0';
	if (one_in(12))
		s->rb.failure = 0;
	if (one_in(6))
		s->rb.digest[0] = '\0';
	if (one_in(4))
		s->rb.target_revision_arn[0] = s->rb.target_family[0] = '\0';
	s->rb.expires_unix_ms += one_in(12) ? -INT64_C(90000000) : 0;
	s->rb.decided_unix_ms -= one_in(4) ? 20 * 60 * 1000 : 0;
	k->hold_ms = one_in(8) ? CORE_NEVER : one_in(8) ? w.core.now_ms + 5000 : w.core.now_ms;
	k->next_ms = one_in(4) ? w.core.now_ms + 1000 : 0;
	k->save = one_in(8);
	k->seq = one_in(10) ? 0 : one_in(10) ? w.core.saved_seq + 5 : w.core.saved_seq;
	k->stop_sent = one_in(3);
	k->stop_ms = w.core.now_ms > 95000 && one_in(3) ? w.core.now_ms - 95000 : w.core.now_ms;
	k->quorum_sent = one_in(3);
	k->quorum_ask = k->image_ask = s->asked.ask = s->look.ask = 7;
	k->quorum_ms = one_in(2) ? w.core.now_ms : 0;
	k->quorum = (struct ev_aws_quorum){ .tried = draw(8), .failed = draw(4), .ran_well = draw(2) };
	k->image_sent = one_in(2);
	k->image_wanted = one_in(4);
	k->image_ms = one_in(2) ? w.core.now_ms : 0;
	k->target_there = (enum tri)draw(3);
	k->conflicts = draw(4);
	k->watched = draw(8);
	k->unclear = draw(6);
	k->ask_person = one_in(8);
	k->breaker_ms = k->cb_grew_ms = one_in(2) ? w.core.now_ms : 0;
	s->asked.sent = one_in(2);
	s->asked.said.controller = (enum controller)draw(CONTROLLERS);
	s->asked.ms = one_in(2) ? w.core.now_ms : 0;
	s->history_denied = one_in(12);
	s->m.hold_until_unix_ms = one_in(12) ? INT64_MAX : 0;
	if (one_in(12))
		s->n_history = 0;
	for (uint32_t i = 1; i < s->n_history; i++) {
		s->history[i].status = (enum sd_status)draw(SD_STATUSES - 1);
		s->history[i].created_unix_ms -= one_in(4) ? INT64_C(90000000) : 0;
	}
	for (uint32_t i = 0; i < s->n_revisions; i++) {
		s->revision[i].missing = one_in(10);
		s->revision[i].n = one_in(6) ? 0 : 1;
		s->revision[i].image[0].tagged = one_in(2);
		s->revision[i].image[0].reference = draw(3);
		if (one_in(6))
			s->revision[i].image[0].digest[0] = '\0';
		if (one_in(12))
			snprintf(s->revision[i].image[0].digest, DIGEST_CAP, "sha256:other");
		if (one_in(8))
			s->revision[i].revision = 11 + draw(2);
	}
}

static void bend_node(struct core *c)
{
	struct policy *p = &c->params.service[0].policy;

	p->mode = one_in(3) ? (enum rb_mode)draw(MODES) : MODE_AUTO;
	p->quorum_auto = !one_in(4);
	p->allow_update_service = c->service[0].rb.update || one_in(2);   /* it was allowed when it was asked for */
	p->max_rollbacks_per_day = draw(4);
	c->fact[FACT_ROUTE].yes = one_in(8) ? TRI_NO : TRI_YES;
	c->fact[FACT_CLOCK].yes = one_in(8) ? TRI_UNKNOWN : TRI_YES;
	c->fact[FACT_DISK].yes = (enum tri)draw(3);
	c->aws_retry_ms = 0;
	c->n_accepted = 0;
	memset(c->accepted, 0, sizeof(c->accepted));
	if (c->service[0].rb.accepted)
		snprintf(c->accepted[0], ARN_CAP, "%s", c->service[0].dep.arn);
	for (int i = 0; i < 3; i++) {
		struct release *r = &c->release[i];

		r->good = r->used && one_in(3);
		r->bad = r->used && one_in(3);
		r->starts = one_in(3);
		if (r->used && one_in(8))
			r->deployment[0] = '\0';
		if (r->n_images > 0)
			snprintf(r->image[0].arch, sizeof(r->image[0].arch), one_in(8) ? "arm64" : "amd64");
		c->failure[i].f.blame = (enum blame)draw(3);
		c->failure[i].f.last_unix_ms = one_in(2) ? c->now_unix_ms : 0;
		c->failure[i].f.link_bad = one_in(3);
	}
}

static void answers_deployment(const struct service *s, struct event *ev)
{
	struct ev_aws_deployment *d = &ev->u.aws_deployment;

	ev->type = EV_AWS_DEPLOYMENT;
	*d = s->dep;
	d->service = 0;
	d->ask = 7;
	d->status = (enum sd_status)draw(SD_STATUSES - 1);
	d->missing = one_in(20);
	d->requested = one_in(3) ? 10 : 1;
	d->running = draw(2);
	d->source_running = draw(2);
	d->cb_enabled = one_in(2);
	d->cb_rollback = !one_in(3);
	d->cb_status = one_in(4) ? CB_DISABLED : CB_MONITORING;
	d->cb_failures = draw(4);
	d->cb_threshold = draw(4);
	d->created_unix_ms += one_in(4) ? 100000 : 0;
	if (one_in(8))
		snprintf(d->arn, ARN_CAP, "arn:aws:ecs:eu-west-1:1:service-deployment/edge/web/other");
	if (one_in(8))
		snprintf(d->source_revision, ARN_CAP, "%s", one_in(2) ? "" : d->target_revision);
	if (one_in(8))
		snprintf(d->target_revision, ARN_CAP, "%s", s->revision[draw(2)].arn);
	snprintf(d->rollback_revision, ARN_CAP, "%s", one_in(2) ? "" : s->revision[draw(2)].arn);
}

/* Anything that can happen to an intent. */
static struct event anything(struct service *s)
{
	static const enum ev_type others[] = { EV_AWS_STOPPED, EV_AWS_UPDATED, EV_AWS_QUORUM, EV_TARGET_IMAGE, EV_AWS_SERVICE };
	struct event ev = event(EV_TICK);
	uint32_t which = draw(10);

	if (which < 5) {
		s->look.step = LOOK_DEPLOYMENT;
		answers_deployment(s, &ev);
	} else if (which == 5) {
		ev.type = EV_AWS_FAILED;
		ev.u.aws_failed = (struct ev_aws_failed){ .op = (enum aws_op)draw(AWS_OPS), .error = (enum aws_error)draw(AWS_ERRORS), .ask = 7 };
	} else if (which == 6) {
		ev.type = EV_OPERATOR;
		ev.u.operator.verb = (enum op_verb)draw(OPV_LOOK + 1);
		ev.u.operator.for_ms = draw(2) * 1000;
		snprintf(ev.u.operator.service, NAME_CAP, "web");
		if (one_in(3)) {
			snprintf(ev.u.operator.to_family, NAME_CAP, "web");
			ev.u.operator.to_revision = 11;
		}
	} else if (which < 9) {
		ev.type = others[draw(5)];
		/* these begin alike: service, ask */
		ev.u.aws_quorum = (struct ev_aws_quorum){ .service = 0, .ask = 7, .tried = draw(8), .failed = draw(4), .ran_well = draw(2) };
		if (ev.type == EV_AWS_STOPPED)
			snprintf(ev.u.aws_stopped.arn, ARN_CAP, "%s", s->rb.deployment);
		if (ev.type == EV_TARGET_IMAGE)
			ev.u.target_image = (struct ev_target_image){ .ask = 7, .there = (enum tri)draw(3) };
		if (ev.type == EV_AWS_SERVICE)
			ev.u.aws_service = (struct ev_aws_service){ .ask = 7, .missing = one_in(4), .controller = (enum controller)draw(CONTROLLERS) };
	}
	return ev;
}

/* w.core = *base, without the megabytes that neither of them uses. */
static void again(const struct core *base)
{
	struct rows now = w.core.rows;

	memcpy(&w.core, base, offsetof(struct core, task));
	memcpy(w.core.task, base->task, (size_t)now.tasks * sizeof(base->task[0]));
	memcpy(w.core.container, base->container, (size_t)now.containers * sizeof(base->container[0]));
	memcpy(w.core.release, base->release, (size_t)now.releases * sizeof(base->release[0]));
	memcpy(w.core.service, base->service, (size_t)now.services * sizeof(base->service[0]));
	memcpy(w.core.failure, base->failure, (size_t)now.failures * sizeof(base->failure[0]));
}

static void any_intent(void)
{
	static struct core base;
	struct action out[CORE_MAX_ACTIONS];
	struct service *s = &w.core.service[0];
	unsigned reopened = 0, unsound = 0, lawless = 0, sent = 0;
	const char *first = NULL;

	(void)acting();
	failures(100, 2);
	base = w.core;
	dice_state = 1;
	for (unsigned i = 0; i < 30000; i++) {
		struct rollback before;
		struct event ev;
		const char *broken;
		size_t n;

		again(&base);
		w.core.now_ms += 100000;
		bend_intent(s);
		bend_node(&w.core);
		before = s->rb;
		s->dep_ms = one_in(8) ? 1 : w.core.now_ms;
		ev = anything(s);
		ev.now_ms = w.core.now_ms + draw(3) * 3000;
		ev.now_unix_ms = WORLD_UNIX_MS + (int64_t)ev.now_ms;
		n = core_step(&w.core, &ev, out);
		broken = (const char *)core_check(&w.core, out, n);
		sent += stop_in(out, n);
		/* but what AWS did take is watched, whatever was decided meanwhile */
		reopened += !rb_open(before.state) && s->rb.id == before.id && s->rb.state != before.state &&
			    ev.type != EV_AWS_STOPPED && ev.type != EV_AWS_UPDATED;
		unsound += (unsigned)s->rb.state >= RB_STATES || (rb_open(s->rb.state) && s->rb.id == 0 && before.id != 0) ||
			   core_deadline(&w.core) < w.core.now_ms;
		/* an intent that was put into `acting` by hand is not the core's doing */
		lawless += broken != NULL && before.state != RB_ACTING;
		if (first == NULL && broken != NULL && before.state != RB_ACTING) {
			first = broken;
			printf("# draw %u: from %s to %s by %s: %s\n", i, rb_state_name(before.state), rb_state_name(s->rb.state), ev_name(ev.type), broken);
		}
	}
	is_int(reopened, 0, "30000 draws of an intent and what happens to it: what has ended stays ended");
	is_int(unsound, 0, "no state nobody knows, no deadline in the past");
	is_int(lawless, 0, "nothing is sent against an invariant");
	ok(sent > 50, "and %u stops left", sent);
}

int main(void)
{
	words();
	advice();
	container_table();
	no_room_for_a_task();
	made_while_listed();
	awaited();
	ids_without_arn();
	families();
	release_table();
	failure_table_blocked();
	restored_into_full_tables();
	stray_answers();
	old_number_right_step();
	short_list_is_no_history();
	refusals();
	ends();
	overtaken();
	another_revision_than_predicted();
	more_than_fits();
	stop_waits_for_room();
	holes();
	ids_of_people();
	invariants();
	another_architecture();
	told_before();
	start_told_before();
	more_than_remembered();
	rows_of_unstarted();
	containers_of_unstarted();
	rows_of_awaited();
	counted_once();
	end_missed(1, true, "an exit");
	end_missed(143, false, "what looks like a stop");
	end_missed(0, false, "a success");
	found_between();
	clock_went_back();
	numbers_go_on();
	log_alone(1, true, "with a code of its own");
	log_alone(137, false, "as a kill looks");
	log_alone(143, false, "as a stop looks");
	log_alone(0, false, "with success");
	cluster_by_arn();
	rare_looks();
	line_goes_bad_later();
	given_up_with_its_own();
	no_room_for_the_node();
	quorum_cannot_be_asked();
	no_witness();
	any_intent();
	wide = true;
	restored_into_full_tables();
	refusals();
	ends();
	overtaken();
	another_revision_than_predicted();
	stop_waits_for_room();
	return done();
}
