/* What becomes of what hooks say, whatever it was told of: over a double of the gate, whose hooks say what the test says. */
#include <stdlib.h>

#include "agent/run/node_feed.h"
#include "tests/tap.h"

static struct node n;
static struct conf conf;
static struct { enum kerr say; unsigned jobs; struct hook_job job; struct event last; } gate;

enum kerr asking(struct node *node, struct ask *q, struct slice body, char *tail, size_t cap, size_t *len, struct why *why)
{
	(void)node, (void)tail, (void)cap, (void)len;
	if (q->what != ASK_HOOK || body.n < sizeof(gate.job))
		abort();
	if (gate.say != KERR_OK)
		return why_set(why, gate.say, "not now");
	gate.jobs++;
	memcpy(&gate.job, body.p, sizeof(gate.job));
	ok(body.n == sizeof(gate.job) + gate.job.fields_bytes + gate.job.json_bytes, "a job as long as it says");
	return KERR_OK;
}

struct event *node_event(struct node *node, enum ev_type type)
{
	memset(&node->ev, 0, sizeof(node->ev));
	node->ev.type = type;
	return &node->ev;
}

void node_feed(struct node *node, struct event *ev)
{
	(void)node;
	gate.last = *ev;
}

void node_view(struct node *node, struct view *v)
{
	*v = (struct view){ .core = &node->core, .version = "1.2.3", .daemon = true };
}

static void begin(void)
{
	memset(&n, 0, sizeof(n));
	memset(&gate, 0, sizeof(gate));
	conf_default(&conf);
	(void)str_put(conf.hooks, sizeof(conf.hooks), SLICE("/"));
	n.conf = &conf;
	log_init(&n.log, LOG_LEVEL_ERROR);
	core_init(&n.core, &conf.core);
	hooks_start(&n);
}

static void say(enum hook_did did, int exit_code)
{
	const struct news news = { .what = NEWS_HOOK };
	struct hook_word w = { .did = did, .name = "10-confirm", .exit_code = exit_code };

	hooks_news(&n, &news, (struct slice){ (const char *)&w, sizeof(w) });
}

/* The gate takes the job and says that no hook is left to run. */
static bool through(struct notice what)
{
	unsigned before = gate.jobs;

	outbox_put(&n.hooks.out, what);
	hooks_tick(&n);
	say(HOOK_ALL_DONE, 0);
	return gate.jobs == before + 1 && !n.hooks.busy;
}

static void waiting(uint32_t id)
{
	struct service *s = &n.core.service[0];

	n.core.rows.services = 1;
	s->used = true;
	(void)str_put(s->m.name, sizeof(s->m.name), SLICE("web"));
	s->rb = (struct rollback){ .id = id, .state = RB_AWAITING_CONFIRMATION };
}

static void asked(void)
{
	begin();
	waiting(4);
	hooks_tick(&n);
	is_str(gate.job.event, "confirm", "a rollback that waits for a person is asked about");
	say(HOOK_RAN, 0);
	is_int(gate.last.type, 0, "one that says yes may not be the last");
	say(HOOK_ALL_DONE, 0);
	ok(gate.last.type == EV_OPERATOR && gate.last.u.operator.verb == OPV_CONFIRM &&
	   strcmp(gate.last.u.operator.service, "web") == 0, "all say yes: confirmed");
	begin();
	waiting(5);
	hooks_tick(&n);
	say(HOOK_RAN, 0);
	say(HOOK_RAN, 1);
	say(HOOK_ALL_DONE, 0);
	is_int(gate.last.type, 0, "one says no: not confirmed");
	begin();
	waiting(6);
	gate.say = KERR_AGAIN;
	hooks_tick(&n);
	ok(!n.hooks.busy && n.hooks.there, "the gate has hooks that run: asked later");
	gate.say = KERR_OK;
	hooks_tick(&n);
	is_int(gate.jobs, 1, "... now");
	say(HOOK_RAN, 0);
	waiting(7);
	say(HOOK_ALL_DONE, 0);
	is_int(gate.last.type, 0, "a yes to what is another by now is none");
}

static void gone(void)
{
	const struct news news = { .what = NEWS_HOOK };
	unsigned before;

	begin();
	waiting(4);
	hooks_tick(&n);
	hooks_news(&n, &news, (struct slice){ NULL, 0 });
	ok(!n.hooks.there && !n.hooks.busy, "the process that runs them is gone");
	before = gate.jobs;
	hooks_tick(&n);
	is_int(gate.jobs, before, "nobody is asked");
	begin();
	say(HOOK_RAN, 0);
	say(HOOK_ALL_DONE, 0);
	is_int(n.hooks.ran, 0, "words nobody asked for count for nothing");
	gate.say = KERR_GONE;
	waiting(4);
	hooks_tick(&n);
	ok(!n.hooks.there, "a gate without hooks");
}

int main(void)
{
	static const uint32_t ids[] = { 1, SERVICES_MAX, 5000, UINT32_MAX };

	begin();
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		n.core.rows.failures = 1;
		n.core.failure[0].used = true;
		n.core.failure[0].f.id = ids[i];
		ok(through((struct notice){ NOTICE_FAILURE, ids[i] }), "failure f%u is told and done with", (unsigned)ids[i]);
	}
	ok(through((struct notice){ NOTICE_SOURCE, SRC_ENGINE }), "a source, too");
	is_int(n.hooks.asked[0].id, 0, "nobody was asked about a rollback");
	asked();
	gone();
	return done();
}
