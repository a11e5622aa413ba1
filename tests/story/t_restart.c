/* kill -9 after every single step of a story: it ends the same, and nothing is done twice. */
#include "tests/story/world.h"
#include "tests/tap.h"

static struct world w;

static void list_again(struct world *world)
{
	world_listed(world, 1, "web", 11, "sha256:image11");
	if (world->core.node.boot_id[0] != '\0' && world->n_deps > 1) {
		world_place(world, 2, "web", 12);
		world_start_failed(world, 2, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory");
		world_stopped(world, 2, STAGE_START, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory", -1);
	}
}

/* The control plane goes on by itself: a rollback that was accepted is done half a minute later. */
static void cloud_goes_on(void)
{
	for (int i = 0; i < 40; i++) {
		world_run(&w, 5000);
		if (w.dep[0].status == SD_ROLLBACK_IN_PROGRESS && i > 12)
			world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	}
}

static void story(uint64_t restart_at)
{
	world_init(&w, MODE_AUTO);
	w.after_restart = list_again;
	world_deploy(&w, "web", 11, "sha256:digest11");
	world_place(&w, 1, "web", 11);
	world_create(&w, 1, "web", 11, "sha256:image11");
	world_image(&w, "sha256:image11", "sha256:digest11");
	world_start(&w, 1);
	world_running(&w, 1);
	world_run(&w, 65000);
	world_status(&w, SD_SUCCESSFUL);
	world_run(&w, 40000);
	w.steps = 0;
	w.restart_at = restart_at;
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_place(&w, 2, "web", 12);
	world_run(&w, 500);
	world_create(&w, 2, "web", 12, "sha256:image12");
	world_run(&w, 100);
	world_start_failed(&w, 2, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory");
	world_run(&w, 200);
	world_stopped(&w, 2, STAGE_START, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory", -1);
	cloud_goes_on();
}

static unsigned told(void)
{
	unsigned n = 0;

	for (const char *p = w.trace; (p = strstr(p, "FAILURE")) != NULL; p++)
		n++;
	return n;
}

int main(void)
{
	uint64_t steps, at, twice = 0;
	const char *wrong = NULL;

	story(0);
	steps = w.steps;
	ok(w.broken == NULL && w.stops == 1, "undisturbed: one stop in %u steps", (unsigned)steps);
	is_int(w.core.service[0].rb.state, RB_ROLLED_BACK, "and it is rolled back");
	for (at = 1; at <= steps && wrong == NULL; at++) {
		story(at);
		twice += told() > 1;
		if (w.broken != NULL)
			wrong = w.broken;
		else if (w.stops != 1)
			wrong = "not exactly one stop";
		else if (w.core.service[0].rb.state != RB_ROLLED_BACK)
			wrong = rb_state_name(w.core.service[0].rb.state);
		else if (told() > 2)
			wrong = "told more than twice";
	}
	ok(wrong == NULL, "killed after any of %u steps: %s", (unsigned)steps, wrong ? wrong : "the same end");
	if (wrong != NULL)
		printf("# step %u\n%s", (unsigned)(at - 1), world_trace(&w));
	/* between the telling and the fsync lies one step: only there a restart tells again */
	ok(twice <= 2, "told again only when the record was not on disk yet (%u times)", (unsigned)twice);
	return done();
}
