/* What only the ECS agent's log tells, or tells otherwise than the engine: pulls for nobody, ends that were asked for, images that
 * were cached after all, lives that were long. */
#include "tests/story/world.h"
#include "tests/tap.h"

static struct world w;

static struct ev_change change(unsigned task)
{
	struct ev_change x = { .task_status = TS_STOPPED, .status = TS_STOPPED, .essential = TRI_YES, .stage = STAGE_RUN };

	snprintf(x.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", task);
	snprintf(x.container, NAME_CAP, "app");
	x.time_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms;
	return x;
}

static void tell(struct ev_change x)
{
	struct event ev = { .type = EV_CHANGE };

	ev.u.change = x;
	world_feed(&w, &ev);
	world_run(&w, 1000);
}

static const struct failure *newest(void)
{
	const struct failure *f = NULL;

	for (int32_t i = 0; i < w.core.rows.failures; i++)
		if (w.core.failure[i].used && (f == NULL || w.core.failure[i].f.id > f->id))
			f = &w.core.failure[i].f;
	return f;
}

static enum class class_of_newest(void)
{
	return newest() == NULL ? CLASS_NONE : newest()->class;
}

/* Revision 12 runs as task 2. */
static void begin(bool running)
{
	world_init(&w, MODE_AUTO);
	world_source(&w, SRC_ENGINE, SS_UP);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_place(&w, 2, "web", 12);
	if (!running)
		return;
	world_create(&w, 2, "web", 12, "sha256:image12");
	world_start(&w, 2);
	world_running(&w, 2);
	world_run(&w, 1000);
}

static void pulls_for_nobody(void)
{
	struct event ev = { .type = EV_PULL };

	begin(false);
	ev.u.pull.what = P_FAILED;
	ev.u.pull.class = CLASS_IMAGE_NOT_FOUND;
	snprintf(ev.u.pull.image, IMAGE_CAP, "registry:5000/other:1");
	world_feed(&w, &ev);
	ok(newest() == NULL, "a pull of a task nobody named is nobody's failure");
	snprintf(ev.u.pull.task, ARN_CAP, "0123456789abcdef");
	world_feed(&w, &ev);
	ok(newest() == NULL, "nor is one of a task that was never placed here");
	for (int what = 0; what <= P_WHATS; what++) {
		ev.u.pull.what = (enum pull_what)what;
		ev.u.pull.task[0] = '\0';
		world_feed(&w, &ev);
	}
	ok(newest() == NULL && w.broken == NULL, "whatever the log says of it");
}

static void told_to_stop(void)
{
	begin(false);
	w.core.task[1].stop_ordered = true;
	world_pull_attempt(&w, 2, CLASS_IMAGE_NOT_FOUND, "manifest unknown");
	tell((struct ev_change){ 0 });
	ok(newest() == NULL, "the pull of a task that ECS ended meanwhile did not fail");
}

/* The registry was down, the image cached: the container carries the pull's reason to its end. */
static void cached_after_all(void)
{
	struct ev_change x;

	begin(true);
	world_run(&w, 60000);
	x = change(2);
	x.stage = STAGE_PULL;
	x.class = CLASS_REGISTRY_UNREACHABLE;
	snprintf(x.reason, REASON_CAP, "CannotPullImageManifestError: connection refused");
	tell(x);
	ok(newest() == NULL, "it had started: its end says nothing about the pull");
	begin(false);
	x = change(2);
	x.stage = STAGE_PULL;
	x.class = CLASS_REGISTRY_UNREACHABLE;
	snprintf(x.runtime_id, sizeof(x.runtime_id), "4f5e");
	tell(x);
	ok(newest() == NULL, "nor where the log names the container it became");
	begin(false);
	x = change(2);
	x.stage = STAGE_PULL;
	x.class = CLASS_REGISTRY_UNREACHABLE;
	x.has_exit = true;
	x.exit_code = 3;
	tell(x);
	is_int(newest() == NULL ? STAGE_NODE : newest()->stage, STAGE_RUN, "with an exit code it is the end of a run");
	begin(false);
	x = change(2);
	x.stage = STAGE_PULL;
	x.class = CLASS_REGISTRY_UNREACHABLE;
	tell(x);
	is_int(class_of_newest(), CLASS_REGISTRY_UNREACHABLE, "and without anything of the kind it is the pull that failed");
}

static void asked_to_end(void)
{
	struct ev_change x;

	begin(true);
	world_kill(&w, 2, 15);
	x = change(2);
	x.class = CLASS_KILLED_BY_SIGNAL;
	x.has_exit = true;
	x.exit_code = 143;
	tell(x);
	ok(newest() == NULL, "what was asked to end did not fail");
	x.class = CLASS_OOM;
	x.exit_code = 137;
	tell(x);
	is_int(class_of_newest(), CLASS_OOM, "unless memory ended it first");
}

static void lived_long(void)
{
	struct ev_change x;

	begin(true);
	world_run(&w, 1200000);
	world_source(&w, SRC_ENGINE, SS_REFUSED);
	world_run(&w, 20000);
	x = change(2);
	x.has_exit = true;
	x.exit_code = 1;
	tell(x);
	is_int(class_of_newest(), CLASS_EXITED, "20 minutes after its start it is no early exit, though only the log tells");
	is_int(newest() == NULL ? BLAME_RELEASE : newest()->blame, BLAME_UNKNOWN, "... and nobody saw who asked for it");
}

static void ended_well(void)
{
	struct ev_change x;

	begin(true);
	x = change(2);
	x.has_exit = true;
	tell(x);
	ok(newest() == NULL, "code 0 that nobody saw is no failure");
	begin(true);
	world_die(&w, 2, 7);
	world_run(&w, 100);
	x = change(2);
	x.has_exit = true;
	x.exit_code = 7;
	tell(x);
	is_int(w.core.rows.failures, 1, "what the engine has told already is told once");
}

static void of_no_container(void)
{
	struct ev_change x;

	begin(true);
	x = change(2);
	x.container[0] = '\0';
	x.task_status = TS_RUNNING;
	x.status = TS_RUNNING;
	tell(x);
	x.task_status = TS_STOPPED;
	x.time_unix_ms = 0;
	tell(x);
	ok(newest() == NULL && w.core.task[1].ended, "a line about the whole task ends it, at the time of its reading");
}

int main(void)
{
	pulls_for_nobody();
	told_to_stop();
	cached_after_all();
	asked_to_end();
	lived_long();
	ended_well();
	of_no_container();
	ok(w.broken == NULL, "no invariant is broken");
	return done();
}
