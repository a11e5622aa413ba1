/* The core's bounds at N-1, N and N+1, its invariants each broken on purpose, and its closed lists. */
#include "tests/story/world.h"
#include "tests/tap.h"

static struct world w;

static void placed(unsigned first, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		world_place(&w, first + i, "web", 1);
}

static unsigned tasks_used(void)
{
	unsigned n = 0;

	for (int i = 0; i < TASKS_MAX; i++)
		n += w.core.task[i].used;
	return n;
}

static void task_table(void)
{
	world_init(&w, MODE_OFF);
	placed(1, TASKS_MAX - 1);
	is_int(tasks_used(), TASKS_MAX - 1, "tasks: one below the bound");
	placed(TASKS_MAX, 1);
	is_int(tasks_used(), TASKS_MAX, "tasks: at the bound");
	is_int(w.core.counter.tasks_refused, 0, "none refused yet");
	placed(TASKS_MAX + 1, 1);
	is_int(tasks_used(), TASKS_MAX, "tasks: one more does not fit");
	is_int(w.core.counter.tasks_refused, 1, "it is refused and counted while all others live");
	world_stopped(&w, 7, STAGE_RUN, CLASS_NONE, "", 0);
	placed(TASKS_MAX + 2, 1);
	is_int(w.core.counter.tasks_dropped, 1, "an ended task gives way");
}

static void failure_table(void)
{
	world_init(&w, MODE_OFF);
	for (unsigned i = 1; i <= FAILURES_MAX + 1; i++) {
		world_place(&w, i, "web", 1);
		world_stopped(&w, i, STAGE_PULL, CLASS_PULL_UNKNOWN, "strange", -1);
		world_run(&w, 50);
		if (i == FAILURES_MAX)
			is_int(w.core.counter.failures_dropped, 0, "failures: at the bound none is dropped");
	}
	is_int(w.core.counter.failures_dropped, 1, "failures: one more drops the oldest, counted");
	ok(w.broken == NULL, "and no invariant breaks");
}

static void service_table(void)
{
	struct event ev = { .type = EV_TASK };

	world_init(&w, MODE_OFF);
	ev.u.task.what = T_SERVICE;
	for (unsigned i = 0; i < SERVICES_MAX + 1; i++) {
		snprintf(ev.u.task.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", i + 1);
		snprintf(ev.u.task.family, NAME_CAP, "family%u", i);
		snprintf(ev.u.task.service, NAME_CAP, "service%u", i);
		world_feed(&w, &ev);
		if (i == SERVICES_MAX - 1)
			is_int(w.core.counter.services_refused, 0, "services: at the bound none is refused");
	}
	is_int(w.core.counter.services_refused, 1, "services: one more is refused and counted");
}

static void oversized_text(void)
{
	static char reason[REASON_CAP + 100];

	memset(reason, 'x', sizeof(reason) - 1);
	world_init(&w, MODE_OFF);
	world_place(&w, 1, "web", 1);
	world_stopped(&w, 1, STAGE_PULL, CLASS_PULL_UNKNOWN, reason, -1);
	is_int(strlen(w.core.failure[0].f.reason), REASON_CAP - 1, "a reason as long as its bound is kept whole");
}

/* A state in which a stop is right; each test then breaks one thing. */
static struct service *acting(void)
{
	struct service *s = &w.core.service[0];

	world_init(&w, MODE_AUTO);
	world_deploy(&w, "web", 11, "sha256:d11");
	world_status(&w, SD_SUCCESSFUL);
	world_deploy(&w, "web", 12, "sha256:d12");
	world_place(&w, 1, "web", 12);
	world_create(&w, 1, "web", 12, "sha256:i12");
	world_start_failed(&w, 1, CLASS_EXEC_NOT_FOUND, "exec: \"/x\": no such file or directory");
	world_stopped(&w, 1, STAGE_START, CLASS_EXEC_NOT_FOUND, "exec", -1);
	for (int i = 0; i < 4000 && s->rb.state != RB_ACTING && s->rb.state != RB_WATCHING; i++)
		world_run(&w, 10);
	s->rb.state = RB_ACTING;
	s->rb.accepted = false;
	w.core.n_accepted = 0;
	memset(w.core.accepted, 0, sizeof(w.core.accepted));
	s->dep.status = SD_IN_PROGRESS;
	s->dep_ms = w.core.now_ms;
	s->work.save = false;
	s->work.seq = w.core.saved_seq;
	return s;
}

static const char *stop_check(void)
{
	const struct action stop = { .type = ACT_AWS_STOP };
	const char *broken = (const char *)core_check(&w.core, &stop, 1);

	return broken == NULL ? "" : broken;
}

static void breaks(const char *number)
{
	ok(strncmp(stop_check(), number, 1) == 0, "invariant %s: %s", number, stop_check());
}

static void invariants(void)
{
	struct service *s = acting();
	struct action report = { .type = ACT_REPORT };

	is_str(stop_check(), "", "a stop that is right breaks nothing");
	s->dep_ms -= 10000;
	breaks("1");
	s = acting();
	s->dep.status = SD_SUCCESSFUL;
	breaks("1");
	s = acting();
	snprintf(w.core.accepted[3], ARN_CAP, "%s", s->rb.deployment);
	breaks("2");
	s = acting();
	s->n_history = 1;
	for (int i = 0; i < RELEASES_MAX; i++)
		w.core.release[i].used = false;
	w.core.release[0] = (struct release){ .used = true, .bad = true, .revision = 11 };
	snprintf(w.core.release[0].service, NAME_CAP, "web");
	snprintf(w.core.release[0].family, NAME_CAP, "web");
	breaks("3");
	s = acting();
	s->work.seq = w.core.saved_seq + 1;
	breaks("4");
	(void)acting();
	w.core.failure[0].f.blame = BLAME_NODE;
	breaks("5");
	(void)acting();
	w.core.params.service[0].policy.mode = MODE_MANUAL;
	breaks("6");
	(void)acting();
	w.core.failure[5] = w.core.failure[0];
	w.core.rows.failures = 6;
	ok(core_check(&w.core, &report, 1) != NULL, "invariant 7: %s", (const char *)core_check(&w.core, &report, 1));
}

static void words(void)
{
	enum class class;
	bool found = true;

	for (int i = CLASS_NONE + 1; i < CLASSES; i++)
		found = found && class_from(slice_of(class_name((enum class)i)), &class) && (int)class == i;
	ok(found, "every class is found by its name");
	ok(!class_from(SLICE("no-such-class"), &class), "and no other");
	ok((class_default_set() & CLASS_BIT(CLASS_REGISTRY_UNREACHABLE)) == 0, "a registry that is down never rolls back by itself");
	for (int i = CLASS_NONE + 1; i < CLASSES; i++)
		found = found && (!class_deterministic((enum class)i) || class_blame((enum class)i) == BLAME_RELEASE);
	ok(found, "only what the release is to blame for is deterministic");
}

int main(void)
{
	task_table();
	failure_table();
	service_table();
	oversized_text();
	invariants();
	words();
	return done();
}
