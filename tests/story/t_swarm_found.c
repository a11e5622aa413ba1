/* What the modelled world found, each fault as a story of its own. */
#include "tests/story/world.h"
#include "tests/tap.h"

static struct world w;

static void good(unsigned task, uint32_t revision, const char *image_id, const char *digest)
{
	world_deploy(&w, "web", revision, digest);
	world_place(&w, task, "web", revision);
	world_create(&w, task, "web", revision, image_id);
	world_image(&w, image_id, digest);
	world_start(&w, task);
	world_running(&w, task);
	world_run(&w, 65000);
	world_status(&w, SD_SUCCESSFUL);
	world_run(&w, 40000);
}

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
	good(1, 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 600000);
	world_deploy(&w, "web", 12, "sha256:digest12");
	fails_at_start(2, 12, "sha256:image12", "sha256:digest12");
	is_int(w.stops, 0, "a release that AWS's history shows hauled back within the day is not hauled back by itself again");
	is_int(w.core.service[0].rb.state, RB_AWAITING_CONFIRMATION, "a person is asked instead");
	ok(w.broken == NULL, "no invariant is broken");
}

int main(void)
{
	another_node_hauled_it_back();
	return done();
}
