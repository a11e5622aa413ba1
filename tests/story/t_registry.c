/* What the registry itself says of a revision that waits: told at once as suspect, and no verdict. */
#include "tests/story/world.h"
#include "tests/tap.h"

static struct world w;

static const struct failure *newest(void)
{
	const struct failure *f = NULL;

	for (int32_t i = 0; i < w.core.rows.failures; i++)
		if (w.core.failure[i].used && (f == NULL || w.core.failure[i].f.id > f->id))
			f = &w.core.failure[i].f;
	return f;
}

static bool provisional(void)
{
	for (int32_t i = 0; i < w.core.rows.failures; i++)
		if (w.core.failure[i].used && w.core.failure[i].provisional)
			return true;
	return false;
}

static bool evident(const char *words)
{
	const struct failure *f = newest();

	for (uint32_t i = 0; f != NULL && i < f->n_evidence; i++)
		if (slice_find(slice_of(f->evidence[i]), words) != SIZE_MAX)
			return true;
	return false;
}

static bool traced(const char *words)
{
	return slice_find(slice_of(world_trace(&w)), words) != SIZE_MAX;
}

/* Revision 11 works; 12 is deployed and waits as task 2. */
static void begin(enum image_word says, bool probe)
{
	world_init(&w, MODE_AUTO);
	world_source(&w, SRC_INTROSPECTION, SS_UP);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	w.core.params.service[0].policy.probe = probe;
	w.core.params.service[0].policy.failures = 1;
	w.core.params.service[0].policy.hold_down_ms = 0;
	w.registry = says;
	world_deploy(&w, "web", 12, "");
	(void)world_trace(&w);
	world_place(&w, 2, "web", 12);
}

static void sound(void)
{
	ok(w.broken == NULL, "no invariant is broken%s%s", w.broken ? ": " : "", w.broken ? w.broken : "");
}

static void no_tag(void)
{
	begin(IW_MISSING, true);
	world_run(&w, 4000);
	ok(newest() == NULL, "nothing is asked while most tasks get their container");
	world_run(&w, 2000);
	ok(newest() != NULL && newest()->class == CLASS_IMAGE_NOT_FOUND && provisional(), "then it is suspect, and not final");
	ok(evident("The registry itself says it has no tag registry.example/web:2 (asked by kedge at "), "with the registry's word");
	ok(!evident("answered the engine"), "the engine has said nothing yet");
	world_run(&w, 60000);
	is_int(w.stops, 0, "and never goes back on that alone");
	ok(!newest()->counted, "nor counts it");
	world_pull_attempt(&w, 2, CLASS_IMAGE_NOT_FOUND, "manifest unknown");
	ok(str_eq(newest()->reason, "manifest unknown"), "the agent's own words take its place");
	ok(evident("answered the engine"), "the engine's word stands beside it");
	world_stopped(&w, 2, STAGE_PULL, CLASS_IMAGE_NOT_FOUND, "manifest unknown", -1);
	world_run(&w, 10000);
	ok(!provisional() && newest()->counted, "the agent's end makes it final");
	is_int(w.stops, 1, "and that is hauled back, as without the word");
	world_place(&w, 3, "web", 12);
	(void)world_trace(&w);
	world_run(&w, 20000);
	ok(!traced("registry"), "one revision is asked about once");
	sound();
}

static void other_words(void)
{
	static const struct { enum image_word word; const char *says; } said[] = {
		{ IW_THERE, "The registry itself says it has registry:5000/web" }, { IW_CLOSED, "does not let kedge see" },
		{ IW_SILENT, "does not answer kedge about" }, { IW_UNCLEAR, "no clear answer" },
	};

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		begin(said[i].word, true);
		world_run(&w, 10000);
		ok(newest() == NULL, "%s: makes no suspect", said[i].says);
		world_pull_attempt(&w, 2, CLASS_PULL_TIMEOUT, "timeout");
		ok(evident(said[i].says), "and is evidence once something fails");
		sound();
	}
	begin(IW_OTHER_ARCH, true);
	world_run(&w, 10000);
	ok(newest() != NULL && newest()->class == CLASS_IMAGE_WRONG_ARCH && provisional(), "nothing for this processor: suspect");
	ok(evident("nothing that this node's processor runs in"), "with the registry's word");
	sound();
}

static void after_the_failure(void)
{
	begin(IW_MISSING, true);
	w.image_ms = 9000;
	world_run(&w, 6000);
	world_pull_attempt(&w, 2, CLASS_REGISTRY_AUTH, "no basic auth credentials");
	world_run(&w, 20000);
	ok(newest()->class == CLASS_REGISTRY_AUTH, "what the agent said stays");
	ok(evident("has no tag registry:5000/web"), "a word that comes later stands beside it");
	is_int(newest()->id, 1, "one failure");
	sound();
}

static void not_asked(void)
{
	begin(IW_MISSING, false);
	(void)world_trace(&w);
	world_run(&w, 20000);
	ok(newest() == NULL && !traced("registry"), "probe = off asks nothing");
	begin(IW_MISSING, true);
	world_create(&w, 2, "web", 12, "sha256:image12");
	world_run(&w, 20000);
	ok(newest() == NULL, "nor is it asked when there is a container");
	begin(IW_MISSING, true);
	world_place(&w, 3, "web", 11);
	world_stopped(&w, 2, STAGE_RUN, CLASS_NONE, "", 143);
	world_run(&w, 20000);
	ok(newest() == NULL, "nor about a revision that worked here");
	world_init(&w, MODE_AUTO);
	world_source(&w, SRC_INTROSPECTION, SS_UP);
	w.core.params.policy.probe = true;
	w.core.params.n_services = 0;
	w.registry = IW_MISSING;
	w.line_up = true;
	world_place(&w, 2, "other", 12);
	(void)world_trace(&w);
	w.aws_ms = 60000;
	world_run(&w, 20000);
	ok(!traced("registry"), "nor before its service is known");
	sound();
}

static void offline(void)
{
	begin(IW_MISSING, true);
	world_fact(&w, FACT_ROUTE, TRI_NO);
	world_run(&w, 10000);
	world_pull_attempt(&w, 2, CLASS_REGISTRY_UNREACHABLE, "connect: network is unreachable");
	ok(evident("For want of a line or of data budget kedge did not ask the registry itself about registry:5000/web"), "not asked, and said so");
	world_fact(&w, FACT_ROUTE, TRI_YES);
	world_run(&w, 20000);
	ok(evident("has no tag"), "once the line is back it is asked");
	sound();
}

/* What waits of an older revision beside it is no reason to ask again and again. */
static void two_wait(void)
{
	begin(IW_THERE, true);
	world_run(&w, 1000);
	world_place(&w, 3, "web", 13);
	world_run(&w, 10000);
	is_int((int)w.core.service[0].registry.revision, 13, "the newer of two revisions that wait");
	(void)world_trace(&w);
	for (int i = 0; i < 5; i++) {
		world_operator(&w, OPV_LOOK, "web", "");
		world_run(&w, 5000);
	}
	is_int((int)w.core.service[0].registry.revision, 13, "stays the one asked about");
	is_int((int)w.core.service[0].registry.n, 1, "once");
	sound();
}

static void budget(void)
{
	struct event ev = { .type = EV_FACT };

	begin(IW_MISSING, true);
	ev.u.fact.fact = FACT_DATA;
	ev.u.fact.yes = TRI_NO;
	ev.u.fact.value = SHED_EXTRAS;
	world_feed(&w, &ev);
	world_run(&w, 10000);
	world_pull_attempt(&w, 2, CLASS_PULL_TIMEOUT, "timeout");
	ok(evident("or of data budget kedge did not ask"), "no data budget: not asked, and said so");
	sound();
}

static void comes_through(void)
{
	struct event ev = { .type = EV_REGISTRY };

	begin(IW_MISSING, true);
	world_run(&w, 8000);
	ok(provisional(), "suspect");
	world_create(&w, 2, "web", 12, "sha256:image12");
	world_run(&w, 100);
	ok(newest() == NULL, "a container: the suspicion is over");
	world_start(&w, 2);
	world_running(&w, 2);
	world_run(&w, 70000);
	is_int(w.stops, 0, "nothing was hauled back");
	ev.u.registry.ask = 4711;
	world_feed(&w, &ev);
	ev.u.registry.ask = 0;
	world_feed(&w, &ev);
	is_int((int)w.core.counter.stale_answers, 2, "an answer to another question is none");
	ev.u.registry = (struct ev_registry){ .ask = w.core.service[0].registry.ask, .word = IW_MISSING };
	for (int i = 0; i < TASK_CONTAINERS; i++)
		world_feed(&w, &ev);
	is_int(w.core.service[0].registry.n, TASK_CONTAINERS, "no more answers than containers");
	is_int((int)w.core.counter.stale_answers, 3, "the one too many is counted");
	sound();
	begin(IW_MISSING, true);
	world_run(&w, 8000);
	world_stopped(&w, 2, STAGE_RUN, CLASS_NONE, "", 143);
	world_run(&w, 20000);
	world_operator(&w, OPV_LOOK, "web", "");
	ok(newest() == NULL, "the task went without a word of the agent: over as well");
	sound();
}

static void says_of(const char *container, enum image_word word)
{
	struct event ev = { .type = EV_REGISTRY };

	ev.u.registry.ask = w.core.service[0].registry.ask;
	ev.u.registry.word = word;
	ev.u.registry.essential = TRI_YES;
	snprintf(ev.u.registry.container, NAME_CAP, "%s", container);
	snprintf(ev.u.registry.image, IMAGE_CAP, "registry:5000/%s:12", container);
	world_feed(&w, &ev);
	world_run(&w, 100);
}

/* A task of two containers beside another service whose pull fails too: each word belongs to one container of one revision. */
static void two_containers(void)
{
	begin(IW_THERE, true);
	world_place(&w, 3, "api", 4);
	snprintf(w.core.task[2].service, NAME_CAP, "api");
	world_pull_attempt(&w, 3, CLASS_PULL_TIMEOUT, "timeout");
	world_run(&w, 10000);
	world_pull_attempt(&w, 2, CLASS_PULL_TIMEOUT, "timeout");
	says_of("log", IW_MISSING);
	is_int(newest()->class, CLASS_IMAGE_NOT_FOUND, "the sidecar's image is missing");
	ok(str_eq(newest()->container, "log"), "... which is a suspect of its own beside the other one's attempt");
	says_of("log", IW_MISSING);
	is_int(w.core.rows.failures, 3, "said twice it is one");
	ok(w.core.failure[0].f.class == CLASS_PULL_TIMEOUT && w.core.failure[0].f.revision == 4, "the other service's is as it was");
	sound();
}

/* Without an answer about that container nothing is said of it. */
static void no_word_of_it(void)
{
	begin(IW_NONE, true);
	world_run(&w, 8000);
	says_of("log", IW_THERE);
	world_pull_attempt(&w, 2, CLASS_PULL_TIMEOUT, "timeout");
	ok(newest() != NULL && !evident("registry itself"), "a word about another container is no evidence");
	sound();
}

int main(void)
{
	two_containers();
	no_word_of_it();
	no_tag();
	other_words();
	after_the_failure();
	not_asked();
	offline();
	two_wait();
	budget();
	comes_through();
	return done();
}
