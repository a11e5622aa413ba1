/* Cuts the power after every step of several stories and at every byte of every write of the journal, starts again from
 * what the disk holds, and runs each story to its end: crash [--every N] [--replay STORY:CUT].
 * --every N: of the bytes only each Nth, beside the first and the last of every frame. */
#include "tests/crash/site.h"
#include "tests/tap.h"

#include <stdlib.h>

static const struct story stories[] = {
	{ .name = "no-exec", .mode = MODE_AUTO, .bad = NO_EXEC, .end = RB_ROLLED_BACK, .minutes = 8 },
	{ .name = "no-image-confirmed", .mode = MODE_MANUAL, .bad = NO_IMAGE, .person = CONFIRMS, .end = RB_ROLLED_BACK, .minutes = 12 },
	{ .name = "no-exec-cancelled", .mode = MODE_MANUAL, .bad = NO_EXEC, .person = CANCELS, .fixed_s = 240, .end = RB_CANCELLED, .minutes = 8 },
	{ .name = "no-exec-awaits", .mode = MODE_MANUAL, .bad = NO_EXEC, .end = RB_AWAITING_CONFIRMATION, .minutes = 5 },
	{ .name = "no-exec-shadow", .mode = MODE_SHADOW, .bad = NO_EXEC, .end = RB_SHADOW, .minutes = 5 },
	{ .name = "exits", .mode = MODE_AUTO, .bad = EXITS, .end = RB_ROLLED_BACK, .minutes = 10 },
	{ .name = "loops", .mode = MODE_AUTO, .bad = LOOPS, .end = RB_ROLLED_BACK, .minutes = 10 },
	{ .name = "no-exec-offline", .mode = MODE_AUTO, .bad = NO_EXEC, .line_down_s = 1, .line_up_s = 240, .end = RB_ROLLED_BACK, .minutes = 12 },
	{ .name = "overtaken-offline", .mode = MODE_AUTO, .bad = NO_EXEC, .line_down_s = 1, .line_up_s = 300, .fixed_s = 150,
	  .end = RB_SUPERSEDED, .minutes = 12 },
	{ .name = "disk-full", .mode = MODE_AUTO, .bad = NO_EXEC, .full_s = 1, .room_s = 120, .end = RB_ROLLED_BACK, .minutes = 10 },
	{ .name = "by-hand", .mode = MODE_OFF, .bad = EXITS, .person = ROLLS_BACK, .end = RB_ROLLED_BACK, .minutes = 10 },
	{ .name = "rewrite-early", .mode = MODE_AUTO, .bad = NO_EXEC, .journal_left = 1200, .end = RB_ROLLED_BACK, .minutes = 8 },
	{ .name = "rewrite-late", .mode = MODE_AUTO, .bad = EXITS, .journal_left = 5000, .end = RB_ROLLED_BACK, .minutes = 10 },
};
#define STORIES (sizeof(stories) / sizeof(stories[0]))

/* How the power went. KILLED: only kedge; what was written stays. TORN: the last write ends after some bytes. ZEROED: it has
 * its length, but zeros behind those bytes. LEFT: a rewrite whose rename is not on disk; DONE: it is, nobody heard so. */
enum how { KILLED, POWER, TORN, ZEROED, LEFT, DONE, HOWS };
static const char *const how_name[] = { "killed", "power", "torn", "zeroed", "rewrite-left", "rewrite-done" };

static struct run story, branch;
static struct node nodes[2];
static struct conf conf;
static struct { uint64_t steps, cuts[HOWS], failed, writes, bytes; } total;
static uint64_t every = 1, cut_number, only_cut;
static uint32_t stops_wanted;

static uint32_t last_service(const struct core *c)
{
	return c->rows.services > 0 ? (uint32_t)c->rows.services - 1 : 0;
}

static const char *ends_right(struct run *r)
{
	const struct service *s = &r->node->core.service[last_service(&r->node->core)];
	const struct story *y = r->s.story;
	uint32_t stops = 0;

	if (r->broken[0] != '\0')
		return r->broken;
	for (uint32_t i = 0; i < r->s.n_deps; i++) {
		stops += r->s.dep[i].stops;
		if (r->s.dep[i].stops > 1)
			return "two stops were accepted for one deployment";
	}
	if (s->rb.state != y->end)
		return rb_state_name(s->rb.state);
	if (stops != stops_wanted)
		return "another number of stops than without the cut";
	if (r->node->journal.batched != 0 || s->work.save || s->save)
		return "something still waits to be written";
	if (s->look.step != LOOK_IDLE || r->node->core.probe_until_ms != 0)
		return "a question is still open";
	if (y->end == RB_ROLLED_BACK && (s->rb.target_revision != 11 || r->s.dep[1].status != SD_ROLLBACK_SUCCESSFUL))
		return "rolled back to something else";
	return NULL;
}

static void go_on(enum how how)
{
	const char *wrong;

	total.cuts[how]++;
	site_run(&branch);
	wrong = ends_right(&branch);
	alive = &story;
	if (wrong == NULL)
		return;
	if (++total.failed <= 10)
		printf("# %s, cut %" PRIu64 " (%s) at %llu ms: %s\n# replay: crash --replay %s:%" PRIu64 "\n", story.s.story->name, cut_number,
		       how_name[how], (unsigned long long)story.s.now_ms, wrong, story.s.story->name, cut_number);
}

/* True when this cut is to be made; every cut has a number, so that one can be made alone. */
static bool begin_cut(enum how how)
{
	cut_number++;
	if (only_cut != 0 && cut_number != only_cut)
		return false;
	site_copy(&branch.s, &story.s);
	branch.lives = story.lives;
	branch.broken[0] = '\0';
	branch.steps = 0;
	branch.verbose = only_cut != 0;
	alive = &branch;
	site_die(&branch, how != KILLED);
	return true;
}

static void after_step(struct run *r)
{
	if (r != &story || r->s.now_ms < r->s.zero_ms)
		return;
	total.steps++;
	for (enum how how = KILLED; how <= POWER; how++)
		if (begin_cut(how))
			go_on(how);
}

static void put_back(size_t n, struct slice bytes)
{
	memcpy(branch.s.disk.file + n, bytes.p, bytes.n);
	branch.s.disk.n = n + bytes.n;
	branch.s.disk.there = true;
}

static void cut_append(struct slice bytes)
{
	size_t old = story.s.disk.n;

	for (size_t k = 0; k <= bytes.n; k++) {
		bool edge = k == 0 || k == bytes.n || (k < bytes.n && (uint8_t)bytes.p[k] == 0xAE);

		if (!edge && k % every != 0) {
			cut_number += 2;   /* a cut has the same number whatever N is */
			continue;
		}
		for (enum how how = TORN; how <= ZEROED; how++) {
			if ((how == ZEROED && k == bytes.n) || !begin_cut(how))
				continue;
			put_back(old, slice_to(bytes, k));
			if (how == ZEROED) {
				memset(branch.s.disk.file + old + k, 0, bytes.n - k);
				branch.s.disk.n = old + bytes.n;
			}
			go_on(how);
		}
		total.bytes++;
	}
}

/* The new file lies beside the old one until the rename: whatever part of it is on disk, the journal is the old or the new one. */
static void cut_rewrite(struct slice bytes)
{
	if (begin_cut(LEFT))
		go_on(LEFT);
	if (begin_cut(DONE)) {
		put_back(0, bytes);
		go_on(DONE);
	}
	total.bytes += bytes.n;
}

static void before_write(struct run *r, struct slice bytes, bool rewrite)
{
	if (r != &story || r->s.now_ms < r->s.zero_ms)
		return;
	total.writes++;
	if (rewrite)
		cut_rewrite(bytes);
	else
		cut_append(bytes);
}

static uint32_t stops_of(const struct run *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->s.n_deps; i++)
		n += r->s.dep[i].stops;
	return n;
}

static void one_story(const struct story *y)
{
	uint64_t failed = total.failed;
	const char *wrong;

	story.node = &nodes[0];
	branch.node = &nodes[1];
	story.conf = branch.conf = &conf;
	on_step = NULL;
	on_write = NULL;
	site_begin(&story, y);
	site_run(&story);
	stops_wanted = stops_of(&story);
	wrong = ends_right(&story);
	ok(wrong == NULL, "%s: undisturbed it ends %s after %" PRIu64 " steps%s%s", y->name, rb_state_name(y->end), story.steps,
	   wrong != NULL ? ": " : "", wrong != NULL ? wrong : "");
	if (wrong != NULL)
		return;
	cut_number = 0;
	on_step = after_step;
	on_write = before_write;
	site_begin(&story, y);
	site_run(&story);
	wrong = ends_right(&story);
	ok(wrong == NULL && total.failed == failed, "%s: %" PRIu64 " cuts, the same end", y->name, cut_number);
}

int main(int argc, char **argv)
{
	const char *only = NULL;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--every") == 0)
			every = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--replay") == 0)
			only = argv[i + 1];
	}
	if (only != NULL && strchr(only, ':') != NULL)
		only_cut = strtoull(strchr(only, ':') + 1, NULL, 10);
	if (every == 0)
		every = 1;
	for (size_t i = 0; i < STORIES; i++)
		if (only == NULL || (strncmp(only, stories[i].name, strcspn(only, ":")) == 0 && stories[i].name[strcspn(only, ":")] == '\0'))
			one_story(&stories[i]);
	printf("# stories %zu steps %" PRIu64 " writes %" PRIu64 " bytes %" PRIu64, STORIES, total.steps, total.writes, total.bytes);
	for (int i = 0; i < HOWS; i++)
		printf(" %s %" PRIu64, how_name[i], total.cuts[i]);
	printf(" failed %" PRIu64 "\n", total.failed);
	return done();
}
