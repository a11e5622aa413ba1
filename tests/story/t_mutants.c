/* What planted bugs of the core (tests/mutants) would otherwise get past: each story is one rule and the one moment it is for. */
#include "tests/story/world.h"
#include "tests/tap.h"

#include <string.h>

static struct world w;

static void begin(void)
{
	world_init(&w, MODE_AUTO);
	w.target_there = TRI_YES;
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	(void)world_trace(&w);
}

/* One occurrence of it is a verdict. */
static void bad_start(unsigned task, uint32_t revision, const char *image_id)
{
	world_place(&w, task, "web", revision);
	world_create(&w, task, "web", revision, image_id);
	world_run(&w, 100);
	world_start_failed(&w, task, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory");
	world_run(&w, 200);
	world_stopped(&w, task, STAGE_START, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory", -1);
	world_run(&w, 2000);
}

/* An exit that has many possible causes; three of them are a verdict. */
static void exits(unsigned task, uint32_t revision, const char *image_id)
{
	world_place(&w, task, "web", revision);
	world_create(&w, task, "web", revision, image_id);
	world_start(&w, task);
	world_running(&w, task);
	world_run(&w, 300);
	world_die(&w, task, 1);
	world_stopped(&w, task, STAGE_RUN, CLASS_NONE, "", 1);
	world_run(&w, 8000);
}

static void bad_release(unsigned task, uint32_t revision, const char *image_id, const char *digest)
{
	world_deploy(&w, "web", revision, digest);
	w.dep[0].source_running = 1;
	world_image(&w, image_id, digest);
	bad_start(task, revision, image_id);
}

static void comes_back(void)
{
	world_run(&w, 60000);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 120000);
}

static const struct rollback *intent(void)
{
	return &w.core.service[0].rb;
}

static void ends(uint32_t stops, enum rb_state state, const char *name)
{
	is_int(w.stops, stops, "%s: so many stops", name);
	is_str(rb_state_name(intent()->state), rb_state_name(state), "%s: so it ends", name);
	ok(w.broken == NULL, "no invariant is broken%s%s", w.broken ? ": " : "", w.broken ? w.broken : "");
}

/* kedge starts again after its journal was rewritten: of each key only the newest record is left. */
static void restart_from_rewritten_journal(void)
{
	static struct core before;
	static struct core_params params;
	struct event ev = { .type = EV_RESTORE };
	struct record *r = &ev.u.restore.record;

	before = w.core;
	params = w.core.params;
	memset(&w.core, 0, sizeof(w.core));
	w.queued = 0;
	core_init(&w.core, &params);
	for (int kind = 0; kind < REC_KINDS; kind++)
		for (uint32_t i = 0; i < FAILURES_MAX; i++) {
			bool there = kind == REC_EPOCH ? i == 0
				   : kind == REC_SERVICE ? i < SERVICES_MAX && before.service[i].used
				   : kind == REC_ROLLBACK ? i < SERVICES_MAX && before.service[i].used && before.service[i].rb.state != RB_NONE
				   : kind == REC_RELEASE ? i < RELEASES_MAX && before.release[i].used && (before.release[i].good || before.release[i].bad)
				   : kind == REC_FAILURE && before.failure[i].used;

			if (!there)
				continue;
			core_record(&before, (enum rec_kind)kind, i, r);
			r->seq = before.next_seq;
			world_feed(&w, &ev);
		}
	ev.u.restore.last = true;
	world_feed(&w, &ev);
	for (int i = 0; i < 3; i++) {
		static const enum fact good[] = { FACT_CLOCK, FACT_ROUTE, FACT_CREDENTIALS };
		struct event fact = { .type = EV_FACT };

		fact.u.fact.fact = good[i];
		fact.u.fact.yes = TRI_YES;
		world_feed(&w, &fact);
	}
	world_listed(&w, 1, "web", 11, "sha256:image11");
	world_run(&w, 60000);
}

static void the_bad_one_comes_back(void)
{
	begin();
	bad_release(2, 12, "sha256:image12", "sha256:digest12");
	comes_back();
	ends(1, RB_ROLLED_BACK, "a bad release");
	bad_release(3, 13, "sha256:image13", "sha256:digest13");
	comes_back();
	ends(2, RB_ROLLED_BACK, "another one");
	restart_from_rewritten_journal();
	/* so many good ones since that AWS's list no longer shows it: only this node's memory does */
	for (unsigned i = 0; i < HISTORY_MAX - 1; i++) {
		char image[DIGEST_CAP], digest[DIGEST_CAP];

		snprintf(image, sizeof(image), "sha256:image%u", 14 + i);
		snprintf(digest, sizeof(digest), "sha256:digest%u", 14 + i);
		world_good(&w, 10 + i, "web", 14 + i, image, digest);
	}
	bad_release(4, 12, "sha256:image12", "sha256:digest12");
	world_run(&w, 120000);
	ends(2, RB_AWAITING_CONFIRMATION, "the first one deployed again after a restart");
}

static void a_person_goes_back(void)
{
	begin();
	world_good(&w, 2, "web", 27, "sha256:image27", "sha256:digest27");
	world_deploy(&w, "web", 11, "sha256:digest11");
	w.dep[0].source_running = 1;
	bad_start(3, 11, "sha256:image11rebuilt");
	world_run(&w, 120000);
	ends(0, RB_REFUSED, "somebody's rollback that fails here");
	ok(strstr(intent()->reason, "somebody is rolling back") != NULL, "and it says why: %s", intent()->reason);
}

static void enough_for_today(void)
{
	begin();
	w.core.params.service[0].policy.max_rollbacks_per_day = 1;
	bad_release(2, 12, "sha256:image12", "sha256:digest12");
	comes_back();
	ends(1, RB_ROLLED_BACK, "the first bad release of the day");
	bad_release(3, 13, "sha256:image13", "sha256:digest13");
	world_run(&w, 120000);
	ends(1, RB_REFUSED, "the second");
	ok(strstr(intent()->reason, "too often") != NULL, "and it says why: %s", intent()->reason);
}

static void another_epoch(void)
{
	struct event ev = { .type = EV_EPOCH };

	begin();
	world_deploy(&w, "web", 12, "sha256:digest12");
	exits(2, 12, "sha256:image12");
	exits(3, 12, "sha256:image12");
	snprintf(ev.u.epoch.engine_version, sizeof(ev.u.epoch.engine_version), "20.10");
	world_feed(&w, &ev);
	snprintf(ev.u.epoch.engine_version, sizeof(ev.u.epoch.engine_version), "28.5");
	world_feed(&w, &ev);
	exits(4, 12, "sha256:image12");
	world_run(&w, 60000);
	ends(0, RB_NONE, "two exits before the engine's upgrade and one after it");
	exits(5, 12, "sha256:image12");
	exits(6, 12, "sha256:image12");
	world_run(&w, 60000);
	is_int(w.stops, 1, "three after it are a verdict");
}

static void a_sidecar(void)
{
	struct event ev = { .type = EV_CHANGE };
	struct ev_change *x = &ev.u.change;

	begin();
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_place(&w, 2, "web", 12);
	world_run(&w, 1000);
	snprintf(x->task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", 2u);
	snprintf(x->container, NAME_CAP, "sidecar");
	x->task_status = TS_PENDING;
	x->status = TS_STOPPED;
	x->essential = TRI_NO;
	x->stage = STAGE_START;
	x->class = CLASS_EXEC_NOT_FOUND;
	snprintf(x->reason, REASON_CAP, "exec: \"/nosuch\": no such file or directory");
	world_feed(&w, &ev);
	world_run(&w, 60000);
	ok(strstr(world_trace(&w), "sidecar") != NULL, "a sidecar that cannot start is told");
	ends(0, RB_NONE, "but counts for nothing");
}

static void the_cloud_is_away(void)
{
	struct event ev = { .type = EV_FACT };

	begin();
	world_deploy(&w, "web", 12, "sha256:digest12");
	world_run(&w, 5000);
	ev.u.fact.fact = FACT_DNS;
	ev.u.fact.yes = TRI_NO;
	world_feed(&w, &ev);
	for (unsigned task = 2; task < 6; task++)
		exits(task, 12, "sha256:image12");
	is_int(w.core.failure[0].f.blame, BLAME_NETWORK, "an application that exits while its cloud is away");
	world_run(&w, 60000);
	ends(0, RB_NONE, "is no bad release");
}

/* The old task was there before kedge: it runs, but nothing shows that it could be started today. */
static void merely_running(void)
{
	world_init(&w, MODE_AUTO);
	world_deploy(&w, "web", 11, "sha256:digest11");
	world_status(&w, SD_SUCCESSFUL);
	world_place(&w, 1, "web", 11);
	world_listed(&w, 1, "web", 11, "sha256:image11");
	world_running(&w, 1);
	world_run(&w, 120000);
	world_good(&w, 2, "web", 12, "sha256:image12", "sha256:digest12");
	world_run(&w, UINT64_C(2) * 3600 * 1000);
	for (unsigned task = 3; task < 7; task++)
		exits(task, 12, "sha256:image12");
	is_int(w.core.failure[0].f.blame, BLAME_UNKNOWN, "what worked here and fails now, beside an old task that merely runs");
	world_run(&w, 60000);
	ends(0, RB_NONE, "is not known to be the release's fault");
}

int main(void)
{
	the_bad_one_comes_back();
	a_person_goes_back();
	enough_for_today();
	another_epoch();
	a_sidecar();
	the_cloud_is_away();
	merely_running();
	return done();
}
