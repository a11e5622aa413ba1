/* One seed, from its first deployment to the verdict over it. */
#include "tests/swarm/parts.h"

#include <string.h>

#define TICKS_MAX 600            /* wake-ups of a kedge's own within a virtual minute */

static struct swarm_disk disk[SWARM_NODES];
static struct core core[SWARM_NODES];

static void begin(struct swarm *w, uint64_t seed, struct swarm_score *score, bool verbose)
{
	memset(w, 0, sizeof(*w));
	w->seed = w->rng = seed;
	w->score = score;
	w->verbose = verbose;
	w->now_ms = 100000;
	for (uint32_t i = 0; i < SWARM_NODES; i++) {
		struct swarm_node *n = &w->node[i];

		n->w = w;
		n->at = i;
		n->core = &core[i];
		n->disk = &disk[i];
		n->powered = n->engine_up = n->agent_up = true;
	}
	swarm_draw(w);
	swarm_say(w, "mode %s failures %u nodes %u services %u heal at %u h", rb_mode_name(w->params.policy.mode),
		  w->params.policy.failures, w->n_nodes, w->n_services, (unsigned)(w->heal_ms / SWARM_HOUR));
	for (uint32_t i = 0; i < w->n_nodes; i++)
		swarm_kedge_up(&w->node[i]);
	swarm_later(w, w->heal_ms - w->now_ms, HAP_HEAL, 0, 0);
}

/* What was asked for by a kedge that lived then. */
static void for_kedge(struct swarm_node *n, const struct swarm_item *i)
{
	if (i->b != n->life)
		return;
	if (i->what == HAP_SAVED)
		swarm_saved(n);
	else if (i->what == HAP_INSPECT)
		swarm_inspect(n, i->a);
	else if (i->what == HAP_IMAGE)
		swarm_image(n, i->a);
	else if (i->what == HAP_WORDS)
		swarm_words(n, i->a);
	else if (i->what == HAP_PROBE)
		swarm_probe(n);
	else if (i->what == HAP_SYNC)
		swarm_sync(n);
	else
		swarm_line_out(n, i->a);
}

static void happens(struct swarm *w, const struct swarm_item *i)
{
	struct swarm_node *n = &w->node[i->node];

	switch (i->what) {
	case HAP_TASK:
		swarm_task_step(w, i->a, i->b);
		break;
	case HAP_SAVED: case HAP_INSPECT: case HAP_IMAGE: case HAP_WORDS: case HAP_PROBE: case HAP_SYNC: case HAP_LINE:
		for_kedge(n, i);
		break;
	case HAP_TARGET:
		swarm_target(n, i->a, i->b);
		break;
	case HAP_REGISTRY:
		swarm_registry(n, i->a, i->b);
		break;
	case HAP_ARRIVES:
		swarm_arrives(w, i->a);
		break;
	case HAP_ANSWER:
		swarm_answer(w, i->a);
		break;
	case HAP_SCHEDULE:
		if (w->service[i->a].newest != 0)
			swarm_schedule(w, i->a);
		break;
	case HAP_DEPLOY:
		swarm_ci(w, i->a);
		break;
	case HAP_PERSON:
		swarm_person(w, i->a);
		break;
	case HAP_PATIENCE:
		swarm_patience(w);
		break;
	case HAP_FAULT:
		swarm_fault(n, (enum fault)i->a);
		break;
	case HAP_MEND:
		swarm_mend(n, (enum fault)i->a);
		break;
	case HAP_TELL_ECS:
		swarm_tell_ecs(w, i->a, i->b);
		break;
	case HAP_HEAL:
		swarm_heal(w);
		break;
	case HAP_BOOTED:
		if (!n->powered)
			swarm_booted(n);
		break;
	case HAP_STATUS:
		if (sd_ongoing(swarm_status_at(&w->dep[i->a], w->now_ms)))
			swarm_set_status(w, i->a, (enum sd_status)i->b);
		break;
	case HAP_KEDGE_UP:
		swarm_kedge_up(n);
		break;
	case HAP_NTP:
		swarm_ntp(n);
		break;
	case HAP_AGENT_UP:
		swarm_agent_up(n);
		break;
	case HAP_ORPHAN_GONE:
		swarm_orphan_gone(w, i->a, i->b);
		break;
	}
}

static void tick(struct swarm_node *n)
{
	struct swarm *w = n->w;

	if (w->now_ms - n->ticks_ms > 60000) {
		n->ticks_ms = w->now_ms;
		n->ticks = 0;
	}
	if (++n->ticks > TICKS_MAX)
		swarm_broke(w, "kedge wakes %u times within a minute", n->ticks);
	swarm_feed(n, swarm_event(w, EV_TICK));
}

static uint64_t wants_ms(struct swarm_node *n)
{
	if (!n->kedge_up)
		return UINT64_MAX;
	if (n->deadline_ms == 0) {
		uint64_t at = core_deadline(n->core);

		n->deadline_ms = at == CORE_NEVER ? UINT64_MAX : at + n->boot_ms;
	}
	return n->deadline_ms > n->w->now_ms ? n->deadline_ms : n->w->now_ms + 1;
}

static struct swarm_node *next_to_wake(struct swarm *w, uint64_t *ms)
{
	struct swarm_node *first = &w->node[0];

	*ms = wants_ms(first);
	for (uint32_t i = 1; i < w->n_nodes; i++) {
		uint64_t at = wants_ms(&w->node[i]);

		if (at < *ms) {
			*ms = at;
			first = &w->node[i];
		}
	}
	return first;
}

bool swarm_run(struct swarm *w, uint64_t seed, struct swarm_score *score, bool verbose)
{
	struct swarm_item item;

	begin(w, seed, score, verbose);
	while (w->now_ms < w->end_ms && w->broken[0] == '\0') {
		uint64_t wants, world = swarm_next_ms(w);
		struct swarm_node *n = next_to_wake(w, &wants);

		if (wants < world && wants < w->end_ms) {
			w->now_ms = wants;
			tick(n);
			continue;
		}
		if (!swarm_pop(w, w->end_ms, &item))
			break;
		w->now_ms = item.ms;
		happens(w, &item);
	}
	swarm_verdict(w);
	score->seeds++;
	score->nodes += w->n_nodes;
	score->hours += w->now_ms / SWARM_HOUR;
	return w->broken[0] == '\0';
}
